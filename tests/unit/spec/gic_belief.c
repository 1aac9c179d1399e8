/* Sets of states of one interrupt; spec/gic_belief.h. */
#include "spec/gic_belief.h"

#include <string.h>

#include "test.h"

static void summarise(struct spec_belief *b)
{
    b->may_deliver = 0;
    b->must_deliver = (1U << SPEC_CPUS) - 1U;
    for (unsigned i = 0; i < b->count; i++) {
        uint8_t to = 0;
        for (unsigned c = 0; c < SPEC_CPUS; c++) {
            to |= (uint8_t)(spec_irq_is_deliverable(&b->members[i].irq, c) ? 1U << c : 0U);
        }
        b->may_deliver |= to;
        b->must_deliver &= to;
    }
}

static void add(struct spec_belief *b, const struct spec_irq *irq, uint8_t seen)
{
    for (unsigned i = 0; i < b->count; i++) {
        if (b->members[i].seen == seen && memcmp(&b->members[i].irq, irq, sizeof(*irq)) == 0) {
            return;
        }
    }
    CHECK_MSG(b->count < SPEC_MEMBERS_MAX, "the specification allows too much to follow");
    b->members[b->count].irq = *irq;
    b->members[b->count].seen = seen;
    b->count++;
}

void spec_belief_begin(struct spec_belief *b, const struct spec_irq *irq)
{
    memset(b, 0, sizeof(*b));
    add(b, irq, 0);
    summarise(b);
}

/* Adds each state in which one more change has been seen, until there is none to add. */
static void close_set(struct spec_belief *b)
{
    for (unsigned i = 0; i < b->count; i++) { /* grows */
        const struct spec_member m = b->members[i];
        struct spec_irq next[SPEC_NEXT_MAX];
        if (m.seen < b->change_count) {
            const unsigned n = spec_irq_next(&m.irq, b->changes[m.seen], next);
            for (unsigned k = 0; k < n; k++) {
                add(b, &next[k], (uint8_t)(m.seen + 1U));
            }
        }
    }
}

static void keep_from(struct spec_belief *b, unsigned seen)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < b->count; i++) {
        if (b->members[i].seen >= seen) {
            b->members[kept++] = b->members[i];
        }
    }
    b->count = kept;
}

void spec_belief_change(struct spec_belief *b, struct spec_event e)
{
    CHECK_MSG(b->change_count < SPEC_CHANGES_MAX, "too many changes are under way");
    b->changes[b->change_count++] = e;
    close_set(b);
    summarise(b);
}

bool spec_belief_is_full(const struct spec_belief *b)
{
    return b->change_count >= SPEC_CHANGES_MAX / 2 || b->count > SPEC_MEMBERS_MAX / 4;
}

void spec_belief_settle(struct spec_belief *b)
{
    if (b->change_count == 0) {
        return;
    }
    keep_from(b, b->change_count);
    CHECK_MSG(b->count > 0, "no state is left");
    for (unsigned i = 0; i < b->count; i++) {
        b->members[i].seen = 0;
    }
    b->change_count = 0;
    summarise(b);
}

bool spec_belief_fence(struct spec_belief *b, bool (*is_meant)(struct spec_event, unsigned cpu),
                       unsigned cpu)
{
    unsigned last = 0;

    for (unsigned i = 0; i < b->change_count; i++) {
        last = is_meant(b->changes[i], cpu) ? i + 1U : last;
    }
    if (last > 0) {
        keep_from(b, last);
        summarise(b);
    }
    return b->count > 0;
}

/* Applies an event to each member where it stands. */
static void apply(struct spec_belief *b, struct spec_event e)
{
    static struct spec_member before[SPEC_MEMBERS_MAX];
    const unsigned count = b->count;

    memcpy(before, b->members, count * sizeof(before[0]));
    b->count = 0;
    for (unsigned i = 0; i < count; i++) {
        struct spec_irq next[SPEC_NEXT_MAX];
        const unsigned n = spec_irq_next(&before[i].irq, e, next);
        for (unsigned k = 0; k < n; k++) {
            add(b, &next[k], before[i].seen);
        }
    }
    close_set(b);
    summarise(b);
}

/* A level that is asserted is pending without an event, and from no source. */
static bool is_pending_from(const struct spec_irq *q, unsigned source)
{
    return spec_irq_has_latched(q, source) || (source == 0 && !q->is_edge);
}

bool spec_belief_acknowledge(struct spec_belief *b, unsigned cpu, unsigned source,
                             unsigned priority, unsigned groups)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < b->count; i++) {
        const struct spec_irq *const q = &b->members[i].irq;
        if (spec_irq_is_deliverable(q, cpu) && is_pending_from(q, source) &&
            q->priority == priority && ((groups >> q->is_group1) & 1U) != 0) {
            b->members[kept++] = b->members[i];
        }
    }
    b->count = kept;
    if (kept > 0) {
        apply(b, (struct spec_event){SPEC_ACKNOWLEDGE, (uint8_t)cpu, (uint8_t)source});
    }
    return kept > 0;
}

void spec_belief_now(struct spec_belief *b, struct spec_event e)
{
    apply(b, e);
}

bool spec_belief_allows(const struct spec_belief *b, struct spec_question question, bool yes)
{
    for (unsigned i = 0; i < b->count; i++) {
        if (question.ask(&b->members[i].irq, question.argument) == yes) {
            return true;
        }
    }
    return false;
}

bool spec_belief_learn(struct spec_belief *b, struct spec_question question, bool yes)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < b->count; i++) {
        if (question.ask(&b->members[i].irq, question.argument) == yes) {
            b->members[kept++] = b->members[i];
        }
    }
    if (kept != b->count) {
        b->count = kept;
        close_set(b);
        summarise(b);
    }
    return kept > 0;
}
