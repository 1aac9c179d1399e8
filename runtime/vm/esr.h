/* Fields of ESR_EL2 [DDI0487 D24.2, ESR_EL2]. */
#ifndef VM_ESR_H
#define VM_ESR_H

#include "lib/bits.h"

enum esr_class {
    ESR_EC_UNKNOWN = 0x00,
    ESR_EC_WFX = 0x01,
    ESR_EC_ILLEGAL_STATE = 0x0E,
    ESR_EC_HVC32 = 0x12,
    ESR_EC_SMC32 = 0x13,
    ESR_EC_HVC64 = 0x16,
    ESR_EC_SMC64 = 0x17,
    ESR_EC_SYSREG = 0x18,
    ESR_EC_IABT_LOW = 0x20,
    ESR_EC_DABT_LOW = 0x24,
    ESR_EC_SERROR = 0x2F,
};
#define ESR_EC_COUNT 64U

static inline unsigned esr_class(uint64_t esr)
{
    return (unsigned)bits_get(esr, 31, 26);
}

#define ESR_IL BIT(25) /* the trapped instruction has four bytes */

/* Bytes of the trapped instruction: ESR_EL2.IL. */
static inline unsigned esr_instruction_bytes(uint64_t esr)
{
    return 2U + 2U * (unsigned)bits_get(esr, 25, 25);
}

/* DFSC or IFSC without the level: translation fault 0x04, permission fault 0x0C. */
static inline unsigned esr_fault_kind(uint64_t esr)
{
    return (unsigned)(bits_get(esr, 5, 0) & 0x3CU);
}
#define ESR_FAULT_TRANSLATION 0x04U
#define ESR_FAULT_PERMISSION 0x0CU

#define ESR_ISV BIT(24)  /* data abort: bits 23..14 describe the access */
#define ESR_SSE BIT(21)  /* of such: sign-extending load */
#define ESR_AR BIT(14)   /* of such: load-acquire or store-release */
#define ESR_S1PTW BIT(7) /* the fault was on the walk of the guest's own stage-1 tables */
#define ESR_CM BIT(8)    /* data abort: cache maintenance instruction */
#define ESR_WNR BIT(6)   /* data abort: write */
#define ESR_FNV BIT(10)  /* FAR_EL2 is not valid */

/* Data abort with ESR_ISV: the register that is loaded or stored. */
static inline unsigned esr_access_register(uint64_t esr)
{
    return (unsigned)bits_get(esr, 20, 16);
}

/* Trapped WFI, WFE, WFIT, WFET: TI. */
static inline unsigned esr_wait_kind(uint64_t esr)
{
    return (unsigned)bits_get(esr, 1, 0);
}
#define ESR_WAIT_WFI 0U

/* Trapped MSR or MRS: the register Rt, and the encoding as ISS has it, of a write. */
static inline unsigned esr_sysreg_register(uint64_t esr)
{
    return (unsigned)bits_get(esr, 9, 5);
}
#define ESR_SYSREG(op0, op1, crn, crm, op2)                                                        \
    (UINT64_C(op0) << 20 | UINT64_C(op2) << 17 | UINT64_C(op1) << 14 | UINT64_C(crn) << 10 |       \
     UINT64_C(crm) << 1)

/* What the class means, for people. */
const char *esr_class_text(unsigned ec);

#endif
