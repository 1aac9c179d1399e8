/* A minimal GICv3 driver for test guests. Interrupts that nobody takes are ended and forgotten. */
#include "gic.h"

#include "exception.h"

static uintptr_t gicr_base(void)
{
    return GICR_BASE + cpu_number() * GICR_STRIDE;
}

static uintptr_t gicr_sgi_base(void)
{
    return gicr_base() + GICR_SGI_OFFSET;
}

unsigned gic_version(void)
{
    return 3;
}

uintptr_t gic_bit_register(unsigned offset, unsigned intid)
{
    uintptr_t base = (intid < 32U) ? gicr_sgi_base() : GICD_BASE;
    return base + offset + 4U * (intid / 32U);
}

static uint32_t intid_bit(unsigned intid)
{
    return 1U << (intid % 32U);
}

static void distributor_wait(void)
{
    while ((mmio_read32(GICD_BASE + GICD_CTLR) & GICD_CTLR_RWP) != 0U) {
    }
}

void gic_init(void)
{
    unsigned lines = 32U * ((mmio_read32(GICD_BASE + GICD_TYPER) & 0x1fU) + 1U);
    mmio_write32(GICD_BASE + GICD_CTLR, 0);
    distributor_wait();
    for (unsigned intid = 32; intid < lines && intid < 1020U; intid += 32U) {
        mmio_write32(gic_bit_register(GICD_ICENABLER, intid), UINT32_MAX);
        mmio_write32(gic_bit_register(GICD_IGROUPR, intid), UINT32_MAX);
    }
    distributor_wait();
    mmio_write32(GICD_BASE + GICD_CTLR, GICD_CTLR_ARE | GICD_CTLR_ENABLE_G1);
    distributor_wait();
    gic_cpu_init();
}

void gic_cpu_init(void)
{
    uintptr_t waker = gicr_base() + GICR_WAKER;
    mmio_write32(waker, mmio_read32(waker) & ~GICR_WAKER_SLEEP);
    while ((mmio_read32(waker) & GICR_WAKER_CHILDREN_ASLEEP) != 0U) {
    }
    mmio_write32(gicr_sgi_base() + GICD_ICENABLER, UINT32_MAX);
    mmio_write32(gicr_sgi_base() + GICD_IGROUPR, UINT32_MAX);
    for (unsigned intid = 0; intid < 32U; intid++) {
        gic_set_priority(intid, GIC_PRIORITY_DEFAULT);
    }
    SYSREG_WRITE(ICC_SRE, SYSREG_READ(ICC_SRE) | 1U);
    isb();
    SYSREG_WRITE(ICC_PMR, 0xff);
    SYSREG_WRITE(ICC_BPR1, 0);
    SYSREG_WRITE(ICC_CTLR, 0);
    SYSREG_WRITE(ICC_IGRPEN1, 1);
    isb();
}

void gic_enable(unsigned intid)
{
    mmio_write32(gic_bit_register(GICD_ISENABLER, intid), intid_bit(intid));
}

void gic_disable(unsigned intid)
{
    mmio_write32(gic_bit_register(GICD_ICENABLER, intid), intid_bit(intid));
    distributor_wait();
}

void gic_set_priority(unsigned intid, uint8_t priority)
{
    uintptr_t base = (intid < 32U) ? gicr_sgi_base() : GICD_BASE;
    mmio_write8(base + GICD_IPRIORITYR + intid, priority);
}

void gic_set_pending(unsigned intid)
{
    mmio_write32(gic_bit_register(GICD_ISPENDR, intid), intid_bit(intid));
}

void gic_clear_pending(unsigned intid)
{
    mmio_write32(gic_bit_register(GICD_ICPENDR, intid), intid_bit(intid));
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
    mmio_write64(GICD_BASE + GICD_IROUTER + 8U * intid, ((uint64_t)(cpu / 16U) << 8) | (cpu % 16U));
}

void gic_route_any(unsigned intid)
{
    mmio_write64(GICD_BASE + GICD_IROUTER + 8U * intid, UINT64_C(1) << 31);
}

void gic_wait(void)
{
    distributor_wait();
}

unsigned gic_visible_cpus(unsigned cpus)
{
    return cpus;
}

uint32_t gic_private_word(unsigned cpu, unsigned offset)
{
    return mmio_read32(GICR_BASE + cpu * GICR_STRIDE + GICR_SGI_OFFSET + offset);
}

void gic_split_end(bool split)
{
    SYSREG_WRITE(ICC_CTLR, split ? ICC_CTLR_EOIMODE : 0U);
    isb();
}

void gic_deactivate(unsigned intid)
{
    SYSREG_WRITE(ICC_DIR, intid);
    isb();
}

void gic_send_sgi(uint64_t value)
{
    /* What the receivers will read must be visible before the interrupt. */
    dsb_sy();
    SYSREG_WRITE(ICC_SGI1R, value);
    isb();
}

void gic_clear_sgis(void)
{
    mmio_write32(gic_bit_register(GICD_ICPENDR, 0), 0xffffU);
}

uint32_t gic_acknowledge(void)
{
    return (uint32_t)SYSREG_READ(ICC_IAR1);
}

void gic_end(uint32_t acknowledged)
{
    SYSREG_WRITE(ICC_EOIR1, acknowledged);
    isb();
}

uint32_t gic_running_priority(void)
{
    return (uint32_t)SYSREG_READ(ICC_RPR);
}

uint32_t gic_priority_mask(void)
{
    return (uint32_t)SYSREG_READ(ICC_PMR);
}

void gic_set_priority_mask(uint32_t mask)
{
    SYSREG_WRITE(ICC_PMR, mask);
    isb();
}

uint32_t gic_binary_point(void)
{
    return (uint32_t)SYSREG_READ(ICC_BPR1);
}

void gic_set_binary_point(uint32_t point)
{
    SYSREG_WRITE(ICC_BPR1, point);
    isb();
}

void gic_take_interrupt(bool is_group0)
{
    unsigned intid = is_group0 ? (unsigned)SYSREG_READ(ICC_IAR0) : gic_acknowledge();
    /* The acknowledge must have taken effect before the device is touched. */
    dsb_sy();
    if (intid >= 1020U && intid <= GIC_SPURIOUS) {
        return;
    }
    irq_function hook = irq_hook;
    if (hook != NULL) {
        hook(intid);
    }
    if (is_group0) {
        SYSREG_WRITE(ICC_EOIR0, intid);
        isb();
    } else {
        gic_end(intid);
    }
}
