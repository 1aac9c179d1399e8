/* Group turns: who runs when several share a window, whose clock stands still, and what a change of
 * mode changes. One program for all VMs of systems/test-turns.yaml; x0 says which one it is.
 *
 * The conductor has CPU 3 for itself and tells the others, on CPU 0, what to do; EL2's account says
 * how long each of them ran. One tick is one instruction (boards/qemu-virt-1ghz), of CPU 0 but for
 * the time in which the second watcher works too, on CPU 1.
 * @req CPU-2, CPU-3, IRQ-5 */
#include <stdatomic.h>

#include "exception.h"
#include "gic.h"
#include "result.h"
#include "schedule.h"
#include "uart.h"

enum role { CONDUCTOR, BACKGROUND, CLOCK, WATCH_0, WATCH_1 };

#define FRAME 400000U /* as in systems/test-turns.yaml */
#define QUANTUM 20000U
#define SWITCH 6000U /* instructions of a change of vCPU, and what is before it */
#define SPINNERS 3U
#define WAITER 4U           /* vCPU of the conductor's VM, after itself and the spinners */
#define SPARE_NUMBER 5U     /* of the vCPU, counted over all VMs */
#define SPARE_WINDOW 20000U /* that it has for itself */
#define CLOCK_WINDOW 60000U
#define OUTSIDE 180000U /* of the window that they share */
#define WAIT_TICKS 150000U
#define STARTS 64U
#define MOVE 100000U /* the watchers' windows are so much earlier in the other mode */
#define MODE_NORMAL 0U
#define MODE_OTHER 1U

/* What all VMs see. */
struct notes {
    atomic_uint spin; /* the spinners, or none of them */
    atomic_uint wait;
    atomic_uint ready; /* vCPUs of all VMs */
    atomic_ulong last; /* the counter, by whoever spins */
    atomic_ulong last_vcpu;
    atomic_ulong least[2]; /* instructions from one vCPU to another: same VM, another one */
    atomic_ulong most[2];
    atomic_uint switches[2];
    atomic_ulong wait_late; /* the waiter: largest */
    atomic_uint waits;
    atomic_ulong clock_stood; /* the clock: physical ticks in which the virtual counter stood */
    atomic_ulong clock_went;
    atomic_ulong clock_early; /* its virtual timer, by its virtual counter */
    atomic_ulong clock_late;
    atomic_uint clock_waits;
    atomic_uint watched[2];
    atomic_ulong start[2][STARTS]; /* of the watchers' windows, a ring */
    atomic_ulong denied;
};

static struct notes *const notes = (struct notes *)NOTES_BASE;

void guest_main(uint64_t role);

static void raise_to(atomic_ulong *most, uint64_t value)
{
    if (value > atomic_load(most)) {
        atomic_store(most, value);
    }
}

static int32_t mode_set(uint64_t mode)
{
    struct smccc_regs r;

    return sched_call(&r, SCHED_MODE_SET, mode);
}

static uint64_t mode_get(void)
{
    struct smccc_regs r;

    sched_call(&r, SCHED_MODE_GET, 0);
    return r.x[1];
}

/* --- those who take turns --------------------------------------------------------------- */

/* Spins, and notes how long it took from the last instruction of another one to the first here. */
static void spin_once(unsigned vcpu)
{
    const uint64_t now = counter_now();
    const uint64_t before = atomic_load(&notes->last_vcpu);

    if (before != vcpu && before != 0U) {
        const unsigned which = ((before >= 100U) == (vcpu >= 100U)) ? 0U : 1U;
        const uint64_t took = now - atomic_load(&notes->last);

        if (took < QUANTUM) {
            raise_to(&notes->most[which], took);
            if (atomic_load(&notes->least[which]) == 0U ||
                took < atomic_load(&notes->least[which])) {
                atomic_store(&notes->least[which], took);
            }
            atomic_fetch_add(&notes->switches[which], 1U);
        }
    }
    atomic_store(&notes->last_vcpu, vcpu);
    atomic_store(&notes->last, now);
}

