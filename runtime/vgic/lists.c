/* List registers: vgic/lists.h [IHI0069 6.3, 12.4.6].
 *
 * Owns ICH_LR<n>_EL2 and ICH_HCR_EL2 of each CPU, and the lr_… state that mirrors them. What is
 * to be listed is chosen by vgic/choice.c. Rules:
 * - An edge or SGI moves its latch into the list register; if it is listed as active already, it
 *   is written back as pending and active. If by now its route leads elsewhere, its latch stays
 *   outside, and LR.EOI tells when it is free to go there.
 * - A level-sensitive one is listed with LR.EOI: the maintenance interrupt at its deactivation
 *   samples the line again. It is never listed as pending and active.
 * - An interrupt with a physical one behind it is listed with LR.HW, so that the guest's
 *   deactivation deactivates both; pending and active is not allowed with it.
 * - When not everything fits, the maintenance interrupts tell when the choice has to be made
 *   anew: no list register pending (NP), a group switched on or off, an unlisted interrupt
 *   deactivated by EOI (LRENP). Which one is not told: it is taken for the active one of the
 *   highest priority, as it is for a guest that ends what it took in the reverse order, with
 *   nothing made active by register.
 * - ICC_DIR_EL1 may name an interrupt that is not in this CPU's list registers: one left out, or
 *   an SPI that another vCPU acknowledged. So it traps where either can be; with EOImode 0, that
 *   of Linux, nobody writes it.
 * - An SGI that is told apart by its source (GICv2) is listed for one source at a time; while
 * others wait its latch stays set, and LR.EOI tells when the next one's turn is.
 * - A level-sensitive physical interrupt that is pending in a list register stays so when its
 *   line drops: EL2 learns of the line only by the physical interrupt, which is active by then.
 *   The guest sees it once more, as it may on hardware when it is late to mask the source.
 *
 * @req IRQ-1 */
#include "vgic/lists.h"

#include "gic/gic.h"
#include "lib/bits.h"
#include "lib/loop.h"
#include "vgic/choice.h"
#include "vgic/hw.h"
#include "vgic/lists_add.h"
#include "vgic/route.h"

#define LR_EOI BIT(41)
enum { NOTHING_SIGNALLED = 0x100 }; /* beyond any priority */

#define HCR_EN BIT(0)
#define HCR_LRENPIE BIT(2)
#define HCR_NPIE BIT(3)
#define HCR_VGRP0EIE BIT(4)
#define HCR_VGRP0DIE BIT(5)
#define HCR_VGRP1EIE BIT(6)
#define HCR_VGRP1DIE BIT(7)
#define HCR_TDIR BIT(14)
#define HCR_EOICOUNT FIELD(31, 27)
enum { EOICOUNT_MAX = 31 };

/* List registers by number, called where that costs little: in place they are many instructions. */
APART static uint64_t lr_read(unsigned i)
{
    return gich_lr_read(i);
}

APART static void lr_write(unsigned i, uint64_t lr)
{
    gich_lr_write(i, lr);
}

/* Is `r` the one to be interrupted, whoever has it active? */
static bool is_routed_here(const struct vgic_vm *g, const struct vgic_redist *r, unsigned intid)
{
    return !r->is_asleep &&
           (intid < VGIC_PRIVATE_COUNT || vgic_spi_of(g, intid)->target == vgic_index_of(g, r));
}

/* State, EOI and HW as the rules above have them. */
static uint64_t compose_state(const struct vgic_vm *g, const struct vgic_redist *r,
                              const struct vgic_word *w, unsigned intid)
{
    const uint32_t bit = UINT32_C(1) << (intid % 32U);
    const bool is_active = (w->active & bit) != 0U;
    const bool is_deliverable = (word_deliverable(w) & bit) != 0U;
    const bool is_edge = (w->edge & bit) != 0U;
    const bool is_hw = (w->hw & bit) != 0U;
    const bool as_pending = is_deliverable && is_routed_here(g, r, intid) &&
                            (!is_active || (is_edge && !is_hw && !vgic_has_source(intid)));
    uint64_t lr = (is_active ? LR_ACTIVE : 0U) | (as_pending ? LR_PENDING : 0U);

    if (is_hw) {
        lr |= LR_HW | ((uint64_t)vgic_hw_pintid(g, intid) << LR_PINTID_SHIFT);
    } else if (!is_edge || (is_deliverable && !as_pending) || vgic_source_count(r, intid) > 1U) {
        lr |= LR_EOI;
    }
    return lr;
}

