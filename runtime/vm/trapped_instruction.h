/* Where the instruction lies that brought the guest here. */
#ifndef VM_TRAPPED_INSTRUCTION_H
#define VM_TRAPPED_INSTRUCTION_H

#include "vm/esr.h"
#include "vm/vcpu.h"

/* During a synchronous exit. HVC alone has moved ELR_EL2 past itself; every other instruction
 * traps with ELR_EL2 on it [DDI0487 D1.3, preferred exception return address]. */
static inline uint64_t trapped_instruction_address(void)
{
    const bool is_after = esr_class(SYSREG_READ(ESR_EL2)) == ESR_EC_HVC64;

    return is_after ? vcpu_pc() - 4U : vcpu_pc();
}

#endif
