/* sources: spec/gic_irq.c spec/gic_belief.c spec/gic.c spec/gic_v3.c vgic/turn.c vgic/vgic.c vgic/reset.c vgic/route.c vgic/lists.c vgic/choice.c vgic/hw.c vgic/regs.c vgic/regs_irq.c vgic/v3/sgi.c vgic/v3/dir.c vgic/v3/target.c vgic/v3/gicd.c vgic/v3/gicr.c lib/mem.c */
/* The same against the specification, with vCPUs 1 and 2 on shared CPUs: now and then the turn of one
 * is over, others go on, and it comes back. But for its timers, which are off meanwhile, nobody can
 * see a difference: the specification knows nothing of turns.
 *
 * @req IRQ-1, CPU-2, CPU-3 */
#include "test_vgic_spec.c"

#include "vgic_guests_machine.h"
#include "vgic_machine.h"
#include "vgic_plans_machine.h"
#include "vgic_turns_machine.h"

static const unsigned timers[] = {27, 30};
static bool was_high[SPEC_CPUS][2];

static void set_timer(unsigned cpu, unsigned timer, bool high)
{
    spec_line(cpu, timers[timer], high);
    fake_physical_set_line(&fake_ppis[cpu][timers[timer]], high);
}

static void turn_is_over(unsigned cpu)
{
    for (unsigned i = 0; i < 2; i++) {
        was_high[cpu][i] = fake_ppis[cpu][timers[i]].line;
        set_timer(cpu, i, false);
    }
    vcpus[cpu].is_waiting = pick(2) != 0;
    machine_park(cpu);
}

static void turn_comes_back(unsigned cpu)
{
    machine_load(cpu);
    for (unsigned i = 0; i < 2; i++) {
        set_timer(cpu, i, was_high[cpu][i]);
    }
}

void guests_step_turn(void)
{
    const unsigned cpu = 1 + pick(SPEC_CPUS - 1);

    if (!spec_is_online(cpu) || pick(8) != 0) {
        return;
    }
    guests_are_parked[cpu] = !guests_are_parked[cpu];
    if (guests_are_parked[cpu]) {
        turn_is_over(cpu);
    } else {
        turn_comes_back(cpu);
    }
}
