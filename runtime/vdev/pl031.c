/* The emulated real-time clock: PL031 [DDI0224].
 *
 * RTCDR counts the seconds of the system counter plus an offset: at first the one that makes it the
 * date of the board's own PL031, which is read once, at boot, or none where EL2 has no such clock,
 * so that time begins with power-on. A guest sets its own offset with RTCLR; a restart of the VM
 * undoes that. The clock is always running, as one with a battery: RTCCR reads as 1. When RTCDR
 * comes to equal RTCMR, the interrupt rises without the guest looking: the CPU that set the match
 * arms its EL2 timer, and whichever CPU of the VM looks first finds it due. After a match the next
 * one is 2^32 seconds away, unless RTCMR or RTCLR is written.
 * 32-bit accesses at a register's own offset; narrower ones read or write its low part, others
 * are RAZ/WI; misaligned and 8-byte ones are refused.
 * Lock: one per VM for all its clocks, taken before the VM's vGIC lock.
 *
 * @req DEV-2 */
#include "lib/loop.h"
#include "vdev/vdev.h"

#include "arch/mmio.h"
#include "arch/spinlock.h"
#include "config/config.h"
#include "core/percpu.h"
#include "core/timer.h"
#include "lib/bits.h"
#include "vgic/vgic.h"

enum pl031_register {
    RTCDR = 0x000,
    RTCMR = 0x004,
    RTCLR = 0x008,
    RTCCR = 0x00C,
    RTCIMSC = 0x010,
    RTCRIS = 0x014,
    RTCMIS = 0x018,
    RTCICR = 0x01C,
    RTCPeriphID0 = 0xFE0,
};

#define NO_DEADLINE UINT64_MAX

struct pl031 {
    uint64_t deadline; /* ticks at which RTCDR will equal RTCMR, or NO_DEADLINE */
    uint32_t offset;   /* RTCDR minus the seconds of the system counter */
    uint32_t match;
    uint32_t load;
    bool imsc;
    bool ris;
    bool line; /* level of the interrupt output */
};

enum { RTCCR_START = 1U << 0 };

static struct spinlock locks[CFG_VM_COUNT];
static uint32_t board_offset; /* board's date minus seconds of the counter; written at boot */
static struct pl031 pl031s[CFG_PL031_COUNT + 1]; /* a system without any is not an empty array */

static const uint8_t ids[8] = {0x31, 0x10, 0x14, 0x00, 0x0D, 0xF0, 0x05, 0xB1};

void pl031_init(void)
{
    const uint64_t rtc = cfg_system.rtc_base;

    board_offset = 0;
    if (rtc != 0U && (mmio_read32(pa_make(rtc + RTCCR)) & RTCCR_START) != 0U) {
        board_offset = mmio_read32(pa_make(rtc + RTCDR)) -
                       (uint32_t)(timer_now() / timer_frequency());
    }
}

static void update_line(uint16_t instance)
{
    struct pl031 *const r = &pl031s[instance];
    const bool high = r->ris && r->imsc;
    if (high != r->line) {
        r->line = high;
        vgic_set_line(cfg_pl031s[instance].vm, 0, cfg_pl031s[instance].intid, high);
    }
}

static void check_match(uint16_t instance, uint64_t now)
{
    struct pl031 *const r = &pl031s[instance];
    if (now >= r->deadline) {
        r->deadline = NO_DEADLINE;
        r->ris = true;
    }
    update_line(instance);
}

/* The next time that RTCDR equals RTCMR; now, when it already does. */
static uint64_t next_match(const struct pl031 *r, uint64_t now)
{
    const uint64_t seconds = now / timer_frequency();
    const uint32_t away = r->match - ((uint32_t)seconds + r->offset);
    uint64_t ticks;
    if ((bool)__builtin_mul_overflow(seconds + away, timer_frequency(), &ticks)) {
        return NO_DEADLINE;
    }
    return ticks;
}

/* Has the VM a vCPU that lives on this CPU? */
static bool lives_here(uint16_t vm)
{
    const struct cfg_cpu *const cpu = &cfg_cpus[this_cpu()->id];
    for (unsigned i = 0; i < cpu->resident_count; i++) {
        LOOP_BOUND(CFG_CPU_RESIDENT_MAX);
        if (cfg_vcpus[cfg_residents[cpu->first_resident + i]].vm == vm) {
            return true;
        }
    }
    return false;
}

