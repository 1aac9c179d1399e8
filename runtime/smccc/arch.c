/* Arm Architecture calls of SMCCC 1.2 [DEN0028 7]; smccc/services.h.
 *
 * Mitigation calls act on the CPU that makes them, and a vCPU stays on its CPU, so each question is
 * answered for this CPU: by its ID registers where they say that it is not affected, else by
 * EL3. What EL3 implements is forwarded; it changes nothing but this CPU. The one state that a
 * guest can change so, ARCH_WORKAROUND_2, is on again at every reset of a vCPU. Where vCPUs share a
 * CPU it stays on: a guest may ask for it and not switch it off.
 * SMCCC_ARCH_SOC_ID identifies the machine: it is answered only to VMs whose allow list names
 * it.
 *
 * @req CPU-5 */
#include "smccc/services.h"

#include "arch/cpu_features.h"
#include "arch/smc.h"
#include "core/percpu.h"
#include "smccc/smccc.h"
#include "vm/sched.h"

#define SMCCC_VERSION 0x80000000U
#define SMCCC_ARCH_FEATURES 0x80000001U
#define SMCCC_ARCH_SOC_ID 0x80000002U
#define SMCCC_ARCH_SOC_ID_64 0xC0000002U
#define SMCCC_ARCH_WORKAROUND_3 0x80003FFFU
#define SMCCC_ARCH_WORKAROUND_2 0x80007FFFU
#define SMCCC_ARCH_WORKAROUND_1 0x80008000U

#define SMCCC_VERSION_1_2 UINT64_C(0x10002)
/* Of a mitigation: this CPU does not need the call, which is harmless all the same. */
#define SMCCC_ARCH_WORKAROUND_NOT_NEEDED UINT64_C(1)

static uint64_t csv2(void)
{
    return bits_get(SYSREG_READ(ID_AA64PFR0_EL1), 59, 56);
}

/* Does the hardware do what the call is for [DDI0487 D24.2, ID_AA64PFR0_EL1.CSV2,
 * ID_AA64MMFR1_EL1.ECBHB]? CSV2: branch predictions of one context do not steer another; CSV2_3 and
 * ECBHB: the same for the branch history. Speculative store bypass has no such bit: SSBS is the
 * guest's to use. */
static bool is_unaffected(uint32_t id)
{
    switch (id) {
    case SMCCC_ARCH_WORKAROUND_1:
        return csv2() >= 1U;
    case SMCCC_ARCH_WORKAROUND_3:
        return csv2() >= 3U || cpu_has_ecbhb();
    default:
        return false;
    }
}

static uint64_t ask_el3(uint32_t id)
{
    struct smc_regs r = {.x = {SMCCC_ARCH_FEATURES, id}};

    arch_smc(&r);
    /* A 32-bit call: the upper half of the answer means nothing; the sign does. */
    return (uint64_t)(int64_t)(int32_t)r.x[0];
}

static uint64_t arch_features(const struct vcpu *v, uint32_t id)
{
    switch (id) {
    case SMCCC_VERSION:
    case SMCCC_ARCH_FEATURES:
        return SMCCC_SUCCESS;
    case SMCCC_ARCH_SOC_ID:
    case SMCCC_ARCH_SOC_ID_64:
        return smccc_is_allowed(v->vm, id) ? ask_el3(id) : SMCCC_NOT_SUPPORTED;
    case SMCCC_ARCH_WORKAROUND_1:
    case SMCCC_ARCH_WORKAROUND_2:
    case SMCCC_ARCH_WORKAROUND_3:
        return is_unaffected(id) ? SMCCC_ARCH_WORKAROUND_NOT_NEEDED : ask_el3(id);
    default:
        return SMCCC_NOT_SUPPORTED;
    }
}

/* EL3 itself answers NOT_SUPPORTED where it has none. */
static enum exit_action workaround(struct vcpu *v, uint32_t id)
{
    if (id == SMCCC_ARCH_WORKAROUND_2 && sched_has_schedule(v->cpu)) {
        return smccc_return(v, SMCCC_SUCCESS);
    }
    return is_unaffected(id) ? smccc_return(v, SMCCC_SUCCESS) : smccc_forward(v);
}

enum exit_action smccc_arch_call(struct vcpu *v)
{
    const uint32_t id = smccc_function_id(v);

    switch (id) {
    case SMCCC_VERSION:
        return smccc_return(v, SMCCC_VERSION_1_2);
    case SMCCC_ARCH_FEATURES:
        return smccc_return(v, arch_features(v, (uint32_t)v->x[1]));
    case SMCCC_ARCH_WORKAROUND_1:
    case SMCCC_ARCH_WORKAROUND_2:
    case SMCCC_ARCH_WORKAROUND_3:
        return workaround(v, id);
    default:
        return smccc_forward_allowed(v);
    }
}

/* What a change of VM on this CPU needs; asked for once. */
enum { SWITCH_UNKNOWN, SWITCH_PLAIN, SWITCH_BY_CALL };
static uint8_t switch_kinds[CFG_CPU_COUNT];

static bool switch_needs_call(void)
{
    uint8_t *const kind = &switch_kinds[this_cpu()->id];

    if (*kind == SWITCH_UNKNOWN) {
        const bool has_call = !is_unaffected(SMCCC_ARCH_WORKAROUND_1) &&
                              ask_el3(SMCCC_ARCH_WORKAROUND_1) == SMCCC_SUCCESS;

        *kind = has_call ? SWITCH_BY_CALL : SWITCH_PLAIN;
    }
    return *kind == SWITCH_BY_CALL;
}

void smccc_arch_vm_switch(void)
{
    if (switch_needs_call()) {
        struct smc_regs r = {.x = {SMCCC_ARCH_WORKAROUND_1}};

        arch_smc(&r);
    }
}

void smccc_arch_vcpu_reset(void)
{
    /* 0: the call switches the mitigation of this CPU. 1 and errors: there is nothing to switch. */
    if (ask_el3(SMCCC_ARCH_WORKAROUND_2) == SMCCC_SUCCESS) {
        struct smc_regs r = {.x = {SMCCC_ARCH_WORKAROUND_2, 1}};

        arch_smc(&r);
    }
}
