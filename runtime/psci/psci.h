/* PSCI 1.1 for guests [DEN0022]: each call is confined to the calling VM.
 *
 * Power state of every vCPU lives here: OFF, ON_PENDING, ON. A vCPU's own CPU makes it ON or OFF;
 * another vCPU of the VM moves OFF to ON_PENDING with one atomic exchange and posts MSG_START. */
#ifndef PSCI_PSCI_H
#define PSCI_PSCI_H

#include "vm/exit_action.h"
#include "vm/vcpu.h"

/* If the call by HVC in x0..x3 is one that only answers, makes it: x0 is the result, EXIT_RESUME.
 * EXIT_IN_FULL: it is another, and nothing has happened. Of `v`, x0..x3 alone are used. */
enum exit_action psci_call_plain(struct vcpu *v);
/* The service of PSCI: the call in x0..x3, the result in x0 (smccc/smccc.h). */
enum exit_action psci_call(struct vcpu *v);
/* All vCPUs of the VM become OFF. No vCPU of it runs. */
void psci_vm_reset(uint16_t vm);
/* Marks vCPU 0 as ON; on its CPU, at the start of the VM. */
void psci_boot_vcpu_on(struct vcpu *v);
/* MSG_START arrived: true when `v` is ON_PENDING; then it is ON and entry/context are returned. */
bool psci_take_start(struct vcpu *v, uint64_t *entry, uint64_t *context);
/* The vCPU goes off for good (VM stop). */
void psci_set_off(struct vcpu *v);

#endif
