/* Fault reports; vm/fault_report.h. Reads the VM's windows and devices to say what lies at an
 * address (INV-WINDOW-SORTED, INV-MMIO-SORTED), and never touches guest memory.
 * @req CORE-5, OPS-1 */
#include "vm/fault_report.h"

#include "core/log.h"
#include "lib/loop.h"
#include "vm/esr.h"
#include "vm/guest_mem.h"

const char *esr_class_text(unsigned ec)
{
    switch (ec) {
    case ESR_EC_UNKNOWN:
        return "unknown instruction";
    case ESR_EC_WFX:
        return "WFI or WFE";
    case ESR_EC_ILLEGAL_STATE:
        return "illegal execution state";
    case ESR_EC_HVC32:
    case ESR_EC_HVC64:
        return "HVC";
    case ESR_EC_SMC32:
    case ESR_EC_SMC64:
        return "SMC";
    case ESR_EC_SYSREG:
        return "system register access";
    case ESR_EC_IABT_LOW:
        return "instruction fetch";
    case ESR_EC_DABT_LOW:
        return "data access";
    case ESR_EC_SERROR:
        return "SError";
    default:
        return "trapped instruction";
    }
}

static const char *access_text(uint64_t esr)
{
    if (esr_class(esr) == ESR_EC_IABT_LOW) {
        return "instruction fetch from";
    }
    return ((esr & ESR_WNR) != 0U) ? "write to" : "read of";
}

static const struct cfg_mmio *device_at(uint16_t vm, ipa_t ipa)
{
    const struct cfg_vm *cfg = &cfg_vms[vm];

    for (unsigned i = 0; i < cfg->mmio_count; i++) {
        LOOP_BOUND(CFG_MMIO_COUNT);
        const struct cfg_mmio *m = &cfg_mmios[cfg->first_mmio + i];

        if (ipa.ipa >= m->ipa && ipa.ipa - m->ipa < m->size) {
            return m;
        }
    }
    return NULL;
}

bool fault_is_at_device(uint16_t vm, ipa_t ipa)
{
    return device_at(vm, ipa) != NULL;
}

static const char *device_text(const struct cfg_mmio *m)
{
    switch (m->kind) {
    case CFG_MMIO_GICD:
        return "the virtual GIC's distributor";
    case CFG_MMIO_GICR:
        return "the virtual GIC's redistributors";
    case CFG_MMIO_GICC:
        return "the virtual GIC's CPU interface";
    case CFG_MMIO_PL011:
        return "the virtual PL011";
    case CFG_MMIO_PL031:
        return "the virtual PL031";
    case CFG_MMIO_SP805:
        return "the virtual SP805";
    case CFG_MMIO_PVPANIC:
        return "the virtual pvpanic";
    default:
        return "a virtual device";
    }
}

/* The window that ends closest below `ipa` or starts closest above it. */
static const struct cfg_window *nearest_window(uint16_t vm, ipa_t ipa)
{
    const struct cfg_vm *cfg = &cfg_vms[vm];
    const struct cfg_window *nearest = NULL;
    uint64_t best = UINT64_MAX;

    for (unsigned i = 0; i < cfg->window_count; i++) {
        LOOP_BOUND(CFG_WINDOW_COUNT);
        const struct cfg_window *w = &cfg_windows[cfg->first_window + i];
        const uint64_t distance =
            (ipa.ipa < w->ipa) ? w->ipa - ipa.ipa : ipa.ipa - (w->ipa + w->size) + 1U;

        if (distance < best) {
            best = distance;
            nearest = w;
        }
    }
    return nearest;
}

static const char *permissions_text(uint8_t access)
{
    static const char *const texts[8] = {
        "no access", "read",         "write",         "read-write",
        "execute",   "read-execute", "write-execute", "read-write-execute"};
    return texts[access & 7U];
}

void fault_report_print_access(const struct vcpu *v, uint64_t esr, ipa_t ipa)
{
    const unsigned long long address = ipa.ipa;
    const unsigned long long pc = vcpu_pc();
    const struct cfg_window *w = guest_window(v->vm, ipa);
    const struct cfg_mmio *m = device_at(v->vm, ipa);

    if (w != NULL) {
        log_guest(v->vm, "vCPU %u: %s 0x%llx refused, window \"%s\" is %s (PC 0x%llx)", v->index,
                  access_text(esr), address, w->name, permissions_text(w->access), pc);
        return;
    }
    if (m != NULL) {
        log_guest(v->vm, "vCPU %u: %s 0x%llx refused by %s (PC 0x%llx)", v->index, access_text(esr),
                  address, device_text(m), pc);
        return;
    }
    w = nearest_window(v->vm, ipa);
    if (w != NULL) {
        log_guest(v->vm,
                  "vCPU %u: %s 0x%llx: nothing is there; nearest is window \"%s\" 0x%llx..0x%llx "
                  "(PC 0x%llx)",
                  v->index, access_text(esr), address, w->name, (unsigned long long)w->ipa,
                  (unsigned long long)(w->ipa + w->size), pc);
    }
}

/* Of an abort: which address it was, and what lies there. */
static void print_address(const struct vcpu *v, ipa_t ipa)
{
    const struct cfg_window *w = guest_window(v->vm, ipa);
    const struct cfg_mmio *m = device_at(v->vm, ipa);
    const char *there = "nothing is there";

    if (w != NULL) {
        there = w->name;
    } else if (m != NULL) {
        there = device_text(m);
    }
    LOG_ERR("%s: guest address 0x%llx: %s%s", vcpu_cfg_vm(v)->name, (unsigned long long)ipa.ipa,
            (w != NULL) ? "window " : "", there);
}

void fault_report_print_stop(const struct vcpu *v, uint64_t esr, ipa_t ipa, const char *reason)
{
    const struct cfg_vm *vm = vcpu_cfg_vm(v);
    const unsigned ec = esr_class(esr);

    LOG_ERR("%s: stopped: %s", vm->name, reason);
    LOG_ERR("%s: vCPU %u, PC 0x%llx, PSTATE 0x%llx, ESR 0x%llx (%s)", vm->name, v->index,
            (unsigned long long)vcpu_pc(), (unsigned long long)vcpu_pstate(),
            (unsigned long long)esr, esr_class_text(ec));
    if (ec == ESR_EC_DABT_LOW || ec == ESR_EC_IABT_LOW) {
        print_address(v, ipa);
    }
    for (unsigned i = 0; i < 30U; i += 3U) {
        LOOP_BOUND(10);
        LOG_ERR("%s: x%02u %016llx  x%02u %016llx  x%02u %016llx", vm->name, i,
                (unsigned long long)vcpu_x(v, i), i + 1U, (unsigned long long)vcpu_x(v, i + 1U),
                i + 2U, (unsigned long long)vcpu_x(v, i + 2U));
    }
    LOG_ERR("%s: x30 %016llx", vm->name, (unsigned long long)vcpu_x(v, 30U));
}
