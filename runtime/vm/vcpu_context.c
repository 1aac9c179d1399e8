/* What a change of vCPU moves between the CPU and memory; vm/vcpu_context.h.
 *
 * All that the guest can write, or that shows what it did, and that EL2 leaves in the CPU while it
 * runs: EL1 system registers, ELR_EL2 and SPSR_EL2, vector registers, and, where the VM is granted
 * them, authentication keys, tags, debug and PMU registers. Timers and the GIC interface are their
 * features' own, vector registers are vm/vcpu_vectors.c's. Everything is moved at every
 * change: nothing of a vCPU is left in the CPU for the next one, not for speculation either.
 * [DDI0487 D24.2, D24.3, D24.4]
 *
 * @req CORE-3, CPU-3 */
#include "vm/vcpu_context.h"

#include "arch/barrier.h"
#include "arch/cpu_features.h"
#include "arch/debug_registers.h"
#include "arch/pmu_registers.h"
#include "smccc/services.h"
#include "vm/stage2.h"
#include "vm/vcpu_regs.h"
#include "vm/vcpu_vectors.h"

/* What lets the CPU walk EL1's tables: the last to be loaded, in this order. */
#define WALK_REGISTERS(X) X(SCTLR_EL1) X(TCR_EL1)
#define SYSTEM_REGISTERS(X)                                                                        \
    X(TTBR0_EL1)                                                                                   \
    X(TTBR1_EL1)                                                                                   \
    X(MAIR_EL1)                                                                                    \
    X(AMAIR_EL1)                                                                                   \
    X(CONTEXTIDR_EL1)                                                                              \
    X(VBAR_EL1)                                                                                    \
    X(ELR_EL1)                                                                                     \
    X(SPSR_EL1)                                                                                    \
    X(ESR_EL1)                                                                                     \
    X(FAR_EL1)                                                                                     \
    X(PAR_EL1)                                                                                     \
    X(AFSR0_EL1)                                                                                   \
    X(AFSR1_EL1)                                                                                   \
    X(CPACR_EL1)                                                                                   \
    X(CNTKCTL_EL1)                                                                                 \
    X(CSSELR_EL1)                                                                                  \
    X(SP_EL0)                                                                                      \
    X(SP_EL1)                                                                                      \
    X(TPIDR_EL0)                                                                                   \
    X(TPIDRRO_EL0)                                                                                 \
    X(TPIDR_EL1)                                                                                   \
    X(ELR_EL2)                                                                                     \
    X(SPSR_EL2)

#define RAS_REGISTERS(X) X(VDISR_EL2) X(VSESR_EL2)
#define CONTEXT_NUMBER_REGISTERS(X) X(SCXTNUM_EL0) X(SCXTNUM_EL1)
#define KEY_REGISTERS(X)                                                                           \
    X(APIAKeyLo_EL1)                                                                               \
    X(APIAKeyHi_EL1)                                                                               \
    X(APIBKeyLo_EL1)                                                                               \
    X(APIBKeyHi_EL1)                                                                               \
    X(APDAKeyLo_EL1)                                                                               \
    X(APDAKeyHi_EL1)                                                                               \
    X(APDBKeyLo_EL1)                                                                               \
    X(APDBKeyHi_EL1)                                                                               \
    X(APGAKeyLo_EL1)                                                                               \
    X(APGAKeyHi_EL1)
#define TAG_REGISTERS(X) X(RGSR_EL1) X(GCR_EL1) X(TFSR_EL1) X(TFSRE0_EL1)
#define DEBUG_CONTROL_REGISTERS(X) X(MDSCR_EL1) X(MDCCINT_EL1)

#define CLAIM_TAGS FIELD(7, 0)
#define SCTLR_EL1_M BIT(0)
#define TCR_EL1_EPD0 BIT(7)
#define TCR_EL1_EPD1 BIT(23)

#define FIELD_OF(name) uint64_t in_##name;
struct system_context {
    WALK_REGISTERS(FIELD_OF)
    SYSTEM_REGISTERS(FIELD_OF)
    RAS_REGISTERS(FIELD_OF)
    CONTEXT_NUMBER_REGISTERS(FIELD_OF)
    KEY_REGISTERS(FIELD_OF)
    TAG_REGISTERS(FIELD_OF)
    DEBUG_CONTROL_REGISTERS(FIELD_OF)
    uint64_t claim_tags;
    uint64_t os_lock; /* OSLSR_EL1: every guest may write it (sysreg/sysreg_trap.c) */
};
#undef FIELD_OF

static struct system_context systems[CFG_VCPU_COUNT];
static struct debug_points debugs[CFG_VCPU_COUNT];
static struct pmu_registers pmus[CFG_VCPU_COUNT];

/* By CPU and VM: the vCPU, counted from 1, that was the last of the VM to be loaded there. */
static uint16_t last_loaded[CFG_CPU_COUNT][CFG_VM_COUNT];
static uint16_t last_vm[CFG_CPU_COUNT]; /* counted from 1, that was the last to run there */

#define SAVE(name) c->in_##name = SYSREG_READ(name);
#define LOAD(name) SYSREG_WRITE(name, c->in_##name);

