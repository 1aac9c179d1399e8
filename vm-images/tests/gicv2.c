/* Group gicv2: the virtual distributor and the CPU interface of a GICv2 behave as [IHI0048] says.
 *
 * First every offset of the distributor is read and written with every width: whatever they mean,
 * nothing may hang, fault or disturb what comes after. Then function: banked registers, targets,
 * SGIs with their sources, priorities, both EOI modes, level and edge, the second CPU.
 *
 * @req IRQ-2 */
#include "gicv2/gicv2.h"

#include "gic_checks.h"
#include "psci.h"

void guest_main(uint64_t devicetree);

static void note_interrupt(unsigned intid)
{
    seen_note(gicv2_last_iar(), intid);
}

static uint32_t sgi_from(unsigned intid, unsigned source)
{
    return intid | source << 10;
}

/* --- every offset, every width -------------------------------------------------------------- */

static void check_every_offset(void)
{
    uint64_t value;

    check_every_offset_of("gicd", GICD_BASE, GICD_BYTES);
    test_check(probe_read(GICD_BASE + GICD_BYTES, 4, &value).taken, "nothing_behind_gicd",
               "no fault");
    test_check(probe_read(GICC_BASE + 0x2000U, 4, &value).taken, "nothing_behind_gicc", "no fault");
    test_check(probe_read(GICC_BASE - 0x1000U, 4, &value).taken, "nothing_before_gicc", "no fault");
}

/* Ends whatever the patterns above have set in motion. */
static void settle(void)
{
    unsigned lines = 32U * ((mmio_read32(GICD_BASE + GICD_TYPER) & 0x1fU) + 1U);
    for (unsigned intid = 0; intid < lines && intid < 1020U; intid += 32U) {
        mmio_write32(gic_bit_register(GICD_ICENABLER, intid), UINT32_MAX);
        mmio_write32(gic_bit_register(GICD_ICPENDR, intid), UINT32_MAX);
        mmio_write32(gic_bit_register(GICD_ICACTIVER, intid), UINT32_MAX);
    }
    for (unsigned intid = 0; intid < 16U; intid++) {
        gic_clear_pending(intid);
    }
    for (unsigned word = 2; word < lines / 16U; word++) {
        mmio_write32(GICD_BASE + GICD_ICFGR + 4U * word, 0);
    }
    gic_init();
}

/* --- registers ------------------------------------------------------------------------------ */

LEAF(read_icc_sre, "mrs x0, S3_0_C12_C12_5");
LEAF(read_icc_iar1, "mrs x0, S3_0_C12_C12_0");
LEAF(write_icc_sgi1r, "msr S3_0_C12_C11_5, x0");
LEAF(write_icc_dir, "msr S3_0_C12_C11_1, x0");
void read_icc_sre(void);
void read_icc_iar1(void);
void write_icc_sgi1r(uint64_t value);
void write_icc_dir(uint64_t value);

static void expect_undefined(const char *name)
{
    struct fault f = fault_taken();
    test_check(f.taken && ESR_EC(f.esr) == EC_UNKNOWN, name, "taken %d, ESR %lx", (int)f.taken,
               f.esr);
}

static void check_no_system_registers(void)
{
    TEST_EQUAL("id_aa64pfr0_gic", (SYSREG_READ(ID_AA64PFR0_EL1) >> 24) & 0xfU, 0);
    fault_expect();
    read_icc_sre();
    expect_undefined("icc_sre_undefined");
    fault_expect();
    read_icc_iar1();
    expect_undefined("icc_iar1_undefined");
    fault_expect();
    write_icc_sgi1r(0);
    expect_undefined("icc_sgi1r_undefined");
    fault_expect();
    write_icc_dir(0);
    expect_undefined("icc_dir_undefined");
}

static void check_identification(void)
{
    uint32_t typer = mmio_read32(GICD_BASE + GICD_TYPER);
    TEST_EQUAL("archrev", (mmio_read32(GICD_BASE + GICD_ICPIDR2) >> 4) & 0xfU, 2);
    TEST_EQUAL("cpu_number", ((typer >> 5) & 7U) + 1U, cpu_count());
    TEST_EQUAL("no_security_extensions", (typer >> 10) & 1U, 0);
    TEST_EQUAL("nsacr", mmio_read32(GICD_BASE + GICD_NSACR), 0);
    TEST_EQUAL("sgis_are_edges", mmio_read32(GICD_BASE + GICD_ICFGR), 0xaaaaaaaaU);
}

