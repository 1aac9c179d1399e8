/* The machine around the vGIC; tests/unit/vgic_machine.h. */
#include "vgic_machine.h"

#include "core/mailbox.h"
#include "core/percpu.h"
#include "fake/access.h"

const struct cfg_vm cfg_vms[CFG_VM_COUNT] = {
    {.name = "three", .vmid = 1, .first_vcpu = 0, .vcpu_count = 3, .first_irq = 0,
     .irq_count = 2, .spi_count = 64, .first_spi = 0},
    {.name = "one", .vmid = 2, .flags = CFG_VM_PMU, .first_vcpu = 3, .vcpu_count = 1,
     .first_irq = 2, .irq_count = 1, .spi_count = 32, .first_spi = 64},
    {.name = "none", .vmid = 3, .first_vcpu = 4, .vcpu_count = 0, .spi_count = 64,
     .first_spi = 96},
};

const struct cfg_vcpu cfg_vcpus[CFG_VCPU_COUNT] = {
    {.vm = 0, .index = 0, .cpu = 0, .vmpidr = 0x80000000},
    {.vm = 0, .index = 1, .cpu = 1, .vmpidr = 0x80000001},
    {.vm = 0, .index = 2, .cpu = 2, .vmpidr = 0x80000100},
    {.vm = 1, .index = 0, .cpu = 3, .vmpidr = 0x80000000},
};

const struct cfg_irq cfg_irqs[CFG_IRQ_COUNT] = {
    {MACHINE_EDGE_PINTID, 0, MACHINE_EDGE_VINTID, 1},
    {MACHINE_LEVEL_PINTID, 0, MACHINE_LEVEL_VINTID, 0},
    {52, 1, 33, 0},
};

struct percpu percpus[CFG_CPU_COUNT];

/* A machine that does not become quiet within this many rounds has an interrupt storm. */
#define SETTLE_ROUNDS 1000U

void machine_boot(void)
{
    const unsigned cpu = fake_cpu;

    for (uint16_t i = 0; i < CFG_CPU_COUNT; i++) {
        percpus[i] = (struct percpu){.vcpu = &vcpus[i], .id = i};
        vcpus[i].has_window = true;
        fake_cpu = i;
        fake_sysreg_set("TPIDR_EL2", (uintptr_t)&percpus[i]);
    }
    fake_cpu = 0;
    vgic_vm_reset(0);
    fake_cpu = 3;
    vgic_vm_reset(1);
    for (unsigned i = 0; i < CFG_VCPU_COUNT; i++) {
        machine_vcpu_on(i);
    }
    fake_cpu = cpu;
    machine_settle();
}

void machine_vcpu_on(unsigned vcpu)
{
    const unsigned cpu = fake_cpu;

    fake_cpu = cfg_vcpus[vcpu].cpu;
    percpus[fake_cpu].guest_runs = true;
    vgic_vcpu_reset(&vcpus[vcpu]);
    fake_cpu = cpu;
}

void machine_vcpu_off(unsigned vcpu)
{
    const unsigned cpu = fake_cpu;

    fake_cpu = cfg_vcpus[vcpu].cpu;
    percpus[fake_cpu].guest_runs = false;
    vgic_vcpu_stop(&vcpus[vcpu]);
    fake_cpu = cpu;
}

static bool deliver_physical(struct vcpu *v)
{
    bool any = false;

    for (unsigned i = 16; i < 32U; i++) {
        if (fake_physical_is_asserted(&fake_ppis[fake_cpu][i])) {
            fake_physical_acknowledge(&fake_ppis[fake_cpu][i]);
            vgic_inject_hw(v, (uint16_t)i, (uint16_t)i);
            any = true;
        }
    }
    for (unsigned i = 0; i < CFG_IRQ_COUNT; i++) {
        struct fake_physical *const p = &fake_spis[cfg_irqs[i].pintid];
        if (p->cpu == fake_cpu && fake_physical_is_asserted(p)) {
            fake_physical_acknowledge(p);
            vgic_inject_hw_spi(cfg_irqs[i].vm, cfg_irqs[i].vintid, cfg_irqs[i].pintid);
            any = true;
        }
    }
    return any;
}

/* With schedules those to a vCPU are taken in its turn. */
static uint32_t take_messages(const struct vcpu *v)
{
    const uint32_t messages = mailbox_take(fake_cpu);

    return (CFG_SCHEDULED && v != NULL) ? messages | mailbox_take_vcpu(v->id) : messages;
}

static bool settle_once(void)
{
    struct vcpu *const v = percpus[fake_cpu].vcpu;
    bool any = false;

    if ((take_messages(v) & MSG_VGIC) != 0 && percpus[fake_cpu].guest_runs) {
        vgic_sync(v);
        any = true;
    }
    if (fake_maintenance_is_asserted()) {
        CHECK(percpus[fake_cpu].guest_runs);
        vgic_maintenance(v);
        any = true;
    }
    return deliver_physical(v) || any;
}

