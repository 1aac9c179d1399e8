/* Group gic: the virtual distributor, redistributor and CPU interface behave as [IHI0069] says.
 *
 * First every offset of both register frames is read and written with every width: whatever they
 * mean, nothing may hang, fault or disturb what comes after. Then function: enable, pending,
 * active, priority, configuration, routing, SGIs, level and edge, both EOI modes.
 *
 * @req IRQ-1 */
#include "gic_checks.h"
#include "psci.h"

void guest_main(uint64_t devicetree);

static void note_interrupt(unsigned intid)
{
    seen_note(intid, intid);
}

/* --- every offset, every width -------------------------------------------------------------- */

static void check_every_offset(void)
{
    check_every_offset_of("gicd", GICD_BASE, 0x10000U);
    check_every_offset_of("gicr_rd", GICR_BASE, 0x10000U);
    check_every_offset_of("gicr_sgi", GICR_BASE + GICR_SGI_OFFSET, 0x10000U);
}

/* Ends whatever the patterns above have set in motion. */
static void settle(void)
{
    unsigned lines = 32U * ((mmio_read32(GICD_BASE + GICD_TYPER) & 0x1fU) + 1U);
    for (unsigned intid = 0; intid < lines && intid < 1020U; intid += 32U) {
        mmio_write32(gic_bit_register(GICD_ICENABLER, intid), UINT32_MAX);
        mmio_write32(gic_bit_register(GICD_ICPENDR, intid), UINT32_MAX);
        mmio_write32(gic_bit_register(GICD_ICACTIVER, intid), UINT32_MAX);
        mmio_write32(gic_bit_register(GICD_IGROUPR, intid), UINT32_MAX);
    }
    for (unsigned word = 2; word < lines / 16U; word++) {
        mmio_write32(GICD_BASE + GICD_ICFGR + 4U * word, 0);
    }
    for (unsigned intid = 32; intid < lines && intid < 1020U; intid++) {
        mmio_write64(GICD_BASE + GICD_IROUTER + 8U * intid, 0);
        gic_set_priority(intid, GIC_PRIORITY_DEFAULT);
    }
    gic_init();
}

/* --- registers ------------------------------------------------------------------------------ */

static void check_identification(void)
{
    TEST_EQUAL("gicd_archrev", (mmio_read32(GICD_BASE + GICD_PIDR2) >> 4) & 0xfU, 3);
    TEST_EQUAL("gicr_archrev", (mmio_read32(GICR_BASE + GICR_PIDR2) >> 4) & 0xfU, 3);
    uint32_t ctlr = mmio_read32(GICD_BASE + GICD_CTLR);
    test_check((ctlr & GICD_CTLR_ARE) != 0U, "affinity_routing_on", "GICD_CTLR %x", ctlr);
    uint64_t typer = mmio_read64(GICR_BASE + GICR_TYPER);
    TEST_EQUAL("gicr_typer_affinity", typer >> 32, 0);
    TEST_EQUAL("gicr_typer_halves", mmio_read32(GICR_BASE + GICR_TYPER + 4U), typer >> 32);
    unsigned cpus = cpu_count();
    uint64_t last = mmio_read64(GICR_BASE + (cpus - 1U) * GICR_STRIDE + GICR_TYPER);
    test_check((last & (1U << 4)) != 0U, "gicr_typer_last", "TYPER of CPU %u: %lx", cpus - 1U,
               last);
    TEST_EQUAL("gicr_typer_last_affinity", last >> 32, cpu_affinity(cpus - 1U));
}

static void check_registers(void)
{
    static const unsigned intids[] = {SGI_A, 20, SPI_A};
    for (unsigned i = 0; i < sizeof(intids) / sizeof(intids[0]); i++) {
        check_set_clear("enable_set_clear", GICD_ISENABLER, GICD_ICENABLER, intids[i]);
        check_set_clear("pending_set_clear", GICD_ISPENDR, GICD_ICPENDR, intids[i]);
        check_set_clear("active_set_clear", GICD_ISACTIVER, GICD_ICACTIVER, intids[i]);
    }
    gic_set_priority(SPI_A, 0x48);
    TEST_EQUAL("priority_byte", mmio_read8(GICD_BASE + GICD_IPRIORITYR + SPI_A), 0x48);
    mmio_write32(GICD_BASE + GICD_IPRIORITYR + SPI_A, 0x50586068);
    TEST_EQUAL("priority_word", mmio_read32(GICD_BASE + GICD_IPRIORITYR + SPI_A), 0x50586068);
    TEST_EQUAL("priority_byte_of_word", mmio_read8(GICD_BASE + GICD_IPRIORITYR + SPI_B), 0x60);

    uintptr_t config = GICD_BASE + GICD_ICFGR + 4U * (SPI_A / 16U);
    mmio_write32(config, UINT32_MAX);
    TEST_EQUAL("config_edge", mmio_read32(config) & 0xaaaaaaaaU, 0xaaaaaaaaU);
    mmio_write32(config, 0);
    TEST_EQUAL("config_level", mmio_read32(config), 0);

    uintptr_t router = GICD_BASE + GICD_IROUTER + 8U * SPI_A;
    mmio_write64(router, UINT64_C(1) << 31);
    TEST_EQUAL("irouter_mode", mmio_read64(router), UINT64_C(1) << 31);
    mmio_write32(router, 1);
    TEST_EQUAL("irouter_low_word", mmio_read64(router), 1);
    mmio_write32(router + 4U, 0);
    TEST_EQUAL("irouter_high_word", mmio_read32(router + 4U), 0);
    mmio_write64(router, 0);
    settle();
}

