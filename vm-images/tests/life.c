/* Group life: VMs that another one starts, stops, restarts, suspends and resumes, and who waits for
 * whom. x0 says who this is. What outlives a life stands in the window `notes` (0x48000000), which
 * all of them share.
 *
 * The boss rules the others' life and tells the verdicts. The worker, on two CPUs, counts in
 * registers and in `notes`, which must agree whatever happens to it, and finds its memory pristine
 * in each life. The late one is started by the boss, has no rights, and says that it is ready; then
 * the follower starts, which waits for that. The resetter restarts itself for ever.
 *
 * @req CPU-4, CPU-6 */
#include "exception.h"
#include "gic.h"
#include "psci.h"
#include "result.h"
#include "timer.h"
#include "uart.h"

#define VM_START 0xc600ff20U
#define VM_STOP 0xc600ff21U
#define VM_RESTART 0xc600ff22U
#define VM_SUSPEND 0xc600ff23U
#define VM_RESUME 0xc600ff24U
#define VM_STATE 0xc600ff25U
#define VM_READY 0xc600ff26U
#define VM_LAST 0xc600ff2fU
#define DENIED (-3)
#define NOT_FROM_HERE (-4)

/* In the order of the description. */
enum vm { BOSS, WORKER, LATE, FOLLOWER, OTHER };
enum state { OFF, WAITING, LOADING, RUNNING, SUSPENDED, STOPPING, RESTARTING };
enum role { ROLE_BOSS, ROLE_WORKER, ROLE_LATE, ROLE_FOLLOWER, ROLE_RESETTER };

#define WORKER_CPUS 2U
#define SCRATCH UINT64_C(0x40100000)
#define SCRATCH_WORDS 512U
#define RESTARTS 1000U
#define PATIENCE_MS 5000U
#define UART_FR 0x18U
#define UART_FR_RXFE 0x10U

struct notes {
    uint32_t lives;               /* of the worker */
    uint32_t dirty;               /* lives that found something of another one */
    uint32_t strayed;             /* counts that did not go on where they were */
    uint32_t denied;              /* calls of the late one that were */
    uint32_t late_is_ready;
    uint32_t follower_came;       /* 1: after the late one was ready; 2: before */
    uint64_t count[WORKER_CPUS];
    uint64_t ticks; /* interrupts of the worker's timer */
};

static volatile uint32_t pristine = 0x600dda7a;

void guest_main(uint64_t role);

static volatile struct notes *notes(void)
{
    return (volatile struct notes *)UINT64_C(0x48000000);
}

static int64_t life_call(uint32_t function, uint64_t vm)
{
    struct smccc_regs regs = {{function, vm}};
    smccc_hvc(&regs);
    return (int64_t)regs.x[0];
}

/* --- the worker ---------------------------------------------------------------------------- */

static void worker_interrupt(unsigned intid)
{
    (void)intid;
    notes()->ticks++;
    SYSREG_WRITE(CNTV_TVAL_EL0, timer_frequency() / 1000U);
    isb();
}

/* The count in a register, and the one that others see, are the same for as long as it lives. */
static void worker_count(void)
{
    const unsigned cpu = cpu_number();

    notes()->count[cpu] = 0;
    for (uint64_t n = 0;; n++) {
        if (notes()->count[cpu] != n) {
            notes()->strayed++;
        }
        notes()->count[cpu] = n + 1U;
    }
}

static bool is_clean(void)
{
    bool clean = pristine == 0x600dda7aU;

    for (unsigned i = 0; i < SCRATCH_WORDS; i++) {
        volatile uint64_t *word = (volatile uint64_t *)SCRATCH + i;
        clean = clean && *word == 0U;
        *word = 0xdeadbeefdeadbeefU;
    }
    pristine = 0;
    return clean && !gic_is_pending(TIMER_PPI_VIRTUAL) &&
           (SYSREG_READ(CNTV_CTL_EL0) & TIMER_CTL_ENABLE) == 0U;
}

