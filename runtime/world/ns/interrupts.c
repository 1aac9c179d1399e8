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
#include "health/storm.h"
#include "lib/bits.h"
#include "lib/loop.h"
#include "psci/psci.h"
#include "vgic/vgic.h"
#include "vm/life.h"
#include "vm/sched.h"
#include "world/ns/features.h"
#include "world/ns/power.h"

static void serve_vcpu_messages(struct vcpu *v, uint32_t messages)
{
    if ((messages & MSG_LIFE) != 0U) {
        life_follow(v);
    }
    if ((messages & MSG_VM) != 0U) {
        life_finish(v->vm);
    }
    /* MSG_START may have come while the VM was suspended: it is looked for when that ends. */
    if ((messages & (MSG_START | MSG_LIFE)) != 0U && life_is_running(v->vm)) {
        uint64_t entry = 0;
        uint64_t context = 0;

        if (psci_take_start(v, &entry, &context)) {
            life_start_vcpu(v, entry, context);
        }
    }
    if ((messages & MSG_VGIC) != 0U && v->is_loaded) {
        vgic_sync(v);
    }
    if (CFG_PL011_COUNT > 0U && (messages & MSG_CONSOLE_RX) != 0U) {
        features_console_event(v->vm);
    }
}

SLOW_PATH static void serve_messages(struct vcpu *v)
{
    uint32_t messages = mailbox_take(this_cpu()->id);

    if ((messages & MSG_HALT) != 0U) {
        panic_halt();
    }
    if (CFG_SCHEDULED && v != NULL) {
        messages |= mailbox_take_vcpu(v->id);
    }
    if (v != NULL && messages != 0U) {
        serve_vcpu_messages(v, messages);
    }
    if (CFG_SCHEDULED && (messages & (MSG_VCPUS | MSG_TO_VCPU)) != 0U) {
        sched_look(); /* this vCPU, or another one, may want its turn now, or no more */
    }
    if (CFG_HAS_CONSOLE != 0U && (messages & MSG_CONSOLE_TX) != 0U) {
        console_service();
    }
    if ((CFG_HEALTH_ACTIONS_ANY & (1U << CFG_ACTION_RESET_SYSTEM)) != 0U &&
        (messages & MSG_RESET) != 0U) {
        power_reset(); /* also when the last VM has been stopped for it */
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
    } else if (TIMER_IS_USED && intid == GIC_PPI_HTIMER) {
        timer_interrupt();
    } else if (intid == GIC_PPI_MAINTENANCE && v != NULL && v->is_loaded) {
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
    if (CFG_INTERRUPT_LIMIT_COUNT > 0U) {
        storm_note(irq->vm);
    }
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

    if (interrupts_is_guests_ppi(intid) && v != NULL && v->is_loaded) {
        /* Of one that waits or is suspended, or that was about to be entered. */
        gic_priority_drop(intid);
        vgic_inject_hw(v, (uint16_t)intid, (uint16_t)intid);
    } else if (interrupts_is_guests_ppi(intid)) {
        /* Left over from a guest that has gone: its timer is off by now. */
        gic_priority_drop(intid);
        gic_deactivate(intid);
    } else if (!serve_passed_through(intid) && intid < GIC_INTID_SPECIAL) {
        interrupts_serve_in_full(v, intid);
    }
}

/* With schedules: a vCPU that waits and is loaded goes on when there is an interrupt for it. */
static void wake_waiting(struct vcpu *v)
{
    if (CFG_SCHEDULED && v != NULL && v->is_loaded && v->is_waiting && vgic_has_wake_request(v)) {
        sched_wake(v);
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
        wake_waiting(cpu->vcpu);
        if (CFG_SCHEDULED && sched_elect()) {
            LOOP_WAITS(); /* as if this CPU had slept and a message had woken it */
            continue;
        }
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
