/* sources: platform/spin-table/firmware.c platform/spin-table/smc.c */
/* Firmware with a spin table: the word is there before the event, and there is no call to EL3.
 * @req CORE-1, CPU-5, PLAT-1 */
#include "arch/barrier.h"
#include "arch/memory.h"
#include "arch/smc.h"
#include "platform/firmware.h"
#include "test.h"

#define TABLE_PA 0xD8U

static uint64_t table[4];
static unsigned events_at_write;

void parked_entry(void)
{
}

/* Replaces the fake's. */
void memory_publish(pa_t at, uint64_t value)
{
    events_at_write = fake_barriers.sev;
    CHECK(at.pa >= TABLE_PA && at.pa < TABLE_PA + sizeof(table));
    table[(at.pa - TABLE_PA) / 8U] = value;
}

TEST(a_parked_cpu_gets_its_entry_then_the_event)
{
    CHECK(firmware_answers());
    CHECK_EQ(firmware_cpu_on(2, pa_make(TABLE_PA + 16U), 2), 0);
    CHECK_EQ(table[2], (uintptr_t)parked_entry);
    CHECK_EQ(table[0] | table[1] | table[3], 0);
    CHECK_EQ(events_at_write, 0);
    CHECK_EQ(fake_barriers.sev, 1);
}

TEST(every_call_to_el3_is_unknown)
{
    struct smc_regs r = {.x = {0x84000000U}};

    arch_smc(&r);
    CHECK_EQ(r.x[0], UINT64_MAX);
}
