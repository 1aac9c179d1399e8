/* The benchmark guest: what a guest pays for an exit, in ticks of its virtual counter.
 *
 * Under QEMU's -icount shift=0 with a counter of 1 GHz one tick is one executed instruction, of
 * the guest and of the hypervisor together, and every run gives the same figures. Each row is the
 * median of RUNS, less what two reads of the counter cost by themselves; rows that end in the
 * handler are reported as they are, two instructions of the vector included.
 * Prints "BENCH name median min max" and a closing "DONE passed=1 failed=0". */
#include "cpu.h"
#include "gic.h"
#include "psci.h"
#include "timer.h"
#include "uart.h"

#define RUNS 101U
#define SGI_SELF 1U
#define DEADLINE_TICKS 20000U

extern char bench_vectors[];

static uint64_t samples[RUNS];
static uint64_t overhead;

static void sort_samples(void)
{
    for (unsigned i = 1; i < RUNS; i++) {
        uint64_t v = samples[i];
        unsigned j = i;
        for (; j > 0U && samples[j - 1U] > v; j--) {
            samples[j] = samples[j - 1U];
        }
        samples[j] = v;
    }
}

static void report(const char *name)
{
    sort_samples();
    print("BENCH %s %lu %lu %lu\n", name, samples[RUNS / 2U], samples[0], samples[RUNS - 1U]);
}

/* One operation between two reads of the counter. The ISBs keep the reads in place. */
#define MEASURE(name, operation)                                                                  \
    do {                                                                                           \
        for (unsigned run_ = 0; run_ < RUNS; run_++) {                                             \
            isb();                                                                                 \
            uint64_t start_ = SYSREG_READ(CNTVCT_EL0);                                             \
            operation;                                                                             \
            samples[run_] = SYSREG_READ(CNTVCT_EL0) - start_ - overhead;                           \
        }                                                                                          \
        report(name);                                                                              \
    } while (0)

/* Time of the last interrupt's handler. */
static uint64_t handler_time(void)
{
    return SYSREG_READ(TPIDRRO_EL0);
}

static void wait_for_handler(uint64_t since)
{
    while (handler_time() <= since) {
    }
}

static void null_call(void)
{
    register uint64_t x0 __asm__("x0") = PSCI_VERSION;
    __asm__ volatile("hvc #0" : "+r"(x0) : : "x1", "x2", "x3", "memory");
}

static void bench_sgi(void)
{
    for (unsigned run = 0; run < RUNS; run++) {
        isb();
        uint64_t start = SYSREG_READ(CNTVCT_EL0);
        SYSREG_WRITE(ICC_SGI1R, GIC_SGI_TO(SGI_SELF, 1U));
        wait_for_handler(start);
        samples[run] = handler_time() - start;
    }
    report("sgi_self_to_handler");
}

static void bench_timer(const char *name, bool sleeps)
{
    for (unsigned run = 0; run < RUNS; run++) {
        uint64_t deadline = timer_now() + DEADLINE_TICKS;
        SYSREG_WRITE(CNTV_CVAL_EL0, deadline);
        SYSREG_WRITE(CNTV_CTL_EL0, TIMER_CTL_ENABLE);
        isb();
        if (sleeps) {
            __asm__ volatile("wfi" ::: "memory");
        }
        wait_for_handler(deadline - 1U);
        samples[run] = handler_time() - deadline;
    }
    report(name);
}

void guest_main(uint64_t devicetree);

void guest_main(uint64_t devicetree)
{
    uintptr_t gicr_sgi = GICR_BASE + GICR_SGI_OFFSET;

    (void)devicetree;
    gic_init();
    SYSREG_WRITE(VBAR_EL1, (uintptr_t)bench_vectors);
    SYSREG_WRITE(TPIDRRO_EL0, 0);
    isb();
    gic_enable(SGI_SELF);
    gic_enable(TIMER_PPI_VIRTUAL);
    irq_enable();

    print("TEST bench\n");
    for (unsigned run = 0; run < RUNS; run++) {
        isb();
        uint64_t start = SYSREG_READ(CNTVCT_EL0);
        samples[run] = SYSREG_READ(CNTVCT_EL0) - start;
    }
    sort_samples();
    overhead = samples[RUNS / 2U];
    print("BENCH counter_read %lu %lu %lu\n", overhead, samples[0], samples[RUNS - 1U]);

    MEASURE("null_call_hvc", null_call());
    MEASURE("read_gicd_typer", (void)mmio_read32(GICD_BASE + GICD_TYPER));
    MEASURE("write_gicd_isenabler", mmio_write32(GICD_BASE + GICD_ISENABLER + 4U, 2U));
    MEASURE("write_gicd_ipriorityr_byte", mmio_write8(GICD_BASE + GICD_IPRIORITYR + 33U, 0xa0U));
    MEASURE("read_gicr_typer", (void)mmio_read64(GICR_BASE + GICR_TYPER));
    MEASURE("read_gicr_isenabler0", (void)mmio_read32(gicr_sgi + GICD_ISENABLER));
    MEASURE("read_pl011_fr", (void)mmio_read32(UART_BASE + 0x18U));
    MEASURE("read_id_aa64pfr0", (void)SYSREG_READ(ID_AA64PFR0_EL1));
    bench_sgi();
    bench_timer("vtimer_to_handler", false);
    bench_timer("wfi_vtimer_to_handler", true);
    print("DONE passed=1 failed=0\n");
    (void)psci_call(PSCI_SYSTEM_OFF, 0, 0, 0);
}
