/* sources: world/ns/exit.c world/ns/exceptions.c */
/* The exit page where vCPUs share a CPU: all of test_exit.c, and waits.
 * @req CORE-5, CPU-2, CPU-3 */
#include "test_exit.c"

const struct cfg_cpu_schedule cfg_cpu_schedules[CFG_MODE_COUNT * CFG_CPU_COUNT] = {{0, 1}};

TEST(a_wait_ends_the_turn_unless_an_interrupt_is_there)
{
    sched_waits = 0;
    is_woken = false;
    next_action = EXIT_WAIT;
    CHECK(exit_with(ESR(0x16, 0)) == &vcpus[0]);
    CHECK_EQ(sched_waits, 1);
    CHECK_EQ(fake_sysreg_get("ELR_EL2"), 0x40080000);
    is_woken = true;
    next_action = EXIT_SKIP_WAIT;
    CHECK(exit_with(ESR(0x16, 0)) == NULL);
    CHECK_EQ(sched_waits, 1);
    CHECK_EQ(waits, 1);
    CHECK_EQ(fake_sysreg_get("ELR_EL2"), 0x40080004);
}

/* TI of ESR_EL2: 0 WFI, 1 WFE, 2 WFIT, 3 WFET; all are hints, but only WFI has to let others run.
 */
TEST(wfi_alone_ends_the_turn)
{
    is_woken = false;
    for (unsigned ti = 0; ti < 4; ti++) {
        sched_waits = 0;
        fake_sysreg_set("ELR_EL2", 0x40080000);
        CHECK(exit_with(ESR(0x01, ti)) == ((ti == 0) ? &vcpus[0] : NULL));
        CHECK_EQ(sched_waits, (ti == 0) ? 1 : 0);
        CHECK_EQ(fake_sysreg_get("ELR_EL2"), 0x40080004);
    }
}
