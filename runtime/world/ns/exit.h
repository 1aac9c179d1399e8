/* Entry points of the exit vectors, and where a CPU goes that has no guest to run. */
#ifndef WORLD_NS_EXIT_H
#define WORLD_NS_EXIT_H

#include "vm/exit_action.h"
#include "vm/vcpu.h"

/* A synchronous exit, x18..x28 not stored. EXIT_RESUME, EXIT_SKIP: the guest goes on so.
 * EXIT_IN_FULL: nothing has happened, and exit_sync() is to make it. */
enum exit_action exit_short(struct vcpu *v, uint64_t esr);
/* Takes a physical interrupt, x18..x28 not stored: 0 when it is served and the guest goes on, else
 * its INTID, acknowledged, for exit_irq_in_full(). */
uint32_t exit_irq(struct vcpu *v);

/* Each with all registers stored; returns the vCPU to enter, or NULL: the same guest goes on. */
struct vcpu *exit_sync(struct vcpu *v, uint64_t esr);
struct vcpu *exit_irq_in_full(struct vcpu *v, uint32_t intid);
struct vcpu *exit_serror(struct vcpu *v);

#endif