/* This CPU's timer to the earliest match of the clocks of the VMs that live here. Whoever changes one
 * of another VM meanwhile, on another CPU, sets that CPU's. */
static void arm(void)
{
    uint64_t earliest = NO_DEADLINE;
    for (unsigned i = 0; i < CFG_PL031_COUNT; i++) {
        LOOP_BOUND(CFG_PL031_COUNT);
        const uint64_t deadline = __atomic_load_n(&pl031s[i].deadline, __ATOMIC_RELAXED);
        if (deadline < earliest && lives_here(cfg_pl031s[i].vm)) {
            earliest = deadline;
        }
    }
    if (earliest == NO_DEADLINE) {
        timer_cancel(TIMER_PL031);
    } else {
        timer_set(TIMER_PL031, earliest);
    }
}

static uint32_t read_register(const struct pl031 *r, uint64_t offset, uint64_t now)
{
    switch (offset) {
    case RTCDR:
        return (uint32_t)(now / timer_frequency()) + r->offset;
    case RTCMR:
        return r->match;
    case RTCLR:
        return r->load;
    case RTCCR:
        return 1;
    case RTCIMSC:
        return r->imsc ? 1U : 0U;
    case RTCRIS:
        return r->ris ? 1U : 0U;
    case RTCMIS:
        return (r->ris && r->imsc) ? 1U : 0U;
    default:
        return (offset >= RTCPeriphID0 && offset % 4U == 0U) ? ids[(offset - RTCPeriphID0) / 4U]
                                                             : 0U;
    }
}

/* True when the time of the match has changed. */
static bool write_register(struct pl031 *r, uint64_t offset, uint32_t value, uint64_t now)
{
    switch (offset) {
    case RTCMR:
        r->match = value;
        return true;
    case RTCLR:
        r->load = value;
        r->offset = value - (uint32_t)(now / timer_frequency());
        return true;
    case RTCIMSC:
        r->imsc = (value & 1U) != 0U;
        return false;
    case RTCICR:
        r->ris = r->ris && (value & 1U) == 0U;
        return false;
    default:
        return false; /* read-only, reserved, or the clock that already runs */
    }
}

enum mmio_outcome pl031_read(uint16_t instance, uint32_t offset, unsigned size_bytes,
                             uint64_t *value)
{
    const uint16_t vm = cfg_pl031s[instance].vm;

    if (!vdev_is_possible(offset, size_bytes)) {
        return MMIO_REFUSED;
    }
    spin_lock(&locks[vm]);
    const uint64_t now = timer_now();

    check_match(instance, now);
    const uint32_t answer = read_register(&pl031s[instance], offset, now);

    spin_unlock(&locks[vm]);
    return vdev_answer(value, answer, size_bytes);
}

enum mmio_outcome pl031_write(uint16_t instance, uint32_t offset, unsigned size_bytes,
                              uint64_t value)
{
    struct pl031 *const r = &pl031s[instance];
    const uint16_t vm = cfg_pl031s[instance].vm;

    if (!vdev_is_possible(offset, size_bytes)) {
        return MMIO_REFUSED;
    }
    spin_lock(&locks[vm]);
    const uint64_t now = timer_now();

    check_match(instance, now);
    if (write_register(r, offset, (uint32_t)value, now)) {
        r->deadline = next_match(r, now);
        check_match(instance, now);
        arm();
    }
    update_line(instance);
    spin_unlock(&locks[vm]);
    return MMIO_DONE;
}

void pl031_alarm(void)
{
    const uint64_t now = timer_now();
    for (uint16_t i = 0; i < CFG_PL031_COUNT; i++) {
        LOOP_BOUND(CFG_PL031_COUNT);
        if (lives_here(cfg_pl031s[i].vm)) {
            spin_lock(&locks[cfg_pl031s[i].vm]);
            check_match(i, now);
            spin_unlock(&locks[cfg_pl031s[i].vm]);
        }
    }
    arm();
}

void pl031_reset(uint16_t instance)
{
    struct pl031 *const r = &pl031s[instance];
    const uint16_t vm = cfg_pl031s[instance].vm;
    spin_lock(&locks[vm]);
    r->deadline = NO_DEADLINE;
    r->offset = board_offset;
    r->match = 0;
    r->load = 0;
    r->imsc = false;
    r->ris = false;
    update_line(instance);
    spin_unlock(&locks[vm]);
}
