/* Group timer: the virtual and the physical timer of EL1 [DDI0487 D12].
 * @req IRQ-5 */
#include "exception.h"
#include "gic.h"
#include "result.h"
#include "timer.h"

static volatile unsigned fired[32];
static volatile bool rearm;

void guest_main(uint64_t devicetree);

struct timer_access {
    const char *name;
    unsigned ppi;
    uint64_t (*now)(void);
    void (*set)(uint64_t cval, uint64_t ctl);
    uint64_t (*control)(void);
    void (*set_down)(int32_t ticks); /* through TVAL, enabled */
    int32_t (*down)(void);
};

static uint64_t virtual_now(void)
{
    return timer_now();
}

static void virtual_set(uint64_t cval, uint64_t ctl)
{
    SYSREG_WRITE(CNTV_CTL_EL0, 0); /* what it was set to must not fire on the way */
    SYSREG_WRITE(CNTV_CVAL_EL0, cval);
    SYSREG_WRITE(CNTV_CTL_EL0, ctl);
    isb();
}

static uint64_t virtual_control(void)
{
    return SYSREG_READ(CNTV_CTL_EL0);
}

static void virtual_set_down(int32_t ticks)
{
    SYSREG_WRITE(CNTV_TVAL_EL0, (uint32_t)ticks);
    SYSREG_WRITE(CNTV_CTL_EL0, TIMER_CTL_ENABLE);
    isb();
}

static int32_t virtual_down(void)
{
    isb();
    return (int32_t)(uint32_t)SYSREG_READ(CNTV_TVAL_EL0);
}

static uint64_t physical_now(void)
{
    isb();
    return SYSREG_READ(CNTPCT_EL0);
}

static void physical_set(uint64_t cval, uint64_t ctl)
{
    SYSREG_WRITE(CNTP_CTL_EL0, 0); /* what it was set to must not fire on the way */
    SYSREG_WRITE(CNTP_CVAL_EL0, cval);
    SYSREG_WRITE(CNTP_CTL_EL0, ctl);
    isb();
}

static uint64_t physical_control(void)
{
    return SYSREG_READ(CNTP_CTL_EL0);
}

static void physical_set_down(int32_t ticks)
{
    SYSREG_WRITE(CNTP_TVAL_EL0, (uint32_t)ticks);
    SYSREG_WRITE(CNTP_CTL_EL0, TIMER_CTL_ENABLE);
    isb();
}

static int32_t physical_down(void)
{
    isb();
    return (int32_t)(uint32_t)SYSREG_READ(CNTP_TVAL_EL0);
}

static const struct timer_access timers[] = {
    {"virtual", TIMER_PPI_VIRTUAL, virtual_now, virtual_set, virtual_control, virtual_set_down,
     virtual_down},
    {"physical", TIMER_PPI_PHYSICAL, physical_now, physical_set, physical_control,
     physical_set_down, physical_down},
};

static void timer_interrupt(unsigned intid)
{
    const struct timer_access *t = (intid == TIMER_PPI_PHYSICAL) ? &timers[1] : &timers[0];
    fired[intid % 32U] = fired[intid % 32U] + 1U;
    if (rearm) {
        t->set(t->now() + timer_frequency() / 1000U, TIMER_CTL_ENABLE);
    } else {
        t->set(0, 0);
    }
}

/* Leaves the timer as it is. */
static void timer_note(unsigned intid)
{
    fired[intid % 32U] = fired[intid % 32U] + 1U;
}

static void wait_ms(unsigned ms)
{
    uint64_t start = timer_now();
    while (timer_elapsed_ms(start) < ms) {
    }
}

static void check_condition(const struct timer_access *t)
{
    t->set(t->now() + timer_frequency() * 100U, TIMER_CTL_ENABLE | TIMER_CTL_IMASK);
    bool early = (t->control() & TIMER_CTL_ISTATUS) != 0U;
    t->set(t->now(), TIMER_CTL_ENABLE | TIMER_CTL_IMASK);
    bool late = (t->control() & TIMER_CTL_ISTATUS) != 0U;
    t->set(0, 0);
    test_check(!early && late, "condition", "%s: early %d, late %d", t->name, (int)early,
               (int)late);
}

static void check_fires(const struct timer_access *t)
{
    fired[t->ppi] = 0;
    rearm = false;
    gic_enable(t->ppi);
    irq_enable();
    uint64_t deadline = t->now() + timer_frequency() / 100U;
    t->set(deadline, TIMER_CTL_ENABLE);
    while (fired[t->ppi] == 0U && t->now() < deadline + 2U * timer_frequency()) {
    }
    uint64_t now = t->now();
    test_check(fired[t->ppi] == 1U && now >= deadline, "fires_once_not_early",
               "%s: fired %u", t->name, fired[t->ppi]);
    t->set(t->now(), TIMER_CTL_ENABLE | TIMER_CTL_IMASK);
    wait_ms(5);
    TEST_EQUAL("masked_is_silent", fired[t->ppi], 1);
    t->set(t->now(), TIMER_CTL_ENABLE);
    wait_ms(5);
    TEST_EQUAL("unmasked_fires", fired[t->ppi], 2);
    irq_disable();
    gic_disable(t->ppi);
}

