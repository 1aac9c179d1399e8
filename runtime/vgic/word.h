/* Questions about 32 interrupts at once. Pure. [IHI0069 4.1.2, 4.3] */
#ifndef VGIC_WORD_H
#define VGIC_WORD_H

#include "vgic/state.h"

/* Those whose pending state is an event that is consumed, not a level that is sampled. */
static inline uint32_t word_latched(const struct vgic_word *w)
{
    return w->edge | w->hw;
}

/* Level-sensitive ones whose level is high. */
static inline uint32_t word_asserted(const struct vgic_word *w)
{
    return (w->line | w->message) & ~word_latched(w);
}

/* Pending, list registers aside. */
static inline uint32_t word_pending(const struct vgic_word *w)
{
    return w->latch | word_asserted(w);
}

/* Nothing pending, active or listed: nothing to be done for any CPU, whatever is enabled. */
static inline bool word_is_idle(const struct vgic_word *w)
{
    return (w->latch | w->line | w->message | w->active | w->listed) == 0U;
}

/* Those that the distributor forwards: enabled, in an enabled group. */
static inline uint32_t word_forwarded(const struct vgic_word *w)
{
    return w->enabled & w->grouped;
}

/* To be called when the group of one, or GICD_CTLR, has changed. */
static inline void word_group(const struct vgic_vm *g, struct vgic_word *w)
{
    const uint32_t group0 = ((g->ctlr & GICD_CTLR_EnableGrp0) != 0U) ? ~w->group : 0U;
    const uint32_t group1 = ((g->ctlr & GICD_CTLR_EnableGrp1) != 0U) ? w->group : 0U;

    w->grouped = group0 | group1;
}

static inline uint32_t word_deliverable(const struct vgic_word *w)
{
    return word_pending(w) & word_forwarded(w);
}

/* Not listed and should be: active ones so that the guest can deactivate them. */
static inline uint32_t word_wanted(const struct vgic_word *w)
{
    return (w->active | word_deliverable(w)) & ~w->listed;
}

/* Listed, and the list register no longer says what it should. */
static inline uint32_t word_outdated(const struct vgic_word *w)
{
    const uint32_t forwarded = word_forwarded(w);
    const uint32_t withdrawn = ~forwarded | (~word_latched(w) & ~word_asserted(w) & ~w->lr_latch);
    const uint32_t again = w->latch & ((forwarded & w->edge) | w->hw | w->lr_pending);

    return w->listed &
           (w->drop_pending | w->drop_active | w->active | (w->lr_pending & withdrawn) | again);
}

/* What GICD_ISPENDR and GICD_ISACTIVER show, as far as lr_… is up to date. */
static inline uint32_t word_shown_pending(const struct vgic_word *w)
{
    return word_pending(w) |
           (w->listed & w->lr_pending & ~w->drop_pending & (word_latched(w) | w->lr_latch));
}

static inline uint32_t word_shown_active(const struct vgic_word *w)
{
    return w->active | (w->listed & w->lr_active & ~w->drop_active);
}

#endif
