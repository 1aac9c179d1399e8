/* System registers by the name that the manual gives them [DDI0487 D24].
 *
 * SYSREG_READ(HCR_EL2), SYSREG_WRITE(HCR_EL2, v). The host build has a header of the same name
 * in tests/unit/fake/arch that backs them with memory. Registers that the assembler does not
 * know are given names in sysreg_names.h as S<op0>_<op1>_C<n>_C<m>_<op2>. */
#ifndef ARCH_SYSREG_H
#define ARCH_SYSREG_H

#include <stdint.h>

#include "arch/sysreg_names.h"

#define SYSREG_STRING_(name) #name
#define SYSREG_STRING(name) SYSREG_STRING_(name)

#define SYSREG_READ(name)                                                                          \
    ({                                                                                             \
        uint64_t sysreg_value_;                                                                    \
        __asm__ volatile("mrs %0, " SYSREG_STRING(name) : "=r"(sysreg_value_)::"memory");          \
        sysreg_value_;                                                                             \
    })

#define SYSREG_WRITE(name, value)                                                                  \
    do {                                                                                           \
        const uint64_t sysreg_value_ = (value);                                                    \
        __asm__ volatile("msr " SYSREG_STRING(name) ", %x0" ::"rZ"(sysreg_value_) : "memory");     \
    } while (0)

#endif
