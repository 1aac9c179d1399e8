/* What can be known of one interrupt while changes to it are under way.
 *
 * An access to a register of the distributor, a line, or an SGI takes effect at a CPU interface in
 * finite time, not at once [IHI0069 4.1, 12.1]. So the state is a set: each change that was made
 * is ordered after the ones before it, and each member has seen some number of them. What a CPU
 * does by itself (acknowledge, end) or reads keeps the members with which it agrees; when none is
 * left, no order of events explains what was seen. When the machine is quiet, all have been seen.
 */
#ifndef SPEC_GIC_BELIEF_H
#define SPEC_GIC_BELIEF_H

#include "spec/gic_irq.h"

enum { SPEC_MEMBERS_MAX = 96, SPEC_CHANGES_MAX = 8, SPEC_CPUS = 3 };

struct spec_belief {
    unsigned count;
    struct spec_member {
        struct spec_irq irq;
        uint8_t seen; /* changes that it has seen */
    } members[SPEC_MEMBERS_MAX];
    unsigned change_count;
    struct spec_event changes[SPEC_CHANGES_MAX];
    /* Summary, for quick checks: CPUs that some, or all, members deliver to. */
    uint8_t may_deliver;
    uint8_t must_deliver;
};

void spec_belief_begin(struct spec_belief *b, const struct spec_irq *irq);
/* A change that takes effect some time from now. */
void spec_belief_change(struct spec_belief *b, struct spec_event e);
/* The next changes may need more room than there is: the machine has to become quiet first. */
bool spec_belief_is_full(const struct spec_belief *b);
/* All changes have taken effect. */
void spec_belief_settle(struct spec_belief *b);
/* The changes that `is_meant` says have taken effect. False: that cannot be. */
bool spec_belief_fence(struct spec_belief *b, bool (*is_meant)(struct spec_event, unsigned cpu),
                       unsigned cpu);
/* `cpu` acknowledged it, from that source and at that priority, its interface being open for these
 * groups (bit n: Group n). False: it cannot have been deliverable. */
bool spec_belief_acknowledge(struct spec_belief *b, unsigned cpu, unsigned source,
                             unsigned priority, unsigned groups);
/* `cpu` ended or deactivated it. */
void spec_belief_now(struct spec_belief *b, struct spec_event e);

struct spec_question {
    bool (*ask)(const struct spec_irq *q, unsigned argument);
    unsigned argument;
};
/* Can the answer be `yes` now? */
bool spec_belief_allows(const struct spec_belief *b, struct spec_question question, bool yes);
/* It was. False: it cannot be. */
bool spec_belief_learn(struct spec_belief *b, struct spec_question question, bool yes);

#endif
