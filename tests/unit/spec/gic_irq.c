/* One interrupt's life; spec/gic_irq.h. [IHI0069 2.3, 3.2, 4.1, 4.2, 12.9, 12.11; IHI0048 3.2] */
#include "spec/gic_irq.h"

/* Edge-triggered: by an event. Level-sensitive: while the input is asserted, or by a write to
 * ISPENDR until it is acknowledged or cleared [IHI0069 4.1.2, 12.9.28]. */
bool spec_irq_is_pending(const struct spec_irq *q)
{
    return q->latch || (!q->is_edge && (q->line || q->message));
}

bool spec_irq_has_latched(const struct spec_irq *q, unsigned source)
{
    return ((q->latch >> source) & 1) != 0;
}

/* Enabled, in an enabled group, pending and not active, routed to a PE that is there and whose
 * redistributor is awake [IHI0069 4.1.1, 4.2, 12.11 GICR_WAKER]. Active and pending: not before it
 * is deactivated. */
bool spec_irq_is_deliverable(const struct spec_irq *q, unsigned cpu)
{
    const bool forwarded = ((q->groups >> q->is_group1) & 1) != 0;

    return q->is_enabled && forwarded && spec_irq_is_pending(q) && !q->is_active &&
           ((q->targets >> cpu) & 1) != 0 && ((q->online >> cpu) & 1) != 0 &&
           ((q->asleep >> cpu) & 1) == 0;
}

static void set_bit(uint8_t *mask, unsigned bit, bool on)
{
    *mask = (uint8_t)(on ? *mask | (1U << bit) : *mask & ~(1U << bit));
}

/* The input of a physical interrupt drops: what was taken already may stay pending, or not. */
static unsigned drop_line(struct spec_irq next[SPEC_NEXT_MAX])
{
    next[0].line = 0;
    if (next[0].is_edge || !next[0].is_caught) {
        return 1;
    }
    next[1] = next[0];
    next[0].is_caught = 0;
    next[1].latch = 1;
    return 2;
}

/* A rising edge is one event; a level asserts itself [IHI0069 4.1.2]. */
static unsigned change_line(struct spec_irq next[SPEC_NEXT_MAX], bool high)
{
    struct spec_irq *const q = &next[0];

    if (!high) {
        return drop_line(next);
    }
    if (q->is_edge && !q->line) {
        q->has_more = q->latch && q->is_caught;
        q->latch = 1;
    }
    q->line = 1;
    return 1;
}

/* Pending moves to active; a level that is still asserted stays pending too [IHI0069 4.1.2], and so
 * does an SGI that others have sent [IHI0048 3.2.3, 4.4.4]. */
static unsigned acknowledge(struct spec_irq next[SPEC_NEXT_MAX], unsigned cpu, unsigned source)
{
    const bool has_more = next[0].has_more;

    next[0].is_active = 1;
    next[0].active_on = (uint8_t)cpu;
    next[0].active_source = (uint8_t)source;
    set_bit(&next[0].latch, source, false);
    next[0].is_caught = 0;
    next[0].has_more = 0;
    next[1] = next[0];
    next[1].latch = 1;
    return has_more ? 2 : 1;
}

static void deactivate(struct spec_irq *q)
{
    q->is_active = 0;
    q->active_on = SPEC_NO_CPU;
    q->active_source = 0;
}

/* Does who acknowledged it from `source` deactivate it for sure? If it is active from another one
 * now, the value that was written is not what was acknowledged, and what it does is UNPREDICTABLE
 * [IHI0048 4.4.5, 4.4.15]. Made active by register, it has no source. */
static bool is_its_source(const struct spec_irq *q, unsigned source)
{
    return !q->by_source || (q->active_on != SPEC_ANY_CPU && q->active_source == source);
}

/* ICC_EOIR deactivates what this PE acknowledged. What was deactivated and made active again by
 * register since is not that any more, and the manual leaves it open [IHI0069 12.2.9, 12.2.10]. */
static unsigned end(struct spec_irq next[SPEC_NEXT_MAX], unsigned cpu, unsigned source)
{
    if (!next[0].is_active || (next[0].active_on != cpu && next[0].active_on != SPEC_ANY_CPU)) {
        return 1;
    }
    next[1] = next[0];
    deactivate(&next[0]);
    return (next[1].active_on == SPEC_ANY_CPU || !is_its_source(&next[1], source)) ? 2 : 1;
}

static unsigned deactivate_by(struct spec_irq next[SPEC_NEXT_MAX], unsigned source)
{
    next[1] = next[0];
    deactivate(&next[0]);
    return is_its_source(&next[1], source) ? 1 : 2;
}

