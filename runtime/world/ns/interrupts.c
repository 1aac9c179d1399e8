/* Physical interrupts at EL2; world/ns/interrupts.h.
 *
 * Every interrupt has one owner by its INTID: EL2's own (messages, maintenance, EL2 timer, board
 * console), a guest timer or PMU (PPI, HW-linked to the vCPU here), or a passed-through SPI
 * (HW-linked to its VM). EL2 deactivates its own; the guest's deactivation does it for the rest
 * [IHI0069 4.1.1, EOImode 1].
 * An exit serves one interrupt: to ask for another costs a read of the CPU interface, which nearly
 * always says that there is none. Where there is one, it is taken before the guest's next
 * instruction, so a storm on a line cannot hold a CPU at EL2.
 *
 * @req IRQ-1, IRQ-3, IRQ-5 */
#include "world/ns/interrupts.h"

#include "arch/barrier.h"
#include "core/console.h"
#include "core/mailbox.h"
#include "core/panic.h"
#include "core/percpu.h"
#include "core/timer.h"
#include "gic_cpu.h"
#include "lib/bits.h"
#include "psci/psci.h"
#include "vgic/vgic.h"
#include "vm/life.h"
#include "world/ns/features.h"
#include "world/ns/power.h"

static void serve_vcpu_messages(struct vcpu *v, uint32_t messages)
{
    if ((messages & MSG_STOP) != 0U) {
        life_stop_vcpu(v);
    }
    if ((messages & MSG_VM) != 0U) {
        life_finish(v->vm);
        power_off_when_idle();
    }
    if ((messages & MSG_START) != 0U && life_is_running(v->vm)) {
        uint64_t entry = 0;
        uint64_t context = 0;

        if (psci_take_start(v, &entry, &context)) {
            life_start_vcpu(v, entry, context);
        }
    }
    if ((messages & MSG_VGIC) != 0U && this_cpu()->guest_runs) {
        vgic_sync(v);
    }
    if (CFG_PL011_COUNT > 0U && (messages & MSG_CONSOLE_RX) != 0U) {
        features_console_event(v->vm);
    }
}

SLOW_PATH static void serve_messages(struct vcpu *v)
{
    const uint32_t messages = mailbox_take(this_cpu()->id);

    if ((messages & MSG_HALT) != 0U) {
        panic_halt();
    }
    if (v != NULL && messages != 0U) {
        serve_vcpu_messages(v, messages);
    }
    if (CFG_HAS_CONSOLE != 0U && (messages & MSG_CONSOLE_TX) != 0U) {
        console_service();
    }
    if ((messages & MSG_POWER_OFF) != 0U) {
        power_off();
    }
}

/* Private interrupts of EL2 itself: served and deactivated here. */
SLOW_PATH static void serve_own_private(struct vcpu *v, uint32_t intid)
{
    gic_priority_drop(intid);
    if (intid == GIC_SGI_MESSAGE) {
        serve_messages(v);
    } else if (CFG_HAS_CONSOLE + CFG_PL031_COUNT > 0U && intid == GIC_PPI_HTIMER) {
        timer_interrupt();
    } else if (intid == GIC_PPI_MAINTENANCE && v != NULL && this_cpu()->guest_runs) {
        vgic_maintenance(v);
    }
    gic_deactivate(intid);
}

SLOW_PATH static void serve_shared(uint32_t intid)
{
    gic_priority_drop(intid);
    if (CFG_HAS_CONSOLE != 0U && intid == cfg_system.uart_intid) {
        console_service();
    }
    gic_deactivate(intid);
}

/* The interrupt of a device that a VM owns; false: nobody does. */
static bool serve_passed_through(uint32_t intid)
{
    const uint32_t spi = intid - 32U;

    if (spi >= CFG_INTID_LIMIT - 32U || cfg_irq_of_intid[spi] == CFG_NONE) {
        return false;
    }
    const struct cfg_irq *const irq = &cfg_irqs[cfg_irq_of_intid[spi]];

    gic_priority_drop(intid);
    vgic_inject_hw_spi(irq->vm, irq->vintid, irq->pintid);
    return true;
}

uint32_t interrupts_serve_short(struct vcpu *v, uint32_t intid)
{
    if (intid != GIC_SGI_MESSAGE) {
        return (serve_passed_through(intid) || intid >= GIC_INTID_SPECIAL) ? 0U : intid;
    }
    /* Only the vGIC has news for the guest: what other CPUs' SGIs come to. */
    if (!mailbox_take_only(this_cpu()->id, MSG_VGIC)) {
        return intid;
    }
    gic_priority_drop(GIC_SGI_MESSAGE);
    vgic_sync(v);
    gic_deactivate(GIC_SGI_MESSAGE);
    return 0;
}

void interrupts_serve_in_full(struct vcpu *v, uint32_t intid)
{
    if (intid < 32U) {
        serve_own_private(v, intid);
    } else {
        serve_shared(intid);
    }
}

/* One interrupt, of whomever; no guest runs here. */
static void serve_idle(struct vcpu *v)
{
    const uint32_t intid = gic_acknowledge();

    if (interrupts_is_guests_ppi(intid)) {
        /* Left over from a guest that has gone: its timer is off by now. */
        gic_priority_drop(intid);
        gic_deactivate(intid);
    } else if (!serve_passed_through(intid) && intid < GIC_INTID_SPECIAL) {
        interrupts_serve_in_full(v, intid);
    }
}

struct vcpu *cpu_next_vcpu(void)
{
    struct percpu *cpu = this_cpu();

    for (;;) {
        gic_settle(); /* after the interrupt that led here, or the one before */
        /* A message may have been posted before this CPU could take its SGI. */
        serve_messages(cpu->vcpu);
        serve_idle(cpu->vcpu);
        if (cpu->guest_runs) {
            return cpu->vcpu;
        }
        /* Interrupts are masked at EL2, yet a pending one ends WFI [DDI0487 D1.6.2]; memory
         * accesses before it are complete before the CPU sleeps, and so is the priority drop,
         * without which what is pending would not end it. */
        gic_settle();
        dsb_sy();
        wfi();
    }
}
