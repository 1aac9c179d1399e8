/* Boot-time comparison of expectation and machine; core/machine_check.h.
 *
 * Reads identification registers, the firmware's PSCI and, when there is one, its devicetree. The
 * devicetree is outside input: it is read through the bounded reader of core/fdt.c, and nothing
 * of it is kept. Every message says what was expected, what was found and what to change.
 *
 * @req CORE-10 */
#include "core/machine_check.h"

#include "arch/memory.h"
#include "arch/sysreg.h"
#include "config/config.h"
#include "core/fdt.h"
#include "core/log.h"
#include "core/percpu.h"
#include "gic/gic.h"
#include "lib/bits.h"
#include "platform/firmware.h"

/* Physical address bits by ID_AA64MMFR0_EL1.PARange [DDI0487 D24.2]. */
static const uint8_t pa_range_bits[] = {32, 36, 40, 42, 44, 48, 52, 56};

/* The last difference, for a debugger: all that is known of it where EL2 has no console. */
__attribute__((used)) static struct {
    const char *what;
    uint64_t expected;
    uint64_t found;
} machine_difference;

/* How many differences that is. */
static unsigned differs(const char *what, uint64_t expected, uint64_t found)
{
    machine_difference.what = what;
    machine_difference.expected = expected;
    machine_difference.found = found;
    return 1;
}

static unsigned check(bool ok, const char *what, uint64_t expected, uint64_t found)
{
    if (ok) {
        return 0;
    }
    const unsigned one = differs(what, expected, found);

    LOG_ERR("machine: %s: expected 0x%llx, found 0x%llx", machine_difference.what,
            (unsigned long long)machine_difference.expected,
            (unsigned long long)machine_difference.found);
    return one;
}

static unsigned check_grant(uint16_t vm, uint16_t flag, const char *feature, bool present)
{
    if (!cfg_vm_has(vm, flag) || present) {
        return 0;
    }
    LOG_ERR("machine: %s is granted %s, which this CPU does not have: take the grant out of the "
            "description or use a CPU with it",
            cfg_vms[vm].name, feature);
    return differs(feature, 1, 0);
}

/* Of a VM whose vCPU lives here: CPUs may differ, and only this one has to have what it uses. */
static unsigned check_grants(uint16_t vm)
{
    const uint64_t pfr0 = SYSREG_READ(ID_AA64PFR0_EL1);
    const uint64_t pfr1 = SYSREG_READ(ID_AA64PFR1_EL1);
    const uint64_t pmu = bits_get(SYSREG_READ(ID_AA64DFR0_EL1), 11, 8);

    return check_grant(vm, CFG_VM_SVE, "sve", bits_get(pfr0, 35, 32) != 0U) +
           check_grant(vm, CFG_VM_SME, "sme", bits_get(pfr1, 27, 24) != 0U) +
           check_grant(vm, CFG_VM_MTE, "mte", bits_get(pfr1, 11, 8) >= 2U) +
           check_grant(vm, CFG_VM_PMU, "pmu", pmu != 0U && pmu != 0xFU);
}

unsigned machine_check_cpu(void)
{
    const uint64_t mmfr0 = SYSREG_READ(ID_AA64MMFR0_EL1);
    const uint64_t pfr0 = SYSREG_READ(ID_AA64PFR0_EL1);
    const uint64_t pa_range = bits_get(mmfr0, 3, 0);
    const unsigned pa_bits = (pa_range < ARRAY_COUNT(pa_range_bits)) ? pa_range_bits[pa_range] : 0U;
    const uint64_t stage2_4k = bits_get(mmfr0, 43, 40); /* TGran4_2: 0 means "as stage 1" */
    const uint64_t stage1_4k = bits_get(mmfr0, 31, 28);
    unsigned wrong = 0;

    wrong += check(pa_bits >= cfg_system.pa_bits_needed, "physical address bits",
                   cfg_system.pa_bits_needed, pa_bits);
    wrong += check(stage1_4k != 0xFU && stage2_4k != 1U, "4 KiB granule (ID_AA64MMFR0_EL1.TGran4)",
                   0, stage1_4k);
    wrong += check(bits_get(pfr0, 7, 4) != 0U, "AArch64 at EL1 (ID_AA64PFR0_EL1.EL1)", 1, 0);
    wrong += check((bits_get(pfr0, 27, 24) != 0U) == (GIC_ID_AA64PFR0_GIC != 0),
                   "GIC system registers (ID_AA64PFR0_EL1.GIC)", GIC_ID_AA64PFR0_GIC,
                   bits_get(pfr0, 27, 24));
    if (CFG_SCHEDULED) {
        const uint64_t hz = SYSREG_READ(CNTFRQ_EL0) & UINT32_MAX;

        wrong += check(hz == cfg_system.counter_hz, "counter frequency of the board (CNTFRQ_EL0)",
                       cfg_system.counter_hz, hz);
    }
    const struct cfg_cpu *const cpu = &cfg_cpus[this_cpu()->id];

    for (unsigned i = 0; i < cpu->resident_count; i++) {
        wrong += check_grants(cfg_vcpus[cfg_residents[cpu->first_resident + i]].vm);
    }
    return wrong;
}

