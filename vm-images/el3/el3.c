/* A firmware for one test: it enters Bulkhead at EL2 as others do, has as much of PSCI as that needs,
 * and answers a call of a guest with an SError, which QEMU's hardware never raises.
 *
 * Some time after the call a secure timer brings the CPU here while that guest runs, and EL3 does
 * with EL2's registers what the CPU does when an SError is taken from a lower level to EL2
 * [DDI0487 D1.3]: EL2 finds ESR_EL2, ELR_EL2, SPSR_EL2 and its vector as it would.
 *
 * Each change of the GIC is waited for as it asks for [IHI0069 12, GICD_CTLR.RWP, GICR_WAKER].
 * QEMU's virt with secure=on: the GIC has two security states, and power is a secure GPIO's.
 * @req OPS-6 */
#include "cpu.h"
#include "gic.h"
#include "health.h"
#include "psci.h"
#include "timer.h"

#define CPUS 4U
#define IMAGE 0x40200000U
#define DEVICETREE 0x40000000U /* where QEMU puts it beside a firmware */
#define COUNTER_HZ 62500000U
#define GPIO 0x090b0000UL
#define GPIO_DIRECTION 0x400U
#define GPIO_PIN(n) (UINT32_C(1) << ((n) + 2U)) /* offset of the register with this pin alone */
#define PIN_OFF 0U
#define PIN_RESET 1U
#define TIMER_PPI_SECURE 29U
#define SGI_ON 8U
#define RETRY_TICKS 100U

#define GICD_IGRPMODR 0x0d00U
#define GICD_CTLR_ARE_BOTH (3U << 4)
#define SCR_EL3_BITS 0x535U /* NS, FIQ to EL3, the RES1 ones, HCE, RW */
#define SPSR_EL2H_MASKED 0x3c9U
#define SPSR_LEVEL(spsr) (((spsr) >> 2) & 3U)
#define SERROR_VECTOR 0x580U /* from a lower level in AArch64 */
#define ESR_SERROR ((UINT64_C(0x2f) << 26) | (1U << 25) | 0x11U)
#define EC_SMC64 0x17U
#define VMID(vttbr) ((vttbr) >> 48)
#define ICC_SRE_EL3 S3_6_C12_C12_5

uint64_t el3_start(unsigned cpu);
void el3_call(uint64_t *x);
void el3_interrupt(const uint64_t *x);

static volatile struct {
    uint64_t entry; /* 0: off */
    uint64_t context;
} power[CPUS];
static volatile uint64_t wanted[CPUS]; /* the VMID that an SError is for */

static unsigned this_cpu(void)
{
    return (unsigned)(SYSREG_READ(MPIDR_EL1) & 0xffU);
}

static void set_distributor(uint32_t control)
{
    mmio_write32(GICD_BASE + GICD_CTLR, control);
    while ((mmio_read32(GICD_BASE + GICD_CTLR) & GICD_CTLR_RWP) != 0U) {
    }
}

static void distributor_init(void)
{
    const unsigned lines = 32U * ((mmio_read32(GICD_BASE + GICD_TYPER) & 0x1fU) + 1U);

    set_distributor(GICD_CTLR_ARE_BOTH);
    for (unsigned intid = 32; intid < lines; intid += 32U) {
        mmio_write32(GICD_BASE + GICD_IGROUPR + intid / 8U, UINT32_MAX);
        mmio_write32(GICD_BASE + GICD_IGRPMODR + intid / 8U, 0);
    }
    set_distributor(GICD_CTLR_ARE_BOTH | GICD_CTLR_ENABLE_G0);
}

/* All is of the non-secure Group 1 but what is this firmware's own, of Group 0. */
static void cpu_init(unsigned cpu)
{
    const uintptr_t redistributor = GICR_BASE + cpu * GICR_STRIDE;
    const uintptr_t frame = redistributor + GICR_SGI_OFFSET;
    const uint32_t own = (1U << TIMER_PPI_SECURE) | (1U << SGI_ON);

    mmio_write32(redistributor + GICR_WAKER, 0);
    while ((mmio_read32(redistributor + GICR_WAKER) & GICR_WAKER_CHILDREN_ASLEEP) != 0U) {
    }
    mmio_write32(frame + GICD_IGROUPR, ~own);
    mmio_write32(frame + GICD_IGRPMODR, 0);
    mmio_write8(frame + GICD_IPRIORITYR + TIMER_PPI_SECURE, 0);
    mmio_write8(frame + GICD_IPRIORITYR + SGI_ON, 0);
    mmio_write32(frame + GICD_ISENABLER, own);
    SYSREG_WRITE(SCR_EL3, SCR_EL3_BITS);
    SYSREG_WRITE(CPTR_EL3, 0);
    SYSREG_WRITE(MDCR_EL3, 0);
    SYSREG_WRITE(CNTFRQ_EL0, COUNTER_HZ);
    SYSREG_WRITE(ICC_SRE_EL3, 0xf);
    isb();
    SYSREG_WRITE(ICC_PMR, 0xff);
    SYSREG_WRITE(ICC_IGRPEN0, 1);
    isb();
}

