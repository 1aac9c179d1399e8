/* Group memory: outside its windows a guest finds nothing, and inside them only what the
 * description grants (systems/test-memory.yaml).
 *
 * Windows: ram 0x40000000 2 MiB rwx; data 0x50000000 1 MiB rw; rom 0x58000000 r (in place).
 * Everything else must answer with a synchronous external abort [DDI0487 D17.2.37, ISS for Data
 * Abort]. The sweeps pass over the physical addresses of the hypervisor and of every other VM,
 * which are guest-physical holes here.
 *
 * @req CORE-4, CORE-5 */
#include "exception.h"
#include "mmu.h"
#include "psci.h"
#include "result.h"
#include "uart.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)
#define RAM_BASE UINT64_C(0x40000000)
#define RAM_END UINT64_C(0x40200000)
#define DATA_BASE UINT64_C(0x50000000)
#define DATA_END UINT64_C(0x50100000)
#define ROM_BASE UINT64_C(0x58000000)
#define ROM_MAGIC UINT32_C(0x4d4f5242) /* "BROM", first word of vm-images/tests/rom.bin */
#define INSTRUCTION_RET UINT32_C(0xd65f03c0)
#define ISS_WNR (1U << 6)
#define ISS_FNV (1U << 10)
#define ESR_IL (UINT64_C(1) << 25)

extern char __stacks_end[];

void guest_main(uint64_t devicetree);

LEAF(leaf_ldp, "ldp x0, x1, [x0]");
LEAF(leaf_stp, "stp x1, x1, [x0]");
LEAF(leaf_ldxr, "ldxr x0, [x0]");
LEAF(leaf_zva, "dc zva, x0");
LEAF(leaf_civac, "dc civac, x0");
LEAF(leaf_ldr_post, "mov x9, x0\n\tldr w1, [x9], #4");
uint64_t leaf_ldp(uintptr_t address);
uint64_t leaf_stp(uintptr_t address);
uint64_t leaf_ldxr(uintptr_t address);
uint64_t leaf_zva(uintptr_t address);
uint64_t leaf_civac(uintptr_t address);
uint64_t leaf_ldr_post(uintptr_t address);

/* Is `f` the external abort of a data access at `address`? */
static bool is_data_abort(const struct fault *f, uint64_t address, bool write)
{
    unsigned iss = ESR_ISS(f->esr);
    return f->taken && ESR_EC(f->esr) == EC_DABORT && ESR_FSC(f->esr) == FSC_EXTERNAL &&
           ((iss & ISS_WNR) != 0U) == write && (iss & ISS_FNV) == 0U && (f->esr & ESR_IL) != 0U &&
           f->far == address;
}

static void expect_data_abort(const char *name, struct fault f, uint64_t address, bool write)
{
    test_check(is_data_abort(&f, address, write), name,
               "at %lx: fault taken %d, ESR %lx, FAR %lx", address, (int)f.taken, f.esr, f.far);
}

/* Reads and writes at each `step` of [start, end), and in the last word: all must abort. */
static void sweep(const char *name, uint64_t start, uint64_t end, uint64_t step)
{
    uint64_t value;
    uint64_t wrong = 0;
    struct fault first_wrong = {0};
    uint64_t wrong_at = 0;
    for (uint64_t address = start; address < end; address += step) {
        struct fault read = probe_read(address, 4, &value);
        struct fault write = probe_write(address + step - 8U, 8, UINT64_C(0xdeaddeaddeaddead));
        bool read_is_right = is_data_abort(&read, address, false);
        bool write_is_right = is_data_abort(&write, address + step - 8U, true);
        if (!(read_is_right && write_is_right) && wrong++ == 0U) {
            first_wrong = read_is_right ? write : read;
            wrong_at = address;
        }
    }
    test_check(wrong == 0U, name, "%lu places, first at %lx: taken %d, ESR %lx, FAR %lx", wrong,
               wrong_at, (int)first_wrong.taken, first_wrong.esr, first_wrong.far);
}

static void check_holes(void)
{
    sweep("hole_below_devices", 0, 0x08000000U, MIB);
    sweep("hole_gic_to_uart", 0x08200000U, 0x09000000U, 0x10000U);
    sweep("hole_after_devices", 0x09100000U, 0x40000000U, MIB);
    sweep("hole_hypervisor_and_other_vms", RAM_END, DATA_BASE, 64U * 1024U);
    sweep("hole_above_data", DATA_END, ROM_BASE, MIB);
    sweep("hole_rest_of_physical_ram", 0x60000000U, 0xc0000000U, MIB);
    sweep("hole_to_the_end_of_40_bits", 3U * GIB, 1024U * GIB, GIB);
}

