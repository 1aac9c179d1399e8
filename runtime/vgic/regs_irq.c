/* What the registers do that hold bits for single interrupts; vgic/regs.h [IHI0069 12.9, 12.11].
 *
 * A listed interrupt has its pending and active state in a list register. On this CPU that is
 * looked up; on another CPU only that CPU can. Nothing waits for it at EL2:
 * - A write is left in the state as "set in addition" or "take away"; the other CPU gets a
 *   message and merges it, so the write takes effect in finite time, as the manual asks.
 * - A read asks the other CPU by a message to read its list registers back, and makes the guest
 *   execute its load again (mmio_access.retry), until the answer is younger than the question.
 *   The question is forgotten when the guest may have been interrupted in between
 *   (vgic_redist.asked_word), so what is read was true after the load began.
 *
 * @req IRQ-1 */
#include "lib/loop.h"
#include "vgic/regs.h"
#include "vgic/vgic.h"

#include "arch/keep.h"
#include "gic/gic.h"
#include "lib/bits.h"
#include "vgic/hw.h"
#include "vgic/lists.h"
#include "vgic/route.h"
#include "vgic/vms.h"
#include "vgic/word.h"
#include "vgic_variant.h"

static struct vgic_word *word_of(const struct vgic_access *a)
{
    return vgic_word_of(a->g, a->r, a->intid);
}

static void word_changed(const struct vgic_access *a, uint32_t forced)
{
    if (a->intid < VGIC_PRIVATE_COUNT) {
        vgic_private_written(a->g, a->r, forced);
    } else {
        vgic_spis_changed(a->g, a->intid / 32U - 1U, forced);
    }
}

static unsigned intid_of(const struct vgic_access *a, uint32_t bits)
{
    return (a->intid & ~31U) + (unsigned)__builtin_ctz(bits);
}

static struct vgic_redist *holder_of(const struct vgic_access *a, unsigned intid)
{
    return (intid < VGIC_PRIVATE_COUNT) ? a->r : vgic_spi_holder(a->g, intid);
}

uint64_t vgic_read_group(struct vgic_access *a)
{
    return word_of(a)->group;
}

void vgic_write_group(struct vgic_access *a)
{
    struct vgic_word *w = word_of(a);
    const uint32_t changed = w->group ^ (uint32_t)a->value;

    w->group = (uint32_t)a->value;
    word_group(a->g, w);
    word_changed(a, changed);
}

uint64_t vgic_read_enabled(struct vgic_access *a)
{
    return word_of(a)->enabled;
}

/* The enable bits `changed` of the word that begins with `intid` are turned over, to `on`. */
static inline void enable(struct vgic_vm *g, struct vgic_redist *r, unsigned intid,
                          struct vgic_word *w, uint32_t changed, bool on)
{
    w->enabled ^= changed;
    for (uint32_t bits = changed & w->hw; bits != 0U; bits &= bits - 1U) {
        LOOP_BOUND(32);
        const unsigned one = intid + (unsigned)__builtin_ctz(bits);

        if (CFG_SCHEDULED && intid >= VGIC_PRIVATE_COUNT) {
            vgic_hw_spi_follow(g, one);
        } else if (intid >= VGIC_PRIVATE_COUNT) {
            gic_spi_enable(vgic_spi_of(g, one)->pintid, on);
        } else {
            vgic_hw_enable(g, r, one, on);
        }
    }
}

void vgic_write_enable(struct vgic_access *a)
{
    struct vgic_word *w = word_of(a);

    enable(a->g, a->r, a->intid, w, (uint32_t)a->value & ~w->enabled, true);
    word_changed(a, 0);
}

void vgic_write_disable(struct vgic_access *a)
{
    struct vgic_word *w = word_of(a);

    enable(a->g, a->r, a->intid, w, (uint32_t)a->value & w->enabled, false);
    word_changed(a, 0);
}