static uint64_t compose(const struct vgic_vm *g, const struct vgic_redist *r,
                        const struct vgic_word *w, unsigned intid)
{
    const bool is_group1 = bit_is_set(w->group, intid % 32U);

    return compose_state(g, r, w, intid) | (is_group1 ? LR_GROUP : 0U) |
           ((uint64_t)vgic_priority(g, r, intid) << LR_PRIORITY_SHIFT) | intid;
}

/* Puts `intid` into list register `i`: the state moves there. */
static void list(struct vgic_vm *g, struct vgic_redist *r, unsigned i, uint16_t intid)
{
    struct vgic_word *w = vgic_word_of(g, r, intid);
    const uint32_t bit = UINT32_C(1) << (intid % 32U);
    uint64_t lr = compose(g, r, w, intid);

    lr |= vgic_source_list(r, intid, (lr & LR_PENDING) != 0U);
    lr_write(i, lr);
    r->lr_intid[i] = intid;
    r->lr_used |= UINT32_C(1) << i;
    w->lr_latch &= ~bit;
    if ((lr & LR_PENDING) != 0U) {
        w->lr_latch |= ~word_latched(w) & w->latch & bit;
        w->latch &= (vgic_source_count(r, intid) > 0U) ? UINT32_MAX : ~bit;
        w->lr_pending |= bit;
    } else {
        w->lr_pending &= ~bit;
    }
    w->lr_active = (w->lr_active & ~bit) | (w->active & bit);
    w->active &= ~bit;
    w->listed |= bit;
    if (intid >= VGIC_PRIVATE_COUNT) {
        vgic_spi_of(g, intid)->holder = (uint16_t)vgic_index_of(g, r);
        vgic_spi_of(g, intid)->lr = (uint8_t)i;
        vgic_spi_moved(g, r, intid);
    } else {
        r->lr_of[intid] = (uint8_t)i;
    }
}

/* What a passed-through interrupt leaves behind physically when it is taken out: nothing pending or
 * active virtually, nothing active physically; and what it is said to be besides, it becomes. */
static void unlist_physical(struct vgic_vm *g, struct vgic_redist *r, unsigned intid, uint64_t lr,
                            uint64_t left)
{
    struct vgic_word *w = vgic_word_of(g, r, intid);
    const uint32_t bit = UINT32_C(1) << (intid % 32U);

    const uint32_t asked = (w->latch | w->drop_pending | w->drop_active) & bit;

    if (left == 0U && ((lr & (LR_PENDING | LR_ACTIVE)) != 0U || asked != 0U)) {
        vgic_hw_deactivate(g, r, intid);
    }
    if ((w->latch & bit) != 0U && (left & LR_PENDING) == 0U) {
        /* Pending once more: it comes again from where it would by itself. */
        w->latch &= ~bit;
        vgic_hw_set_pending(g, r, intid, true);
    }
    if ((w->active & bit) != 0U && (left & LR_ACTIVE) == 0U) {
        vgic_hw_activate(g, r, intid); /* the guest may have deactivated both since */
    }
}

/* Takes list register `i` out: its state, with what others asked to change, moves back. */
static void unlist(struct vgic_vm *g, struct vgic_redist *r, unsigned i)
{
    const uint64_t lr = lr_read(i);
    const unsigned intid = r->lr_intid[i];
    struct vgic_word *w = vgic_word_of(g, r, intid);
    const uint32_t bit = UINT32_C(1) << (intid % 32U);
    const uint64_t kept = (((w->drop_pending & bit) == 0U) ? LR_PENDING : 0U) |
                          (((w->drop_active & bit) == 0U) ? LR_ACTIVE : 0U);
    const uint64_t left = lr & kept;

    if ((w->hw & bit) != 0U) {
        unlist_physical(g, r, intid, lr, left);
    }
    w->lr_pending &= ~bit;
    if ((left & LR_PENDING) != 0U) {
        w->latch |= bit & (word_latched(w) | w->lr_latch);
        w->lr_pending |= bit;
    }
    w->active |= ((left & LR_ACTIVE) != 0U) ? bit : 0U;
    vgic_source_unlist(r, intid, (left & LR_PENDING) != 0U);
    vgic_hw_part(g, r, intid);
    w->listed &= ~bit;
    w->drop_pending &= ~bit;
    w->drop_active &= ~bit;
    w->lr_latch &= ~bit;
    lr_write(i, 0);
    r->lr_used &= ~(UINT32_C(1) << i);
    if (intid >= VGIC_PRIVATE_COUNT) {
        vgic_spi_moved(g, r, intid);
    }
}

