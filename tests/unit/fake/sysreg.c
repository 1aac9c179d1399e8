/* System registers for the host: a table that grows with each name that is mentioned. */
#include "arch/sysreg.h"

#include <stdlib.h>

#include "arch/barrier.h"
#include "test.h"

#define REGISTER_MAX 1024U

unsigned fake_cpu;
struct fake_barriers fake_barriers;
static struct fake_sysreg registers[REGISTER_MAX];
static unsigned register_count;

struct fake_sysreg *fake_sysreg_find(const char *name)
{
    for (unsigned i = 0; i < register_count; i++) {
        if (strcmp(registers[i].name, name) == 0) {
            return &registers[i];
        }
    }
    if (register_count == REGISTER_MAX) {
        abort();
    }
    registers[register_count].name = name;
    return &registers[register_count++];
}

struct fake_sysreg *fake_sysreg_at(unsigned i)
{
    return (i < register_count) ? &registers[i] : NULL;
}

uint64_t fake_sysreg_read(struct fake_sysreg *r)
{
    r->reads[fake_cpu]++;
    const uint64_t stored = r->value[fake_cpu];
    return (r->on_read != NULL) ? r->on_read(stored) : stored;
}

void fake_sysreg_write(struct fake_sysreg *r, uint64_t v)
{
    r->writes[fake_cpu]++;
    r->value[fake_cpu] = (r->on_write != NULL) ? r->on_write(v) : v;
}

uint64_t fake_sysreg_get(const char *name)
{
    return fake_sysreg_find(name)->value[fake_cpu];
}

void fake_sysreg_set(const char *name, uint64_t v)
{
    fake_sysreg_find(name)->value[fake_cpu] = v;
}

void fake_sysreg_set_all(const char *name, uint64_t v)
{
    struct fake_sysreg *const r = fake_sysreg_find(name);
    for (unsigned cpu = 0; cpu < FAKE_CPU_MAX; cpu++) {
        r->value[cpu] = v;
    }
}

static void reset(void)
{
    fake_cpu = 0;
    fake_barriers = (struct fake_barriers){0};
    for (unsigned i = 0; i < register_count; i++) {
        registers[i] = (struct fake_sysreg){.name = registers[i].name};
    }
}

/* Before the other fakes: some of them set registers when they reset. */
__attribute__((constructor(200))) static void register_reset(void)
{
    test_on_begin(reset);
}
