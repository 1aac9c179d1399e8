/* Reports of what a guest did wrong, in words a person can act on. Pure output: decides nothing. */
#ifndef VM_FAULT_REPORT_H
#define VM_FAULT_REPORT_H

#include "vm/vcpu.h"

/* An access of the guest that no window and no device answers; rate limited. */
void fault_report_access(const struct vcpu *v, uint64_t esr, ipa_t ipa);
/* The VM is stopped for the exit described by `esr`: always printed. */
void fault_report_stop(const struct vcpu *v, uint64_t esr, ipa_t ipa, const char *reason);

#endif
