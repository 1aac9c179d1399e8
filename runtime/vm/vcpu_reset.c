/* The reset of a vCPU: what a core coming out of reset would hold, in this CPU's registers.
 *
 * Promises that nothing of a former life, or of what ran here before, is left where the VM can
 * see it: general, vector, system, debug, PMU and authentication-key registers, TLB entries of
 * its VMID, and the instruction cache. Where the architecture leaves a reset value UNKNOWN it is
 * 0 here, so that a start is the same every time. The vGIC and the timers reset their own.
 * On the CPU of the vCPU, with VTTBR_EL2 its VM's (vm/stage2.c). CPU_SUSPEND to power-down ends
 * here too. [DDI0487 D1, reset; D24.2; DEN0022 6, initial state]
 *
 * @req CORE-3 */
#include "arch/barrier.h"
#include "arch/cpu_features.h"
#include "arch/debug_registers.h"
#include "arch/fpsimd.h"
#include "arch/pmu_registers.h"
#include "arch/pstate.h"
#include "lib/loop.h"
#include "smccc/services.h"
#include "vm/life.h"
#include "vm/vcpu_regs.h"

/* MMU, caches and alignment checks of EL1 off. RES1 (bits 11, 20, 22, 23, 28, 29) and what Arm's
 * own cores come up with: CP15BEN, SA, SA0, nTWI, nTWE. */
#define SCTLR_EL1_RESET UINT64_C(0x30D50838)
#define OSLAR_EL1_OSLK UINT64_C(1)
#define DBGCLAIMCLR_EL1_ALL UINT64_C(0xFF)

#define PMCR_EL0_P BIT(1) /* event counters to 0 */
#define PMCR_EL0_C BIT(2) /* cycle counter to 0 */

static void clear_general(struct vcpu *v, uint64_t x0)
{
    for (unsigned n = 1; n < ARRAY_COUNT(v->x); n++) {
        LOOP_BOUND(ARRAY_COUNT(v->x));
        v->x[n] = 0;
    }
    v->x[0] = x0;
}

/* SCTLR_EL1 first: with stage 1 off, no walk uses the other registers half-way. */
static void reset_translation(void)
{
    SYSREG_WRITE(SCTLR_EL1, SCTLR_EL1_RESET);
    isb();
    SYSREG_WRITE(TCR_EL1, 0);
    SYSREG_WRITE(TTBR0_EL1, 0);
    SYSREG_WRITE(TTBR1_EL1, 0);
    SYSREG_WRITE(MAIR_EL1, 0);
    SYSREG_WRITE(AMAIR_EL1, 0);
    SYSREG_WRITE(CONTEXTIDR_EL1, 0);
    SYSREG_WRITE(PAR_EL1, 0);
}

static void reset_exceptions(void)
{
    SYSREG_WRITE(VBAR_EL1, 0);
    SYSREG_WRITE(ELR_EL1, 0);
    SYSREG_WRITE(SPSR_EL1, 0);
    SYSREG_WRITE(ESR_EL1, 0);
    SYSREG_WRITE(FAR_EL1, 0);
    SYSREG_WRITE(AFSR0_EL1, 0);
    SYSREG_WRITE(AFSR1_EL1, 0);
    if (cpu_has_ras()) {
        /* What the guest knows as DISR_EL1, because SError comes to EL2. */
        SYSREG_WRITE(VDISR_EL2, 0);
        SYSREG_WRITE(VSESR_EL2, 0);
    }
}

static void reset_software_registers(void)
{
    SYSREG_WRITE(CPACR_EL1, 0);
    SYSREG_WRITE(CNTKCTL_EL1, 0);
    SYSREG_WRITE(CSSELR_EL1, 0);
    SYSREG_WRITE(SP_EL0, 0);
    SYSREG_WRITE(SP_EL1, 0);
    SYSREG_WRITE(TPIDR_EL0, 0);
    SYSREG_WRITE(TPIDRRO_EL0, 0);
    SYSREG_WRITE(TPIDR_EL1, 0);
    if (cpu_has_scxtnum()) {
        SYSREG_WRITE(SCXTNUM_EL0, 0);
        SYSREG_WRITE(SCXTNUM_EL1, 0);
    }
}

/* Cleared whether granted or not: firmware or a debugger may have used them before us. Only where
 * no VM at all is granted them the points stay: they need MDSCR_EL1.MDE, whose writes trap then.
 * The OS lock is set, as after a cold reset. */