/* Gives x0 of the entry at EL2. The first CPU enters the image, others wait to be switched on. */
uint64_t el3_start(unsigned cpu)
{
    cpu_init(cpu);
    if (cpu == 0U) {
        distributor_init();
        power[0].entry = IMAGE;
        power[0].context = DEVICETREE;
    }
    while (power[cpu].entry == 0U) {
        wfi();
        SYSREG_WRITE(ICC_EOIR0, SYSREG_READ(ICC_IAR0));
        isb();
    }
    SYSREG_WRITE(ELR_EL3, power[cpu].entry);
    SYSREG_WRITE(SPSR_EL3, SPSR_EL2H_MASKED);
    return power[cpu].context;
}

static int64_t cpu_on(uint64_t mpidr, uint64_t entry, uint64_t context)
{
    const uint64_t cpu = mpidr & 0xffU;

    if (cpu >= CPUS || power[cpu].entry != 0U) {
        return (cpu >= CPUS) ? PSCI_INVALID_PARAMETERS : PSCI_ALREADY_ON;
    }
    power[cpu].context = context;
    power[cpu].entry = entry;
    dsb_sy();
    SYSREG_WRITE(ICC_SGI0R, GIC_SGI_TO(SGI_ON, UINT64_C(1) << cpu));
    isb();
    return PSCI_SUCCESS;
}

/* Nobody finds the CPUs switched on after a reset, which leaves the RAM as it is. */
static void set_pin(unsigned pin)
{
    for (unsigned cpu = 0; cpu < CPUS; cpu++) {
        power[cpu].entry = 0;
    }
    dsb_sy();
    mmio_write32(GPIO + GPIO_DIRECTION, 1U << pin);
    mmio_write32(GPIO + GPIO_PIN(pin), 0);
    mmio_write32(GPIO + GPIO_PIN(pin), 1U << pin);
    for (;;) {
        wfi();
    }
}

/* The caller's VM is the one that EL2 has on this CPU. */
static int64_t ask_for_serror(uint64_t ticks)
{
    wanted[this_cpu()] = VMID(SYSREG_READ(VTTBR_EL2));
    SYSREG_WRITE(CNTPS_TVAL_EL1, ticks);
    SYSREG_WRITE(CNTPS_CTL_EL1, TIMER_CTL_ENABLE);
    isb();
    return 0;
}

void el3_call(uint64_t *x)
{
    if (SYSREG_READ(ESR_EL3) >> 26 != EC_SMC64) {
        x[0] = UINT64_MAX;
        return;
    }
    switch ((uint32_t)x[0]) {
    case PSCI_VERSION:
        x[0] = 0x10001;
        break;
    case PSCI_CPU_ON_64:
        x[0] = (uint64_t)cpu_on(x[1], x[2], x[3]);
        break;
    case PSCI_SYSTEM_OFF:
        set_pin(PIN_OFF);
        break;
    case PSCI_SYSTEM_RESET:
        set_pin(PIN_RESET);
        break;
    case SERROR_SMC:
        x[0] = (uint64_t)ask_for_serror(x[1]);
        break;
    default:
        x[0] = UINT64_MAX;
        break;
    }
}

static void raise_serror(uint64_t pstate)
{
    SYSREG_WRITE(ESR_EL2, ESR_SERROR);
    SYSREG_WRITE(ELR_EL2, SYSREG_READ(ELR_EL3));
    SYSREG_WRITE(SPSR_EL2, pstate);
    SYSREG_WRITE(ELR_EL3, SYSREG_READ(VBAR_EL2) + SERROR_VECTOR);
    SYSREG_WRITE(SPSR_EL3, SPSR_EL2H_MASKED);
    isb();
}

/* The secure timer: at a time at which EL2 or another VM runs there will be a better one. */
void el3_interrupt(const uint64_t *x)
{
    const uint64_t intid = SYSREG_READ(ICC_IAR0);
    const uint64_t pstate = SYSREG_READ(SPSR_EL3);

    (void)x;
    if (intid == TIMER_PPI_SECURE) {
        if (SPSR_LEVEL(pstate) < 2U && VMID(SYSREG_READ(VTTBR_EL2)) == wanted[this_cpu()]) {
            SYSREG_WRITE(CNTPS_CTL_EL1, 0);
            raise_serror(pstate);
        } else {
            SYSREG_WRITE(CNTPS_TVAL_EL1, RETRY_TICKS);
        }
        isb();
    }
    SYSREG_WRITE(ICC_EOIR0, intid);
    isb();
}
