/* The turns of vCPUs; tests/unit/vgic_turns_machine.h. */
#include "vgic_turns_machine.h"

#include "core/percpu.h"

const struct cfg_cpu_schedule cfg_cpu_schedules[CFG_MODE_COUNT * CFG_CPU_COUNT] = {
    {0, 1}, {0, 1}, {0, 1}, {0, 1}};

/* Those of the CPU are another's, or nobody's. */
static void check_ppis_are_left_alone(void)
{
    for (unsigned i = 16; i < 32; i++) {
        const struct fake_physical *const p = &fake_ppis[fake_cpu][i];
        CHECK(!p->enabled && !p->pending && !p->active);
    }
}

void machine_park(unsigned vcpu)
{
    const unsigned cpu = fake_cpu;

    fake_cpu = cfg_vcpus[vcpu].cpu;
    vgic_vcpu_park(&vcpus[vcpu]);
    percpus[fake_cpu].guest_runs = false;
    percpus[fake_cpu].vcpu = NULL;
    CHECK_EQ(fake_cpuifs[fake_cpu].hcr, 0);
    for (unsigned i = 0; i < fake_lr_count; i++) {
        CHECK_EQ(fake_cpuifs[fake_cpu].lr[i], 0);
    }
    check_ppis_are_left_alone();
    /* As another one leaves it. */
    fake_cpuifs[fake_cpu].vmcr = test_random();
    fake_cpuifs[fake_cpu].apr = (uint32_t)test_random();
    fake_cpu = cpu;
}

void machine_load(unsigned vcpu)
{
    const unsigned cpu = fake_cpu;

    fake_cpu = cfg_vcpus[vcpu].cpu;
    percpus[fake_cpu].guest_runs = true;
    percpus[fake_cpu].vcpu = &vcpus[vcpu];
    check_ppis_are_left_alone();
    vgic_vcpu_load(&vcpus[vcpu]);
    fake_cpu = cpu;
}