static void reset_debug(void)
{
    SYSREG_WRITE(MDSCR_EL1, 0);
    SYSREG_WRITE(MDCCINT_EL1, 0);
    if ((CFG_VM_FLAGS_ANY & CFG_VM_DEBUG) != 0U) {
        debug_points_clear();
    }
    SYSREG_WRITE(DBGCLAIMCLR_EL1, DBGCLAIMCLR_EL1_ALL);
    if (cpu_has_double_lock()) {
        SYSREG_WRITE(OSDLR_EL1, 0);
    }
    SYSREG_WRITE(OSLAR_EL1, OSLAR_EL1_OSLK);
}

/* Off before anything is cleared, so that nothing counts meanwhile. Where no VM is granted the PMU,
 * none can read what it counts, and nobody enables its interrupt. */
static void reset_pmu(void)
{
    if ((CFG_VM_FLAGS_ANY & CFG_VM_PMU) == 0U || !cpu_has_pmu()) {
        return;
    }
    const uint64_t counter_count = bits_get(SYSREG_READ(PMCR_EL0), 15, 11);

    SYSREG_WRITE(PMCR_EL0, PMCR_EL0_P | PMCR_EL0_C);
    pmu_registers_off();
    for (uint64_t n = 0; n < counter_count; n++) {
        LOOP_BOUND(PMU_COUNTERS_MAX);
        SYSREG_WRITE(PMSELR_EL0, n);
        isb(); /* the selection before the access through it */
        SYSREG_WRITE(PMXEVTYPER_EL0, 0);
        SYSREG_WRITE(PMXEVCNTR_EL0, 0);
    }
    SYSREG_WRITE(PMCCFILTR_EL0, 0);
    SYSREG_WRITE(PMCCNTR_EL0, 0);
    SYSREG_WRITE(PMSELR_EL0, 0);
}

static void reset_authentication_keys(void)
{
    if (!cpu_has_pauth()) {
        return;
    }
    SYSREG_WRITE(APIAKeyLo_EL1, 0);
    SYSREG_WRITE(APIAKeyHi_EL1, 0);
    SYSREG_WRITE(APIBKeyLo_EL1, 0);
    SYSREG_WRITE(APIBKeyHi_EL1, 0);
    SYSREG_WRITE(APDAKeyLo_EL1, 0);
    SYSREG_WRITE(APDAKeyHi_EL1, 0);
    SYSREG_WRITE(APDBKeyLo_EL1, 0);
    SYSREG_WRITE(APDBKeyHi_EL1, 0);
    SYSREG_WRITE(APGAKeyLo_EL1, 0);
    SYSREG_WRITE(APGAKeyHi_EL1, 0);
}

static void reset_tagging(void)
{
    if (!cpu_has_mte2()) {
        return;
    }
    SYSREG_WRITE(RGSR_EL1, 0);
    SYSREG_WRITE(GCR_EL1, 0);
    SYSREG_WRITE(TFSR_EL1, 0);
    SYSREG_WRITE(TFSRE0_EL1, 0);
}

/* Streaming mode and ZA are the CPU's, whoever runs next: EL2 itself, another VM. */
void vcpu_leave(const struct vcpu *v)
{
    if (vcpu_has_sme(v->vm)) {
        SYSREG_WRITE(SVCR, 0);
        isb();
    }
}

/* SME first: it leaves streaming mode and drops ZA and ZT0, after which the SVE registers are the
 * ordinary ones. A VM without the grant traps, and so cannot have left anything. */
static void reset_vectors(uint16_t vm)
{
    if (vcpu_has_sme(vm)) {
        SYSREG_WRITE(SVCR, 0);
        SYSREG_WRITE(SMCR_EL1, 0);
        SYSREG_WRITE(SMPRI_EL1, 0);
        SYSREG_WRITE(TPIDR2_EL0, 0);
        isb();
    }
    if (vcpu_has_sve(vm)) {
        sve_clear();
        SYSREG_WRITE(ZCR_EL1, 0);
    }
    fpsimd_clear();
}

/* Of this VMID on this CPU only: the other vCPUs of the VM run on. */
static void drop_translations(void)
{
    isb(); /* stage 1 is off and VTTBR_EL2 in force before the entries go */
    tlbi_vmalls12e1();
    SYSREG_WRITE(IC_IALLU, 0);
    dsb_nsh();
    isb();
}

void vcpu_reset(struct vcpu *v, uint64_t entry, uint64_t x0)
{
    clear_general(v, x0);
    vcpu_regs_write(v);
    reset_translation();
    reset_exceptions();
    reset_software_registers();
    reset_debug();
    reset_pmu();
    reset_authentication_keys();
    reset_tagging();
    reset_vectors(v->vm);
    smccc_arch_vcpu_reset();
    drop_translations();
    vcpu_set_pc(entry);
    vcpu_set_pstate(PSTATE_M_EL1h | PSTATE_DAIF);
}
