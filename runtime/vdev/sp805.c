/* The emulated watchdog: SP805 [DDI0270].
 *
 * Two stages: when the counter has run out once, the interrupt rises; when it runs out again before
 * the guest has cleared that, and WDOGCONTROL.RESEN is set, a real one would reset the machine.
 * Here that is a fault of class watchdog, and the counter goes on. It counts the clock that the
 * guest's devicetree names, by the system counter. Both ends are found by whoever looks first: an
 * access, or the EL2 timer of the CPU from which the guest set it. With the interrupt raised and
 * RESEN clear nothing further can happen, and no timer is set: a guest that loads 1 has no storm
 * from it. While the VM does not run, the watchdog starts anew. Then, and as long as nobody clears one
 * that has bitten, the timer looks once in PAUSE_NS at most, since it takes its time from whoever's turn
 * it is on that CPU. 32-bit accesses at a register's own offset; narrower ones read or write its low
 * part, others are RAZ/WI; misaligned and 8-byte ones are refused. The integration test registers are
 * RAZ/WI. Lock: one per SP805, taken before the VM's vGIC lock; a fault is reported without it.
 *
 * @req OPS-6 */
#include "vdev/vdev.h"

#include <stdatomic.h>

#include "arch/spinlock.h"
#include "config/config.h"
#include "core/percpu.h"
#include "core/timer.h"
#include "lib/bits.h"
#include "lib/loop.h"
#include "vgic/vgic.h"
#include "vm/health.h"

enum sp805_register {
    WDOGLOAD = 0x000,
    WDOGVALUE = 0x004,
    WDOGCONTROL = 0x008,
    WDOGINTCLR = 0x00C,
    WDOGRIS = 0x010,
    WDOGMIS = 0x014,
    WDOGLOCK = 0xC00,
    WDOGPeriphID0 = 0xFE0,
};

enum { WDOGCONTROL_INTEN = 1U << 0, WDOGCONTROL_RESEN = 1U << 1 };

#define WDOGLOCK_KEY UINT32_C(0x1ACCE551)
#define CLOCK_HZ UINT64_C(24000000) /* as the guest's devicetree says */
#define NO_DEADLINE UINT64_MAX
#define PAUSE_NS UINT64_C(1000000)

struct sp805 {
    uint64_t deadline; /* ticks at which the counter is 0; only while INTEN is set */
    uint32_t load;
    uint32_t held; /* WDOGVALUE while INTEN is clear */
    uint8_t control;
    bool ris;
    bool line; /* level of the interrupt output */
    bool is_locked;
};

/* When, and on which CPU, the timer has to look: read by that CPU without the lock. */
struct sp805_alarm {
    _Atomic uint64_t ticks;
    _Atomic uint16_t cpu;
};

static struct spinlock locks[CFG_SP805_COUNT + 1]; /* a system without any is not an empty array */
static struct sp805 sp805s[CFG_SP805_COUNT + 1];
static struct sp805_alarm alarms[CFG_SP805_COUNT + 1];

static const uint8_t ids[8] = {0x05, 0x18, 0x14, 0x00, 0x0D, 0xF0, 0x05, 0xB1};

static bool is_enabled(const struct sp805 *w)
{
    return (w->control & WDOGCONTROL_INTEN) != 0U;
}

/* From WDOGLOAD to 0; below 2^32 clocks, so below 2^61 ticks of any counter. */
static uint64_t period_ticks(const struct sp805 *w)
{
    const uint64_t ticks = ((uint64_t)w->load + 1U) * timer_frequency() / CLOCK_HZ;

    return (ticks > 0U) ? ticks : 1U;
}

static uint32_t value_now(const struct sp805 *w, uint64_t now)
{
    if (!is_enabled(w)) {
        return w->held;
    }
    const uint64_t clocks = (w->deadline - now) * CLOCK_HZ / timer_frequency();

    return (clocks < w->load) ? (uint32_t)clocks : w->load;
}

static void update_line(uint16_t instance)
{
    struct sp805 *const w = &sp805s[instance];
    const bool high = w->ris && is_enabled(w);

    if (high != w->line) {
        w->line = high;
        vgic_set_line(cfg_sp805s[instance].vm, 0, cfg_sp805s[instance].intid, high);
    }
}

/* What has happened up to now; true: it has bitten. */
static bool catch_up(uint16_t instance, uint64_t now)
{
    struct sp805 *const w = &sp805s[instance];
    const uint64_t period = period_ticks(w);
    bool has_bitten = false;

    if (!is_enabled(w) || now < w->deadline) {
        return false;
    }
    const uint64_t ends = (now - w->deadline) / period + 1U; /* how often it came to 0 */

    has_bitten = (w->control & WDOGCONTROL_RESEN) != 0U && (w->ris || ends > 1U);
    w->ris = true;
    w->deadline += ends * period;
    update_line(instance);
    return has_bitten;
}

/* This CPU's timer to the earliest of the watchdogs that were set here. */
static void arm_timer(void)
{
    const uint16_t cpu = this_cpu()->id;
    uint64_t earliest = NO_DEADLINE;

    for (unsigned i = 0; i < CFG_SP805_COUNT; i++) {
        LOOP_BOUND(CFG_SP805_COUNT);
        const uint64_t ticks = atomic_load_explicit(&alarms[i].ticks, memory_order_relaxed);

        if (atomic_load_explicit(&alarms[i].cpu, memory_order_relaxed) == cpu && ticks < earliest) {
            earliest = ticks;
        }
    }
    if (earliest == NO_DEADLINE) {
        timer_cancel(TIMER_SP805);
    } else {
        timer_set(TIMER_SP805, earliest);
    }
}

