/* The benchmark guest: what a guest pays for an exit, in ticks of its virtual counter.
 *
 * Under QEMU's -icount shift=0 with a counter of 1 GHz one tick is one executed instruction, of
 * all CPUs and exception levels together, and every run gives the same figures. Each row is the
 * median of RUNS. A row of operations is what happens between two reads of the counter, less what
 * the reads cost by themselves: without a hypervisor, the number of instructions measured. A row
 * of interrupts ends with the first instruction of the handler. Further CPUs sleep.
 *
 * Nothing is printed while something is measured, and every operation must have the effect that
 * it has without a hypervisor, too. Prints "BENCH name median min max answer", where the answer is
 * x0 after the operation, or the INTID of the interrupt, if it was the same in every run; and a
 * closing "DONE passed=1 failed=0".
 *
 * Runs on the bare machine as well, at EL1: that is how the table's "no hypervisor" is found. */
#include "cpu.h"
#include "el0.h"
#include "gic.h"
#include "measure.h"
#include "mmu.h"
#include "psci.h"
#include "timer.h"
#include "uart.h"

#define RUNS 1000U
#define DEADLINE_TICKS 20000U
#define SETTLE_TICKS 100000000U /* the console has drawn the lines of the start */
#define LOOP_COUNT 10000000U
#define REST_LOOP_COUNT 10000U
/* What a vCPU can have listed at once: ICH_VTR_EL2.ListRegs of QEMU's CPUs. A guest cannot ask. */
#define LIST_REGISTERS 4U
#define STORM_COUNT 1000U
#define SGI_COUNT 16U
#define SGI_SELF 1U
#define NO_ANSWER UINT64_MAX

#define SMCCC_VERSION 0x80000000U
#define SMCCC_ARCH_FEATURES 0x80000001U

#define GPIO_BASE 0x09030000UL /* PL061 [DDI0190 3.3] */
#define GPIO_IS (GPIO_BASE + 0x404U)
#define GPIO_IEV (GPIO_BASE + 0x40cU)
#define GPIO_IE (GPIO_BASE + 0x410U)
#define GPIO_PIN 1U
#define GPIO_INTID 39U
#define GPIO_BIT (1U << (GPIO_INTID % 32U))
#define VIRTUAL_INTID 60U /* no device has it */
#define VIRTUAL_BIT (1U << (VIRTUAL_INTID % 32U))
#define UART_FR (UART_BASE + 0x18U)
#define SPI_REGISTER(offset) (GICD_BASE + (offset) + 4U)

struct row {
    const char *name;
    uint64_t median, min, max, answer;
};

static struct row rows[MARKER_COUNT];
static unsigned row_count;
const char *row_marker = markers;
static uint64_t samples[RUNS];
static uint64_t answer; /* of every run of the row so far, or NO_ANSWER */
static uint64_t overhead;
static unsigned cpus;
static volatile uint64_t taken[CPU_MAX]; /* when each CPU took its last SGI */
static volatile bool asleep[CPU_MAX];

static void sort_samples(unsigned count)
{
    for (unsigned i = 1; i < count; i++) {
        uint64_t v = samples[i];
        unsigned j = i;
        for (; j > 0U && samples[j - 1U] > v; j--) {
            samples[j] = samples[j - 1U];
        }
        samples[j] = v;
    }
}

static void keep_sample(unsigned run, uint64_t ticks, uint64_t value)
{
    samples[run] = ticks;
    answer = (run == 0U || answer == value) ? value : NO_ANSWER;
}

static void keep_row(const char *name, unsigned count)
{
    sort_samples(count);
    rows[row_count++] =
        (struct row){name, samples[count / 2U], samples[0], samples[count - 1U], answer};
    row_marker = markers + row_count * MARKER_BYTES;
}

static void print_rows(void)
{
    for (unsigned i = 0; i < row_count; i++) {
        const struct row *r = &rows[i];
        print("BENCH %s %lu %lu %lu %lu\n", r->name, r->median, r->min, r->max, r->answer);
    }
}

/* --- operations --- */

struct operation {
    const char *name;
    timed_function *run;
    uint64_t x[4];
    void (*prepare)(void); /* before each run; not measured */
};

static void measure(const struct operation *o)
{
    uint64_t x[4] = {0};

    for (unsigned run = 0; run < RUNS; run++) {
        if (o->prepare != NULL) {
            o->prepare();
        }
        for (unsigned i = 0; i < 4U; i++) {
            x[i] = o->x[i];
        }
        uint64_t ticks = o->run(x) - overhead;
        keep_sample(run, ticks, x[0]);
    }
    keep_row(o->name, RUNS);
}

static void end_all_pending(void)
{
    uint64_t intid = SYSREG_READ(ICC_IAR1);

    while (intid < 1020U) {
        SYSREG_WRITE(ICC_EOIR1, intid);
        isb();
        intid = SYSREG_READ(ICC_IAR1);
    }
}

