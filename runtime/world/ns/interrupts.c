/* Physical interrupts at EL2; world/ns/interrupts.h.
 *
 * Every interrupt has one owner by its INTID: EL2's own (messages, maintenance, EL2 timer, board
 * console), a guest timer or PMU (PPI, HW-linked to the vCPU here), or a passed-through SPI
 * (HW-linked to its VM). EL2 deactivates its own; the guest's deactivation does it for the rest
 * [IHI0069 4.1.1, EOImode 1].
 *
 * @req IRQ-1, IRQ-3, IRQ-5 */
#include "world/ns/interrupts.h"

#include "arch/barrier.h"
#include "core/console.h"
#include "core/mailbox.h"
#include "core/panic.h"
#include "core/percpu.h"
#include "core/timer.h"
#include "gic/gic.h"
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
    if ((messages & MSG_CONSOLE_RX) != 0U) {
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
    if ((messages & MSG_CONSOLE_TX) != 0U) {
        console_service();
    }
    if ((messages & MSG_POWER_OFF) != 0U) {
        power_off();
    }
}

/* Private interrupts of EL2 itself: served and deactivated here. */
SLOW_PATH static bool serve_own_private(struct vcpu *v, uint32_t intid)
{
    switch (intid) {
    case GIC_SGI_MESSAGE:
        serve_messages(v);
        return true;
    case GIC_PPI_MAINTENANCE:
        if (v != NULL && this_cpu()->guest_runs) {
            vgic_maintenance(v);
        }
        return true;
    case GIC_PPI_HTIMER:
        timer_interrupt();
        return true;
    default:
        return false;
    }
}

static void serve_private(struct vcpu *v, uint32_t intid)
{
    const bool is_guests =
        intid == GIC_PPI_VTIMER || intid == GIC_PPI_PTIMER || intid == GIC_PPI_PMU;

    gic_priority_drop(intid);
    if (is_guests && v != NULL && this_cpu()->guest_runs) {
        vgic_inject_hw(v, (uint16_t)intid, (uint16_t)intid);
        return;
    }
    (void)serve_own_private(v, intid);
    gic_deactivate(intid);
}

static void serve_shared(uint32_t intid)
{
    gic_priority_drop(intid);
    if (intid < cfg_system.spi_limit && cfg_irq_of_intid[intid - 32U] != CFG_NONE) {
        const struct cfg_irq *irq = &cfg_irqs[cfg_irq_of_intid[intid - 32U]];

        vgic_inject_hw_spi(irq->vm, irq->vintid, irq->pintid);
        return;
    }
    if (intid == cfg_system.uart_intid) {
        console_service();
    }
    gic_deactivate(intid);
}

/* One interrupt: to ask for another costs a read of the CPU interface, which nearly always says
 * that there is none. Where there is one, it is taken before the guest's next instruction, so a
 * storm on a line cannot hold a CPU at EL2. */
void interrupts_serve(struct vcpu *v)
{
    const uint32_t intid = gic_acknowledge();

    if (intid < 32U) {
        serve_private(v, intid);
    } else if (intid < 1020U) {
        serve_shared(intid);
    } /* special INTIDs: nothing is pending [IHI0069 2.2.1] */
}

struct vcpu *cpu_next_vcpu(void)
{
    struct percpu *cpu = this_cpu();

    for (;;) {
        gic_settle(); /* after the interrupt that led here, or the one before */
        /* A message may have been posted before this CPU could take its SGI. */
        serve_messages(cpu->vcpu);
        interrupts_serve(cpu->vcpu);
        if (cpu->guest_runs) {
            return cpu->vcpu;
        }
        /* Interrupts are masked at EL2, yet a pending one ends WFI [DDI0487 D1.6.2]; memory
         * accesses before it are complete before the CPU sleeps, and so is the priority drop, without
         * which what is pending would not end it. */
        gic_settle();
        dsb_sy();
        wfi();
    }
}
