/* What a change of vCPU moves of the vector registers; vm/vcpu_vectors.h.
 *
 * All have FP and SIMD. Who is granted SVE has registers as long as the CPU's are, whatever length it
 * has chosen for itself, and FFR. Who is granted SME may be in streaming mode, where the same
 * registers have another length and there is no FFR, since FA64 is not shown where CPUs are shared
 * (sysreg/id_registers.c); and may have ZA, and with it ZT0, switched on. Off, it holds nothing. Of
 * ZA, up to 64 KiB are moved. [DDI0487 B1.4, D24.2, SVCR, ZCR_EL1, SMCR_EL1]
 *
 * @req CORE-3, CPU-3 */
#include "vm/vcpu_vectors.h"

#include "arch/barrier.h"
#include "arch/cpu_features.h"
#include "arch/fpsimd.h"
#include "vm/vcpu_regs.h"

#define ANY_SME ((CFG_VM_FLAGS_ANY & CFG_VM_SME) != 0U)
#define ANY_SVE (ANY_SME || (CFG_VM_FLAGS_ANY & CFG_VM_SVE) != 0U)

#define SVCR_SM BIT(0)
#define SVCR_ZA BIT(1)

struct sme_controls {
    uint64_t svcr;
    uint64_t smcr;
    uint64_t smpri;
    uint64_t tpidr2;
};

/* By vCPU id, where any VM can have them. */
static struct fpsimd fpsimds[CFG_VCPU_COUNT];
static struct sve sves[ANY_SVE ? CFG_VCPU_COUNT : 1];
static uint64_t zcrs[ANY_SVE ? CFG_VCPU_COUNT : 1];
static struct za zas[ANY_SME ? CFG_VCPU_COUNT : 1];
static struct sme_controls controls[ANY_SME ? CFG_VCPU_COUNT : 1];

static void save_za(struct za *za)
{
    za_save(za);
    if (cpu_has_sme2()) {
        zt0_save(za->zt0);
    }
}

static void load_za(const struct za *za)
{
    za_load(za);
    if (cpu_has_sme2()) {
        zt0_load(za->zt0);
    }
}

static void save_controls(struct sme_controls *c)
{
    c->svcr = SYSREG_READ(SVCR);
    c->smcr = SYSREG_READ(SMCR_EL1);
    c->smpri = SYSREG_READ(SMPRI_EL1);
    c->tpidr2 = SYSREG_READ(TPIDR2_EL0);
}

/* SVCR clears what it switches on, or from one mode to the other, and sets FPSR: before those. */
static void load_controls(const struct sme_controls *c)
{
    SYSREG_WRITE(SMCR_EL1, c->smcr);
    SYSREG_WRITE(SMPRI_EL1, c->smpri);
    SYSREG_WRITE(TPIDR2_EL0, c->tpidr2);
    SYSREG_WRITE(SVCR, c->svcr);
    isb();
}

void vcpu_vectors_save(const struct vcpu *v)
{
    fpsimd_save(&fpsimds[v->id]);
    uint64_t svcr = 0;

    if (vcpu_has_sme(v->vm)) {
        save_controls(&controls[v->id]);
        svcr = controls[v->id].svcr;
    }
    if (vcpu_has_sve(v->vm)) {
        zcrs[v->id] = SYSREG_READ(ZCR_EL1);
    }
    if (vcpu_has_sve(v->vm) || (svcr & SVCR_SM) != 0U) {
        sve_save(&sves[v->id], (svcr & SVCR_SM) == 0U);
    }
    if ((svcr & SVCR_ZA) != 0U) {
        save_za(&zas[v->id]);
    }
    if (svcr != 0U) {
        SYSREG_WRITE(SVCR, 0); /* it would be the next one's mode, and EL2's */
        isb();
    }
}

void vcpu_vectors_load(const struct vcpu *v)
{
    uint64_t svcr = 0;

    if (vcpu_has_sme(v->vm)) {
        load_controls(&controls[v->id]);
        svcr = controls[v->id].svcr;
    }
    fpsimd_load(&fpsimds[v->id]);
    if (vcpu_has_sve(v->vm)) {
        SYSREG_WRITE(ZCR_EL1, zcrs[v->id]);
    }
    if (vcpu_has_sve(v->vm) || (svcr & SVCR_SM) != 0U) {
        sve_load(&sves[v->id], (svcr & SVCR_SM) == 0U);
    }
    if ((svcr & SVCR_ZA) != 0U) {
        load_za(&zas[v->id]);
    }
}
