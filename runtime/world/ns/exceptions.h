/* What each class of synchronous exit does: a const table indexed by ESR_EL2.EC. */
#ifndef WORLD_NS_EXCEPTIONS_H
#define WORLD_NS_EXCEPTIONS_H

#include "vm/esr.h"
#include "vm/exit_action.h"
#include "vm/vcpu.h"

typedef enum exit_action (*exception_handler)(struct vcpu *v, uint64_t esr);
extern const exception_handler exception_handlers[ESR_EC_COUNT];

/* The guest-physical address of an abort: HPFAR_EL2 and the page offset of FAR_EL2. */
ipa_t exception_ipa(uint64_t esr);

#endif
