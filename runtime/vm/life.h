/* Life of a VM: start, stop, restart, suspend, resume. Only what concerns the whole VM; power of one
 * vCPU is PSCI's.
 *
 * Who does what: anybody asks, on any CPU, and waits for nobody. One compare-exchange on the VM's
 * state decides; then every vCPU of the VM gets MSG_LIFE and does on its own CPU what the state
 * says: leaves the guest and reports, pauses, or goes on. The last to report posts MSG_VM to the
 * VM's boot vCPU, which then alone finishes: it leaves the VM off, or runs its loads, resets its
 * features and starts vCPU 0.
 *
 * A VM that is suspended keeps all its state, and what interrupts arrive for it. Its virtual
 * counter goes on, unless the description lets it stand while the VM does not run. */
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

/* The numbers are those that the call VM_STATE answers. */
enum life_state {
    LIFE_OFF,
    LIFE_WAITING, /* starts as soon as the VMs that it waits for have started or are ready */
    LIFE_LOADING, /* its memory is being filled */
    LIFE_RUNNING,
    LIFE_SUSPENDED,
    LIFE_STOPPING,   /* its vCPUs leave, or its loading is broken off; then it is off */
    LIFE_RESTARTING, /* the same; then it is loaded */
};
#define LIFE_STATE_COUNT 7U

enum life_request {
    /* Of the VM itself, or after a fault of it. Of these the first wins, and none undoes an order. */
    LIFE_STOP,
    LIFE_RESTART,
    /* Orders of a VM that the description entitles: the last one counts. */
    LIFE_ORDER_START,
    LIFE_ORDER_STOP,
    LIFE_ORDER_RESTART,
    LIFE_ORDER_SUSPEND,
    LIFE_ORDER_RESUME,
};
#define LIFE_REQUEST_COUNT 7U

/* From any CPU, in any state of `vm`, whoever asks. True: the VM is, or is on its way to be, what was
 * asked for. False: it cannot become so from its state, or something else is under way, and nothing
 * has happened. A vCPU of `vm` that asks for its stop or restart ends its exit with EXIT_RESCHEDULE
 * in either case. */
bool life_request(uint16_t vm, enum life_request what);
enum life_state life_state_of(uint16_t vm);
/* How often its vCPU 0 has been entered since power-on. */
uint32_t life_start_count(uint16_t vm);

/* VM_READY: the VM, which runs, says that others may rely on it. It is so until its next start. */
void life_set_ready(uint16_t vm);
bool life_is_ready(uint16_t vm);

/* At boot, before any other CPU is up: which VMs start, which wait, which stay off. */
void life_init(void);
/* At boot, on the CPU of the boot vCPU of `vm`: if it is one that starts with the machine, vCPU 0 is
 * ready to be entered afterwards. */
void life_start(uint16_t vm);
/* The same of a VM whose boot vCPU shares its CPU: it is loaded and started in its turns. */
void life_start_in_turn(uint16_t vm);

/* MSG_LIFE arrived for `v`, on its CPU. */
void life_follow(struct vcpu *v);
/* MSG_VM arrived for the boot vCPU of `vm`, on its CPU. Of a start each call loads one chunk of
 * memory, and posts MSG_VM again until it is done. */
void life_finish(uint16_t vm);
/* `v` leaves its guest for good: features stop, the CPU no longer resumes it. On its CPU. */
void life_leave(struct vcpu *v);
/* The machine is about to be switched off: a line for each VM that waits or is suspended. */
void life_report_left(void);
/* May vCPUs of `vm` be entered or switched on? */
bool life_is_running(uint16_t vm);
/* Makes `v` ready to be entered at `entry` with x0 = `context`, in reset state. On its CPU. */
void life_start_vcpu(struct vcpu *v, uint64_t entry, uint64_t context);

/* Brings the EL1 state of this CPU to architectural reset values for `v` and sets PC and x0.
 * Implemented in vm/vcpu_reset.c. */
void vcpu_reset(struct vcpu *v, uint64_t entry, uint64_t x0);
/* `v`, in this CPU, does not come back but by vcpu_reset(): what of its state would change what the
 * CPU does for others is gone. Implemented there too. */
void vcpu_leave(const struct vcpu *v);

#endif