void vcpu_context_save(const struct vcpu *v)
{
    struct system_context *const c = &systems[v->id];

    WALK_REGISTERS(SAVE)
    SYSTEM_REGISTERS(SAVE)
    c->os_lock = SYSREG_READ(OSLSR_EL1);
    if (cpu_has_ras()) {
        RAS_REGISTERS(SAVE)
    }
    if (cpu_has_scxtnum()) {
        CONTEXT_NUMBER_REGISTERS(SAVE)
    }
    if (vcpu_has_pauth(v->vm)) {
        KEY_REGISTERS(SAVE)
    }
    if (vcpu_has_mte(v->vm)) {
        /* Faults of stores that are still under way are noted in TFSR, too: whose they are, it is now
         * [DDI0487 D10, asynchronous faults]. */
        dsb_nsh();
        isb();
        TAG_REGISTERS(SAVE)
    }
    if (cfg_vm_has(v->vm, CFG_VM_DEBUG)) {
        DEBUG_CONTROL_REGISTERS(SAVE)
        c->claim_tags = SYSREG_READ(DBGCLAIMCLR_EL1);
        debug_points_save(&debugs[v->id]);
    }
    if (vcpu_has_pmu(v->vm)) {
        pmu_registers_save(&pmus[v->id]);
    }
    vcpu_vectors_save(v);
}

/* While registers are some of one guest and some of another, no walk may use them. By the architecture
 * none does, as EL2 translates nothing for EL1; but the address-translation instructions may be
 * speculated on some CPUs, and what that finds stays in the TLB: Cortex-A53 erratum 1530924, A55
 * 1530923, A57 1319537, A72 1319367, A76 1165522. With stage 1 on and walks off, a translation
 * faults, and nothing is kept. [DDI0487 D24.2, TCR_EL1.EPD0, EPD1] */
void vcpu_context_stop_walks(void)
{
    const uint64_t tcr = SYSREG_READ(TCR_EL1);
    const uint64_t sctlr = SYSREG_READ(SCTLR_EL1);

    SYSREG_WRITE(TCR_EL1, tcr | TCR_EL1_EPD0 | TCR_EL1_EPD1);
    isb();
    SYSREG_WRITE(SCTLR_EL1, sctlr | SCTLR_EL1_M);
    isb();
}

/* All else is there. */
static void load_walks(const struct system_context *c)
{
    isb();
    SYSREG_WRITE(SCTLR_EL1, c->in_SCTLR_EL1);
    isb();
    SYSREG_WRITE(TCR_EL1, c->in_TCR_EL1);
}

/* One VMID stands for all vCPUs of the VM, but each may have its own translations for the same
 * ASID: what another one left in this CPU's TLB is not for this one [DDI0487 D8.14, CnP 0]. */
static void drop_siblings_translations(const struct vcpu *v)
{
    uint16_t *const last = &last_loaded[v->cpu][v->vm];

    if (*last != v->id + 1U) {
        isb(); /* VTTBR_EL2 is in force */
        tlbi_vmalle1();
        dsb_nsh();
    }
    *last = (uint16_t)(v->id + 1U);
}

static void leave_no_predictions(const struct vcpu *v)
{
    if (last_vm[v->cpu] != v->vm + 1U) {
        last_vm[v->cpu] = (uint16_t)(v->vm + 1U);
        smccc_arch_vm_switch();
    }
}

void vcpu_context_started(const struct vcpu *v)
{
    leave_no_predictions(v);
    last_loaded[v->cpu][v->vm] = (uint16_t)(v->id + 1U);
}

void vcpu_context_load(const struct vcpu *v)
{
    const struct system_context *const c = &systems[v->id];

    vcpu_context_stop_walks();
    stage2_select(v->vm);
    vcpu_regs_write(v);
    drop_siblings_translations(v);
    leave_no_predictions(v);
    SYSTEM_REGISTERS(LOAD)
    load_walks(c);
    SYSREG_WRITE(OSLAR_EL1, bits_get(c->os_lock, 1, 1)); /* OSLK */
    if (cpu_has_ras()) {
        RAS_REGISTERS(LOAD)
    }
    if (cpu_has_scxtnum()) {
        CONTEXT_NUMBER_REGISTERS(LOAD)
    }
    if (vcpu_has_pauth(v->vm)) {
        KEY_REGISTERS(LOAD)
    }
    if (vcpu_has_mte(v->vm)) {
        TAG_REGISTERS(LOAD)
    }
    if (cfg_vm_has(v->vm, CFG_VM_DEBUG)) {
        DEBUG_CONTROL_REGISTERS(LOAD)
        SYSREG_WRITE(DBGCLAIMCLR_EL1, CLAIM_TAGS);
        SYSREG_WRITE(DBGCLAIMSET_EL1, c->claim_tags);
        debug_points_load(&debugs[v->id]);
    } else {
        SYSREG_WRITE(MDSCR_EL1, 0); /* what another one has left in breakpoints has no effect */
    }
    if (vcpu_has_pmu(v->vm)) {
        pmu_registers_load(&pmus[v->id]);
    } else if (cpu_has_pmu()) {
        pmu_registers_off(); /* of one that has gone off, and was never saved */
    }
    vcpu_vectors_load(v);
    isb();
}
