/* Reports of what a guest did wrong, in words a person can act on. Decides nothing, and what it prints
 * is not in an image whose log does not show it. */
#ifndef VM_FAULT_REPORT_H
#define VM_FAULT_REPORT_H

#include "core/log.h"
#include "vm/vcpu.h"

/* Does one of the VM's emulated devices lie at `ipa`? */
bool fault_is_at_device(uint16_t vm, ipa_t ipa);
/* An access of the guest that no window and no device answers; rate limited. */
void fault_report_print_access(const struct vcpu *v, uint64_t esr, ipa_t ipa);
/* The guest does not go on from the exit described by `esr`: always printed. */
void fault_report_print_stop(const struct vcpu *v, uint64_t esr, ipa_t ipa, const char *reason);

static inline void fault_report_access(const struct vcpu *v, uint64_t esr, ipa_t ipa)
{
    if (log_is_on(LOG_VM, LOG_WARN)) {
        fault_report_print_access(v, esr, ipa);
    }
}

static inline void fault_report_stop(const struct vcpu *v, uint64_t esr, ipa_t ipa,
                                     const char *reason)
{
    if (log_is_on(LOG_VM, LOG_ERROR)) {
        fault_report_print_stop(v, esr, ipa, reason);
    }
}

#endif
