/* sources: platform/psci/firmware.c */
/* Firmware with PSCI: what it is asked, and what its answers mean [DEN0022 5].
 * @req CORE-1, PLAT-1 */
#include "arch/barrier.h"
#include "arch/smc.h"
#include "platform/firmware.h"
#include "test.h"

static uint64_t answer;

void secondary_entry(void)
{
}

static void psci(struct smc_regs *r)
{
    r->x[0] = answer;
}

TEST_SETUP()
{
    fake_smc_hook = psci;
}

TEST(a_version_of_psci_is_an_answer)
{
    answer = 0x00010001;
    CHECK(firmware_answers());
    CHECK_EQ(fake_smc_last.x[0], 0x84000000);
    answer = 0x00000002; /* PSCI 0.2, older than what is asked of it */
    CHECK(!firmware_answers());
    answer = 0xFFFFFFFF;
    CHECK(!firmware_answers());
    answer = UINT64_MAX;
    CHECK(!firmware_answers());
}

TEST(a_cpu_is_named_by_its_mpidr_and_told_its_index)
{
    answer = 0;
    CHECK_EQ(firmware_cpu_on(0x80000102, pa_make(0), 5), 0);
    CHECK_EQ(fake_smc_last.x[0], 0xC4000003);
    CHECK_EQ(fake_smc_last.x[1], 0x80000102);
    CHECK_EQ(fake_smc_last.x[2], (uintptr_t)secondary_entry);
    CHECK_EQ(fake_smc_last.x[3], 5);
    CHECK_EQ(fake_barriers.dsb, 1);
    answer = UINT64_C(0xFFFFFFFE);
    CHECK_EQ(firmware_cpu_on(1, pa_make(0), 1), -2);
}

TEST(power_off)
{
    firmware_power_off(pa_make(0));
    CHECK_EQ(fake_smc_last.x[0], 0x84000008);
    firmware_reset(pa_make(0));
    CHECK_EQ(fake_smc_last.x[0], 0x84000009);
}