static void work(void)
{
    notes()->dirty += is_clean() ? 0U : 1U;
    irq_hook = worker_interrupt;
    gic_enable(TIMER_PPI_VIRTUAL);
    SYSREG_WRITE(CNTV_TVAL_EL0, timer_frequency() / 1000U);
    SYSREG_WRITE(CNTV_CTL_EL0, TIMER_CTL_ENABLE);
    irq_enable();
    cpu_start(1, worker_count);
    notes()->lives++;
    worker_count();
}

/* --- the late one, and who waits for it ---------------------------------------------------- */

static void come_late(void)
{
    uint32_t denied = 0;

    for (uint64_t vm = 0; vm < 8U; vm++) {
        for (uint32_t call = VM_START; call <= VM_STATE; call++) {
            denied += (life_call(call, vm) == DENIED) ? 1U : 0U;
        }
    }
    notes()->denied = denied;
    notes()->late_is_ready = 1;
    dsb_sy();
    (void)life_call(VM_READY, 0);
    for (;;) {
        wfi();
    }
}

static void follow(void)
{
    notes()->follower_came = (notes()->late_is_ready != 0U) ? 1U : 2U;
    (void)psci_call(PSCI_SYSTEM_OFF, 0, 0, 0);
}

/* --- the boss ------------------------------------------------------------------------------ */

static int64_t state_of(uint64_t vm, uint64_t *ready, uint64_t *starts)
{
    struct smccc_regs regs = {{VM_STATE, vm}};
    smccc_hvc(&regs);
    *ready = regs.x[2];
    *starts = regs.x[3];
    return (regs.x[0] == 0U) ? (int64_t)regs.x[1] : (int64_t)regs.x[0];
}

static bool becomes(uint64_t vm, int64_t state)
{
    const uint64_t begin = timer_now();
    uint64_t ready, starts;

    while (state_of(vm, &ready, &starts) != state) {
        if (timer_elapsed_ms(begin) > PATIENCE_MS) {
            return false;
        }
    }
    return true;
}

static void pause_ms(uint64_t ms)
{
    const uint64_t begin = timer_now();
    while (timer_elapsed_ms(begin) < ms) {
    }
}

static bool worker_counts(void)
{
    const uint64_t before[WORKER_CPUS] = {notes()->count[0], notes()->count[1]};
    const uint64_t begin = timer_now();

    while (notes()->count[0] == before[0] || notes()->count[1] == before[1]) {
        if (timer_elapsed_ms(begin) > PATIENCE_MS) {
            return false;
        }
    }
    return true;
}

static bool worker_stands(void)
{
    const uint64_t before[WORKER_CPUS] = {notes()->count[0], notes()->count[1]};
    pause_ms(5);
    return notes()->count[0] == before[0] && notes()->count[1] == before[1];
}

static void check_rights(void)
{
    static const uint64_t others[] = {BOSS, OTHER, OTHER + 1U, 8, 0xffff, 0x10000U + WORKER,
                                      (UINT64_C(1) << 32) + WORKER, UINT64_MAX};
    for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        for (uint32_t call = VM_START; call <= VM_STATE; call++) {
            TEST_EQUAL("denied", life_call(call, others[i]), DENIED);
        }
    }
    for (uint32_t call = VM_READY + 1U; call <= VM_LAST; call++) {
        TEST_EQUAL("no_call", life_call(call, WORKER), -1);
    }
}

