/* Power of single vCPUs: CPU_ON, CPU_OFF, AFFINITY_INFO [DEN0022 5].
 *
 * Owns psci_power and psci_starts. Who may change the state of a vCPU:
 *   OFF -> CLAIMED          any vCPU of the VM, by compare-exchange: one caller wins
 *   CLAIMED -> ON_PENDING   that caller, once the start address is written (release)
 *   ON_PENDING -> ON        the vCPU's own CPU (acquire: it sees the start address)
 *   ON -> OFF               the vCPU's own CPU, when all else of the vCPU is down
 *   any -> OFF              the boot CPU of the VM while no vCPU of it runs
 * A MSG_START left over from a former life finds no ON_PENDING, or a complete one.
 *
 * @req CPU-4 */
#include "core/log.h"
#include "core/mailbox.h"
#include "lib/bits.h"
#include "lib/loop.h"
#include "psci/psci_state.h"
#include "vm/guest_mem.h"

/* Affinity levels 0..3 of an MPIDR; the other bits of a target must be 0. */
#define MPIDR_AFFINITY UINT64_C(0xFF00FFFFFF)
#define AFFINITY_LEVEL_MAX 3U

#define AFFINITY_INFO_ON UINT64_C(0)
#define AFFINITY_INFO_OFF UINT64_C(1)
#define AFFINITY_INFO_ON_PENDING UINT64_C(2)

struct psci_start {
    uint64_t entry;
    uint64_t context;
};

_Atomic uint8_t psci_power[CFG_VCPU_COUNT];
static struct psci_start psci_starts[CFG_VCPU_COUNT]; /* written while CLAIMED */

bool psci_is_entry(uint16_t vm, uint64_t entry)
{
    const struct cfg_window *window = guest_window(vm, ipa_make(entry));

    return (entry & 3U) == 0U && window != NULL && (window->access & CFG_X) != 0U;
}

/* Id of the vCPU of `vm` with exactly this affinity, or CFG_NONE. */
static uint16_t find_target(uint16_t vm, uint64_t target)
{
    const struct cfg_vm *cfg = &cfg_vms[vm];

    for (unsigned i = cfg->first_vcpu; i < (unsigned)cfg->first_vcpu + cfg->vcpu_count; i++) {
        LOOP_BOUND(CFG_VM_VCPU_MAX);
        if ((cfg_vcpus[i].vmpidr & MPIDR_AFFINITY) == target) {
            return (uint16_t)i;
        }
    }
    return CFG_NONE;
}

static uint64_t refusal(uint8_t power)
{
    return (power == POWER_ON) ? PSCI_ALREADY_ON : PSCI_ON_PENDING;
}

uint64_t psci_cpu_on(const struct vcpu *v)
{
    const uint16_t target = find_target(v->vm, psci_argument(v, 1));
    const uint64_t entry = psci_argument(v, 2);
    const uint64_t context = psci_argument(v, 3);
    uint8_t power = POWER_OFF;

    if (target == CFG_NONE) {
        return PSCI_INVALID_PARAMETERS;
    }
    if (!psci_is_entry(v->vm, entry)) {
        return PSCI_INVALID_ADDRESS;
    }
    if (!atomic_compare_exchange_strong(&psci_power[target], &power, POWER_CLAIMED)) {
        return refusal(power);
    }
    psci_starts[target] = (struct psci_start){entry, context};
    atomic_store_explicit(&psci_power[target], POWER_ON_PENDING, memory_order_release);
    mailbox_post_vcpu(target, MSG_START);
    LOG_DBG("%s: vCPU %u switches vCPU %u on, entry 0x%llx, context 0x%llx", cfg_vms[v->vm].name,
            v->index, cfg_vcpus[target].index, (unsigned long long)entry,
            (unsigned long long)context);
    return PSCI_SUCCESS;
}

