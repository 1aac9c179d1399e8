/* The vCPUs of the unit tests' system, with their ids filled in and all registers 0. */
#include "test.h"
#include "vm/vcpu.h"

struct vcpu vcpus[CFG_VCPU_COUNT];

static void reset(void)
{
    memset(vcpus, 0, sizeof(vcpus));
    for (uint16_t i = 0; i < CFG_VCPU_COUNT; i++) {
        vcpus[i].id = i;
        vcpus[i].vm = cfg_vcpus[i].vm;
        vcpus[i].index = cfg_vcpus[i].index;
        vcpus[i].cpu = cfg_vcpus[i].cpu;
    }
}

__attribute__((constructor)) static void register_reset(void)
{
    test_on_begin(reset);
}