static void disable_gpio_spi(void)
{
    mmio_write32(SPI_REGISTER(GICD_ICENABLER), GPIO_BIT);
}

/* SGIs 0 .. count - 1 of this CPU become pending and stay so. */
static void pend_sgis(unsigned count)
{
    end_all_pending();
    for (unsigned sgi = 0; sgi < count; sgi++) {
        SYSREG_WRITE(ICC_SGI1R, GIC_SGI_TO(sgi, 1U));
        isb();
    }
}

static void pend_one(void)
{
    pend_sgis(1);
}

/* The line rises while interrupts are masked. */
static void raise_gpio(void)
{
    end_all_pending();
    mmio_write32(GPIO_IE, GPIO_PIN);
}

static void pend_one_less_than_fit(void)
{
    pend_sgis(LIST_REGISTERS - 1U);
}

static void pend_as_many_as_fit(void)
{
    pend_sgis(LIST_REGISTERS);
}

static void pend_one_more_than_fit(void)
{
    pend_sgis(LIST_REGISTERS + 1U);
}

static const struct operation operations[] = {
    {"null_call_hvc", timed_hvc, {PSCI_VERSION}, NULL},
    {"psci_features", timed_hvc, {PSCI_FEATURES, PSCI_CPU_ON_64}, NULL},
    {"psci_affinity_info", timed_hvc, {PSCI_AFFINITY_INFO_64, 0, 0}, NULL},
    {"psci_migrate_info_type", timed_hvc, {PSCI_MIGRATE_INFO_TYPE}, NULL},
    {"psci_cpu_on_running", timed_hvc, {PSCI_CPU_ON_64, 0, 0x40080000}, NULL},
    {"smccc_version", timed_hvc, {SMCCC_VERSION}, NULL},
    {"smccc_arch_features", timed_hvc, {SMCCC_ARCH_FEATURES, SMCCC_VERSION}, NULL},
    {"read_gicd_typer", timed_read32, {0, GICD_BASE + GICD_TYPER}, NULL},
    {"write_gicd_isenabler",
     timed_write32,
     {GPIO_BIT, SPI_REGISTER(GICD_ISENABLER)},
     disable_gpio_spi},
    {"write_gicd_isenabler_again", timed_write32, {GPIO_BIT, SPI_REGISTER(GICD_ISENABLER)}, NULL},
    {"write_gicd_ipriorityr_byte",
     timed_write8,
     {GIC_PRIORITY_DEFAULT, GICD_BASE + GICD_IPRIORITYR + GPIO_INTID},
     NULL},
    {"el0_write_gicd_ipriorityr_byte",
     timed_el0_write8,
     {GIC_PRIORITY_DEFAULT, MMU_NORMAL_ALIAS + GICD_BASE + GICD_IPRIORITYR + GPIO_INTID},
     NULL},
    {"write_gicd_irouter", timed_write64, {0, GICD_BASE + GICD_IROUTER + 8U * GPIO_INTID}, NULL},
    {"read_gicr_typer", timed_read64, {0, GICR_BASE + GICR_TYPER}, NULL},
    {"read_gicr_isenabler0", timed_read32, {0, GICR_BASE + GICR_SGI_OFFSET + GICD_ISENABLER}, NULL},
    {"read_pl011_fr", timed_read32, {0, UART_FR}, NULL},
    {"read_id_aa64pfr0", timed_read_id_register, {0}, NULL},
    {"end_sgi", timed_take_one, {0}, pend_one},
    {"end_passed_through_spi", timed_take_and_silence, {0, GPIO_IE, 0}, raise_gpio},
    {"sgi_masked", timed_send_sgi, {GIC_SGI_TO(LIST_REGISTERS - 1U, 1U)}, pend_one_less_than_fit},
    {"sgi_lists_full", timed_send_sgi, {GIC_SGI_TO(LIST_REGISTERS, 1U)}, pend_as_many_as_fit},
    {"take_five_of_four_listed", timed_take_five, {0}, pend_one_more_than_fit},
    {"spurious",
     timed_pend_and_withdraw,
     {VIRTUAL_BIT, SPI_REGISTER(GICD_ISPENDR), SPI_REGISTER(GICD_ICPENDR)},
     end_all_pending},
};

/* --- interrupts --- */

static void keep_interrupt(unsigned run, struct interrupt i, unsigned count)
{
    keep_sample(run, i.ticks / count, i.intid);
}

static void measure_sgi_self(void)
{
    for (unsigned run = 0; run < RUNS; run++) {
        keep_interrupt(run, until_sgi(GIC_SGI_TO(SGI_SELF, 1U)), 1);
    }
    keep_row("sgi_self_to_handler", RUNS);
}

/* Before each run time passes while nothing sleeps: a sleep so soon after the last one's end can
 * find QEMU still busy with that. It then takes the machine for asleep before the last instructions
 * are counted, and lets the deadline come later by as many. */