/* The lock is held, and is released here: bits of SPI word `n` have changed that are about
 * something that is pending, active or listed. */
SLOW_PATH static enum mmio_outcome leave_changed(struct vgic_vm *g, unsigned n, uint32_t forced)
{
    g->own = vgic_places[this_cpu()->vcpu->id].r;
    vgic_spis_changed(g, n, forced);
    vgic_leave(g);
    return MMIO_DONE;
}

enum mmio_outcome vgic_spis_write_enable(uint16_t vm, uint32_t offset, unsigned size_bytes,
                                         uint64_t value)
{
    struct vgic_vm *g = &vgic_vms[vm];
    const uint32_t n = offset / 4U % 32U; /* word of INTIDs, from 0 */
    const bool on = offset < 0x80U;

    (void)size_bytes;
    KEEP_POINTER(g);
    if (n == 0U || n > g->spi_words) {
        return MMIO_DONE;
    }
    struct vgic_word *const w = &g->words[n - 1U];

    spin_lock(&g->lock);
    enable(g, NULL, n * 32U, w, (uint32_t)value & (on ? ~w->enabled : w->enabled), on);
    if (!word_is_idle(w)) {
        return leave_changed(g, n - 1U, 0);
    }
    spin_unlock(&g->lock);
    return MMIO_DONE;
}

/* With full list registers, what the guest of this CPU has ended by EOI may only be counted yet: it
 * is taken into account before its access, whose effect or answer may depend on it. */
static void count_ends(struct vgic_vm *g)
{
    if (g->own != NULL && g->own->has_overflow) {
        vgic_lists_refresh(g, g->own);
    }
}

/* Has `r` read back its list registers since this vCPU asked? Otherwise it is told to. */
static bool has_answered(struct vgic_access *a, struct vgic_redist *r)
{
    const struct vgic_redist *own = a->g->own;

    if ((int32_t)(r->published - own->asked) >= 0) {
        return true;
    }
    vgic_mark(a->g, r, VGIC_RELIST);
    return false;
}

/* Brings lr_pending and lr_active of the accessed word up to date, or asks for a retry. */
static void look_at_lists(struct vgic_access *a)
{
    struct vgic_vm *g = a->g;
    const struct vgic_word *w = word_of(a);
    bool is_complete = true;

    if (g->own == NULL) {
        return;
    }
    if (g->own->asked_word != w) {
        g->own->asked_word = w;
        g->own->asked = ++g->sequence;
    }
    count_ends(a->g); /* may forget the question */
    vgic_lists_look(g, g->own);
    for (uint32_t bits = w->listed; bits != 0U; bits &= bits - 1U) {
        LOOP_BOUND(32);
        struct vgic_redist *r = holder_of(a, intid_of(a, bits));
        if (r != g->own && !has_answered(a, r)) {
            is_complete = false;
        }
    }
    if (is_complete) {
        g->own->asked_word = NULL;
    }
    a->retry = !is_complete;
}

uint64_t vgic_read_pending(struct vgic_access *a)
{
    const struct vgic_word *w = word_of(a);
    uint32_t pending;

    look_at_lists(a);
    pending = word_shown_pending(w);
    for (uint32_t bits = w->hw & ~pending; bits != 0U; bits &= bits - 1U) {
        LOOP_BOUND(32);
        if (vgic_hw_is_pending(a->g, a->r, intid_of(a, bits))) {
            pending |= bits & (0U - bits);
        }
    }
    return pending;
}

/* Those with a physical interrupt behind them that can be reached: not the PPIs of a vCPU that is
 * off, or has not its turn, whose state waits here until then. */
static uint32_t reachable_physical(const struct vgic_access *a, const struct vgic_word *w)
{
    return (a->intid >= VGIC_PRIVATE_COUNT || a->r->is_loaded) ? w->hw : 0U;
}

