/* The short way into a list register: one SGI or PPI that becomes pending now, while nothing else
 * is to be done. In place, since every timer interrupt and every SGI to oneself goes through here.
 * With the VM's lock held, on the CPU of `r`. [IHI0069 12.4.6] */
#ifndef VGIC_LISTS_ADD_H
#define VGIC_LISTS_ADD_H

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

/* What is in one of the low list registers still, and has nothing that hinders it, becomes pending
 * there: the register says the rest, since r is fresh. The last life of `intid`, an SGI or one that
 * is `hw`, is over; or it is an SGI that the guest has taken, and that becomes pending besides.
 * False: nothing has changed. */
static inline bool vgic_lists_repeat(struct vgic_redist *r, unsigned intid)
{
    const struct vgic_word *w = &r->word;
    const unsigned i = r->lr_of[intid];

    if (r->hindrances != 0U || !bit_is_set(word_forwarded(w) & w->listed, intid) ||
        i >= GICH_LR_LOW || vgic_has_source(intid)) {
        return false;
    }
    const uint64_t lr = gich_lr_read_low(i);

    if (lr >> LR_STATE_SHIFT != 0U && bit_is_set(w->hw, intid)) {
        return false;
    }
    gich_lr_write_low(i, lr | LR_PENDING);
    lists_note_pending(r, UINT32_C(1) << intid);
    return true;
}

/* The same for whatever is forwarded: if it is in no list register, it gets one that is empty. Its
 * latch is not used. False: nothing has changed, and the long way has to be taken. */
bool vgic_lists_add(struct vgic_redist *r, unsigned intid);

#endif
