/* A vCPU's registers while EL2 runs, and who it is.
 *
 * The exit vector stores the guest's registers here: all of x0..x30, but for the two short exits of
 * world/ns/exit.c, which leave x18..x28 in the CPU. ELR_EL2 and SPSR_EL2 stay in their registers,
 * because EL2 takes no exception of its own while it handles one, and are reached by vcpu_pc() and
 * friends. EL1 system registers, FP/SIMD and the virtual counter stay in the CPU for as long as the
 * vCPU is loaded: always, where it has its CPU for itself; else in its turn (vm/sched.h).
 * Written only by the CPU that the vCPU lives on. */
#ifndef VM_VCPU_H
#define VM_VCPU_H

#include "arch/sysreg.h"
#include "config/config.h"

struct vcpu {
    uint64_t x[31]; /* offset 0: the exit vector relies on it (INV-ASM-OFFSETS) */
    uint64_t stack; /* VA: the EL2 stack, empty, of the CPU that it runs on; arch/vectors.S's */
    uint16_t id;    /* dense over the system: index into cfg_vcpus */
    uint16_t vm;    /* id of its VM */
    uint16_t index; /* within its VM */
    uint16_t cpu;   /* physical CPU */
    bool is_on;      /* powered: it has registers, which it goes on with */
    bool is_waiting; /* of one that is on: for an interrupt (vm/sched.h) */
    bool is_paused;  /* of one that is on: its VM is suspended */
    bool is_loaded;  /* of one that is on: its registers are those of the CPU */
    bool has_window; /* on a CPU with a schedule: a time window of its own is open */
} __attribute__((aligned(64))); /* SP_EL2 points here while the guest runs */

extern struct vcpu vcpus[CFG_VCPU_COUNT];

static inline uint64_t vcpu_pc(void)
{
    return SYSREG_READ(ELR_EL2);
}

static inline void vcpu_set_pc(uint64_t pc)
{
    SYSREG_WRITE(ELR_EL2, pc);
}

/* PSTATE of the guest at the exit, in SPSR layout. */
static inline uint64_t vcpu_pstate(void)
{
    return SYSREG_READ(SPSR_EL2);
}

static inline void vcpu_set_pstate(uint64_t pstate)
{
    SYSREG_WRITE(SPSR_EL2, pstate);
}

/* Register Xn or, for 31, the zero register: reads as 0, writes vanish. */
static inline uint64_t vcpu_x(const struct vcpu *v, unsigned n)
{
    return (n < 31U) ? v->x[n] : 0U;
}

static inline void vcpu_set_x(struct vcpu *v, unsigned n, uint64_t value)
{
    if (n < 31U) {
        v->x[n] = value;
    }
}

/* Is Xn, or the zero register, at hand in an exit that has not stored x18..x28? */
static inline bool vcpu_has_short(unsigned n)
{
    return n - 18U > 28U - 18U;
}

static inline const struct cfg_vm *vcpu_cfg_vm(const struct vcpu *v)
{
    return &cfg_vms[v->vm];
}

#endif