static void measure_timer(const char *name, struct interrupt (*until)(uint64_t deadline))
{
    for (unsigned run = 0; run < RUNS; run++) {
        uint64_t x[4] = {REST_LOOP_COUNT};

        (void)timed_loop(x);
        keep_interrupt(run, until(timer_now() + DEADLINE_TICKS), 1);
    }
    keep_row(name, RUNS);
}

static void measure_spi(void)
{
    for (unsigned run = 0; run < RUNS; run++) {
        keep_interrupt(run, until_spi(GPIO_IE, GPIO_PIN, GPIO_IE), 1);
    }
    keep_row("spi_device_to_handler", RUNS);
    for (unsigned run = 0; run < RUNS; run++) {
        keep_interrupt(run, until_spi(SPI_REGISTER(GICD_ISPENDR), GPIO_BIT, GPIO_IE), 1);
    }
    keep_row("spi_set_pending_to_handler", RUNS);
    keep_interrupt(0, spi_storm(GPIO_IE, GPIO_PIN, GPIO_IE, STORM_COUNT), STORM_COUNT);
    keep_row("spi_storm", 1);
}

static void measure_sgi_storm(void)
{
    for (unsigned run = 0; run < RUNS; run++) {
        keep_interrupt(run, sgi_storm(GIC_SGI_TO(0U, 1U), GIC_SGI_TO(1U, 0U), SGI_COUNT),
                       SGI_COUNT);
    }
    keep_row("sgi_storm", RUNS);
}

/* To the last of the CPUs that sleep; this one sleeps too, so that what is counted is the way. */
static void measure_sgi_other(const char *name, uint64_t sgi1r)
{
    for (unsigned run = 0; run < RUNS; run++) {
        uint64_t start = send_and_sleep(sgi1r, timer_now() + DEADLINE_TICKS);
        uint64_t last = start;

        for (unsigned cpu = 1; cpu < cpus; cpu++) {
            last = (taken[cpu] > last) ? taken[cpu] : last;
        }
        keep_sample(run, last - start, 0);
    }
    keep_row(name, RUNS);
}

/* --- the whole --- */

static void cpu_prepare(void)
{
    SYSREG_WRITE(VBAR_EL1, (uintptr_t)bench_vectors);
    isb();
    for (unsigned sgi = 0; sgi < SGI_COUNT; sgi++) {
        gic_enable(sgi);
    }
}

/* The GPIO's registers are mapped through: its line rises when the pin, which is low, may
 * interrupt by being low. No exit belongs to that, nor to the fall of the line. */
static void gpio_prepare(void)
{
    mmio_write32(GPIO_IE, 0);
    mmio_write32(GPIO_IS, GPIO_PIN);
    mmio_write32(GPIO_IEV, 0);
    gic_enable(GPIO_INTID);
}

static void secondary(void)
{
    unsigned self = cpu_number();

    cpu_prepare();
    asleep[self] = true;
    for (;;) {
        sleep_until_sgi(&taken[self]);
    }
}

/* Sleeps for a while, so that whatever is under way elsewhere ends. */
static void settle(void)
{
    (void)until_timer_asleep(timer_now() + SETTLE_TICKS);
}

static void start_others(void)
{
    cpus = cpu_count();
    for (unsigned cpu = 1; cpu < cpus; cpu++) {
        (void)cpu_start(cpu, secondary);
        while (!asleep[cpu]) {
        }
    }
}

/* Of a loop of 20 million instructions, what is more than 20 million. */
static void measure_lost(void)
{
    uint64_t x[4] = {LOOP_COUNT};

    uint64_t ticks = timed_loop(x) - overhead - 2U * (uint64_t)LOOP_COUNT;
    keep_sample(0, ticks, x[0]);
    keep_row("lost_in_20_million", 1);
}

void guest_main(uint64_t devicetree);

void guest_main(uint64_t devicetree)
{
    uint64_t x[4] = {0};
    uint64_t first_instruction = SYSREG_READ(TPIDR_EL0);

    (void)devicetree;
    el0_open();
    gic_init();
    cpu_prepare();
    gic_enable(TIMER_PPI_VIRTUAL);
    gpio_prepare();
    start_others();
    settle();
    overhead = timed_nothing(x);
    for (unsigned i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
        measure(&operations[i]);
    }
    measure_sgi_self();
    measure_timer("vtimer_to_handler", until_timer);
    measure_timer("wfi_vtimer_to_handler", until_timer_asleep);
    measure_spi();
    measure_sgi_storm();
    if (cpus > 1U) {
        measure_sgi_other("sgi_other_to_handler", GIC_SGI_TO(SGI_SELF, 2U));
        measure_sgi_other("sgi_all_others_to_handlers", GIC_SGI_OTHERS(SGI_SELF));
    }
    measure_lost();
    print("BENCH_CPUS %u\nBENCH_START %lu\n", cpus, first_instruction);
    print_rows();
    print("DONE passed=1 failed=0\n");
    (void)psci_call(PSCI_SYSTEM_OFF, 0, 0, 0);
}
