/* Expected faults, IRQ entry, and the end for everything else. State is per CPU. */
#include "exception.h"

#include "gic.h"
#include "result.h"
#include "uart.h"

#define SPSR_IL (UINT64_C(1) << 20)
#define SPSR_SS (UINT64_C(1) << 21)

enum exception_kind { KIND_SYNC, KIND_IRQ, KIND_FIQ, KIND_SERROR };

static struct fault faults[CPU_MAX];
static bool fault_is_expected[CPU_MAX];

irq_function volatile irq_hook;

void fault_expect(void)
{
    unsigned cpu = cpu_number();
    faults[cpu] = (struct fault){0};
    fault_is_expected[cpu] = true;
    __asm__ volatile("" ::: "memory");
}

struct fault fault_taken(void)
{
    /* An asynchronous error of the access must be in before we look. */
    dsb_sy();
    isb();
    fault_is_expected[cpu_number()] = false;
    return faults[cpu_number()];
}

static void exception_unexpected(const struct frame *frame, uint64_t kind)
{
    static const char *const names[] = {"synchronous", "IRQ", "FIQ", "SError"};
    test_fail("exception", "unexpected %s exception: ESR %lx FAR %lx ELR %lx SPSR %lx",
              names[kind & 3U], SYSREG_READ(ESR_EL1), SYSREG_READ(FAR_EL1), frame->elr,
              frame->spsr);
    test_done();
}

void exception_taken(struct frame *frame, uint64_t kind)
{
    unsigned cpu = cpu_number();
    if (kind == KIND_IRQ || kind == KIND_FIQ) {
        gic_take_interrupt(kind == KIND_FIQ);
    } else if (fault_is_expected[cpu]) {
        faults[cpu] = (struct fault){true, SYSREG_READ(ESR_EL1), SYSREG_READ(FAR_EL1), frame->elr};
        fault_is_expected[cpu] = false;
        frame->elr = frame->x[30];
        frame->spsr &= ~(SPSR_IL | SPSR_SS);
    } else {
        exception_unexpected(frame, kind);
    }
}

LEAF(leaf_ldrb, "ldrb w0, [x0]");
LEAF(leaf_ldrh, "ldrh w0, [x0]");
LEAF(leaf_ldrw, "ldr w0, [x0]");
LEAF(leaf_ldrx, "ldr x0, [x0]");
LEAF(leaf_strb, "strb w1, [x0]");
LEAF(leaf_strh, "strh w1, [x0]");
LEAF(leaf_strw, "str w1, [x0]");
LEAF(leaf_strx, "str x1, [x0]");
LEAF(leaf_jump, "br x0");

uint64_t leaf_ldrb(uintptr_t address);
uint64_t leaf_ldrh(uintptr_t address);
uint64_t leaf_ldrw(uintptr_t address);
uint64_t leaf_ldrx(uintptr_t address);
void leaf_strb(uintptr_t address, uint64_t value);
void leaf_strh(uintptr_t address, uint64_t value);
void leaf_strw(uintptr_t address, uint64_t value);
void leaf_strx(uintptr_t address, uint64_t value);
void leaf_jump(uintptr_t address);

/* 1, 2, 4, 8 bytes -> 0, 1, 2, 3 */
static unsigned width_index(unsigned bytes)
{
    return (unsigned)__builtin_ctz(bytes) & 3U;
}

struct fault probe_read(uintptr_t address, unsigned bytes, uint64_t *value)
{
    static uint64_t (*const leaves[])(uintptr_t) = {leaf_ldrb, leaf_ldrh, leaf_ldrw, leaf_ldrx};
    fault_expect();
    *value = leaves[width_index(bytes)](address);
    return fault_taken();
}

struct fault probe_write(uintptr_t address, unsigned bytes, uint64_t value)
{
    static void (*const leaves[])(uintptr_t, uint64_t) = {leaf_strb, leaf_strh, leaf_strw,
                                                         leaf_strx};
    fault_expect();
    leaves[width_index(bytes)](address, value);
    return fault_taken();
}

struct fault probe_execute(uintptr_t address)
{
    fault_expect();
    leaf_jump(address);
    return fault_taken();
}
