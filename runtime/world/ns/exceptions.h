/* What each class of synchronous exit does: a const table indexed by ESR_EL2.EC. */
#ifndef WORLD_NS_EXCEPTIONS_H
#define WORLD_NS_EXCEPTIONS_H

#include "vm/esr.h"
#include "vm/exit_action.h"
#include "vm/vcpu.h"

typedef enum exit_action (*exception_handler)(struct vcpu *v, uint64_t esr);
extern const exception_handler exception_handlers[ESR_EC_COUNT];

/* The guest-physical address of an abort that is not on a stage-1 walk: HPFAR_EL2.FIPA holds
 * IPA[51:12] in bits 43..4, under bits that are RES0 and NS in bit 63; FAR_EL2 the offset in the
 * page [DDI0487 D24.2, HPFAR_EL2]. */
static inline ipa_t exception_access_ipa(void)
{
    return ipa_make(bits_set(SYSREG_READ(HPFAR_EL2) << 8, 11, 0, SYSREG_READ(FAR_EL2)));
}

/* The same of any abort. On a stage-1 walk FAR_EL2 is the address that was being translated, not
 * that of the descriptor: only the page is known. */
static inline ipa_t exception_ipa(uint64_t esr)
{
    const ipa_t ipa = exception_access_ipa();

    return ((esr & ESR_S1PTW) != 0U) ? ipa_make(ipa.ipa & ~FIELD(11, 0)) : ipa;
}

#endif