/* --- delivery ------------------------------------------------------------------------------- */

static void check_spi_by_pending(void)
{
    seen_reset();
    gic_set_pending(SPI_A);
    test_check(quiet() && gic_is_pending(SPI_A), "disabled_stays_pending", "seen %u", seen.count);
    gic_enable(SPI_A);
    test_check(take(1) && seen.last == SPI_A, "enable_delivers", "seen %u, last %u", seen.count,
               seen.last);
    test_check(seen.active_inside && !seen.pending_inside, "active_in_handler",
               "active %d, pending %d", (int)seen.active_inside, (int)seen.pending_inside);
    test_check(!gic_is_active(SPI_A) && !gic_is_pending(SPI_A), "inactive_after_end",
               "active %d, pending %d", (int)gic_is_active(SPI_A), (int)gic_is_pending(SPI_A));
    test_check(quiet(), "delivered_once", "seen %u", seen.count);

    gic_set_pending(SPI_A);
    gic_clear_pending(SPI_A);
    test_check(quiet(), "cleared_pending_is_gone", "seen %u", seen.count);

    mmio_write32(gic_bit_register(GICD_ISACTIVER, SPI_A), 1U << (SPI_A % 32U));
    gic_set_pending(SPI_A);
    test_check(quiet(), "active_holds_back", "seen %u", seen.count);
    mmio_write32(gic_bit_register(GICD_ICACTIVER, SPI_A), 1U << (SPI_A % 32U));
    test_check(take(2), "deactivated_delivers", "seen %u", seen.count);
    gic_disable(SPI_A);
}

static void check_sgi(void)
{
    seen_reset();
    gic_enable(SGI_A);
    gic_enable(SGI_B);
    gic_send_sgi(GIC_SGI_TO(SGI_A, 1U));
    test_check(take(1) && seen.last == SGI_A, "sgi_to_self", "seen %u", seen.count);
    gic_send_sgi(GIC_SGI_OTHERS(SGI_A));
    test_check(quiet(), "sgi_to_others_spares_self", "seen %u", seen.count);
    gic_send_sgi(GIC_SGI_TO(SGI_A, 0x8000U));
    gic_send_sgi(GIC_SGI_TO(SGI_A, 1U) | (UINT64_C(7) << 16) | (UINT64_C(3) << 32));
    test_check(quiet(), "sgi_to_nobody", "seen %u", seen.count);
}

static void check_priorities(void)
{
    seen_reset();
    gic_set_priority(SGI_A, 0xa0);
    gic_set_priority(SGI_B, 0x40);
    gic_set_pending(SGI_A);
    gic_set_pending(SGI_B);
    take(2);
    test_check(seen.count == 2U && seen.order[0] == SGI_B && seen.order[1] == SGI_A,
               "highest_first", "%u, then %u", seen.order[0], seen.order[1]);

    seen_reset();
    gic_send_sgi(GIC_SGI_TO(SGI_A, 1U));
    gic_send_sgi(GIC_SGI_TO(SGI_B, 1U));
    take(2);
    test_check(seen.count == 2U && seen.order[0] == SGI_B && seen.order[1] == SGI_A,
               "highest_sgi_first", "%u, then %u", seen.order[0], seen.order[1]);

    SYSREG_WRITE(ICC_PMR, 0x80);
    isb();
    gic_set_pending(SGI_A);
    test_check(quiet(), "masked_by_pmr", "seen %u", seen.count);
    gic_set_pending(SGI_B);
    test_check(take(3) && seen.last == SGI_B, "above_pmr", "last %u", seen.last);
    SYSREG_WRITE(ICC_PMR, 0xff);
    isb();
    test_check(take(4) && seen.last == SGI_A, "pmr_opened", "last %u", seen.last);
}