static bool settle_cpu(unsigned cpu)
{
    const unsigned before = fake_cpu;
    unsigned rounds = 0;

    fake_cpu = cpu;
    while (settle_once()) {
        CHECK_MSG(++rounds < SETTLE_ROUNDS, "CPU %u: the interrupts do not end", cpu);
    }
    fake_cpu = before;
    return rounds > 0;
}

void machine_settle_cpu(unsigned cpu)
{
    (void)settle_cpu(cpu);
}

void machine_settle(void)
{
    unsigned rounds = 0;

    for (bool any = true; any;) {
        any = false;
        CHECK_MSG(++rounds < SETTLE_ROUNDS, "the CPUs' messages do not end");
        for (unsigned cpu = 0; cpu < CFG_CPU_COUNT; cpu++) {
            any = settle_cpu(cpu) || any;
        }
    }
}

static bool has_physical(void)
{
    bool has = false;

    for (unsigned i = 16; i < 32U; i++) {
        has = has || fake_physical_is_asserted(&fake_ppis[fake_cpu][i]);
    }
    for (unsigned i = 0; i < CFG_IRQ_COUNT; i++) {
        const struct fake_physical *const p = &fake_spis[cfg_irqs[i].pintid];
        has = has || (p->cpu == fake_cpu && fake_physical_is_asserted(p));
    }
    return has;
}

static uint32_t message_to(const struct vcpu *v)
{
    return (CFG_SCHEDULED && v != NULL) ? fake_vcpu_mailbox[v->id] : 0;
}

bool machine_is_quiet(void)
{
    const unsigned before = fake_cpu;
    bool is_quiet = true;

    for (fake_cpu = 0; fake_cpu < CFG_CPU_COUNT && is_quiet; fake_cpu++) {
        is_quiet = ((fake_mailbox[fake_cpu] | message_to(percpus[fake_cpu].vcpu)) & MSG_VGIC) == 0 && !fake_maintenance_is_asserted() &&
                   !has_physical();
    }
    fake_cpu = before;
    return is_quiet;
}

static struct mmio_access access_once(bool gicr, struct mmio_access a)
{
    CHECK((gicr ? vgic_gicr_access : vgic_gicd_access)(MACHINE_VM, &a));
    return a;
}

uint64_t machine_read(bool gicr, uint64_t offset, unsigned bytes)
{
    const struct mmio_access a = {.offset = offset, .size_bytes = (uint8_t)bytes};
    struct mmio_access done = access_once(gicr, a);
    unsigned tries = 0;

    while (done.retry) {
        CHECK_MSG(++tries < SETTLE_ROUNDS, "the read at %#jx is never answered",
                  (uintmax_t)offset);
        machine_settle();
        done = access_once(gicr, a);
    }
    return done.value;
}

void machine_write(bool gicr, uint64_t offset, unsigned bytes, uint64_t value)
{
    const struct mmio_access a = {
        .offset = offset, .size_bytes = (uint8_t)bytes, .value = value, .is_write = true};

    CHECK(!access_once(gicr, a).retry);
}

bool machine_bit(uint64_t offset, unsigned intid)
{
    const uint64_t value = (intid < 32U) ? gicr_read(fake_cpu, offset)
                                         : gicd_read(offset + intid / 32U * 4U);

    return ((value >> (intid % 32U)) & 1U) != 0;
}

void machine_set_bit(uint64_t offset, unsigned intid)
{
    const uint64_t bit = UINT64_C(1) << (intid % 32U);

    if (intid < 32U) {
        gicr_write(fake_cpu, offset, bit);
    } else {
        gicd_write(offset + intid / 32U * 4U, bit);
    }
}

void machine_set_priority(unsigned intid, uint8_t priority)
{
    if (intid < 32U) {
        machine_write(true, fake_cpu * 0x20000U + 0x10000U + IPRIORITYR + intid, 1, priority);
    } else {
        machine_write(false, IPRIORITYR + intid, 1, priority);
    }
}

void machine_prepare(unsigned intid, uint8_t priority)
{
    const uint64_t at = IGROUPR + intid / 32U * 4U;
    const uint64_t bit = UINT64_C(1) << (intid % 32U);

    if (intid < 32U) {
        gicr_write(fake_cpu, IGROUPR, gicr_read(fake_cpu, IGROUPR) | bit);
    } else {
        gicd_write(at, gicd_read(at) | bit);
    }
    machine_set_priority(intid, priority);
    machine_set_bit(ISENABLER, intid);
}

void machine_open_groups(void)
{
    const unsigned cpu = fake_cpu;

    gicd_write(0, 3);
    for (fake_cpu = 0; fake_cpu < MACHINE_VCPUS; fake_cpu++) {
        fake_guest_enable_groups(true, true);
        fake_guest_set_mask(0xFF);
    }
    fake_cpu = cpu;
}