static void unlist_all(struct vgic_vm *g, struct vgic_redist *r, uint32_t which)
{
    for (uint32_t left = which; left != 0U; left &= left - 1U) {
        LOOP_BOUND(GICH_LR_MAX);
        unlist(g, r, (unsigned)__builtin_ctz(left));
    }
}

/* List registers whose interrupt the guest has finished with. */
static uint32_t finished(const struct vgic_redist *r)
{
    return r->lr_used & (uint32_t)(gich_elrsr_read() | gich_eisr_read());
}

void vgic_lists_reclaim(struct vgic_vm *g, struct vgic_redist *r)
{
    unlist_all(g, r, finished(r));
}

static void write_choice(struct vgic_vm *g, struct vgic_redist *r, const struct vgic_choice *c)
{
    for (unsigned i = 0; i < c->count; i++) {
        LOOP_BOUND(GICH_LR_MAX);
        list(g, r, (unsigned)__builtin_ctz(~r->lr_used), c->intid[i]);
    }
}

/* With the maintenance interrupts that tell when what was left out has to be looked at again. */
static uint64_t hcr_for(const struct vgic_vm *g, const struct vgic_choice *c)
{
    const uint64_t vmcr = gich_vmcr_read();
    const bool dir_reaches_others = vgic_cfg(g)->vcpu_count > 1U || c->left_active;
    uint64_t hcr = HCR_EN;

    hcr |= (dir_reaches_others && gich_can_trap_dir()) ? HCR_TDIR : 0U;
    if (c->left_pending) {
        hcr |= HCR_NPIE;
        hcr |= ((vmcr & VMCR_VENG0) != 0U) ? HCR_VGRP0DIE : HCR_VGRP0EIE;
        hcr |= ((vmcr & VMCR_VENG1) != 0U) ? HCR_VGRP1DIE : HCR_VGRP1EIE;
    }
    if (c->left_active) {
        hcr |= HCR_LRENPIE;
    }
    return hcr;
}

/* The guest deactivated interrupts that were not listed, by EOI: those are its highest-priority
 * ones, since a CPU ends its interrupts in the reverse of the order in which it took them. */
static void take_eoi_count(struct vgic_vm *g, struct vgic_redist *r)
{
    const uint64_t hcr = gich_hcr_read();
    /* Without active ones left out, what is counted is a guest's mistake. */
    const uint64_t count = ((hcr & HCR_LRENPIE) != 0U) ? bits_get(hcr, 31, 27) : 0U;
    uint16_t ended[EOICOUNT_MAX];
    const unsigned ended_count =
        (count != 0U) ? vgic_choice_highest_active(g, r, (unsigned)count, ended) : 0U;

    for (unsigned i = 0; i < ended_count; i++) {
        LOOP_BOUND(EOICOUNT_MAX);
        const unsigned intid = ended[i];
        vgic_word_of(g, r, intid)->active &= ~(UINT32_C(1) << (intid % 32U));
        vgic_hw_deactivate(g, r, intid);
        if (intid >= VGIC_PRIVATE_COUNT) {
            vgic_spi_moved(g, r, intid);
        }
    }
    gich_hcr_write(hcr & ~HCR_EOICOUNT);
}

static void relist(struct vgic_vm *g, struct vgic_redist *r)
{
    struct vgic_choice c;

    unlist_all(g, r, r->lr_used);
    vgic_choose(g, r, gich_lr_count(), &c);
    write_choice(g, r, &c);
    r->has_overflow = c.seen > c.count;
    gich_hcr_write(hcr_for(g, &c));
    r->published = g->sequence;
}