/* Of a physical interrupt that is not pending here yet, the physical one becomes pending, and
 * arrives when it is enabled. One that is listed may be pending or not: its holder knows. */
void vgic_write_set_pending(struct vgic_access *a)
{
    struct vgic_word *w = word_of(a);
    const uint32_t set = (uint32_t)a->value & vgic_pending_is_writable(a->intid & ~31U) & ~w->latch;
    const uint32_t physical = set & reachable_physical(a, w) & ~w->listed;

    for (uint32_t bits = physical; bits != 0U; bits &= bits - 1U) {
        LOOP_BOUND(32);
        vgic_hw_set_pending(a->g, a->r, intid_of(a, bits), true);
    }
    w->latch |= set & ~physical;
    word_changed(a, 0);
}

void vgic_write_clear_pending(struct vgic_access *a)
{
    struct vgic_word *w = word_of(a);
    const uint32_t clear = (uint32_t)a->value & vgic_pending_is_writable(a->intid & ~31U);

    for (uint32_t bits = clear & w->hw; bits != 0U; bits &= bits - 1U) {
        LOOP_BOUND(32);
        const unsigned intid = intid_of(a, bits);
        vgic_hw_set_pending(a->g, a->r, intid, false);
        if (bit_is_set(w->latch & ~w->listed, intid % 32U)) {
            vgic_hw_deactivate(a->g, a->r, intid);
        }
    }
    w->latch &= ~clear;
    w->drop_pending |= clear & w->listed;
    word_changed(a, 0);
}

uint64_t vgic_read_active(struct vgic_access *a)
{
    look_at_lists(a);
    return word_shown_active(word_of(a));
}

/* An interrupt that nobody holds becomes active at the vCPU that its route names. */
static void give_holder(const struct vgic_access *a, unsigned intid)
{
    if (intid >= VGIC_PRIVATE_COUNT) {
        struct vgic_spi *spi = vgic_spi_of(a->g, intid);
        spi->holder = (spi->target != VGIC_NO_VCPU) ? spi->target : 0U;
    }
}

void vgic_write_set_active(struct vgic_access *a)
{
    struct vgic_word *w = word_of(a);
    count_ends(a->g);
    const uint32_t set = (uint32_t)a->value & ~w->active;

    for (uint32_t bits = set; bits != 0U; bits &= bits - 1U) {
        LOOP_BOUND(32);
        const unsigned intid = intid_of(a, bits);
        if (!bit_is_set(w->listed, intid % 32U)) {
            give_holder(a, intid);
        }
        w->active |= bits & (0U - bits);
        vgic_hw_activate(a->g, a->r, intid);
        vgic_hw_part(a->g, a->r, intid);
    }
    word_changed(a, 0);
}

void vgic_write_clear_active(struct vgic_access *a)
{
    struct vgic_word *w = word_of(a);
    const uint32_t clear = (uint32_t)a->value;

    count_ends(a->g);
    for (uint32_t bits = clear & w->active & ~w->listed; bits != 0U; bits &= bits - 1U) {
        LOOP_BOUND(32);
        vgic_hw_deactivate(a->g, a->r, intid_of(a, bits));
    }
    w->active &= ~clear;
    w->drop_active |= clear & w->listed;
    word_changed(a, 0);
}

/* Where the priority of the first interrupt is, and how far it is to the next one's. */
static uint8_t *first_priority(const struct vgic_access *a, size_t *step)
{
    *step = (a->intid < VGIC_PRIVATE_COUNT) ? sizeof(a->r->priority[0]) : sizeof(struct vgic_spi);
    return (a->intid < VGIC_PRIVATE_COUNT) ? &a->r->priority[a->intid]
                                           : &vgic_spi_of(a->g, a->intid)->priority;
}

uint64_t vgic_read_priority(struct vgic_access *a)
{
    uint64_t value = 0;
    size_t step;
    const uint8_t *const first = first_priority(a, &step);

    for (uint32_t i = 0; i < a->count; i++) {
        LOOP_BOUND(8);
        value |= (uint64_t)first[i * step] << (8U * i);
    }
    return value;
}

