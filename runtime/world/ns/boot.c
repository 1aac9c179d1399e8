/* From the first C instruction to the first guest, on every CPU.
 *
 * The boot CPU compares the machine with what the image was built for, brings up the distributor
 * and starts the other CPUs; from then on each CPU does its own part in parallel: its GIC
 * interface, and, where it is the boot CPU of a VM, the loading and start of that VM. The
 * firmware's devicetree may lie where a VM's memory will be: it is read before any VM is loaded.
 * INV-ASM-OFFSETS is asserted here.
 *
 * @req CORE-1, CPU-1 */
#include "world/ns/boot.h"
#include "arch/asm_offsets.h"
#include "arch/barrier.h"
#include "arch/memory.h"
#include "core/console.h"
#include "core/log.h"
#include "core/machine_check.h"
#include "core/panic.h"
#include "core/percpu.h"
#include "gic/gic.h"
#include "platform/firmware.h"
#include "vdev/vdev.h"
#include "vm/exit_action.h"
#include "vm/life.h"
#include "vm/sched.h"
#include "world/ns/interrupts.h"

_Static_assert(sizeof(struct cfg_cpu) == CFG_CPU_SIZE, "entry.S");
_Static_assert(offsetof(struct cfg_cpu, mpidr) == CFG_CPU_MPIDR, "entry.S");
_Static_assert(offsetof(struct cfg_cpu, stack_top) == CFG_CPU_STACK_TOP, "entry.S");
_Static_assert(offsetof(struct cfg_system, uart_base) == CFG_SYSTEM_UART_BASE, "entry.S");
_Static_assert(offsetof(struct cfg_system, el2_root) == CFG_SYSTEM_EL2_ROOT, "entry.S");
_Static_assert(offsetof(struct cfg_system, tcr_el2) == CFG_SYSTEM_TCR_EL2, "entry.S");
_Static_assert(offsetof(struct cfg_system, mair_el2) == CFG_SYSTEM_MAIR_EL2, "entry.S");
_Static_assert(sizeof(struct percpu) == 64U, "entry.S");
_Static_assert(offsetof(struct percpu, vcpu) == 0U, "vectors.S");
_Static_assert(offsetof(struct vcpu, x) == 0U, "vectors.S");
_Static_assert(offsetof(struct vcpu, stack) == VCPU_STACK, "vectors.S");
_Static_assert(EXIT_RESUME == 0 && EXIT_SKIP == EXIT_SKIP_VALUE, "vectors.S");

struct percpu percpus[CFG_CPU_COUNT];

/* Who this CPU is, and who the vCPUs are that live on it. Both entries are zero in the image, and
 * other CPUs take what they need of them from the constant tables: they may come up first. */
static void introduce(uint16_t cpu)
{
    struct percpu *self = this_cpu();
    const uint16_t *const residents = &cfg_residents[cfg_cpus[cpu].first_resident];

    self->id = cpu;
    for (unsigned i = 0; i < cfg_cpus[cpu].resident_count; i++) {
        const uint16_t id = residents[i];
        struct vcpu *const v = &vcpus[id];

        v->id = id;
        v->vm = cfg_vcpus[id].vm;
        v->index = cfg_vcpus[id].index;
        v->cpu = cpu;
        if (!sched_has_schedule(cpu)) {
            self->vcpu = v; /* the only one */
        }
    }
}

static void banner(void)
{
    char hash[2U * sizeof(cfg_system.description_hash) + 1U];

    for (size_t i = 0; i < sizeof(cfg_system.description_hash); i++) {
        hash[2U * i] = "0123456789abcdef"[cfg_system.description_hash[i] >> 4];
        hash[2U * i + 1U] = "0123456789abcdef"[cfg_system.description_hash[i] & 15U];
    }
    hash[sizeof(hash) - 1U] = '\0';
    LOG_INF("Bulkhead, system \"%s\" for board %s: %u VMs on %u CPUs", cfg_system.name,
            cfg_system.board, CFG_VM_COUNT, CFG_CPU_COUNT);
    LOG_INF("description sha256:%s", hash);
}

/* What the boot CPU wrote is clean to the point of coherency before: the others read it with their
 * caches off only through the constant tables, which the loader cleaned. */
static void start_other_cpus(void)
{
    const unsigned self = this_cpu()->id;

    for (unsigned i = 0; i < CFG_CPU_COUNT; i++) {
        const struct cfg_cpu *cpu = &cfg_cpus[i];
        int32_t error = 0;

        if (i != self) {
            error = firmware_cpu_on(cpu->mpidr, pa_make(cpu->release_pa), i);
        }
        if (error == 0) {
            continue;
        }
        LOG_ERR("CPU %u (MPIDR 0x%llx) does not start: firmware says %d", i,
                (unsigned long long)cpu->mpidr, (int)error);
        if (CFG_HAS_CONSOLE != 0U && i == cfg_system.console_cpu) {
            panic("CPU %u, which has the console, does not start (above)", i);
        }
    }
}

static void clear_all(uint64_t pa, uint64_t bytes)
{
    for (uint64_t done = 0; done < bytes; done += MEMORY_CHUNK_BYTES) {
        const uint64_t left = bytes - done;

        memory_clear(pa_make(pa + done), (left < MEMORY_CHUNK_BYTES) ? left : MEMORY_CHUNK_BYTES);
    }
}

/* The VMs that start with the machine, of whose boot vCPU this is the CPU. */
static void start_vms(const struct percpu *cpu)
{
    const uint16_t *const residents = &cfg_residents[cfg_cpus[cpu->id].first_resident];

    if (!sched_has_schedule(cpu->id)) {
        if (cpu->vcpu != NULL && cpu->vcpu->index == 0U) {
            life_start(cpu->vcpu->vm);
        }
        return;
    }
    for (unsigned i = 0; i < cfg_cpus[cpu->id].resident_count; i++) {
        if (cfg_vcpus[residents[i]].index == 0U) {
            life_start_in_turn(cfg_vcpus[residents[i]].vm);
        }
    }
}

/* The part that every CPU does for itself. */
static struct vcpu *cpu_up(void)
{
    struct percpu *cpu = this_cpu();

    gic_init_cpu(cpu->id);
    cpu->is_up = true;
    if (CFG_HAS_CONSOLE != 0U && cpu->id == cfg_system.console_cpu) {
        console_start();
    }
    start_vms(cpu);
    return cpu_next_vcpu();
}

struct vcpu *boot_primary(uint64_t devicetree, uint16_t cpu)
{
    introduce(cpu);
    banner();
    unsigned wrong = machine_check_cpu();

    wrong += machine_check_board(devicetree);
    if (wrong != 0U) {
        panic("this machine is not the one that the image was built for (%u differences, above)",
              wrong);
    }
    for (unsigned i = 0; i < CFG_BOOT_LOAD_COUNT; i++) {
        clear_all(cfg_boot_loads[i].dst_pa, cfg_boot_loads[i].size);
    }
    gic_init_distributor();
    if (CFG_PL031_COUNT > 0U) {
        pl031_init();
    }
    life_init();
    if (CFG_SCHEDULED) {
        sched_init();
    }
    start_other_cpus();
    return cpu_up();
}

struct vcpu *boot_secondary(uint16_t cpu)
{
    introduce(cpu);
    if (machine_check_cpu() != 0U) {
        panic("CPU %u differs from what the image was built for (above)", this_cpu()->id);
    }
    return cpu_up();
}