static void check_order_of_start(void)
{
    uint64_t ready, starts;

    TEST_EQUAL("late_is_off", state_of(LATE, &ready, &starts), OFF);
    TEST_EQUAL("late_never_started", starts, 0);
    TEST_EQUAL("follower_waits", state_of(FOLLOWER, &ready, &starts), WAITING);
    TEST_EQUAL("off_does_not_restart", life_call(VM_RESTART, LATE), NOT_FROM_HERE);
    TEST_EQUAL("off_does_not_suspend", life_call(VM_SUSPEND, LATE), NOT_FROM_HERE);
    TEST_EQUAL("late_starts", life_call(VM_START, LATE), 0);
    TEST_EQUAL("late_runs", becomes(LATE, RUNNING), true);
    TEST_EQUAL("follower_comes_and_goes", becomes(FOLLOWER, OFF), true);
    TEST_EQUAL("follower_came_after", notes()->follower_came, 1);
    (void)state_of(LATE, &ready, &starts);
    TEST_EQUAL("late_is_ready", ready, 1);
    TEST_EQUAL("late_has_no_rights", notes()->denied, 8U * (VM_STATE - VM_START + 1U));
    TEST_EQUAL("late_stops", life_call(VM_STOP, LATE), 0);
    TEST_EQUAL("late_is_off_again", becomes(LATE, OFF), true);
    TEST_EQUAL("late_starts_again", life_call(VM_START, LATE), 0);
    TEST_EQUAL("late_runs_again", becomes(LATE, RUNNING), true);
    TEST_EQUAL("who_waited_came_once", state_of(FOLLOWER, &ready, &starts), OFF);
    TEST_EQUAL("follower_started_once", starts, 1);
}

static void check_suspend(void)
{
    TEST_EQUAL("worker_counts", worker_counts(), true);
    for (unsigned round = 0; round < 20U; round++) {
        TEST_EQUAL("suspend", life_call(VM_SUSPEND, WORKER), 0);
        TEST_EQUAL("suspend_again", life_call(VM_SUSPEND, WORKER), 0);
        pause_ms(1); /* its CPUs have heard of it */
        const uint64_t ticks = notes()->ticks;
        TEST_EQUAL("suspended", becomes(WORKER, SUSPENDED), true);
        TEST_EQUAL("worker_stands", worker_stands(), true);
        TEST_EQUAL("suspended_does_not_start", life_call(VM_START, WORKER), NOT_FROM_HERE);
        TEST_EQUAL("no_tick_meanwhile", notes()->ticks, ticks);
        TEST_EQUAL("resume", life_call(VM_RESUME, WORKER), 0);
        TEST_EQUAL("worker_goes_on", worker_counts(), true);
        pause_ms(3);
        test_check(notes()->ticks > ticks, "its_timer_was_kept", "%lu ticks", notes()->ticks);
    }
    for (unsigned round = 0; round < 500U; round++) { /* one on the heels of the other */
        (void)life_call(VM_SUSPEND, WORKER);
        (void)life_call(VM_RESUME, WORKER);
    }
    TEST_EQUAL("worker_goes_on", worker_counts(), true);
    TEST_EQUAL("one_life", notes()->lives, 1);
    TEST_EQUAL("nothing_strayed", notes()->strayed, 0);
}

static void check_stop(void)
{
    uint64_t ready, starts;

    TEST_EQUAL("suspend", life_call(VM_SUSPEND, WORKER), 0);
    TEST_EQUAL("stop", life_call(VM_STOP, WORKER), 0);
    TEST_EQUAL("off", becomes(WORKER, OFF), true);
    TEST_EQUAL("worker_stands", worker_stands(), true);
    TEST_EQUAL("resume_of_off", life_call(VM_RESUME, WORKER), NOT_FROM_HERE);
    TEST_EQUAL("stop_of_off", life_call(VM_STOP, WORKER), 0);
    TEST_EQUAL("start", life_call(VM_START, WORKER), 0);
    TEST_EQUAL("runs", becomes(WORKER, RUNNING), true);
    TEST_EQUAL("worker_counts", worker_counts(), true);
    (void)state_of(WORKER, &ready, &starts);
    TEST_EQUAL("second_life", notes()->lives, 2);
    TEST_EQUAL("second_start", starts, 2);
}