static void check_edges(void)
{
    uint64_t value;
    expect_data_abort("byte_after_ram", probe_read(RAM_END, 1, &value), RAM_END, false);
    expect_data_abort("byte_before_ram", probe_read(RAM_BASE - 1U, 1, &value), RAM_BASE - 1U,
                      false);
    struct fault straddle = probe_read(RAM_END - 4U, 8, &value);
    test_check(straddle.taken && ESR_EC(straddle.esr) == EC_DABORT, "straddle_end_of_ram",
               "taken %d, ESR %lx", (int)straddle.taken, straddle.esr);
    struct fault last = probe_read(RAM_END - 8U, 8, &value);
    test_check(!last.taken, "last_word_of_ram", "ESR %lx", last.esr);
}

static void check_other_forms(void)
{
    static const struct {
        const char *name;
        uint64_t (*leaf)(uintptr_t);
        bool write;
    } forms[] = {
        {"hole_ldp", leaf_ldp, false},   {"hole_stp", leaf_stp, true},
        {"hole_ldxr", leaf_ldxr, false}, {"hole_dc_zva", leaf_zva, true},
        {"hole_ldr_post", leaf_ldr_post, false},
    };
    for (unsigned i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        fault_expect();
        forms[i].leaf(0x60000000U);
        expect_data_abort(forms[i].name, fault_taken(), 0x60000000U, forms[i].write);
    }
    /* Cache maintenance of nothing may be refused or do nothing. */
    fault_expect();
    leaf_civac(0x60000000U);
    struct fault f = fault_taken();
    test_check(!f.taken || ESR_EC(f.esr) == EC_DABORT, "hole_dc_civac", "ESR %lx", f.esr);
}

static void code_write(uint64_t address, uint32_t instruction)
{
    mmio_write32(address, instruction);
    __asm__ volatile("dc cvau, %0\n\tdsb ish\n\tic ivau, %0\n\tdsb ish\n\tisb" ::"r"(address)
                     : "memory");
}

static void check_execution(void)
{
    code_write(RAM_END - 64U, INSTRUCTION_RET);
    struct fault f = probe_execute(RAM_END - 64U);
    test_check(!f.taken, "execute_ram", "ESR %lx", f.esr);

    code_write(DATA_BASE, INSTRUCTION_RET);
    f = probe_execute(DATA_BASE);
    test_check(f.taken && ESR_EC(f.esr) == EC_IABORT && ESR_FSC(f.esr) == FSC_EXTERNAL &&
                   f.far == DATA_BASE && f.elr == DATA_BASE,
               "execute_no_execute_window", "taken %d, ESR %lx, FAR %lx", (int)f.taken, f.esr,
               f.far);
    f = probe_execute(0x60000000U);
    test_check(f.taken && ESR_EC(f.esr) == EC_IABORT && ESR_FSC(f.esr) == FSC_EXTERNAL &&
                   f.far == 0x60000000U,
               "execute_hole", "taken %d, ESR %lx, FAR %lx", (int)f.taken, f.esr, f.far);
}

static void check_windows(void)
{
    uint64_t value;
    struct fault f = probe_write(DATA_END - 8U, 8, 42);
    test_check(!f.taken, "write_data_window", "ESR %lx", f.esr);
    f = probe_read(ROM_BASE, 4, &value);
    test_check(!f.taken && value == ROM_MAGIC, "read_rom", "ESR %lx, value %lx", f.esr, value);
    expect_data_abort("write_rom", probe_write(ROM_BASE, 4, 0), ROM_BASE, true);
    f = probe_read(ROM_BASE, 4, &value);
    test_check(value == ROM_MAGIC, "rom_unchanged", "value %lx", value);
}

/* Memory that no image fills is zero at the start. */
static void check_cleared(uint64_t start, uint64_t end, const char *name)
{
    uint64_t address = start;
    while (address < end && mmio_read64(address) == 0U) {
        address += 8U;
    }
    test_check(address >= end, name, "not zero at %lx", address);
}

/* A table walk that leaves the windows: the guest's own abort, on the walk. */
static void check_table_walk(void)
{
    uint64_t value;
    uint64_t tcr = SYSREG_READ(TCR_EL1);
    SYSREG_WRITE(TTBR1_EL1, 0x60000000U);
    SYSREG_WRITE(TCR_EL1, (tcr & ~(UINT64_C(1) << 23)) | (UINT64_C(25) << 16) |
                              (UINT64_C(2) << 30));
    isb();
    struct fault f = probe_read(0xffffff8000000000U, 4, &value);
    SYSREG_WRITE(TCR_EL1, tcr);
    isb();
    unsigned fsc = ESR_FSC(f.esr);
    test_check(f.taken && ESR_EC(f.esr) == EC_DABORT &&
                   (fsc == FSC_EXTERNAL || (fsc >= 0x14U && fsc <= 0x17U)),
               "table_walk_into_hole", "taken %d, ESR %lx", (int)f.taken, f.esr);
}

void guest_main(uint64_t devicetree)
{
    (void)devicetree;
    test_begin("memory");
    check_cleared((uint64_t)(uintptr_t)__stacks_end, RAM_END, "ram_cleared");
    check_cleared(DATA_BASE, DATA_END, "data_cleared");
    check_edges();
    check_holes();
    check_other_forms();
    check_windows();
    check_execution();
    check_table_walk();
    test_done();
}
