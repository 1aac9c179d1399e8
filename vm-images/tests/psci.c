/* Group psci: PSCI 1.1 within the VM [DEN0022], and restart from the pristine image.
 *
 * The marker in the window `notes` (0x48000000, shared with the bystander and therefore kept over
 * a restart) says which life this is: the guest resets itself twice and finds its memory as it
 * was at first.
 *
 * @req CPU-4 */
#include <stdatomic.h>

#include "exception.h"
#include "gic.h"
#include "psci.h"
#include "result.h"
#include "timer.h"
#include "uart.h"

#define NOTES UINT64_C(0x48000000)
#define SCRATCH UINT64_C(0x40180000)
#define SCRATCH_WORDS 4096U
#define CHILD_ROUNDS 5U
#define RACE_RIVAL 1U
#define RACE_PRIZE 2U
#define RACE_ROUNDS 50U
#define ENTRY_IN_NO_WINDOW UINT64_C(0x60000000)

struct notes {
    uint32_t lives;
    uint32_t passed;
    uint32_t failed;
};

static volatile uint32_t pristine = 0x600dda7a; /* dirtied before each reset */
static atomic_uint child_runs;
static atomic_bool child_may_end;
static atomic_uint racers, race_won, race_lost;

void guest_main(uint64_t devicetree);

static volatile struct notes *notes(void)
{
    return (volatile struct notes *)NOTES;
}

static void child(void)
{
    atomic_fetch_add(&child_runs, 1U);
    while (!atomic_load(&child_may_end)) {
    }
}

static void check_features(void)
{
    static const uint32_t present[] = {
        PSCI_VERSION,           PSCI_CPU_SUSPEND_32,   PSCI_CPU_SUSPEND_64,
        PSCI_CPU_OFF,           PSCI_CPU_ON_32,        PSCI_CPU_ON_64,
        PSCI_AFFINITY_INFO_32,  PSCI_AFFINITY_INFO_64, PSCI_MIGRATE_INFO_TYPE,
        PSCI_SYSTEM_OFF,        PSCI_SYSTEM_RESET,     PSCI_FEATURES,
        0x80000000U /* SMCCC_VERSION */,
    };
    int32_t version = psci_call(PSCI_VERSION, 0, 0, 0);
    test_check(version >= 0x10001, "version", "is %x, expected 1.1 or later", (unsigned)version);
    for (unsigned i = 0; i < sizeof(present) / sizeof(present[0]); i++) {
        int32_t answer = psci_call(PSCI_FEATURES, present[i], 0, 0);
        test_check(answer >= 0, "features", "%x is said not to exist (%d)", present[i], answer);
    }
    TEST_EQUAL("features_unknown", psci_call(PSCI_FEATURES, 0x8400001fU, 0, 0),
               PSCI_NOT_SUPPORTED);
    TEST_EQUAL("unknown_call", psci_call(0x8400001fU, 0, 0, 0), PSCI_NOT_SUPPORTED);
    TEST_EQUAL("mem_protect", psci_call(PSCI_MEM_PROTECT, 1, 0, 0), PSCI_NOT_SUPPORTED);
    TEST_EQUAL("migrate_info_type", psci_call(PSCI_MIGRATE_INFO_TYPE, 0, 0, 0), 2);
    int32_t migrate = psci_call(PSCI_MIGRATE_32, 0, 0, 0);
    test_check(migrate == PSCI_NOT_SUPPORTED || migrate == PSCI_INVALID_PARAMETERS, "migrate",
               "is %d", migrate);
}

static void check_bad_arguments(void)
{
    uint64_t entry = (uint64_t)(uintptr_t)guest_main;
    TEST_EQUAL("cpu_on_self", psci_call(PSCI_CPU_ON_64, cpu_affinity(0), entry, 0),
               PSCI_ALREADY_ON);
    TEST_EQUAL("cpu_on_nobody", psci_call(PSCI_CPU_ON_64, 0x00ff0000U, entry, 0),
               PSCI_INVALID_PARAMETERS);
    TEST_EQUAL("cpu_on_garbage", psci_call(PSCI_CPU_ON_64, UINT64_MAX, entry, 0),
               PSCI_INVALID_PARAMETERS);
    TEST_EQUAL("affinity_info_nobody", psci_call(PSCI_AFFINITY_INFO_64, 0x00ff0000U, 0, 0),
               PSCI_INVALID_PARAMETERS);
    TEST_EQUAL("affinity_info_level", psci_call(PSCI_AFFINITY_INFO_64, 0, 4, 0),
               PSCI_INVALID_PARAMETERS);
    TEST_EQUAL("affinity_info_self", psci_call(PSCI_AFFINITY_INFO_64, 0, 0, 0), PSCI_AFFINITY_ON);
    TEST_EQUAL("affinity_info_32", psci_call(PSCI_AFFINITY_INFO_32, 0, 0, 0), PSCI_AFFINITY_ON);
}