bool psci_others_are_off(const struct vcpu *v)
{
    const struct cfg_vm *cfg = vcpu_cfg_vm(v);

    for (unsigned i = cfg->first_vcpu; i < (unsigned)cfg->first_vcpu + cfg->vcpu_count; i++) {
        LOOP_BOUND(CFG_VM_VCPU_MAX);
        if (i != v->id && atomic_load_explicit(&psci_power[i], memory_order_acquire) != POWER_OFF) {
            return false;
        }
    }
    return true;
}

/* Nothing is changed here: ending the exit with EXIT_RESCHEDULE takes the vCPU's features down in
 * order and calls psci_set_off() last. The last vCPU may go too, as the last core of a machine
 * may; that the VM now neither runs nor is off is worth a line. */
enum exit_action psci_cpu_off(struct vcpu *v)
{
    LOG_DBG("%s: vCPU %u goes off", cfg_vms[v->vm].name, v->index);
    if (psci_others_are_off(v)) {
        log_guest(v->vm,
                  "vCPU %u, the last that was on, went off by CPU_OFF: nothing can switch "
                  "a vCPU on again (SYSTEM_OFF stops a VM)",
                  v->index);
    }
    return EXIT_RESCHEDULE;
}

/* The affinity fields at and above `level`. */
static uint64_t affinity_mask(uint64_t level)
{
    return MPIDR_AFFINITY & ~((level == 3U) ? FIELD(23, 0) : (BIT(8U * level) - 1U));
}

/* An affinity instance is ON if one vCPU in it is, else ON_PENDING if one is, else OFF. */
static uint64_t affinity_state(uint16_t vm, uint64_t target, uint64_t level)
{
    const struct cfg_vm *cfg = &cfg_vms[vm];
    const uint64_t mask = affinity_mask(level);
    uint64_t state = PSCI_INVALID_PARAMETERS;

    for (unsigned i = cfg->first_vcpu; i < (unsigned)cfg->first_vcpu + cfg->vcpu_count; i++) {
        LOOP_BOUND(CFG_VM_VCPU_MAX);
        const uint8_t power = atomic_load_explicit(&psci_power[i], memory_order_acquire);

        if (((cfg_vcpus[i].vmpidr ^ target) & mask) != 0U) {
            continue;
        }
        if (power == POWER_ON) {
            return AFFINITY_INFO_ON;
        }
        if (power != POWER_OFF) {
            state = AFFINITY_INFO_ON_PENDING;
        } else if (state == PSCI_INVALID_PARAMETERS) {
            state = AFFINITY_INFO_OFF;
        }
    }
    return state;
}

uint64_t psci_affinity_info(const struct vcpu *v)
{
    const uint64_t target = psci_argument(v, 1);
    const uint64_t level = psci_argument(v, 2);

    if ((target & ~MPIDR_AFFINITY) != 0U || level > AFFINITY_LEVEL_MAX) {
        return PSCI_INVALID_PARAMETERS;
    }
    return affinity_state(v->vm, target, level);
}

void psci_vm_reset(uint16_t vm)
{
    const struct cfg_vm *cfg = &cfg_vms[vm];

    for (unsigned i = cfg->first_vcpu; i < (unsigned)cfg->first_vcpu + cfg->vcpu_count; i++) {
        LOOP_BOUND(CFG_VM_VCPU_MAX);
        atomic_store_explicit(&psci_power[i], POWER_OFF, memory_order_release);
    }
}

void psci_boot_vcpu_on(struct vcpu *v)
{
    atomic_store_explicit(&psci_power[v->id], POWER_ON, memory_order_release);
}

bool psci_take_start(struct vcpu *v, uint64_t *entry, uint64_t *context)
{
    if (atomic_load_explicit(&psci_power[v->id], memory_order_acquire) != POWER_ON_PENDING) {
        return false;
    }
    *entry = psci_starts[v->id].entry;
    *context = psci_starts[v->id].context;
    atomic_store_explicit(&psci_power[v->id], POWER_ON, memory_order_release);
    return true;
}

void psci_set_off(struct vcpu *v)
{
    atomic_store_explicit(&psci_power[v->id], POWER_OFF, memory_order_release);
}