static void check_registers(void)
{
    static const unsigned intids[] = {20, SPI_A};
    for (unsigned i = 0; i < sizeof(intids) / sizeof(intids[0]); i++) {
        check_set_clear("enable_set_clear", GICD_ISENABLER, GICD_ICENABLER, intids[i]);
        check_set_clear("pending_set_clear", GICD_ISPENDR, GICD_ICPENDR, intids[i]);
        check_set_clear("active_set_clear", GICD_ISACTIVER, GICD_ICACTIVER, intids[i]);
    }
    mmio_write32(GICD_BASE + GICD_IPRIORITYR + SPI_A, 0x50586068);
    TEST_EQUAL("priority_word", mmio_read32(GICD_BASE + GICD_IPRIORITYR + SPI_A), 0x50586068);
    TEST_EQUAL("priority_byte", mmio_read8(GICD_BASE + GICD_IPRIORITYR + SPI_B), 0x60);
    gic_set_priority(SPI_A, 0xff);
    TEST_EQUAL("priority_bits", mmio_read8(GICD_BASE + GICD_IPRIORITYR + SPI_A), 0xf8);

    uint32_t all = (1U << cpu_count()) - 1U;
    TEST_EQUAL("own_targets", mmio_read32(GICD_BASE + GICD_ITARGETSR), 0x01010101);
    mmio_write32(GICD_BASE + GICD_ITARGETSR, 0);
    TEST_EQUAL("own_targets_fixed", mmio_read8(GICD_BASE + GICD_ITARGETSR + 31U), 1);
    mmio_write8(GICD_BASE + GICD_ITARGETSR + SPI_A, 0xff);
    TEST_EQUAL("targets_that_exist", mmio_read8(GICD_BASE + GICD_ITARGETSR + SPI_A), all);
    TEST_EQUAL("targets_of_neighbour", mmio_read8(GICD_BASE + GICD_ITARGETSR + SPI_B), 1);

    mmio_write32(GICD_BASE + GICD_ISPENDR, 0xffff);
    TEST_EQUAL("sgis_not_by_ispendr", mmio_read32(GICD_BASE + GICD_ISPENDR) & 0xffffU, 0);
    mmio_write32(GICD_BASE + GICD_SPENDSGIR, 0x00010000);
    TEST_EQUAL("spendsgir", mmio_read32(GICD_BASE + GICD_CPENDSGIR), 0x00010000);
    TEST_EQUAL("spendsgir_pending", mmio_read32(GICD_BASE + GICD_ISPENDR) & 0xffffU, 1U << 2);
    mmio_write8(GICD_BASE + GICD_CPENDSGIR + 2U, 0xff);
    TEST_EQUAL("cpendsgir", mmio_read32(GICD_BASE + GICD_SPENDSGIR), 0);
    settle();
}

/* --- delivery ------------------------------------------------------------------------------- */

static void check_spi(void)
{
    seen_reset();
    gic_set_pending(SPI_A);
    test_check(quiet() && gic_is_pending(SPI_A), "disabled_stays_pending", "seen %u", seen.count);
    gic_enable(SPI_A);
    test_check(take(1) && seen.order[0] == SPI_A, "enable_delivers", "seen %u: %x", seen.count,
               seen.order[0]);
    test_check(seen.active_inside, "active_in_handler", "inactive");
    test_check(!gic_is_active(SPI_A) && quiet(), "delivered_once", "seen %u", seen.count);
    mmio_write32(gic_bit_register(GICD_ISACTIVER, SPI_A), 1U << (SPI_A % 32U));
    gic_set_pending(SPI_A);
    test_check(quiet(), "active_holds_back", "seen %u", seen.count);
    mmio_write32(gic_bit_register(GICD_ICACTIVER, SPI_A), 1U << (SPI_A % 32U));
    test_check(take(2), "deactivated_delivers", "seen %u", seen.count);
    mmio_write8(GICD_BASE + GICD_ITARGETSR + SPI_A, 0);
    gic_set_pending(SPI_A);
    test_check(quiet() && gic_is_pending(SPI_A), "without_target_stays_pending", "seen %u",
               seen.count);
    mmio_write8(GICD_BASE + GICD_ITARGETSR + SPI_A, 1);
    test_check(take(3), "target_delivers", "seen %u", seen.count);
    gic_disable(SPI_A);
}

static void check_sgi(void)
{
    seen_reset();
    gic_enable(SGI_A);
    mmio_write32(GICD_BASE + GICD_SGIR, SGIR_SELF | SGI_A);
    test_check(take(1) && seen.order[0] == SGI_A, "sgi_to_self", "seen %u", seen.count);
    mmio_write32(GICD_BASE + GICD_SGIR, SGIR_LIST(1) | SGI_A);
    test_check(take(2), "sgi_by_list", "seen %u", seen.count);
    mmio_write32(GICD_BASE + GICD_SGIR, SGIR_OTHERS | SGIR_LIST(0xff) | SGI_A);
    mmio_write32(GICD_BASE + GICD_SGIR, SGIR_LIST(0) | SGI_A);
    mmio_write32(GICD_BASE + GICD_SGIR, SGIR_LIST(0xf0) | SGI_A);
    mmio_write32(GICD_BASE + GICD_SGIR, (3U << 24) | SGIR_LIST(0xff) | SGI_A);
    test_check(quiet(), "sgi_to_nobody", "seen %u", seen.count);
}