static void check_cpu_on_bad_entry(void)
{
    TEST_EQUAL("cpu_on_bad_entry",
               psci_call(PSCI_CPU_ON_64, cpu_affinity(1), ENTRY_IN_NO_WINDOW, 0),
               PSCI_INVALID_ADDRESS);
}

static void check_cpu_cycle(unsigned cpu)
{
    for (unsigned round = 1; round <= CHILD_ROUNDS; round++) {
        atomic_store(&child_may_end, false);
        unsigned before = atomic_load(&child_runs);
        int32_t answer = cpu_start(cpu, child);
        int32_t again = cpu_start(cpu, child);
        uint64_t start = timer_now();
        while (atomic_load(&child_runs) == before && timer_elapsed_ms(start) < 2000U) {
        }
        bool ran = atomic_load(&child_runs) == before + 1U;
        int32_t state = psci_call(PSCI_AFFINITY_INFO_64, cpu_affinity(cpu), 0, 0);
        int32_t while_on = cpu_start(cpu, child);
        atomic_store(&child_may_end, true);
        bool off = cpu_wait_off(cpu);
        test_check(answer == PSCI_SUCCESS && ran && off && state == PSCI_AFFINITY_ON &&
                       while_on == PSCI_ALREADY_ON &&
                       (again == PSCI_ON_PENDING || again == PSCI_ALREADY_ON),
                   "cpu_on_off", "CPU %u round %u: on %d, again %d, ran %d, state %d, late %d, off %d",
                   cpu, round, answer, again, (int)ran, state, while_on, (int)off);
    }
}

/* Two CPUs want to switch the same third one on at the same time. */
static void race(void)
{
    atomic_fetch_add(&racers, 1U);
    while (atomic_load(&racers) < 2U) {
    }
    int32_t answer = cpu_start(RACE_PRIZE, child);
    if (answer == PSCI_SUCCESS) {
        atomic_fetch_add(&race_won, 1U);
    } else if (answer == PSCI_ON_PENDING || answer == PSCI_ALREADY_ON) {
        atomic_fetch_add(&race_lost, 1U);
    }
}

/* One of them gets it, the other is told so, and it runs once. */
static void check_race(void)
{
    unsigned fair = 0;
    for (unsigned round = 0; round < RACE_ROUNDS; round++) {
        atomic_store(&child_may_end, false);
        atomic_store(&racers, 0);
        atomic_store(&race_won, 0);
        atomic_store(&race_lost, 0);
        unsigned before = atomic_load(&child_runs);
        bool started = cpu_start(RACE_RIVAL, race) == PSCI_SUCCESS;
        race();
        bool rival_off = cpu_wait_off(RACE_RIVAL);
        uint64_t start = timer_now();
        while (atomic_load(&child_runs) == before && timer_elapsed_ms(start) < 2000U) {
        }
        atomic_store(&child_may_end, true);
        bool prize_off = cpu_wait_off(RACE_PRIZE);
        fair += (started && rival_off && prize_off && atomic_load(&race_won) == 1U &&
                 atomic_load(&race_lost) == 1U && atomic_load(&child_runs) == before + 1U)
                    ? 1U
                    : 0U;
    }
    TEST_EQUAL("cpu_on_race", fair, RACE_ROUNDS);
}

/* Standby returns on an interrupt that is pending, even while PSTATE masks it. */
static void check_suspend(void)
{
    gic_enable(TIMER_PPI_VIRTUAL);
    irq_disable();
    uint64_t start = timer_now();
    SYSREG_WRITE(CNTV_CVAL_EL0, start + timer_frequency() / 50U);
    SYSREG_WRITE(CNTV_CTL_EL0, TIMER_CTL_ENABLE);
    isb();
    int32_t answer = PSCI_SUCCESS;
    /* It may also return early: then it is called again, as an idle loop does. */
    while (answer == PSCI_SUCCESS && timer_now() - start < timer_frequency() / 50U) {
        answer = psci_call(PSCI_CPU_SUSPEND_64, 0, 0, 0);
    }
    uint64_t slept_ms = timer_elapsed_ms(start);
    SYSREG_WRITE(CNTV_CTL_EL0, 0);
    isb();
    gic_disable(TIMER_PPI_VIRTUAL);
    test_check(answer == PSCI_SUCCESS && slept_ms >= 20U && slept_ms < 5000U, "standby",
               "answer %d after %lu ms", answer, slept_ms);
}

/* --- power-down: it comes back at its entry, from reset, and its timer is as it was ------- */

static uint64_t down_since;
static atomic_uint came_up;

static void set_alarm(void)
{
    gic_clear_pending(TIMER_PPI_VIRTUAL); /* of the last one, which nobody took */
    gic_enable(TIMER_PPI_VIRTUAL);
    down_since = timer_now();
    SYSREG_WRITE(CNTV_CVAL_EL0, down_since + timer_frequency() / 50U);
    SYSREG_WRITE(CNTV_CTL_EL0, TIMER_CTL_ENABLE);
    SYSREG_WRITE(TPIDRRO_EL0, 0xd0d0U); /* is not kept */
    isb();
}

