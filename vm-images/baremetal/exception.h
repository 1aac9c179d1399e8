/* Exceptions of the bare-metal guests.
 *
 * Expected faults: fault_expect(), then call a LEAF function, then fault_taken(). When the leaf
 * faults, the handler notes the fault and returns to the leaf's caller. A fault that nobody
 * expects is reported as a failure of the guest and ends it. */
#ifndef EXCEPTION_H
#define EXCEPTION_H

#include "cpu.h"

struct frame {
    uint64_t x[31];
    uint64_t elr;
    uint64_t spsr;
};

struct fault {
    bool taken;
    uint64_t esr; /* ESR_EL1 */
    uint64_t far; /* FAR_EL1 */
    uint64_t elr; /* ELR_EL1: the instruction that faulted */
};

#define ESR_EC(esr) ((unsigned)((esr) >> 26) & 0x3fU)
#define ESR_ISS(esr) ((unsigned)(esr)&0x1ffffffU)
#define ESR_FSC(esr) ((unsigned)(esr)&0x3fU)
#define EC_UNKNOWN 0x00U
#define EC_FP 0x07U
#define EC_SVC 0x15U
#define EC_SYSREG 0x18U
#define EC_SVE 0x19U
#define EC_IABORT 0x21U /* from the same EL */
#define EC_PC_ALIGN 0x22U
#define EC_DABORT 0x25U /* from the same EL */
#define FSC_EXTERNAL 0x10U
#define FSC_ALIGNMENT 0x21U

/* A function without a stack frame, whose fault returns to its caller: x0.. are its arguments and
 * its result. */
#define LEAF(name, body)                                                                          \
    __asm__(".section .text." #name ", \"ax\"\n\t.balign 4\n\t.type " #name ", %function\n" #name   \
            ":\n\t" body "\n\tret\n\t.previous\n")

void fault_expect(void);
/* What happened since fault_expect() on this CPU; expects no more. */
struct fault fault_taken(void);

/* One access of `bytes` (1, 2, 4, 8) at `address`; reads put the value into *value. */
struct fault probe_read(uintptr_t address, unsigned bytes, uint64_t *value);
struct fault probe_write(uintptr_t address, unsigned bytes, uint64_t value);
/* Jumps to `address`; code there must be a RET (or nothing at all). */
struct fault probe_execute(uintptr_t address);

/* Called for each IRQ (after the acknowledge, before the end) when set; see gic.h. */
typedef void (*irq_function)(unsigned intid);
extern irq_function volatile irq_hook;

void exception_taken(struct frame *frame, uint64_t kind);

#endif
