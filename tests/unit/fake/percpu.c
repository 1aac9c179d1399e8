/* What each simulated CPU knows about itself: TPIDR_EL2 of CPU n points at percpus[n]. */
#include "core/percpu.h"

#include "test.h"
#include "vm/vcpu.h"

/* Weak: a test may have its own. */
__attribute__((weak)) struct percpu percpus[CFG_CPU_COUNT];

static void reset(void)
{
    struct fake_sysreg *const tpidr = fake_sysreg_find("TPIDR_EL2");
    for (uint16_t cpu = 0; cpu < CFG_CPU_COUNT; cpu++) {
        percpus[cpu] = (struct percpu){.id = cpu};
        if (cfg_cpus[cpu].vcpu != CFG_NONE) {
            percpus[cpu].vcpu = &vcpus[cfg_cpus[cpu].vcpu];
        }
        tpidr->value[cpu] = (uintptr_t)&percpus[cpu];
    }
}

__attribute__((constructor)) static void register_reset(void)
{
    test_on_begin(reset);
}