/* What the devicetree says of RAM, CPUs and interrupt controller. */
struct board_found {
    uint64_t ram_covered[CFG_RAM_COUNT]; /* bytes of each expected range that exist */
    bool cpu_found[CFG_CPU_COUNT];
    unsigned cpu_count;
    unsigned address_cells; /* of the root */
    unsigned size_cells;
    unsigned cpu_cells; /* of /cpus */
    const char *controller;      /* name of the last node that is an interrupt controller */
    const char *compatible_name; /* where the blob has the name of the property last met; */
    const char *compatible_of;   /* the name of its node; its value: */
    const char *compatible;
    uint32_t compatible_bytes;
    uint32_t gic_version; /* 0: none that is known */
};

static const struct {
    const char *compatible;
    uint32_t version;
} gics[] = {{"arm,gic-v3", 3}, {"arm,gic-400", 2}, {"arm,cortex-a15-gic", 2}};

static uint64_t read_cells(const uint8_t *value, unsigned cells)
{
    return (cells == 2U) ? fdt_u64(value) : fdt_u32(value);
}

static bool text_is(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

/* Is `node` called `name`, or `name@…`? */
static bool node_is(const char *node, const char *name)
{
    while (*name != '\0' && *node == *name) {
        node++;
        name++;
    }
    return *name == '\0' && (*node == '@' || *node == '\0');
}

static void add_ram(struct board_found *found, uint64_t base, uint64_t size)
{
    for (unsigned i = 0; i < CFG_RAM_COUNT; i++) {
        const uint64_t want_end = cfg_ram[i].base + cfg_ram[i].size;
        const uint64_t start = (base > cfg_ram[i].base) ? base : cfg_ram[i].base;
        const uint64_t end = (size > want_end - base && base < want_end) ? want_end : base + size;

        if (base < want_end && end > start) {
            found->ram_covered[i] += end - start;
        }
    }
}

static void visit_memory(struct board_found *found, const struct fdt_property *p)
{
    const unsigned entry = 4U * (found->address_cells + found->size_cells);

    for (uint32_t at = 0; entry != 0U && p->bytes - at >= entry; at += entry) {
        add_ram(found, read_cells(p->value + at, found->address_cells),
                read_cells(p->value + at + 4U * found->address_cells, found->size_cells));
    }
}

/* Index of the CPU with this MPIDR, or CFG_CPU_COUNT. The tables have the order of the board's
 * devicetree, so that the `guess` is nearly always right. */
static unsigned cpu_with(uint64_t mpidr, unsigned guess)
{
    if (guess < CFG_CPU_COUNT && cfg_cpus[guess].mpidr == mpidr) {
        return guess;
    }
    unsigned i = 0;

    while (i < CFG_CPU_COUNT && cfg_cpus[i].mpidr != mpidr) {
        i++;
    }
    return i;
}

static void visit_cpu(struct board_found *found, const struct fdt_property *p)
{
    if (p->bytes < 4U * found->cpu_cells) {
        return;
    }
    const unsigned cpu = cpu_with(read_cells(p->value, found->cpu_cells), found->cpu_count);

    found->cpu_count++;
    if (cpu < CFG_CPU_COUNT) {
        found->cpu_found[cpu] = true;
    }
}

/* Is `wanted` one of the strings, each with its end, in `list`? */
static bool list_has(const char *list, uint32_t bytes, const char *wanted)
{
    uint32_t start = 0;

    for (uint32_t i = 0; i < bytes; i++) {
        if (list[i] == '\0') {
            if (text_is(&list[start], wanted)) {
                return true;
            }
            start = i + 1U;
        }
    }
    return false;
}

static unsigned cells_of(const struct fdt_property *p)
{
    const uint32_t cells = (p->bytes == 4U) ? fdt_u32(p->value) : 0U;

    return (cells == 1U || cells == 2U) ? cells : 0U;
}

/* `compatible` and `interrupt-controller` come in any order: whoever is second decides. */
static void judge_controller(struct board_found *found)
{
    if (found->compatible_of != found->controller) {
        return;
    }
    for (unsigned i = 0; i < ARRAY_COUNT(gics); i++) {
        if (list_has(found->compatible, found->compatible_bytes, gics[i].compatible)) {
            found->gic_version = gics[i].version;
        }
    }
}

static void visit_cells(struct board_found *found, const struct fdt_property *p)
{
    if (p->depth == 1U && text_is(p->name, "#address-cells")) {
        found->address_cells = cells_of(p);
    } else if (p->depth == 1U && text_is(p->name, "#size-cells")) {
        found->size_cells = cells_of(p);
    } else if (p->depth == 2U && node_is(p->node, "cpus") && text_is(p->name, "#address-cells")) {
        found->cpu_cells = cells_of(p);
    }
}

static void visit_reg(struct board_found *found, const struct fdt_property *p)
{
    if (p->depth == 2U && node_is(p->node, "memory")) {
        visit_memory(found, p);
    } else if (p->depth == 3U && node_is(p->parent, "cpus") && node_is(p->node, "cpu")) {
        visit_cpu(found, p);
    }
}

/* The first character rules out most properties: this is called for every one of the tree. */
static void visit_property(void *context, const struct fdt_property *p)
{
    struct board_found *found = context;

    switch (p->name[0]) {
    case '#':
        visit_cells(found, p);
        break;
    case 'r':
        if (p->depth <= 3U && text_is(p->name, "reg")) {
            visit_reg(found, p);
        }
        break;
    case 'c':
        /* A blob has each name once, as a rule: then the same name is at the same address. */
        if (p->name == found->compatible_name || text_is(p->name, "compatible")) {
            found->compatible_name = p->name;
            found->compatible_of = p->node;
            found->compatible = (const char *)p->value;
            found->compatible_bytes = p->bytes;
            judge_controller(found);
        }
        break;
    case 'i':
        if (p->bytes == 0U && text_is(p->name, "interrupt-controller")) {
            found->controller = p->node;
            judge_controller(found);
        }
        break;
    default:
        break;
    }
}

static unsigned check_devicetree(uint64_t address)
{
    struct board_found found = {.address_cells = 2, .size_cells = 1, .cpu_cells = 1};
    struct fdt fdt;
    unsigned wrong = 0;
    uint64_t room = 0;

    for (unsigned i = 0; i < CFG_RAM_COUNT; i++) {
        if (address >= cfg_ram[i].base && address - cfg_ram[i].base < cfg_ram[i].size) {
            room = cfg_ram[i].size - (address - cfg_ram[i].base);
        }
    }
    room = (room > FDT_MAX_BYTES) ? FDT_MAX_BYTES : room;
    if ((address & 7U) != 0U || room == 0U ||
        !fdt_open(&fdt, memory_pointer(pa_make(address)), (uint32_t)room) ||
        !fdt_walk(&fdt, visit_property, &found)) {
        LOG_ERR("machine: x0 = 0x%llx at entry is not a devicetree in RAM: the firmware must pass "
                "its devicetree, or 0",
                (unsigned long long)address);
        return differs("devicetree", 0, address);
    }
    for (unsigned i = 0; i < CFG_RAM_COUNT; i++) {
        if (found.ram_covered[i] < cfg_ram[i].size) {
            LOG_ERR("machine: RAM 0x%llx..0x%llx is expected whole, the devicetree has %llu MiB of "
                    "it: give the machine more memory, or build for a board with less",
                    (unsigned long long)cfg_ram[i].base,
                    (unsigned long long)(cfg_ram[i].base + cfg_ram[i].size),
                    (unsigned long long)(found.ram_covered[i] >> 20));
            wrong += differs("RAM", cfg_ram[i].size, found.ram_covered[i]);
        }
    }
    for (unsigned i = 0; i < CFG_CPU_COUNT; i++) {
        if (!found.cpu_found[i]) {
            LOG_ERR("machine: CPU %u with MPIDR 0x%llx is expected, the devicetree has %u CPUs and "
                    "not this one: start the machine with all the board's CPUs",
                    i, (unsigned long long)cfg_cpus[i].mpidr, found.cpu_count);
            wrong += differs("CPU", cfg_cpus[i].mpidr, found.cpu_count);
        }
    }
    if (found.gic_version != cfg_system.gic_version) {
        LOG_ERR("machine: a GICv%u is expected, the devicetree has version %u (0: none): start the "
                "machine with a GICv%u (QEMU: -machine gic-version=%u), or build for its board",
                (unsigned)cfg_system.gic_version, (unsigned)found.gic_version,
                (unsigned)cfg_system.gic_version, (unsigned)cfg_system.gic_version);
        wrong += differs("GIC version", cfg_system.gic_version, found.gic_version);
    }
    return wrong;
}

static unsigned check_firmware(void)
{
    if (!firmware_answers()) {
        LOG_ERR("machine: firmware answers no PSCI by SMC: other CPUs cannot be started");
        return differs("PSCI", 1, 0);
    }
    return 0;
}

/* Touches the distributor's registers, so only once nothing else speaks against a GIC there. */
static unsigned check_gic(void)
{
    const unsigned gic = gic_version();

    /* GICv4 is a GICv3 with more; we use nothing of the more. */
    return check(gic == cfg_system.gic_version || (gic == 4U && cfg_system.gic_version == 3U),
                 "GIC version (GICD_PIDR2.ArchRev)", cfg_system.gic_version, gic);
}

unsigned machine_check_board(uint64_t devicetree)
{
    unsigned wrong = 0;

    wrong += check(cfg_system.magic == CFG_MAGIC, "magic of the tables", CFG_MAGIC,
                   cfg_system.magic);
    wrong += check(cfg_system.abi_version == CFG_ABI_VERSION, "version of the tables",
                   CFG_ABI_VERSION, cfg_system.abi_version);
    wrong += check_firmware();
    if (devicetree != 0U) {
        wrong += check_devicetree(devicetree);
    } else {
        LOG_WRN("machine: entered without a devicetree: RAM and CPUs are taken as described");
    }
    return (wrong != 0U) ? wrong : check_gic();
}