/* What is pending when the configuration changes is UNKNOWN [IHI0069 12.9.9]. */
static unsigned configure(struct spec_irq next[SPEC_NEXT_MAX], uint8_t edge)
{
    const bool was_pending = spec_irq_is_pending(&next[0]);

    if (next[0].is_edge == edge) {
        return 1;
    }
    next[0].is_edge = edge;
    next[1] = next[0];
    next[0].latch = 0;
    next[1].latch = 1;
    return was_pending ? 2 : 1;
}

/* A PE that goes off takes its timers with it; whether their redistributor state survives is the
 * implementation's choice. */
static unsigned power(struct spec_irq next[SPEC_NEXT_MAX], unsigned cpu, bool on)
{
    set_bit(&next[0].online, cpu, on);
    if (on || !next[0].is_private || !next[0].is_physical || next[0].targets != 1U << cpu) {
        return 1;
    }
    next[0].line = 0;
    next[1] = next[0];
    next[0].latch = 0;
    next[0].is_caught = 0;
    deactivate(&next[0]);
    return 2;
}

static void clear_pending(struct spec_irq *q, uint8_t latch)
{
    q->latch &= (uint8_t)~latch;
    q->is_caught = 0;
    q->has_more = 0;
}

static void activate(struct spec_irq *q)
{
    if (!q->is_active) {
        q->is_active = 1;
        q->active_on = SPEC_ANY_CPU;
    }
}

/* Messages: of a level-sensitive interrupt they are its input, otherwise they are events
 * [IHI0069 12.9.1, 12.9.33]. */
static void send_message(struct spec_irq *q, bool set)
{
    q->message = set && !q->is_edge && !q->is_physical;
    if (!q->is_edge && !q->is_physical) {
        return;
    }
    if (set) {
        q->latch = 1;
    } else {
        clear_pending(q, 1);
    }
}

/* Events with more than one outcome. */
static unsigned branch(struct spec_irq next[SPEC_NEXT_MAX], struct spec_event e)
{
    switch (e.kind) {
    case SPEC_LINE:
        return change_line(next, e.argument != 0);
    case SPEC_ACKNOWLEDGE:
        return acknowledge(next, e.cpu, e.argument);
    case SPEC_END:
        return end(next, e.cpu, e.argument);
    case SPEC_DEACTIVATE:
        return deactivate_by(next, e.argument);
    case SPEC_CONFIGURE:
        return configure(next, e.argument);
    case SPEC_POWER:
        return power(next, e.cpu, e.argument != 0);
    default:
        return 0;
    }
}

static void change_state(struct spec_irq *q, struct spec_event e)
{
    switch (e.kind) {
    case SPEC_SET_PENDING:
    case SPEC_SGI1R:
        q->latch |= e.argument;
        break;
    case SPEC_SGI0R: /* only a Group 0 SGI [IHI0069 12.2, ICC_SGI0R_EL1] */
        q->latch = q->latch || !q->is_group1;
        break;
    case SPEC_CLEAR_PENDING:
        clear_pending(q, e.argument);
        break;
    case SPEC_SET_ACTIVE:
        activate(q);
        break;
    case SPEC_CLEAR_ACTIVE:
        deactivate(q);
        break;
    case SPEC_SETSPI:
    case SPEC_CLRSPI:
        send_message(q, e.kind == SPEC_SETSPI);
        break;
    default:
        break;
    }
}

static void change_settings(struct spec_irq *q, struct spec_event e)
{
    switch (e.kind) {
    case SPEC_ENABLE:
    case SPEC_DISABLE:
        q->is_enabled = e.kind == SPEC_ENABLE;
        break;
    case SPEC_GROUP:
        q->is_group1 = e.argument;
        break;
    case SPEC_PRIORITY:
        q->priority = e.argument;
        break;
    case SPEC_ROUTE:
        q->targets = e.argument;
        break;
    case SPEC_GROUPS:
        q->groups = e.argument;
        break;
    case SPEC_SLEEP:
        set_bit(&q->asleep, e.cpu, e.argument != 0);
        break;
    default:
        break;
    }
}

/* The hypervisor takes the physical interrupt as soon as it is enabled, pending and not active. */
static void catch_physical(struct spec_irq *q)
{
    const bool reaches = !q->is_private || (q->online & q->targets) != 0;

    if (q->is_physical && reaches && q->is_enabled && !q->is_active && spec_irq_is_pending(q)) {
        q->is_caught = 1;
    }
}

unsigned spec_irq_next(const struct spec_irq *q, struct spec_event e,
                       struct spec_irq next[SPEC_NEXT_MAX])
{
    unsigned count;

    next[0] = *q;
    count = branch(next, e);
    if (count == 0) {
        change_state(&next[0], e);
        change_settings(&next[0], e);
        count = 1;
    }
    for (unsigned i = 0; i < count; i++) {
        catch_physical(&next[i]);
    }
    return count;
}