static void check_priorities(void)
{
    seen_reset();
    gic_enable(SGI_B);
    gic_set_priority(SGI_A, 0xa0);
    gic_set_priority(SGI_B, 0x40);
    gic_set_pending(SGI_A);
    gic_set_pending(SGI_B);
    take(2);
    test_check(seen.count == 2U && seen.order[0] == SGI_B && seen.order[1] == SGI_A,
               "highest_first", "%x, then %x", seen.order[0], seen.order[1]);
    mmio_write32(GICC_BASE + GICC_PMR, 0x80);
    gic_set_pending(SGI_A);
    test_check(quiet(), "masked_by_pmr", "seen %u", seen.count);
    gic_set_pending(SGI_B);
    test_check(take(3), "above_pmr", "seen %u", seen.count);
    mmio_write32(GICC_BASE + GICC_PMR, 0xff);
    test_check(take(4), "pmr_opened", "seen %u", seen.count);
    gic_set_priority(SGI_B, GIC_PRIORITY_DEFAULT);
}

/* SGI_B from this CPU, and as if from the second one. */
static void check_sources(void)
{
    if (cpu_count() < 2U) {
        return;
    }
    seen_reset();
    mmio_write8(GICD_BASE + GICD_SPENDSGIR + SGI_B, 3);
    TEST_EQUAL("two_sources", mmio_read8(GICD_BASE + GICD_SPENDSGIR + SGI_B), 3);
    test_check(take(2) && quiet(), "taken_by_source", "seen %u", seen.count);
    test_check(seen.order[0] == sgi_from(SGI_B, 0) && seen.order[1] == sgi_from(SGI_B, 1),
               "source_in_iar", "%x, then %x", seen.order[0], seen.order[1]);
    TEST_EQUAL("no_source_left", mmio_read32(GICD_BASE + GICD_SPENDSGIR + 4U), 0);
}

/* EOImode 1: GICC_EOIR drops the priority, GICC_DIR deactivates. */
static void check_eoi_mode(void)
{
    uint64_t start = timer_now();
    uint32_t iar = GIC_SPURIOUS;

    gic_enable(SPI_B);
    mmio_write32(GICC_BASE + GICC_CTLR, GICC_CTLR_ENABLE_G0 | GICC_CTLR_EOIMODE);
    gic_set_pending(SPI_B);
    while (iar != SPI_B && timer_elapsed_ms(start) < 200U) {
        iar = mmio_read32(GICC_BASE + GICC_IAR);
    }
    TEST_EQUAL("split_acknowledge", iar, SPI_B);
    TEST_EQUAL("split_running_priority", mmio_read32(GICC_BASE + GICC_RPR) & 0xffU,
               GIC_PRIORITY_DEFAULT);
    mmio_write32(GICC_BASE + GICC_EOIR, iar);
    TEST_EQUAL("split_priority_dropped", mmio_read32(GICC_BASE + GICC_RPR) & 0xffU, 0xff);
    TEST_EQUAL("split_still_active", gic_is_active(SPI_B), true);
    mmio_write32(GICC_BASE + GICC_DIR, iar);
    TEST_EQUAL("split_deactivated", gic_is_active(SPI_B), false);
    mmio_write32(GICC_BASE + GICC_CTLR, GICC_CTLR_ENABLE_G0);
    gic_disable(SPI_B);
}

/* --- other CPUs ----------------------------------------------------------------------------- */

static volatile uint32_t remote_iar;
static volatile uint32_t remote_enabled;
static volatile uint32_t remote_waiting;
static volatile bool remote_ready;
static volatile bool remote_split;
static volatile bool remote_stop;

/* What the other CPU has acknowledged: with EOImode 1 any CPU may deactivate it. */
static void check_deactivation_elsewhere(void)
{
    unsigned before = remote_seen;

    remote_split = true;
    mmio_write8(GICD_BASE + GICD_ITARGETSR + SPI_B, 2);
    gic_enable(SPI_B);
    gic_set_pending(SPI_B);
    test_check(wait_remote(before + 1U) && gic_is_active(SPI_B), "active_elsewhere",
               "it saw %u", remote_seen);
    gic_split_end(true);
    gic_deactivate(SPI_B);
    gic_split_end(false);
    TEST_EQUAL("deactivated_from_here", gic_is_active(SPI_B), false);
    gic_set_pending(SPI_B);
    test_check(wait_remote(before + 2U), "comes_again_elsewhere", "it saw %u", remote_seen);
    gic_disable(SPI_B);
}

