/* One interrupt's life, as an executable specification.
 *
 * A state holds all that decides what becomes of one interrupt: its bits in the registers, its
 * state in the sense of [IHI0069 4.1.2], and its surroundings. An event turns a state into the
 * states that may follow: mostly one, two where the manual leaves a choice. Nothing here knows how
 * the hypervisor does it; there are no list registers, locks or messages. Pure. */
#ifndef SPEC_GIC_IRQ_H
#define SPEC_GIC_IRQ_H

#include <stdbool.h>
#include <stdint.h>

enum { SPEC_NO_CPU = 0xFF, SPEC_ANY_CPU = 0xFE };
enum { SPEC_NEXT_MAX = 2 };

/* Bytes only, so that two states are the same when their bytes are. */
struct spec_irq {
    /* What its registers hold. */
    uint8_t is_private;
    uint8_t by_source; /* an SGI of GICv2: `latch` has a bit for each sender; otherwise bit 0 */
    uint8_t is_enabled;
    uint8_t is_group1;
    uint8_t is_edge; /* else level-sensitive */
    uint8_t priority;
    uint8_t targets; /* a bit for each vCPU; several: one of them takes it */
    /* Its state. */
    uint8_t latch;   /* pending by an event: an edge, a message, an SGI, ISPENDR; see by_source */
    uint8_t line;    /* its input wire is high */
    uint8_t message; /* level-sensitive: asserted by GICD_SETSPI, until GICD_CLRSPI */
    uint8_t is_active;
    uint8_t active_on; /* the vCPU that acknowledged it; SPEC_ANY_CPU: made active by register */
    uint8_t active_source;
    /* Its surroundings. */
    uint8_t groups; /* GICD_CTLR.EnableGrp1, EnableGrp0 */
    uint8_t asleep; /* a bit for each vCPU: GICR_WAKER.ProcessorSleep */
    uint8_t online; /* a bit for each vCPU */
    /* A physical interrupt stands behind it. The hypervisor takes that as soon as it is enabled,
     * and then learns no more of its input until the guest deactivates it. */
    uint8_t is_physical;
    uint8_t is_caught; /* taken: may stay pending when its level drops */
    uint8_t has_more;  /* an edge came after it was taken: may be delivered once more */
};

enum spec_event_kind {
    SPEC_ENABLE,
    SPEC_DISABLE,
    SPEC_SET_PENDING, /* argument: bits of `latch`, for this and the next one */
    SPEC_CLEAR_PENDING,
    SPEC_SET_ACTIVE,
    SPEC_CLEAR_ACTIVE,
    SPEC_DEACTIVATE, /* ICC_DIR, GICC_DIR: whoever writes it; argument: source [IHI0069 12.2.8] */
    SPEC_GROUP,      /* argument: Group 1 */
    SPEC_PRIORITY,   /* argument: the byte, as implemented */
    SPEC_CONFIGURE,  /* argument: edge-triggered */
    SPEC_ROUTE,      /* argument: targets */
    SPEC_GROUPS,     /* argument: GICD_CTLR[1:0] */
    SPEC_SLEEP,      /* cpu; argument: ProcessorSleep */
    SPEC_POWER,      /* cpu; argument: on */
    SPEC_LINE,       /* argument: high */
    SPEC_SETSPI,
    SPEC_CLRSPI,
    SPEC_SGI1R,
    SPEC_SGI0R,       /* also ICC_ASGI1R */
    SPEC_ACKNOWLEDGE, /* cpu; argument: source; only where spec_irq_is_deliverable() */
    SPEC_END,         /* cpu: ICC_EOIR, GICC_EOIR with EOImode 0; argument: source */
};

struct spec_event {
    enum spec_event_kind kind;
    uint8_t cpu;
    uint8_t argument;
};

bool spec_irq_is_pending(const struct spec_irq *q);
/* Is it pending by an event from `source`? 0 where sources are not told apart. */
bool spec_irq_has_latched(const struct spec_irq *q, unsigned source);
/* Is it forwarded to the CPU interface of `cpu`? */
bool spec_irq_is_deliverable(const struct spec_irq *q, unsigned cpu);
/* The states that may follow; returns how many, at least 1. */
unsigned spec_irq_next(const struct spec_irq *q, struct spec_event e,
                       struct spec_irq next[SPEC_NEXT_MAX]);

#endif