/* A thousand interrupts, each armed by the one before. */
static void check_many(const struct timer_access *t)
{
    fired[t->ppi] = 0;
    rearm = true;
    gic_enable(t->ppi);
    irq_enable();
    uint64_t start = timer_now();
    t->set(t->now(), TIMER_CTL_ENABLE);
    while (fired[t->ppi] < 1000U && timer_elapsed_ms(start) < 60000U) {
        wfi();
    }
    rearm = false;
    wait_ms(5);
    irq_disable();
    test_check(fired[t->ppi] >= 1000U, "thousand", "%s: %u", t->name, fired[t->ppi]);
    t->set(0, 0);
    gic_disable(t->ppi);
}

/* The level goes with the condition. What is moved to the future before it is taken may still
 * arrive once, since an interrupt that is on its way is not called back, but it is then spurious
 * (the condition does not hold) and comes no more. */
static void check_withdrawn(const struct timer_access *t)
{
    fired[t->ppi] = 0;
    gic_enable(t->ppi);
    irq_disable();
    t->set(t->now(), TIMER_CTL_ENABLE);
    wait_ms(2);
    bool pending = gic_is_pending(t->ppi);
    t->set(t->now() + timer_frequency() * 100U, TIMER_CTL_ENABLE);
    wait_ms(2);
    irq_hook = timer_note;
    irq_enable();
    wait_ms(5);
    irq_disable();
    irq_hook = timer_interrupt;
    test_check(pending, "pending_while_masked", "%s", t->name);
    test_check(fired[t->ppi] <= 1U && (t->control() & TIMER_CTL_ISTATUS) == 0U, "withdrawn",
               "%s: fired %u", t->name, fired[t->ppi]);
    test_check(!gic_is_pending(t->ppi) && !gic_is_active(t->ppi), "withdrawn_is_gone", "%s",
               t->name);
    t->set(0, 0);
    gic_disable(t->ppi);
}

/* A timer that fires while its PPI is disabled shows there as pending, as long as it fires. */
static void check_disabled(const struct timer_access *t)
{
    fired[t->ppi] = 0;
    irq_enable();
    t->set(t->now(), TIMER_CTL_ENABLE);
    wait_ms(2);
    bool pending = gic_is_pending(t->ppi);
    t->set(t->now() + timer_frequency() * 100U, TIMER_CTL_ENABLE);
    wait_ms(2);
    bool later = gic_is_pending(t->ppi);
    t->set(t->now(), TIMER_CTL_ENABLE);
    wait_ms(2);
    bool again = gic_is_pending(t->ppi);
    t->set(0, 0);
    gic_enable(t->ppi);
    wait_ms(2);
    irq_disable();
    test_check(pending && again, "pending_while_disabled", "%s: %d, again %d", t->name,
               (int)pending, (int)again);
    test_check(!later && !gic_is_pending(t->ppi) && fired[t->ppi] == 0U, "disabled_is_gone",
               "%s: later %d, fired %u", t->name, (int)later, fired[t->ppi]);
    gic_disable(t->ppi);
}

/* A WFI with PSTATE.I set ends when the interrupt is pending; it is taken once I is clear. */
static void check_wait_masked(const struct timer_access *t)
{
    fired[t->ppi] = 0;
    gic_enable(t->ppi);
    irq_disable();
    uint64_t deadline = t->now() + timer_frequency() / 100U;
    t->set(deadline, TIMER_CTL_ENABLE);
    while (t->now() < deadline) {
        wfi(); /* it may also end early */
    }
    unsigned masked = fired[t->ppi];
    irq_enable();
    isb();
    wait_ms(1);
    irq_disable();
    test_check(masked == 0U && fired[t->ppi] == 1U, "wait_while_masked", "%s: %u, then %u", t->name,
               masked, fired[t->ppi]);
    gic_disable(t->ppi);
}

/* The farthest deadlines: the signed 32 bits of TVAL, and the end of the counter. */
static void check_far(const struct timer_access *t)
{
    fired[t->ppi] = 0;
    gic_enable(t->ppi);
    irq_enable();
    t->set_down(INT32_MAX);
    wait_ms(2);
    bool due = (t->control() & TIMER_CTL_ISTATUS) != 0U;
    int32_t left = t->down();
    t->set(UINT64_MAX, TIMER_CTL_ENABLE);
    wait_ms(2);
    due = due || (t->control() & TIMER_CTL_ISTATUS) != 0U;
    test_check(!due && fired[t->ppi] == 0U, "far_is_not_now", "%s: fired %u", t->name,
               fired[t->ppi]);
    test_check(left > 0 && left < INT32_MAX, "counts_down", "%s: %d", t->name, left);
    irq_disable();
    t->set_down(-1000);
    left = t->down();
    test_check((t->control() & TIMER_CTL_ISTATUS) != 0U && left <= -1000, "below_zero", "%s: %d",
               t->name, left);
    t->set(0, 0);
    gic_disable(t->ppi);
}

static void check_counters(void)
{
    uint64_t v = virtual_now();
    uint64_t p = physical_now();
    wait_ms(3);
    test_check(virtual_now() > v && physical_now() > p, "counters_run", "%lu %lu", v, p);
    test_check(timer_frequency() >= 1000000U, "frequency", "%lu Hz", timer_frequency());
}

void guest_main(uint64_t devicetree)
{
    (void)devicetree;
    test_begin("timer");
    gic_init();
    irq_hook = timer_interrupt;
    check_counters();
    for (unsigned i = 0; i < sizeof(timers) / sizeof(timers[0]); i++) {
        check_condition(&timers[i]);
        check_fires(&timers[i]);
        check_many(&timers[i]);
        check_withdrawn(&timers[i]);
        check_disabled(&timers[i]);
        check_wait_masked(&timers[i]);
        check_far(&timers[i]);
    }
    test_done();
}
