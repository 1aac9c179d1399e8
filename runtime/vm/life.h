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

/* What a feature does at the turns of a VM's life; a NULL member: nothing. */
struct life_feature {
    void (*vm_reset)(uint16_t vm);      /* on the boot CPU; no vCPU of the VM runs */
    void (*vcpu_start)(struct vcpu *v); /* on the vCPU's CPU, just before it is entered */
    void (*vcpu_stop)(struct vcpu *v);  /* on the vCPU's CPU, which leaves the guest for good */
};
extern const struct life_feature life_features[]; /* world/ns/features.c, in order of start */
extern const unsigned life_feature_count;
#define LIFE_FEATURES_MAX 8U

enum life_request { LIFE_STOP, LIFE_RESTART };

/* From a vCPU of the VM, on its CPU: the caller then ends its exit with EXIT_RESCHEDULE. The first
 * request wins until it is carried out. */
void life_request(uint16_t vm, enum life_request what);
/* `v` leaves its guest for good: features stop, the CPU no longer resumes it. On its CPU. */
void life_leave(struct vcpu *v);
/* On this CPU: MSG_STOP arrived for `v`. */
void life_stop_vcpu(struct vcpu *v);
/* On the boot CPU of `vm`: MSG_VM arrived. Of a restart each call loads one chunk of memory, and
 * posts MSG_VM again until it is done. */
void life_finish(uint16_t vm);
/* First start at boot, on the boot CPU of `vm`: vCPU 0 is ready to be entered afterwards. */
void life_start(uint16_t vm);
/* May vCPUs of `vm` be switched on? False while it is off, stopping or restarting. */
bool life_is_running(uint16_t vm);
/* Number of VMs that are not off; 0 once the last one has stopped. */
unsigned life_running_count(void);
/* Makes `v` ready to be entered at `entry` with x0 = `context`, in reset state. On its CPU. */
void life_start_vcpu(struct vcpu *v, uint64_t entry, uint64_t context);

/* Brings the EL1 state of this CPU to architectural reset values for `v` and sets PC and x0.
 * Implemented in vm/vcpu_reset.c. */
void vcpu_reset(struct vcpu *v, uint64_t entry, uint64_t x0);

#endif