/* The usual news: SGIs that other CPUs have made pending, and room for them. False: there is more
 * to be done; what a maintenance interrupt is about always is. */
static bool refresh_shortly(struct vgic_vm *g, struct vgic_redist *r)
{
    struct vgic_word *w = &r->word;
    uint32_t bits = w->latch & word_latched(w) & word_forwarded(w);

    if (bits == 0U || g->ready != 0U || r->stale > VGIC_FILL) {
        return false;
    }
    r->stale = VGIC_FRESH;
    for (; bits != 0U && vgic_lists_add(r, (unsigned)__builtin_ctz(bits)); bits &= bits - 1U) {
        LOOP_BOUND(32);
        w->latch &= ~(bits & (0U - bits));
    }
    if ((bits | word_wanted(w) | word_outdated(w)) != 0U) {
        r->stale = VGIC_FILL;
    }
    return r->stale == VGIC_FRESH;
}

/* The best priority that the list registers signal, whatever the guest runs now: pending, its group
 * enabled, above the mask. NOTHING_SIGNALLED: none. */
static unsigned signalled_priority(const struct vgic_redist *r)
{
    const uint64_t vmcr = gich_vmcr_read();
    unsigned best = (unsigned)bits_get(vmcr, 31, 24);
    bool has_any = false;

    for (uint32_t left = r->lr_used; left != 0U; left &= left - 1U) {
        LOOP_BOUND(GICH_LR_MAX);
        const uint64_t lr = lr_read((unsigned)__builtin_ctz(left));
        const uint64_t enable = ((lr & LR_GROUP) != 0U) ? VMCR_VENG1 : VMCR_VENG0;
        if ((lr & (LR_PENDING | LR_ACTIVE)) == LR_PENDING && (vmcr & enable) != 0U &&
            bits_get(lr, 55, 48) < best) {
            best = (unsigned)bits_get(lr, 55, 48);
            has_any = true;
        }
    }
    return has_any ? best : NOTHING_SIGNALLED;
}

static void refresh(struct vgic_vm *g, struct vgic_redist *r)
{
    struct vgic_choice c;

    if (refresh_shortly(g, r)) {
        return;
    }
    vgic_lists_reclaim(g, r);
    if (r->has_overflow) {
        take_eoi_count(g, r);
        relist(g, r);
    } else if (r->stale == VGIC_RELIST || word_outdated(&r->word) != 0U) {
        relist(g, r);
    } else {
        const unsigned room = bits_count(r->lr_all & ~r->lr_used);
        vgic_choose(g, r, room, &c);
        if (c.seen > c.count) {
            relist(g, r);
        } else {
            write_choice(g, r, &c);
        }
    }
    r->stale = VGIC_FRESH;
}

/* A guest that waits for the answer to a read may be interrupted before it repeats its load, if
 * what is signalled now has a better priority than what was. Then its question is forgotten: the
 * answer to its next read must be true after that one began. */
static void refresh_for_reader(struct vgic_vm *g, struct vgic_redist *r)
{
    const unsigned before = signalled_priority(r);

    refresh(g, r);
    if (signalled_priority(r) < before) {
        r->asked_word = NULL;
    }
}

void vgic_lists_refresh(struct vgic_vm *g, struct vgic_redist *r)
{
    if (r->asked_word != NULL) {
        refresh_for_reader(g, r);
    } else {
        refresh(g, r);
    }
}

/* `intid` of `r` goes, as pending, into list register `i`, which is empty. */
static void add_new(struct vgic_redist *r, unsigned i, unsigned intid)
{
    struct vgic_word *w = &r->word;
    const uint32_t bit = UINT32_C(1) << intid;
    uint64_t lr = LR_PENDING | ((uint64_t)r->priority[intid] << LR_PRIORITY_SHIFT) | intid;

    lr |= ((w->group & bit) != 0U) ? LR_GROUP : 0U;
    lr |= ((w->hw & bit) != 0U) ? LR_HW | ((uint64_t)intid << LR_PINTID_SHIFT) : 0U;
    lr |= vgic_source_list(r, intid, true);
    r->lr_intid[i] = (uint16_t)intid;
    r->lr_of[intid] = (uint8_t)i;
    r->lr_used |= UINT32_C(1) << i;
    w->listed |= bit;
    lists_note_pending(r, bit);
    lr_write(i, lr);
}