/* EOImode 1: EOIR drops the priority, DIR deactivates. */
static void check_eoi_mode(void)
{
    seen_reset();
    irq_disable();
    gic_enable(SPI_B);
    SYSREG_WRITE(ICC_CTLR, ICC_CTLR_EOIMODE);
    isb();
    gic_set_pending(SPI_B);
    uint64_t start = timer_now();
    uint64_t intid = GIC_SPURIOUS;
    while (intid != SPI_B && timer_elapsed_ms(start) < 200U) {
        intid = SYSREG_READ(ICC_IAR1);
    }
    TEST_EQUAL("split_acknowledge", intid, SPI_B);
    TEST_EQUAL("split_running_priority", SYSREG_READ(ICC_RPR) & 0xffU, GIC_PRIORITY_DEFAULT);
    SYSREG_WRITE(ICC_EOIR1, SPI_B);
    isb();
    TEST_EQUAL("split_priority_dropped", SYSREG_READ(ICC_RPR) & 0xffU, 0xff);
    TEST_EQUAL("split_still_active", gic_is_active(SPI_B), true);
    SYSREG_WRITE(ICC_DIR, SPI_B);
    isb();
    TEST_EQUAL("split_deactivated", gic_is_active(SPI_B), false);
    SYSREG_WRITE(ICC_CTLR, 0);
    isb();
    gic_disable(SPI_B);
}

static void check_edge_while_active(void)
{
    mmio_write32(GICD_BASE + GICD_ICFGR + 4U * (SPI_A / 16U), 2U << (2U * (SPI_A % 16U)));
    check_again_while_active(SPI_A, "edge_while_active");
}

/* --- other CPUs ----------------------------------------------------------------------------- */

static volatile bool remote_waiting;
static volatile bool remote_ready;
static volatile bool remote_stop;

static void note_remote(unsigned intid)
{
    if (cpu_number() == 0U) {
        note_interrupt(intid);
    } else {
        remote_seen = remote_seen + 1U;
    }
}

static void remote_listen(void)
{
    /* check_sgi() sent it to all others, when this CPU was off: it would come beside the next. */
    remote_waiting = gic_is_pending(SGI_A);
    gic_clear_pending(SGI_A);
    gic_enable(SGI_A);
    irq_enable();
    remote_ready = true;
    while (!remote_stop) {
    }
    irq_disable();
}

static void check_second_cpu(void)
{
    irq_hook = note_remote;
    TEST_EQUAL("second_cpu_on", cpu_start(1, remote_listen), PSCI_SUCCESS);
    while (!remote_ready) {
    }
    TEST_EQUAL("sgi_kept_while_off", remote_waiting, true);
    gic_send_sgi(GIC_SGI_TO(SGI_A, 2U));
    test_check(wait_remote(1), "sgi_to_second_cpu", "it saw %u", remote_seen);
    gic_send_sgi(GIC_SGI_OTHERS(SGI_A));
    test_check(wait_remote(2), "sgi_to_all_others", "it saw %u", remote_seen);
    mmio_write64(GICD_BASE + GICD_IROUTER + 8U * SPI_A, cpu_affinity(1));
    gic_enable(SPI_A);
    gic_set_pending(SPI_A);
    test_check(wait_remote(3), "spi_routed_to_second_cpu", "it saw %u", remote_seen);
    mmio_write64(GICD_BASE + GICD_IROUTER + 8U * SPI_A, 0);
    gic_set_pending(SPI_A);
    seen_reset();
    test_check(take(1) && wait_remote(3), "spi_routed_back", "here %u, there %u", seen.count,
               remote_seen);
    mmio_write64(GICD_BASE + GICD_IROUTER + 8U * SPI_A, UINT64_C(1) << 31);
    seen_reset();
    gic_set_pending(SPI_A);
    uint64_t start = timer_now();
    irq_enable();
    while (seen.count + remote_seen < 4U && timer_elapsed_ms(start) < 500U) {
    }
    irq_disable();
    test_check(seen.count + remote_seen == 4U, "spi_to_any_cpu", "here %u, there %u", seen.count,
               remote_seen);
    remote_stop = true;
    test_check(cpu_wait_off(1), "second_cpu_off", "still on");
}

void guest_main(uint64_t devicetree)
{
    (void)devicetree;
    test_begin("gic");
    gic_init();
    check_identification();
    check_every_offset();
    settle();
    irq_hook = note_interrupt;
    check_registers();
    check_spi_by_pending();
    check_sgi();
    check_priorities();
    check_many();
    check_eoi_mode();
    check_level();
    check_edge_while_active();
    if (cpu_count() > 1U) {
        check_second_cpu();
    }
    test_done();
}
