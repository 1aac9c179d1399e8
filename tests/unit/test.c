/* The test runner that every unit test is linked with. */
#include "test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#define TEST_MAX 1000
#define HOOK_MAX 32

struct test_case {
    const char *name;
    void (*body)(void);
};

static struct test_case cases[TEST_MAX];
static unsigned case_count;
static void (*begin_hooks[HOOK_MAX])(void);
static unsigned begin_count;
static void (*end_hooks[HOOK_MAX])(void);
static unsigned end_count;
static jmp_buf failed;
static const char *running;
static uint64_t random_state;

static void add_hook(void (**hooks)(void), unsigned *count, void (*hook)(void))
{
    if (*count == HOOK_MAX) {
        abort();
    }
    hooks[(*count)++] = hook;
}

void test_register(const char *name, void (*body)(void))
{
    if (case_count == TEST_MAX) {
        abort();
    }
    cases[case_count++] = (struct test_case){name, body};
}

static void (*own_setup)(void);

void test_on_begin(void (*setup)(void))
{
    add_hook(begin_hooks, &begin_count, setup);
}

/* A test's own setup comes after the fakes', whatever the order of linking. */
void test_set_setup(void (*setup)(void))
{
    own_setup = setup;
}

void test_on_end(void (*teardown)(void))
{
    add_hook(end_hooks, &end_count, teardown);
}

void test_fail(const char *file, int line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    printf("%s:%d: %s: ", file, line, running);
    vprintf(format, arguments);
    printf("\n");
    fflush(stdout);
    va_end(arguments);
    longjmp(failed, 1);
}

uint64_t test_random(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * UINT64_C(0x2545F4914F6CDD1D);
}

static bool run_case(const struct test_case *c)
{
    running = c->name;
    random_state = UINT64_C(0x9E3779B97F4A7C15);
    if (setjmp(failed) != 0) {
        return false;
    }
    for (unsigned i = 0; i < begin_count; i++) {
        begin_hooks[i]();
    }
    if (own_setup != NULL) {
        own_setup();
    }
    c->body();
    for (unsigned i = 0; i < end_count; i++) {
        end_hooks[i]();
    }
    return true;
}

int main(int argc, char **argv)
{
    unsigned passed = 0;
    unsigned failures = 0;
    const bool stops_at_first = getenv("TEST_STOP_AT_FIRST") != NULL;
    for (unsigned i = 0; i < case_count && !(stops_at_first && failures > 0); i++) {
        if (argc > 1 && strstr(cases[i].name, argv[1]) == NULL) {
            continue;
        }
        if (run_case(&cases[i])) {
            passed++;
        } else {
            failures++;
        }
    }
    printf("%u passed, %u failed\n", passed, failures);
    return (failures == 0) ? 0 : 1;
}
