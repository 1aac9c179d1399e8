/* What EL2 lets a VM do: the trap and configuration registers of EL2 for a vCPU.
 *
 * Computed from the VM's flags (cfg_vm.flags) and from what this CPU has, so each function is
 * called on the vCPU's CPU. A grant that the CPU cannot serve was refused at boot by
 * core/machine_check.c. Rule: what sysreg/id_registers.c hides also traps or is undefined here.
 * [DDI0487 D24.2, HCR_EL2, CPTR_EL2, HCRX_EL2, HFGRTR_EL2; D24.3, MDCR_EL2]
 *
 * @req CORE-3, CORE-5, CORE-8 */
#include "vm/vcpu_regs.h"

#include "arch/barrier.h"
#include "arch/cpu_features.h"
#include "arch/el2_controls.h"
#include "vm/sched.h"

/* `bits` when `wanted`: for lines of the form "this bit, if". */
static uint64_t when(bool wanted, uint64_t bits)
{
    return wanted ? bits : 0U;
}

/* Left 0 on purpose: FB and BSU (a vCPU never leaves its CPU, so its local maintenance is enough,
 * and a broadcast would slow other partitions), TWE, TEA (an external abort that a device of the VM answers is the VM's), TTLB and TPCP
 * (maintenance by VA only reaches the VM's own VMID and addresses), FWB (the stage-2 attributes
 * are not in its form), TGE, E2H, DC, NV and what is not named. */
uint64_t vcpu_hcr_el2(uint16_t vm)
{
    uint64_t hcr = 0;

    hcr |= HCR_EL2_VM;   /* stage 2 is what isolates */
    hcr |= HCR_EL2_SWIO; /* invalidate by set/way also cleans: it cannot lose others' data */
    hcr |= HCR_EL2_PTW;  /* no stage-1 walk in device memory: reads there have side effects */
    hcr |= HCR_EL2_FMO;  /* physical FIQ, IRQ and SError come to EL2, */
    hcr |= HCR_EL2_IMO;  /* and the guest's DAIF, ICC_* and DISR_EL1 are the virtual ones */
    hcr |= HCR_EL2_AMO;
    hcr |= HCR_EL2_TID1;  /* REVIDR, AIDR: known; SMIDR: hidden without SME */
    hcr |= HCR_EL2_TID3;  /* ID registers show what the VM may use */
    hcr |= HCR_EL2_TSC;   /* calls to EL3 are answered or filtered here */
    hcr |= HCR_EL2_TIDCP; /* registers whose meaning only the implementer knows */
    hcr |= HCR_EL2_TACR;  /* ACTLR_EL1: likewise */
    hcr |= HCR_EL2_TSW;   /* set/way reaches lines of other VMs: see sysreg/sysreg_trap.c */
    hcr |= HCR_EL2_RW;    /* EL1 is AArch64 */
    hcr |= when(cpu_has_lor(), HCR_EL2_TLOR);
    hcr |= when(cpu_has_ras(), HCR_EL2_TERR); /* error records show others' errors */
    hcr |= when(vcpu_has_pauth(vm), HCR_EL2_APK | HCR_EL2_API);
    hcr |= when(vcpu_has_mte(vm), HCR_EL2_ATA);
    hcr |= when(!cfg_vm_has(vm, CFG_VM_MTE) && cpu_has_mte2(), HCR_EL2_TID5);
    hcr |= when(cpu_has_scxtnum(), HCR_EL2_EnSCXT);
    return hcr;
}

/* E2PB and E2TB stay 0: profiling and trace buffers are EL2's, and EL2 leaves them off. TDE stays
 * 0: software breakpoints (BRK) are the guest's own. */
uint64_t vcpu_mdcr_el2(uint16_t vm)
{
    const bool has_debug = cfg_vm_has(vm, CFG_VM_DEBUG);
    const bool has_pmu = cfg_vm_has(vm, CFG_VM_PMU);
    uint64_t mdcr = 0;

    mdcr |= MDCR_EL2_TDRA;  /* debug ROM addresses are physical */
    mdcr |= MDCR_EL2_TDOSA; /* OS lock emulated; power requests never reach the power controller */
    mdcr |= when(!has_debug, MDCR_EL2_TDA);
    mdcr |= when(cpu_has_fgt(), MDCR_EL2_TDCC); /* the channel to an external debugger */
    mdcr |= when(cpu_has_spe(), MDCR_EL2_TPMS);
    mdcr |= when(cpu_has_trf(), MDCR_EL2_TTRF);
    if (cpu_has_pmu()) {
        mdcr |= when(!has_pmu, MDCR_EL2_TPM | MDCR_EL2_TPMCR);
        /* Neither EL2's events nor its cycles are counted for the guest. */
        mdcr |= when(cpu_has_pmu_v3p1(), MDCR_EL2_HPMD);
        mdcr |= when(cpu_has_pmu_v3p5(), MDCR_EL2_HCCD);
        mdcr |= MDCR_EL2_HPMN(bits_get(SYSREG_READ(PMCR_EL0), 15, 11)); /* all counters */
    }
    return mdcr;
}

