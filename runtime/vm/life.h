/* Life of a VM: start, stop, restart. Only what concerns the whole VM; power of one vCPU is
 * PSCI's.
 *
 * Who does what: any vCPU (or a fault) asks. Every CPU of the VM gets MSG_STOP, leaves the guest
 * and reports; the last one posts MSG_VM to the VM's boot CPU, which then alone finishes: it
 * either leaves the VM off or runs its loads, resets its features and starts vCPU 0. Nobody
 * spins waiting for another. */
#ifndef VM_LIFE_H
#define VM_LIFE_H

#include "vm/vcpu.h"

enum life_request { LIFE_STOP, LIFE_RESTART };

/* From a vCPU of the VM, on its CPU: the caller then ends its exit with EXIT_RESCHEDULE. The first
 * request wins until it is carried out. */
void life_request(uint16_t vm, enum life_request what);
/* On this CPU: MSG_STOP arrived for `v` (NULL: this CPU has none). */
void life_stop_vcpu(struct vcpu *v);
/* On the boot CPU of `vm`: MSG_VM arrived. */
void life_finish(uint16_t vm);
/* First start at boot, on the boot CPU of `vm`. */
void life_start(uint16_t vm);
/* Is a stop or restart of `vm` under way, so that no vCPU of it may be entered? */
bool life_is_stopping(uint16_t vm);

/* Brings the EL1 state of this CPU to architectural reset values for `v` and sets PC and x0.
 * Implemented in vm/vcpu_reset.c. */
void vcpu_reset(struct vcpu *v, uint64_t entry, uint64_t x0);

#endif
