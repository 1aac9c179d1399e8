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
enum { LR_PRIORITY_SHIFT = 48, LR_PINTID_SHIFT = 32 };

/* A list register of `r` has these of its private interrupts as pending from now on. */
static inline void lists_note_pending(struct vgic_redist *r, uint32_t bit)
{
    struct vgic_word *w = &r->word;

    r->asked_word = NULL; /* new to the guest: it may not come back to its read */
    w->lr_pending |= bit;
    w->lr_active &= ~bit;
}

/* `intid` of `r` goes, as pending, into list register `i`, which is empty. */
void vgic_lists_add_new(struct vgic_redist *r, unsigned i, unsigned intid);

/* `intid` is in a list register still, which says the rest of it: r is fresh. Its last life is
 * over, or it is an SGI that the guest has taken, and that becomes pending besides. */
static inline bool lists_add_again(struct vgic_redist *r, unsigned intid, uint32_t bit)
{
    const unsigned i = r->lr_of[intid];
    const uint64_t lr = gich_lr_read(i);
    const bool is_over = (lr & (LR_PENDING | LR_ACTIVE)) == 0U;

    if (vgic_has_source(intid) && is_over) {
        vgic_lists_add_new(r, i, intid);
        return true;
    }
    if (!is_over && ((r->word.hw & bit) != 0U || vgic_has_source(intid))) {
        return false;
    }
    gich_lr_write(i, lr | LR_PENDING);
    lists_note_pending(r, bit);
    return true;
}

/* Lists `intid`, an SGI or one that is `hw`, as pending, if it is forwarded and there is room. Its
 * latch is not used. False: nothing has changed, and the long way has to be taken. */
static inline bool vgic_lists_add(struct vgic_redist *r, unsigned intid)
{
    const struct vgic_word *w = &r->word;
    const uint32_t bit = UINT32_C(1) << intid;
    const uint32_t room = ~r->lr_used & r->lr_all;

    /* Fresh, awake and without overflow, no private interrupt is active outside the list registers.
     */
    if (r->hindrances != 0U || (w->forwarded & bit) == 0U || vgic_source_count(r, intid) > 1U) {
        return false;
    }
    if ((w->listed & bit) != 0U) {
        return lists_add_again(r, intid, bit);
    }
    if (room == 0U) {
        return false;
    }
    vgic_lists_add_new(r, (unsigned)__builtin_ctz(room), intid);
    return true;
}

#endif