static void sleep_ticks(uint64_t ticks)
{
    SYSREG_WRITE(CNTV_TVAL_EL0, ticks);
    SYSREG_WRITE(CNTV_CTL_EL0, TIMER_CTL_ENABLE);
    isb();
    while ((SYSREG_READ(CNTV_CTL_EL0) & TIMER_CTL_ISTATUS) == 0U) {
        wfi();
        isb();
    }
    SYSREG_WRITE(CNTV_CTL_EL0, 0);
    isb();
    gic_clear_pending(TIMER_PPI_VIRTUAL);
}

static void spinner(void)
{
    const unsigned cpu = cpu_number();

    gic_enable(TIMER_PPI_VIRTUAL);
    atomic_fetch_add(&notes->ready, 1U);
    for (;;) {
        if (atomic_load(&notes->spin) != 0U) {
            spin_once(cpu);
        } else {
            sleep_ticks(FRAME);
        }
    }
}

static void waiter(void)
{
    gic_enable(TIMER_PPI_VIRTUAL);
    atomic_fetch_add(&notes->ready, 1U);
    for (;;) {
        const uint64_t due = counter_now() + WAIT_TICKS;

        sleep_ticks(WAIT_TICKS);
        if (atomic_load(&notes->wait) != 0U) {
            raise_to(&notes->wait_late, counter_now() - due);
            atomic_fetch_add(&notes->waits, 1U);
        }
    }
}

static void background(void)
{
    atomic_fetch_add(&notes->ready, 1U);
    for (;;) {
        spin_once(100U);
    }
}

/* --- the one whose clock stands still --------------------------------------------------- */

static void scheduled_clock(void)
{
    uint64_t physical = counter_now();
    uint64_t virtual = timer_now();

    atomic_fetch_add(&notes->ready, 1U);
    SYSREG_WRITE(CNTV_CVAL_EL0, virtual + WAIT_TICKS);
    SYSREG_WRITE(CNTV_CTL_EL0, TIMER_CTL_ENABLE | TIMER_CTL_IMASK);
    for (;;) {
        const uint64_t p = counter_now();
        const uint64_t v = timer_now();
        const uint64_t cval = SYSREG_READ(CNTV_CVAL_EL0);

        if (p - physical > QUANTUM) {
            atomic_fetch_add(&notes->clock_stood, (p - physical) - (v - virtual));
        }
        atomic_fetch_add(&notes->clock_went, v - virtual);
        physical = p;
        virtual = v;
        if ((SYSREG_READ(CNTV_CTL_EL0) & TIMER_CTL_ISTATUS) != 0U) {
            const uint64_t now = timer_now();

            raise_to(&notes->clock_early, (now < cval) ? cval - now : 0U);
            raise_to(&notes->clock_late, now - cval);
            atomic_fetch_add(&notes->clock_waits, 1U);
            SYSREG_WRITE(CNTV_CVAL_EL0, now + WAIT_TICKS);
            isb();
        }
    }
}

/* --- those who see the modes ------------------------------------------------------------ */

static void watch(unsigned which)
{
    uint64_t last = counter_now();

    atomic_store(&notes->denied, (uint64_t)mode_set(MODE_OTHER));
    atomic_fetch_add(&notes->ready, 1U);
    for (;;) {
        const uint64_t now = counter_now();

        if (now - last > QUANTUM) {
            atomic_store(&notes->start[which][atomic_load(&notes->watched[which]) % STARTS], now);
            atomic_fetch_add(&notes->watched[which], 1U);
        }
        last = now;
    }
}

/* --- the conductor ---------------------------------------------------------------------- */

static void frames(unsigned count)
{
    sleep_ticks((uint64_t)count * FRAME);
}

struct runs {
    uint64_t of[8];
};

static struct runs runs_now(void)
{
    struct runs r = {0};

    for (unsigned i = 0; i < 8U; i++) {
        r.of[i] = sched_times(i).run;
    }
    return r;
}

static struct runs ran_in(unsigned count)
{
    const struct runs before = runs_now();