static void note_remote(unsigned intid)
{
    if (cpu_number() == 0U) {
        note_interrupt(intid);
    } else {
        remote_iar = gicv2_last_iar();
        gic_split_end(remote_split && intid == SPI_B);
        remote_seen = remote_seen + 1U;
        if (intid == SGI_B) {
            mmio_write32(GICD_BASE + GICD_SGIR, SGIR_LIST(1) | SGI_B); /* an answer */
        }
    }
}

static void remote_listen(void)
{
    /* One of the patterns written to GICD_SGIR at first was an SGI to all others, and so was one of
     * check_sgi(): they waited here. */
    remote_waiting = mmio_read8(GICD_BASE + GICD_SPENDSGIR + SGI_B);
    gic_clear_pending(SGI_A);
    gic_clear_pending(SGI_B);
    gic_enable(SGI_A);
    gic_enable(SGI_B);
    remote_enabled = mmio_read32(GICD_BASE + GICD_ISENABLER);
    irq_enable();
    remote_ready = true;
    while (!remote_stop) {
    }
    irq_disable();
}

static void check_second_cpu(void)
{
    gic_disable(SGI_A);
    gic_disable(SGI_B);
    irq_hook = note_remote;
    TEST_EQUAL("second_cpu_on", cpu_start(1, remote_listen), PSCI_SUCCESS);
    while (!remote_ready) {
    }
    TEST_EQUAL("sgi_kept_while_off", remote_waiting, 1);
    TEST_EQUAL("banked_enables", mmio_read32(GICD_BASE + GICD_ISENABLER) & remote_enabled, 0);
    mmio_write32(GICD_BASE + GICD_SGIR, SGIR_LIST(2) | SGI_A);
    test_check(wait_remote(1) && remote_iar == SGI_A, "sgi_to_second_cpu", "it saw %u: %x",
               remote_seen, remote_iar);
    mmio_write32(GICD_BASE + GICD_SGIR, SGIR_OTHERS | SGI_A);
    test_check(wait_remote(2), "sgi_to_all_others", "it saw %u", remote_seen);
    seen_reset();
    gic_enable(SGI_B);
    mmio_write32(GICD_BASE + GICD_SGIR, SGIR_LIST(2) | SGI_B);
    test_check(take(1) && seen.order[0] == sgi_from(SGI_B, 1) && wait_remote(3), "sgi_answered",
               "here %x, there %u", seen.order[0], remote_seen);

    mmio_write8(GICD_BASE + GICD_ITARGETSR + SPI_A, 2);
    gic_enable(SPI_A);
    gic_set_pending(SPI_A);
    test_check(wait_remote(4) && remote_iar == SPI_A, "spi_to_second_cpu", "it saw %u: %x",
               remote_seen, remote_iar);
    mmio_write8(GICD_BASE + GICD_ITARGETSR + SPI_A, 1);
    seen_reset();
    gic_set_pending(SPI_A);
    test_check(take(1) && wait_remote(4), "spi_back", "here %u, there %u", seen.count,
               remote_seen);
    mmio_write8(GICD_BASE + GICD_ITARGETSR + SPI_A, 3);
    seen_reset();
    gic_set_pending(SPI_A);
    uint64_t start = timer_now();
    irq_enable();
    while (seen.count + remote_seen < 5U && timer_elapsed_ms(start) < 500U) {
    }
    irq_disable();
    test_check(seen.count + remote_seen == 5U && quiet(), "spi_to_one_of_two",
               "here %u, there %u", seen.count, remote_seen);
    check_deactivation_elsewhere();
    remote_stop = true;
    test_check(cpu_wait_off(1), "second_cpu_off", "still on");
}

void guest_main(uint64_t devicetree)
{
    (void)devicetree;
    test_begin("gicv2");
    gic_init();
    check_no_system_registers();
    check_identification();
    check_every_offset();
    settle();
    irq_hook = note_interrupt;
    check_registers();
    check_spi();
    check_sgi();
    check_priorities();
    check_sources();
    check_many();
    check_eoi_mode();
    check_level();
    mmio_write32(GICD_BASE + GICD_ICFGR + 4U * (SPI_A / 16U), 2U << (2U * (SPI_A % 16U)));
    check_again_while_active(SPI_A, "edge_while_active");
    check_again_while_active(SGI_A, "sgi_while_active");
    if (cpu_count() > 1U) {
        check_second_cpu();
    }
    test_done();
}
