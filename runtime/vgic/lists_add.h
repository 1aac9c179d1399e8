/* The short way into a list register: one SGI or PPI that becomes pending now, while nothing else
 * is to be done. In place, since every timer interrupt and every SGI to oneself goes through here.
 * With the VM's lock held, on the CPU of `r`. [IHI0069 12.4.6] */
#ifndef VGIC_LISTS_ADD_H
#define VGIC_LISTS_ADD_H

#include "lib/loop.h"
#include "vgic/lists.h"
#include "vgic/word.h"
#include "vgic_variant.h"

#define LR_ACTIVE BIT(63)
#define LR_PENDING BIT(62)
#define LR_HW BIT(61)
#define LR_GROUP BIT(60)
enum { LR_STATE_SHIFT = 62, LR_PRIORITY_SHIFT = 48, LR_PINTID_SHIFT = 32 };

/* A list register of `r` has these of its private interrupts as pending from now on. */
static inline void lists_note_pending(struct vgic_redist *r, uint32_t bit)
{
    struct vgic_word *w = &r->word;

    r->asked_word = NULL; /* new to the guest: it may not come back to its read */
    w->lr_pending |= bit;
    w->lr_active &= ~bit;
}

/* Puts `intid`, which is listed, back to pending in its list register, if that is a low one: the
 * register says the rest, since r is fresh. The last life of `intid`, an SGI or one that is `hw`,
 * is over; or it is an SGI that the guest has taken, and that becomes pending besides. False:
 * nothing has changed. */
static inline bool lists_repeat_listed(struct vgic_redist *r, unsigned intid)
{
    const unsigned i = r->lr_of[intid];

    if (i >= GICH_LR_LOW || vgic_has_source(intid)) {
        return false;
    }
    const uint64_t lr = gich_lr_read_low(i);

    if (lr >> LR_STATE_SHIFT != 0U && bit_is_set(r->word.hw, intid)) {
        return false;
    }
    gich_lr_write_low(i, lr | LR_PENDING);
    lists_note_pending(r, UINT32_C(1) << intid);
    return true;
}

/* The same for any SGI or one that is `hw`, if nothing hinders it and it is listed and forwarded.
 */
static inline bool vgic_lists_repeat(struct vgic_redist *r, unsigned intid)
{
    const struct vgic_word *w = &r->word;

    return r->hindrances == 0U && bit_is_set(word_forwarded(w) & w->listed, intid) &&
           lists_repeat_listed(r, intid);
}

/* The SGIs that other CPUs have latched for `r`, when there is nothing else, become pending so, and
 * r is fresh. False: what is left to be done has to be done the long way. */
static inline bool vgic_lists_repeat_sgis(struct vgic_redist *r)
{
    struct vgic_word *w = &r->word;

    if (r->hindrances != VGIC_SGIS) {
        return false;
    }
    r->stale = VGIC_FRESH;
    for (uint32_t bits = w->latch & word_forwarded(w) & VGIC_SGI_BITS; bits != 0U;
         bits &= bits - 1U) {
        LOOP_BOUND(VGIC_SGI_COUNT);
        const unsigned intid = (unsigned)__builtin_ctz(bits);

        if (!bit_is_set(w->listed, intid) || !lists_repeat_listed(r, intid)) {
            r->stale = VGIC_FILL;
            return false;
        }
        w->latch &= ~(UINT32_C(1) << intid);
    }
    return true;
}

/* The same for whatever is forwarded: if it is in no list register, it gets one that is empty. Its
 * latch is not used. False: nothing has changed, and the long way has to be taken. */
bool vgic_lists_add(struct vgic_redist *r, unsigned intid);

/* The same for a passed-through SPI whose physical interrupt was acknowledged, so that its last
 * life is over: on the CPU of `r`, if it is routed here. */
bool vgic_lists_add_spi(struct vgic_vm *g, struct vgic_redist *r, unsigned intid);

#endif