/* Its next end that something follows from, not before `earliest`. A CPU that it was set on before
 * looks in vain, once. */
static void set_alarm(uint16_t instance, uint64_t earliest)
{
    const struct sp805 *const w = &sp805s[instance];
    const bool is_waited_for = is_enabled(w) && (!w->ris || (w->control & WDOGCONTROL_RESEN) != 0U);
    const uint64_t ticks = (w->deadline > earliest) ? w->deadline : earliest;

    atomic_store_explicit(&alarms[instance].ticks, is_waited_for ? ticks : NO_DEADLINE,
                          memory_order_relaxed);
    atomic_store_explicit(&alarms[instance].cpu, this_cpu()->id, memory_order_relaxed);
    arm_timer();
}

static void report_bite(uint16_t instance, bool has_bitten)
{
    if (has_bitten) {
        (void)health_report(cfg_sp805s[instance].vm, CFG_FAULT_WATCHDOG, 0, instance);
    }
}

static uint32_t read_register(const struct sp805 *w, uint32_t offset, uint64_t now)
{
    switch (offset) {
    case WDOGLOAD:
        return w->load;
    case WDOGVALUE:
        return value_now(w, now);
    case WDOGCONTROL:
        return w->control;
    case WDOGRIS:
        return w->ris ? 1U : 0U;
    case WDOGMIS:
        return (w->ris && is_enabled(w)) ? 1U : 0U;
    case WDOGLOCK:
        return w->is_locked ? 1U : 0U;
    default:
        return (offset >= WDOGPeriphID0 && offset % 4U == 0U) ? ids[(offset - WDOGPeriphID0) / 4U]
                                                              : 0U;
    }
}

static void write_control(struct sp805 *w, uint32_t value, uint64_t now)
{
    const bool was_enabled = is_enabled(w);

    if (was_enabled && (value & WDOGCONTROL_INTEN) == 0U) {
        w->held = value_now(w, now);
    }
    w->control = (uint8_t)(value & (WDOGCONTROL_INTEN | WDOGCONTROL_RESEN));
    if (!was_enabled) {
        w->deadline = now + period_ticks(w);
    }
}

static void write_register(struct sp805 *w, uint32_t offset, uint32_t value, uint64_t now)
{
    if (offset == WDOGLOCK) {
        w->is_locked = value != WDOGLOCK_KEY;
    }
    if (w->is_locked) {
        return;
    }
    switch (offset) {
    case WDOGLOAD:
        w->load = value;
        w->held = value;
        w->deadline = now + period_ticks(w);
        break;
    case WDOGCONTROL:
        write_control(w, value, now);
        break;
    case WDOGINTCLR:
        w->ris = false;
        w->deadline = now + period_ticks(w);
        break;
    default:
        break; /* read-only or reserved */
    }
}

enum mmio_outcome sp805_read(uint16_t instance, uint32_t offset, unsigned size_bytes,
                             uint64_t *value)
{
    if (!vdev_is_possible(offset, size_bytes)) {
        return MMIO_REFUSED;
    }
    spin_lock(&locks[instance]);
    const uint64_t now = timer_now();
    const bool has_bitten = catch_up(instance, now);
    const uint32_t answer = read_register(&sp805s[instance], offset, now);

    spin_unlock(&locks[instance]);
    report_bite(instance, has_bitten);
    return vdev_answer(value, answer, size_bytes);
}

enum mmio_outcome sp805_write(uint16_t instance, uint32_t offset, unsigned size_bytes,
                              uint64_t value)
{
    if (!vdev_is_possible(offset, size_bytes)) {
        return MMIO_REFUSED;
    }
    spin_lock(&locks[instance]);
    const uint64_t now = timer_now();
    const bool has_bitten = catch_up(instance, now);

    write_register(&sp805s[instance], offset, (uint32_t)value, now);
    update_line(instance);
    set_alarm(instance, 0);
    spin_unlock(&locks[instance]);
    report_bite(instance, has_bitten);
    return MMIO_DONE;
}

/* Of a VM that does not run, nobody can be expected to clear it. */
static bool look(uint16_t instance)
{
    struct sp805 *const w = &sp805s[instance];
    const uint64_t now = timer_now();
    bool has_bitten = false;
    bool is_urgent = true;

    spin_lock(&locks[instance]);
    if (life_is_running(cfg_sp805s[instance].vm)) {
        has_bitten = catch_up(instance, now);
        is_urgent = !has_bitten;
    } else if (is_enabled(w)) {
        w->deadline = now + period_ticks(w);
        is_urgent = false;
    }
    set_alarm(instance, is_urgent ? 0U : now + timer_ticks(PAUSE_NS));
    spin_unlock(&locks[instance]);
    return has_bitten;
}

void sp805_alarm(void)
{
    const uint16_t cpu = this_cpu()->id;

    for (uint16_t i = 0; i < CFG_SP805_COUNT; i++) {
        LOOP_BOUND(CFG_SP805_COUNT);
        if (atomic_load_explicit(&alarms[i].cpu, memory_order_relaxed) == cpu &&
            atomic_load_explicit(&alarms[i].ticks, memory_order_relaxed) <= timer_now()) {
            report_bite(i, look(i));
        }
    }
    arm_timer();
}

void sp805_reset(uint16_t instance)
{
    struct sp805 *const w = &sp805s[instance];

    spin_lock(&locks[instance]);
    w->load = UINT32_MAX;
    w->held = UINT32_MAX;
    w->control = 0;
    w->ris = false;
    w->is_locked = false;
    update_line(instance);
    set_alarm(instance, 0);
    spin_unlock(&locks[instance]);
}
