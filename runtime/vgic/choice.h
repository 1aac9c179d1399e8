/* Which interrupts get the list registers, when there are more than fit. Pure reading of the
 * state and of ICH_VMCR_EL2. With the VM's lock held, on the CPU of `r`. */
#ifndef VGIC_CHOICE_H
#define VGIC_CHOICE_H

#include "vgic/state.h"

#define VMCR_VENG0 UINT64_C(1)
#define VMCR_VENG1 UINT64_C(2)
#define VGIC_NO_INTID 0xFFFFU

struct vgic_choice {
    uint16_t intid[GICH_LR_MAX]; /* the best first */
    uint16_t key[GICH_LR_MAX];   /* of each: lower is better */
    unsigned count;              /* chosen */
    unsigned seen;               /* candidates, chosen or not */
    unsigned seen_active;
    bool left_active;  /* an active one was not chosen */
    bool left_pending; /* one that is only pending was not chosen */
};

/* Chooses at most `room` of the interrupts that are to be listed and are not. */
void vgic_choose(const struct vgic_vm *g, struct vgic_redist *r, unsigned room,
                 struct vgic_choice *c);
/* The active interrupts of `r` that are not listed, at most `count` of them, those of the highest
 * priorities (of equals, those of the lowest INTIDs): into `intid`; returns how many. */
unsigned vgic_choice_highest_active(const struct vgic_vm *g, struct vgic_redist *r, unsigned count,
                                    uint16_t *intid);
/* Priority byte of an interrupt. */
uint8_t vgic_priority(const struct vgic_vm *g, const struct vgic_redist *r, unsigned intid);

#endif