void vgic_write_priority(struct vgic_access *a)
{
    const uint8_t implemented = a->g->priority_mask;
    size_t step;
    uint8_t *const first = first_priority(a, &step);

    count_ends(a->g);
    for (uint32_t i = 0; i < a->count; i++) {
        LOOP_BOUND(8);
        first[i * step] = (uint8_t)(a->value >> (8U * i)) & implemented;
    }
    word_changed(a, ((UINT32_C(1) << a->count) - 1U) << (a->intid % 32U));
}

/* The lock is held, and is released here. */
SLOW_PATH static enum mmio_outcome change_priority(struct vgic_vm *g, uint32_t spi, uint64_t value)
{
    g->own = vgic_places[this_cpu()->vcpu->id].r;
    count_ends(g);
    g->spis[spi].priority = (uint8_t)value & g->priority_mask;
    return leave_changed(g, spi / 32U, UINT32_C(1) << (spi % 32U));
}

enum mmio_outcome vgic_spi_write_priority(uint16_t vm, uint32_t intid, unsigned size_bytes,
                                          uint64_t value)
{
    struct vgic_vm *g = &vgic_vms[vm];
    const uint32_t spi = intid - VGIC_PRIVATE_COUNT;

    (void)size_bytes;
    KEEP_POINTER(g);
    if (spi >= 32U * g->spi_words) {
        return MMIO_DONE;
    }
    spin_lock(&g->lock);
    if (!word_is_idle(&g->words[spi / 32U])) {
        return change_priority(g, spi, value);
    }
    g->spis[spi].priority = (uint8_t)value & g->priority_mask;
    spin_unlock(&g->lock);
    return MMIO_DONE;
}

/* Two bits an interrupt; the upper one says edge, the lower is RES0. */
uint64_t vgic_read_config(struct vgic_access *a)
{
    const struct vgic_word *w = word_of(a);
    uint64_t value = 0;

    for (uint32_t i = 0; i < a->count; i++) {
        LOOP_BOUND(32);
        value |= (uint64_t)((w->edge >> ((a->intid + i) % 32U)) & 1U) << (2U * i + 1U);
    }
    return value;
}

static void configure_physical(const struct vgic_access *a, uint32_t changed)
{
    const struct vgic_word *w = word_of(a);

    for (uint32_t bits = changed & w->hw; bits != 0U; bits &= bits - 1U) {
        LOOP_BOUND(32);
        const unsigned intid = intid_of(a, bits);
        const struct vgic_redist *r = vgic_spi_holder(a->g, intid);
        const unsigned cpu =
            (r != NULL) ? cfg_vcpus[r->vcpu].cpu : cfg_vcpus[vgic_cfg(a->g)->first_vcpu].cpu;
        gic_spi_configure(vgic_hw_pintid(a->g, intid), bit_is_set(w->edge, intid % 32U), cpu);
        vgic_hw_enable(a->g, a->r, intid, bit_is_set(w->enabled, intid % 32U));
    }
}

/* SPIs only: SGIs are edge-triggered, and PPIs are what they are wired to. */
void vgic_write_config(struct vgic_access *a)
{
    if (a->intid < VGIC_PRIVATE_COUNT) {
        return;
    }
    struct vgic_word *w = word_of(a);
    const uint32_t before = w->edge;

    for (uint32_t i = 0; i < a->count; i++) {
        LOOP_BOUND(32);
        const uint32_t bit = UINT32_C(1) << ((a->intid + i) % 32U);
        w->edge = bit_is_set(a->value, 2U * i + 1U) ? (w->edge | bit) : (w->edge & ~bit);
    }
    configure_physical(a, before ^ w->edge);
    word_changed(a, before ^ w->edge);
}
