/* What world/ns/interrupts.c calls and a test only notes: included after the test's note(). */
#ifndef INTERRUPTS_NOTED_H
#define INTERRUPTS_NOTED_H

void vgic_maintenance(struct vcpu *v)
{
    note("maint", v->id);
}

void timer_interrupt(void)
{
    note("timer", 0);
}

void console_service(void)
{
    note("console", 0);
}

void features_console_event(uint16_t vm)
{
    note("rx", vm);
}

void power_off(void)
{
    note("off", 0);
}

void power_reset(void)
{
    note("reset", 0);
}

_Noreturn void panic_halt(void);
void panic_halt(void)
{
    test_fail(__FILE__, __LINE__, "halted");
}

#endif