    frames(count);
    struct runs r = runs_now();
    for (unsigned i = 0; i < 8U; i++) {
        r.of[i] -= before.of[i];
    }
    return r;
}

static void check_equal_turns(void)
{
    atomic_store(&notes->spin, 1U);
    frames(4);
    const struct runs r = ran_in(200);
    const uint64_t least = (r.of[1] < r.of[2]) ? ((r.of[1] < r.of[3]) ? r.of[1] : r.of[3])
                                               : ((r.of[2] < r.of[3]) ? r.of[2] : r.of[3]);
    const uint64_t most = (r.of[1] > r.of[2]) ? ((r.of[1] > r.of[3]) ? r.of[1] : r.of[3])
                                              : ((r.of[2] > r.of[3]) ? r.of[2] : r.of[3]);

    print("turns: %lu %lu %lu of three, %lu of one that waits, %lu of the spare one\n", r.of[1],
          r.of[2], r.of[3], r.of[WAITER], r.of[SPARE_NUMBER]);
    /* The window's end may cut one turn of one of them in each frame, always the same one. */
    test_check(most - least <= 200U * (QUANTUM + SWITCH), "equal", "%lu to %lu", least, most);
    test_check(r.of[WAITER] < least / 5U, "one-that-waits-is-passed-over", "%lu", r.of[WAITER]);
    /* In the window that it has for itself, and in no other. */
    test_check(r.of[SPARE_NUMBER] <= 201U * (uint64_t)SPARE_WINDOW, "spare-has-nothing", "%lu",
               r.of[SPARE_NUMBER]);
}

static void check_waiter(void)
{
    atomic_store(&notes->wait, 1U);
    frames(200);
    atomic_store(&notes->wait, 0U);
    print("wait: %u waits, at most %lu late\n", atomic_load(&notes->waits),
          atomic_load(&notes->wait_late));
    test_check(atomic_load(&notes->waits) > 150U, "waits", "%u", atomic_load(&notes->waits));
    /* It becomes due when the others' turns begin at worst, or out of the window. */
    test_check(atomic_load(&notes->wait_late) <= OUTSIDE + SPINNERS * (QUANTUM + SWITCH),
               "has-its-turn-when-due", "%lu late", atomic_load(&notes->wait_late));
}

static void check_spare(void)
{
    atomic_store(&notes->spin, 0U);
    frames(4);
    const struct runs r = ran_in(200);

    print("spare: %lu of it, %lu %lu %lu of the others\n", r.of[SPARE_NUMBER], r.of[1], r.of[2],
          r.of[3]);
    test_check(r.of[SPARE_NUMBER] > 200U * 120000U, "spare-has-what-they-leave", "%lu",
               r.of[SPARE_NUMBER]);
    atomic_store(&notes->spin, 1U);
    frames(4);
}

static void check_clock(void)
{
    atomic_store(&notes->clock_went, 0U);
    atomic_store(&notes->clock_stood, 0U);
    const uint64_t virtual = timer_now();
    const uint64_t physical = counter_now();
    frames(200);
    const uint64_t went = atomic_load(&notes->clock_went);
    const uint64_t stood = atomic_load(&notes->clock_stood);
    const uint64_t own = timer_now() - virtual;
    const uint64_t real = counter_now() - physical;

    print("clock: went %lu, stood %lu; %u timers, at most %lu late\n", went, stood,
          atomic_load(&notes->clock_waits), atomic_load(&notes->clock_late));
    test_check(went >= 199U * (uint64_t)CLOCK_WINDOW && went <= 201U * (CLOCK_WINDOW + SWITCH),
               "goes-in-its-windows", "%lu", went);
    test_check(stood >= 199U * (uint64_t)(FRAME - CLOCK_WINDOW - SWITCH) &&
                   stood <= 201U * (uint64_t)FRAME,
               "stands-else", "%lu", stood);
    test_check(atomic_load(&notes->clock_waits) >= 200U * CLOCK_WINDOW / WAIT_TICKS - 2U,
               "its-timer-fires", "%u", atomic_load(&notes->clock_waits));
    TEST_EQUAL("not-early", atomic_load(&notes->clock_early), 0);
    test_check(atomic_load(&notes->clock_late) <= SWITCH, "by-its-own-clock", "%lu",
               atomic_load(&notes->clock_late));
    test_check(own <= real + 100U && real <= own + 100U, "real-follows-time", "%lu, %lu", own,
               real);
}