/* In a list register, pending or not. */
static bool add_again(struct vgic_redist *r, unsigned intid)
{
    const unsigned i = r->lr_of[intid];
    const uint64_t lr = lr_read(i);
    const bool is_over = (lr & (LR_PENDING | LR_ACTIVE)) == 0U;

    if (is_over) {
        add_new(r, i, intid);
        return true;
    }
    if (bit_is_set(r->word.hw, intid) || vgic_has_source(intid)) {
        return false;
    }
    lr_write(i, lr | LR_PENDING);
    lists_note_pending(r, UINT32_C(1) << intid);
    return true;
}

bool vgic_lists_add(struct vgic_redist *r, unsigned intid)
{
    const uint32_t room = ~r->lr_used & r->lr_all;

    /* Fresh, awake and without overflow, no private interrupt is active outside the list
     * registers. */
    if (r->hindrances != 0U || !bit_is_set(word_forwarded(&r->word), intid) ||
        vgic_source_count(r, intid) > 1U) {
        return false;
    }
    if (bit_is_set(r->word.listed, intid)) {
        return add_again(r, intid);
    }
    if (room == 0U) {
        return false;
    }
    add_new(r, (unsigned)__builtin_ctz(room), intid);
    return true;
}

bool vgic_lists_add_spi(struct vgic_vm *g, struct vgic_redist *r, unsigned intid)
{
    const struct vgic_spi *spi = vgic_spi_of(g, intid);
    struct vgic_word *w = vgic_spi_word(g, intid / 32U - 1U);
    const unsigned index = vgic_index_of(g, r);
    const uint32_t bit = UINT32_C(1) << (intid % 32U);
    const uint32_t room = ~r->lr_used & r->lr_all;

    if (r->hindrances != 0U || spi->target != index || (w->active & bit) != 0U ||
        (word_forwarded(w) & w->hw & bit) == 0U) {
        return false;
    }
    if ((w->listed & bit) == 0U) {
        if (room == 0U) {
            return false;
        }
        w->latch |= bit;
        list(g, r, (unsigned)__builtin_ctz(room), (uint16_t)intid);
        r->asked_word = NULL; /* new to the guest, as in lists_note_pending() */
        return true;
    }
    const uint64_t lr = gich_lr_read(spi->lr);

    if (spi->holder != index || lr >> LR_STATE_SHIFT != 0U) {
        return false;
    }
    gich_lr_write(spi->lr, lr | LR_PENDING);
    r->asked_word = NULL;
    w->lr_pending |= bit;
    w->lr_active &= ~bit;
    return true;
}

void vgic_lists_look(struct vgic_vm *g, struct vgic_redist *r)
{
    for (uint32_t left = r->lr_used; left != 0U; left &= left - 1U) {
        LOOP_BOUND(GICH_LR_MAX);
        const unsigned i = (unsigned)__builtin_ctz(left);
        const uint64_t lr = lr_read(i);
        struct vgic_word *w = vgic_word_of(g, r, r->lr_intid[i]);
        const uint32_t bit = UINT32_C(1) << (r->lr_intid[i] % 32U);

        w->lr_pending = (w->lr_pending & ~bit) | (((lr & LR_PENDING) != 0U) ? bit : 0U);
        w->lr_active = (w->lr_active & ~bit) | (((lr & LR_ACTIVE) != 0U) ? bit : 0U);
    }
}

void vgic_lists_empty(struct vgic_vm *g, struct vgic_redist *r)
{
    unlist_all(g, r, r->lr_used);
    if (r->has_overflow) {
        take_eoi_count(g, r);
    }
    gich_hcr_write(0);
    r->has_overflow = false;
    r->stale = VGIC_FRESH;
}

bool vgic_lists_signal(const struct vgic_redist *r)
{
    return signalled_priority(r) != NOTHING_SIGNALLED;
}
