/* Counts verdicts and prints them; see result.h. Any CPU may report. */
#include "result.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>

#include "psci.h"
#include "uart.h"

static atomic_uint passed_count;
static atomic_uint failed_count;

void test_begin(const char *group)
{
    print("TEST %s\n", group);
}

static void fail_line(const char *name, const char *why, va_list *args)
{
    atomic_fetch_add(&failed_count, 1U);
    print_line_begin();
    uart_text("FAIL ");
    uart_text(name);
    uart_text(": ");
    print_piece(why, args);
    uart_put('\n');
    print_line_end();
}

void test_check(bool ok, const char *name, const char *why, ...)
{
    va_list args;
    if (ok) {
        atomic_fetch_add(&passed_count, 1U);
        print("PASS %s\n", name);
        return;
    }
    va_start(args, why);
    fail_line(name, why, &args);
    va_end(args);
}

void test_fail(const char *name, const char *why, ...)
{
    va_list args;
    va_start(args, why);
    fail_line(name, why, &args);
    va_end(args);
}

void result_counts(uint32_t *passed, uint32_t *failed)
{
    *passed = atomic_load(&passed_count);
    *failed = atomic_load(&failed_count);
}

void result_resume(uint32_t passed, uint32_t failed)
{
    atomic_store(&passed_count, passed);
    atomic_store(&failed_count, failed);
}

void test_done(void)
{
    print("DONE passed=%u failed=%u\n", atomic_load(&passed_count), atomic_load(&failed_count));
    psci_call(PSCI_SYSTEM_OFF, 0, 0, 0);
    for (;;) {
    }
}