/* TFP stays 0: FP and SIMD registers are the guest's while it runs; EL2 uses none. */
uint64_t vcpu_cptr_el2(uint16_t vm)
{
    uint64_t cptr = CPTR_EL2_RES1;

    cptr |= CPTR_EL2_TTA; /* trace unit registers */
    cptr |= when(!vcpu_has_sve(vm), CPTR_EL2_TZ);
    cptr |= when(!vcpu_has_sme(vm), CPTR_EL2_TSM);
    cptr |= when(cpu_has_amu(), CPTR_EL2_TAM); /* activity counters run on across VMs */
    return cptr;
}

/* Reset values are UNKNOWN, and a bit nX of 0 hides X: all 0 but for what SME needs. */
static void write_fine_grained_traps(uint16_t vm)
{
    const uint64_t sme =
        when(vcpu_has_sme(vm), HFGxTR_EL2_nSMPRI_EL1 | HFGxTR_EL2_nTPIDR2_EL0);

    if (cpu_has_fgt()) {
        SYSREG_WRITE(HFGRTR_EL2, sme);
        SYSREG_WRITE(HFGWTR_EL2, sme);
        SYSREG_WRITE(HFGITR_EL2, 0);
        SYSREG_WRITE(HDFGRTR_EL2, 0);
        SYSREG_WRITE(HDFGWTR_EL2, 0);
    }
    if (cpu_has_fgt() && cpu_has_amu()) {
        SYSREG_WRITE(HAFGRTR_EL2, 0);
    }
    if (cpu_has_fgt2()) {
        SYSREG_WRITE(HFGRTR2_EL2, 0);
        SYSREG_WRITE(HFGWTR2_EL2, 0);
        SYSREG_WRITE(HFGITR2_EL2, 0);
        SYSREG_WRITE(HDFGRTR2_EL2, 0);
        SYSREG_WRITE(HDFGWTR2_EL2, 0);
    }
}

/* Memory partitioning is EL2's: MPAM*_EL1 and MPAMIDR_EL1 trap [DDI0487 D24, MPAM2_EL2]. */
static void write_mpam_traps(void)
{
    if (!cpu_has_mpam()) {
        return;
    }
    SYSREG_WRITE(MPAM2_EL2, MPAM2_EL2_TRAPMPAM1EL1 | MPAM2_EL2_TRAPMPAM0EL1);
    if ((SYSREG_READ(MPAMIDR_EL1) & MPAMIDR_EL1_HAS_HCR) != 0U) {
        SYSREG_WRITE(MPAMHCR_EL2, MPAMHCR_EL2_TRAP_MPAMIDR_EL1);
    }
}

/* The longest vectors that the CPU has; EL1 may choose shorter ones. With FA64 there would be a
 * register more in streaming mode, which turns do not move (vm/vcpu_vectors.c). After CPTR_EL2, which lets
 * EL2 reach these registers. */
static void write_vector_lengths(uint16_t vm)
{
    if (vcpu_has_sve(vm)) {
        SYSREG_WRITE(ZCR_EL2, FIELD(3, 0));
    }
    if (vcpu_has_sme(vm)) {
        SYSREG_WRITE(SMCR_EL2, FIELD(3, 0) | when(cpu_has_sme_fa64() && !CFG_SCHEDULED, SMCR_ELx_FA64) |
                                   when(cpu_has_sme2(), SMCR_ELx_EZT0));
    }
}

void vcpu_regs_write(const struct vcpu *v)
{
    const uint64_t midr = SYSREG_READ(MIDR_EL1);

    /* Where the CPU is not the VM's alone, who waits lets others have their turn. */
    SYSREG_WRITE(HCR_EL2,
                 vcpu_hcr_el2(v->vm) | when(sched_has_schedule(v->cpu), HCR_EL2_TWI));
    SYSREG_WRITE(MDCR_EL2, vcpu_mdcr_el2(v->vm));
    SYSREG_WRITE(CPTR_EL2, vcpu_cptr_el2(v->vm));
    SYSREG_WRITE(HSTR_EL2, 0); /* AArch32 at EL0: no trap by coprocessor register number */
    SYSREG_WRITE(VPIDR_EL2, midr);
    SYSREG_WRITE(VMPIDR_EL2, cfg_vcpus[v->id].vmpidr);
    if (cpu_has_hcx()) {
        /* EnALS, MSCEn, TCR2En, SCTLR2En, GCSEn, EnFPM and the like at 0: what they enable is
         * hidden, and traps or is undefined. */
        SYSREG_WRITE(HCRX_EL2, when(cpu_has_nmi(), HCRX_EL2_TALLINT));
    }
    write_fine_grained_traps(v->vm);
    write_mpam_traps();
    isb();
    write_vector_lengths(v->vm);
    isb();
}