/* The first window of a watcher after `since` that is elsewhere in its frame than the one before,
 * or 0. */
static uint64_t first_moved(unsigned which, uint64_t since)
{
    const unsigned end = atomic_load(&notes->watched[which]);

    for (unsigned i = end - STARTS / 2U; i + 1U < end; i++) {
        const uint64_t before = atomic_load(&notes->start[which][i % STARTS]);
        const uint64_t after = atomic_load(&notes->start[which][(i + 1U) % STARTS]);
        const uint64_t apart = after - before;

        if (after > since && (apart < FRAME - MOVE / 2U || apart > FRAME + MOVE / 2U)) {
            return after;
        }
    }
    return 0;
}

static void check_mode(uint64_t mode)
{
    const uint64_t asked = counter_now();

    TEST_EQUAL("mode-set", mode_set(mode), 0);
    TEST_EQUAL("one-at-a-time", mode_set(mode), -4);
    frames(16);
    const uint64_t moved[2] = {first_moved(0, asked), first_moved(1, asked)};
    const uint64_t distance = (moved[0] > moved[1]) ? moved[0] - moved[1] : moved[1] - moved[0];

    print("mode %lu: after %lu and %lu\n", mode, moved[0] - asked, moved[1] - asked);
    TEST_EQUAL("mode-get", mode_get(), mode);
    test_check(moved[0] != 0U && moved[1] != 0U, "both-follow", "%lu %lu", moved[0], moved[1]);
    test_check(distance <= MOVE / 2U, "in-the-same-frame", "%lu apart", distance);
    /* At the end of the next frame; the window is in the one after it. */
    test_check(moved[0] - asked >= FRAME / 2U && moved[0] - asked <= 3U * (uint64_t)FRAME, "soon",
               "%lu", moved[0] - asked);
}

static void check_modes(void)
{
    TEST_EQUAL("denied-without-the-right", (int32_t)atomic_load(&notes->denied), SCHED_DENIED);
    TEST_EQUAL("no-such-mode", mode_set(2), -2);
    TEST_EQUAL("first-mode", mode_get(), MODE_NORMAL);
    frames(40);
    for (unsigned i = 0; i < 3U; i++) {
        check_mode(MODE_OTHER);
        check_mode(MODE_NORMAL);
    }
}

static void report_switches(void)
{
    for (unsigned i = 0; i < 2U; i++) {
        print("switch: %s VM: %lu to %lu instructions, %u times\n", (i == 0U) ? "same" : "other",
              atomic_load(&notes->least[i]), atomic_load(&notes->most[i]),
              atomic_load(&notes->switches[i]));
        test_check(atomic_load(&notes->switches[i]) >= 10U &&
                       atomic_load(&notes->least[i]) <= SWITCH,
                   "switch", "%lu", atomic_load(&notes->least[i]));
    }
}

static void conductor(void)
{
    test_begin("turns");
    gic_init();
    gic_enable(TIMER_PPI_VIRTUAL);
    for (unsigned i = 1; i <= SPINNERS; i++) {
        TEST_EQUAL("cpu_on", cpu_start(i, spinner), PSCI_SUCCESS);
    }
    TEST_EQUAL("cpu_on", cpu_start(WAITER, waiter), PSCI_SUCCESS);
    while (atomic_load(&notes->ready) < SPINNERS + 5U) {
        frames(1);
    }
    check_equal_turns();
    check_waiter();
    check_spare();
    check_clock();
    check_modes();
    report_switches();
    test_done();
}

void guest_main(uint64_t role)
{
    static void (*const others[])(void) = {conductor, background, scheduled_clock};

    if (role >= WATCH_0) {
        watch((unsigned)(role - WATCH_0));
    } else {
        others[role]();
    }
}
