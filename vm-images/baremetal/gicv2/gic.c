/* A minimal GICv2 driver for test guests, in the place of gic.c. All interrupts are of Group 0 and
 * signalled as IRQ. */
#include "gicv2/gicv2.h"

#include "exception.h"

static volatile uint32_t last_iar[CPU_MAX];

uint32_t gicv2_last_iar(void)
{
    return last_iar[cpu_number()];
}

unsigned gic_version(void)
{
    return 2;
}

uintptr_t gic_bit_register(unsigned offset, unsigned intid)
{
    return GICD_BASE + offset + 4U * (intid / 32U);
}

static uint32_t intid_bit(unsigned intid)
{
    return 1U << (intid % 32U);
}

void gic_init(void)
{
    unsigned lines = 32U * ((mmio_read32(GICD_BASE + GICD_TYPER) & 0x1fU) + 1U);
    mmio_write32(GICD_BASE + GICD_CTLR, 0);
    for (unsigned intid = 32; intid < lines && intid < 1020U; intid += 32U) {
        mmio_write32(gic_bit_register(GICD_ICENABLER, intid), UINT32_MAX);
        mmio_write32(gic_bit_register(GICD_IGROUPR, intid), 0);
    }
    for (unsigned intid = 32; intid < lines && intid < 1020U; intid++) {
        gic_set_priority(intid, GIC_PRIORITY_DEFAULT);
        mmio_write8(GICD_BASE + GICD_ITARGETSR + intid, 1);
    }
    mmio_write32(GICD_BASE + GICD_CTLR, GICD_CTLR_ENABLE_G0);
    gic_cpu_init();
}

void gic_cpu_init(void)
{
    mmio_write32(GICD_BASE + GICD_ICENABLER, UINT32_MAX);
    mmio_write32(GICD_BASE + GICD_IGROUPR, 0);
    for (unsigned intid = 0; intid < 32U; intid++) {
        gic_set_priority(intid, GIC_PRIORITY_DEFAULT);
    }
    mmio_write32(GICC_BASE + GICC_PMR, 0xff);
    mmio_write32(GICC_BASE + GICC_BPR, 0);
    mmio_write32(GICC_BASE + GICC_CTLR, GICC_CTLR_ENABLE_G0);
}

void gic_enable(unsigned intid)
{
    mmio_write32(gic_bit_register(GICD_ISENABLER, intid), intid_bit(intid));
}

void gic_disable(unsigned intid)
{
    mmio_write32(gic_bit_register(GICD_ICENABLER, intid), intid_bit(intid));
}

void gic_set_priority(unsigned intid, uint8_t priority)
{
    mmio_write8(GICD_BASE + GICD_IPRIORITYR + intid, priority);
}

/* SGIs: from this CPU. */
void gic_set_pending(unsigned intid)
{
    if (intid < 16U) {
        mmio_write32(GICD_BASE + GICD_SGIR, SGIR_SELF | intid);
    } else {
        mmio_write32(gic_bit_register(GICD_ISPENDR, intid), intid_bit(intid));
    }
}

void gic_clear_pending(unsigned intid)
{
    if (intid < 16U) {
        mmio_write8(GICD_BASE + GICD_CPENDSGIR + intid, 0xff);
    } else {
        mmio_write32(gic_bit_register(GICD_ICPENDR, intid), intid_bit(intid));
    }
}

bool gic_is_pending(unsigned intid)
{
    return (mmio_read32(gic_bit_register(GICD_ISPENDR, intid)) & intid_bit(intid)) != 0U;
}

bool gic_is_active(unsigned intid)
{
    return (mmio_read32(gic_bit_register(GICD_ISACTIVER, intid)) & intid_bit(intid)) != 0U;
}

void gic_route(unsigned intid, unsigned cpu)
{
    mmio_write8(GICD_BASE + GICD_ITARGETSR + intid, (uint8_t)(1U << cpu));
}

void gic_route_any(unsigned intid)
{
    mmio_write8(GICD_BASE + GICD_ITARGETSR + intid, 0xff);
}

void gic_wait(void)
{
}

/* They are banked. */
unsigned gic_visible_cpus(unsigned cpus)
{
    (void)cpus;
    return 1;
}

uint32_t gic_private_word(unsigned cpu, unsigned offset)
{
    (void)cpu;
    return mmio_read32(GICD_BASE + offset);
}

void gic_split_end(bool split)
{
    mmio_write32(GICC_BASE + GICC_CTLR, GICC_CTLR_ENABLE_G0 | (split ? GICC_CTLR_EOIMODE : 0U));
}

/* Not SGIs, which are deactivated with their source. */
void gic_deactivate(unsigned intid)
{
    mmio_write32(GICC_BASE + GICC_DIR, intid);
}

/* `value` as for GICv3: GIC_SGI_TO, GIC_SGI_OTHERS; another cluster or range has no CPU. */
void gic_send_sgi(uint64_t value)
{
    uint32_t intid = (uint32_t)(value >> 24) & 15U;
    bool to_others = ((value >> 40) & 1U) != 0U;
    bool is_elsewhere = ((value >> 16) & 0xffU) != 0U || (value >> 41) != 0U;

    dsb_sy();
    mmio_write32(GICD_BASE + GICD_SGIR,
                 intid | (to_others ? SGIR_OTHERS : SGIR_LIST(is_elsewhere ? 0U : value & 0xffU)));
}

void gic_clear_sgis(void)
{
    for (unsigned intid = 0; intid < 16U; intid += 4U) {
        mmio_write32(GICD_BASE + GICD_CPENDSGIR + intid, UINT32_MAX);
    }
}

uint32_t gic_acknowledge(void)
{
    return mmio_read32(GICC_BASE + GICC_IAR);
}

void gic_end(uint32_t acknowledged)
{
    mmio_write32(GICC_BASE + GICC_EOIR, acknowledged);
}

uint32_t gic_running_priority(void)
{
    return mmio_read32(GICC_BASE + GICC_RPR);
}

uint32_t gic_priority_mask(void)
{
    return mmio_read32(GICC_BASE + GICC_PMR);
}

void gic_set_priority_mask(uint32_t mask)
{
    mmio_write32(GICC_BASE + GICC_PMR, mask);
}

uint32_t gic_binary_point(void)
{
    return mmio_read32(GICC_BASE + GICC_BPR);
}

void gic_set_binary_point(uint32_t point)
{
    mmio_write32(GICC_BASE + GICC_BPR, point);
}

void gic_take_interrupt(bool is_group0)
{
    uint32_t iar = gic_acknowledge();
    unsigned intid = GICV2_INTID(iar);

    (void)is_group0;
    if (intid >= 1020U) {
        return;
    }
    last_iar[cpu_number()] = iar;
    irq_function hook = irq_hook;
    if (hook != NULL) {
        hook(intid);
    }
    gic_end(iar);
}
