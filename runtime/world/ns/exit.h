/* Entry points of the exit vectors, and where a CPU goes that has no guest to run. */
#ifndef WORLD_NS_EXIT_H
#define WORLD_NS_EXIT_H

#include "vm/vcpu.h"

struct vcpu *exit_sync(struct vcpu *v);
struct vcpu *exit_irq(struct vcpu *v);
struct vcpu *exit_serror(struct vcpu *v);

#endif
