/* Exceptions that the guest takes because of us; vm/inject.h.
 *
 * Follows AArch64.TakeException for a synchronous exception to EL1 using AArch64 (HCR_EL2.RW is
 * 1 for every VM) [DDI0487 D1.3, J1, AArch64.TakeException]. Works on the registers of this CPU, so
 * only on the CPU of the vCPU. Nothing is read from the guest's memory: a guest whose VBAR_EL1
 * points nowhere takes its instruction abort there, by itself.
 *
 * @req CORE-5 */
#include "vm/inject.h"

#include "arch/cpu_features.h"
#include "arch/pstate.h"
#include "vm/esr.h"
#include "vm/trapped_instruction.h"

#define ESR_EC_SHIFT 26
#define ESR_EC_IABT_SAME 0x21U
#define ESR_EC_DABT_SAME 0x25U
#define ESR_IL BIT(25)
#define ESR_FSC_EXTERNAL 0x10U /* synchronous external abort, not on a table walk */

#define VECTOR_CURRENT_SP0 0x000U
#define VECTOR_CURRENT_SPX 0x200U
#define VECTOR_LOWER_A64 0x400U
#define VECTOR_LOWER_A32 0x600U

static bool is_from_el1(uint64_t pstate)
{
    return (pstate & PSTATE_nRW) == 0U && (pstate & PSTATE_M_EL) == PSTATE_M_EL1t;
}

/* Synchronous exceptions lie first in each group of four vectors [DDI0487 D1.3, vector offsets]. */
static uint64_t vector_offset(uint64_t pstate)
{
    if ((pstate & PSTATE_nRW) != 0U) {
        return VECTOR_LOWER_A32;
    }
    if (!is_from_el1(pstate)) {
        return VECTOR_LOWER_A64;
    }
    return ((pstate & PSTATE_M_SP) != 0U) ? VECTOR_CURRENT_SPX : VECTOR_CURRENT_SP0;
}

/* PSTATE at the first instruction of the handler. Flags, DIT and PAN go on; UAO, SS, IL, BTYPE
 * and what only AArch32 has (at the same places) end. */
static uint64_t handler_pstate(uint64_t pstate)
{
    const uint64_t sctlr = SYSREG_READ(SCTLR_EL1);
    uint64_t entry = PSTATE_M_EL1h | PSTATE_DAIF;

    entry |= pstate & (PSTATE_NZCV | PSTATE_DIT | PSTATE_PAN);
    if (cpu_has_pan() && (sctlr & SCTLR_EL1_SPAN) == 0U) {
        entry |= PSTATE_PAN;
    }
    if (cpu_has_ssbs() && (sctlr & SCTLR_EL1_DSSBS) != 0U) {
        entry |= PSTATE_SSBS;
    }
    if (cpu_has_mte()) {
        entry |= PSTATE_TCO;
    }
    if (cpu_has_nmi() && (sctlr & SCTLR_EL1_SPINTMASK) == 0U) {
        entry |= PSTATE_ALLINT;
    }
    return entry;
}

static void take_exception(uint64_t esr, uint64_t return_address)
{
    const uint64_t pstate = vcpu_pstate();

    SYSREG_WRITE(ESR_EL1, esr);
    SYSREG_WRITE(ELR_EL1, return_address);
    SYSREG_WRITE(SPSR_EL1, pstate);
    vcpu_set_pc(SYSREG_READ(VBAR_EL1) + vector_offset(pstate));
    vcpu_set_pstate(handler_pstate(pstate));
}

/* A trapped read in the feature ID space: op0 3, op1 0, 1 or 3, CRn 0, CRm 0..7. */
static bool is_id_read(uint64_t esr)
{
    const uint64_t op1 = bits_get(esr, 16, 14);

    return esr_class(esr) == ESR_EC_SYSREG && bit_is_set(esr, 0) && bits_get(esr, 21, 20) == 3U &&
           op1 <= 3U && op1 != 2U && bits_get(esr, 13, 10) == 0U && bits_get(esr, 4, 1) <= 7U;
}

/* "Unknown reason", but with FEAT_IDST an undefined ID register is named by the same syndrome as
 * at EL2 [DDI0487 A2, FEAT_IDST]. */
static uint64_t undefined_syndrome(uint64_t esr)
{
    return (cpu_has_idst() && is_id_read(esr))
               ? esr
               : ESR_IL | ((uint64_t)ESR_EC_UNKNOWN << ESR_EC_SHIFT);
}

void inject_undefined(struct vcpu *v)
{
    (void)v;
    take_exception(undefined_syndrome(SYSREG_READ(ESR_EL2)), trapped_instruction_address());
}

/* ISS of an abort taken to EL1: no ISV and hence IL 1, no S1PTW; what the access was is kept
 * [DDI0487 D24.2, ESR_EL1, ISS encoding for an exception from a Data Abort, from an Instruction
 * Abort]. An abort on the guest's own table walk is reported as one of the access: which of its
 * levels met it stands in no register. */
static uint64_t abort_syndrome(uint64_t esr, bool same_el)
{
    const bool is_fetch = esr_class(esr) == ESR_EC_IABT_LOW;
    const unsigned class_same = is_fetch ? ESR_EC_IABT_SAME : ESR_EC_DABT_SAME;
    const unsigned class_lower = is_fetch ? ESR_EC_IABT_LOW : ESR_EC_DABT_LOW;
    const uint64_t kept = is_fetch ? ESR_FNV : (ESR_FNV | ESR_CM | ESR_WNR);

    return ((uint64_t)(same_el ? class_same : class_lower) << ESR_EC_SHIFT) | ESR_IL |
           (esr & kept) | ESR_FSC_EXTERNAL;
}

void inject_external_abort(struct vcpu *v, uint64_t esr, uint64_t far)
{
    (void)v;
    SYSREG_WRITE(FAR_EL1, far);
    take_exception(abort_syndrome(esr, is_from_el1(vcpu_pstate())), vcpu_pc());
}