static void check_alarm(const char *name)
{
    const uint64_t slept_ms = timer_elapsed_ms(down_since);

    test_check(slept_ms >= 20U && slept_ms < 5000U, name, "after %lu ms", slept_ms);
    TEST_EQUAL("timer-is-kept", SYSREG_READ(CNTV_CTL_EL0), TIMER_CTL_ENABLE | TIMER_CTL_ISTATUS);
    TEST_EQUAL("registers-are-not", SYSREG_READ(TPIDRRO_EL0), 0);
    TEST_EQUAL("interrupts-are-masked", SYSREG_READ(DAIF) & 0x3c0U, 0x3c0);
    SYSREG_WRITE(CNTV_CTL_EL0, 0);
    isb();
    gic_disable(TIMER_PPI_VIRTUAL);
}

static void come_up(void)
{
    check_alarm("power-down");
    atomic_fetch_add(&came_up, 1U);
}

static void go_down(void)
{
    set_alarm();
    test_fail("power-down", "returned %d", cpu_power_down(come_up));
}

static void check_power_down(void)
{
    TEST_EQUAL("power-down-begins", cpu_start(1, go_down), PSCI_SUCCESS);
    test_check(cpu_wait_off(1) && atomic_load(&came_up) == 1U, "power-down-ends", "%u",
               atomic_load(&came_up));
}

static void check_pristine(void)
{
    unsigned dirty = 0;
    volatile uint64_t *scratch = (volatile uint64_t *)SCRATCH;
    for (unsigned i = 0; i < SCRATCH_WORDS; i++) {
        dirty += (scratch[i] != 0U) ? 1U : 0U;
    }
    TEST_EQUAL("restart_memory_cleared", dirty, 0);
    TEST_EQUAL("restart_data_restored", pristine, 0x600dda7a);
    TEST_EQUAL("restart_timer_off", SYSREG_READ(CNTV_CTL_EL0) & TIMER_CTL_ENABLE, 0);
    TEST_EQUAL("restart_counter_near_zero", timer_now() < 20U * timer_frequency(), true);
    for (unsigned cpu = 1; cpu < cpu_count(); cpu++) {
        TEST_EQUAL("restart_others_off",
                   psci_call(PSCI_AFFINITY_INFO_64, cpu_affinity(cpu), 0, 0), PSCI_AFFINITY_OFF);
    }
}

static void make_dirty(void)
{
    volatile uint64_t *scratch = (volatile uint64_t *)SCRATCH;
    for (unsigned i = 0; i < SCRATCH_WORDS; i++) {
        scratch[i] = UINT64_C(0xd127d127d127d127);
    }
    pristine = 0;
    SYSREG_WRITE(CNTV_CVAL_EL0, 0);
    SYSREG_WRITE(CNTV_CTL_EL0, TIMER_CTL_ENABLE | TIMER_CTL_IMASK);
    atomic_store(&child_may_end, false);
    for (unsigned cpu = 1; cpu < cpu_count(); cpu++) {
        cpu_start(cpu, child);
    }
    dsb_sy();
}

static void first_life(void)
{
    check_features();
    check_bad_arguments();
    unsigned cpus = cpu_count();
    test_check(cpus > 1U, "more_than_one_cpu", "%u", cpus);
    if (cpus > 1U) {
        check_cpu_on_bad_entry();
    }
    for (unsigned cpu = 1; cpu < cpus; cpu++) {
        check_cpu_cycle(cpu);
    }
    if (cpus > RACE_PRIZE) {
        check_race();
    }
    check_suspend();
    if (cpus > 1U) {
        check_power_down();
    }
}

/* What failed in a life must not be lost with it. */
static void next_life(uint32_t function)
{
    result_counts((uint32_t *)&notes()->passed, (uint32_t *)&notes()->failed);
    notes()->lives++;
    make_dirty();
    psci_call(function, 0, 0, 0);
    test_fail("reset", "function %x returned", function);
}

static void wake(void)
{
    check_alarm("system-suspend");
    next_life(PSCI_SYSTEM_RESET);
}

static void suspend_all(void)
{
    atomic_store(&child_may_end, false);
    TEST_EQUAL("one-more", cpu_start(1, child), PSCI_SUCCESS);
    TEST_EQUAL("not-all-are-off", system_suspend(wake), PSCI_DENIED);
    atomic_store(&child_may_end, true);
    test_check(cpu_wait_off(1), "all-are-off", "CPU 1 is on");
    set_alarm();
    test_fail("system-suspend", "returned %d", system_suspend(wake));
}

void guest_main(uint64_t devicetree)
{
    (void)devicetree;
    gic_init();
    if (notes()->lives == 0U) {
        test_begin("psci");
        first_life();
        suspend_all();
    } else {
        result_resume(notes()->passed, notes()->failed);
        test_begin("psci, after a reset");
        check_pristine();
        if (notes()->lives == 1U) {
            next_life(PSCI_SYSTEM_RESET2_64);
        }
    }
    test_done();
}