/* Orders that come at any moment of a restart: the last one counts. */
static void check_haste(void)
{
    for (unsigned round = 0; round < 200U; round++) {
        (void)life_call(VM_RESTART, WORKER);
        const uint64_t begin = timer_now();
        while (timer_now() - begin < round * 50U) {
        }
        (void)life_call(VM_STOP, WORKER);
        (void)life_call(VM_START, WORKER);
        if (round % 3U == 0U) {
            (void)life_call(VM_SUSPEND, WORKER);
            (void)life_call(VM_RESUME, WORKER);
        }
    }
    TEST_EQUAL("runs_after_haste", becomes(WORKER, RUNNING), true);
    TEST_EQUAL("worker_counts", worker_counts(), true);
}

static bool restart_once(void)
{
    const uint32_t lives = notes()->lives;
    const uint64_t begin = timer_now();

    if (life_call(VM_RESTART, WORKER) != 0) {
        return false;
    }
    while (notes()->lives == lives) {
        if (timer_elapsed_ms(begin) > PATIENCE_MS) {
            return false;
        }
    }
    return true;
}

static volatile bool is_due;

static void boss_interrupt(unsigned intid)
{
    (void)intid;
    is_due = true;
    SYSREG_WRITE(CNTV_CTL_EL0, 0);
    isb();
}

static void sleep_ms(uint64_t ms)
{
    is_due = false;
    SYSREG_WRITE(CNTV_TVAL_EL0, ms * (timer_frequency() / 1000U));
    SYSREG_WRITE(CNTV_CTL_EL0, TIMER_CTL_ENABLE);
    while (!is_due) {
        irq_disable();
        if (!is_due) {
            wfi();
        }
        irq_enable();
        isb();
    }
}

/* Meanwhile nobody but the bystanders does anything. */
static void wait_for_key(void)
{
    irq_hook = boss_interrupt;
    gic_enable(TIMER_PPI_VIRTUAL);
    TEST_EQUAL("worker_rests", life_call(VM_SUSPEND, WORKER), 0);
    print("press a key\n");
    while ((mmio_read32(UART_BASE + UART_FR) & UART_FR_RXFE) != 0U) {
        sleep_ms(10);
    }
    (void)mmio_read32(UART_BASE);
    TEST_EQUAL("worker_goes_on", life_call(VM_RESUME, WORKER), 0);
}

static void check_many_restarts(void)
{
    unsigned done = 0;
    uint64_t ready, before, after;

    (void)state_of(WORKER, &ready, &before);
    while (done < RESTARTS && restart_once()) {
        done++;
    }
    (void)state_of(WORKER, &ready, &after);
    TEST_EQUAL("restarts", done, RESTARTS);
    TEST_EQUAL("starts", after - before, RESTARTS);
    TEST_EQUAL("worker_counts", worker_counts(), true);
    TEST_EQUAL("each_life_was_clean", notes()->dirty, 0);
    TEST_EQUAL("nothing_strayed", notes()->strayed, 0);
}

static void rule(void)
{
    test_begin("life");
    check_rights();
    check_order_of_start();
    check_suspend();
    check_stop();
    check_haste();
    wait_for_key();
    check_many_restarts();
    (void)life_call(VM_STOP, WORKER);
    (void)life_call(VM_STOP, LATE);
    TEST_EQUAL("worker_is_off", becomes(WORKER, OFF), true);
    TEST_EQUAL("late_is_off", becomes(LATE, OFF), true);
    test_done();
}

void guest_main(uint64_t role)
{
    if (role == ROLE_RESETTER) { /* before anything that EL2 would see */
        (void)psci_call(PSCI_SYSTEM_RESET, 0, 0, 0);
    }
    gic_init();
    switch (role) {
    case ROLE_BOSS:
        rule();
        break;
    case ROLE_WORKER:
        work();
        break;
    case ROLE_LATE:
        come_late();
        break;
    case ROLE_FOLLOWER:
    default:
        follow();
        break;
    }
}
