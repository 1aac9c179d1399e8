/* Group schedule: a partition finds its time windows where the description puts them, whatever the
 * others do.
 *
 * One tick is one instruction (boards/qemu-virt-1ghz). The watcher spins on the physical counter:
 * the first value that it sees in a frame is where its window starts, the last one where it ends.
 * Before and after it on the same CPU runs the first vCPU of the neighbour, which does one thing as
 * often as it can, right across its window's end; the neighbour's other vCPUs work on that one from
 * CPUs of their own. One thing after the other, FRAMES frames each.
 *
 * The other CPUs' instructions count as ticks too: QEMU runs the CPUs one after the other, each for
 * a share of the time to the next timer. A metronome on a CPU of its own keeps that share small
 * while a sibling works, which then has as many instructions as the CPU that is watched, and some
 * more when that one sets a timer: so much more the bound is.
 * @req CPU-2, CPU-3, IRQ-5 */
#include <stdatomic.h>

#include "exception.h"
#include "gic.h"
#include "result.h"
#include "schedule.h"
#include "uart.h"

#define ROLE_WATCHER 1U
#define FRAME 200000U /* as in systems/test-schedule.yaml */
#define WINDOW 40000U
#define FRAMES_QUIET 2000U
#define FRAMES 500U
/* A window's start after its time, and what a window is shorter by. With a GICv2 a restart, which
 * routes each of the VM's SPIs anew, costs more of its distributor's registers. */
#define SWITCH_BOUND ((gic_version() == 2U) ? 20000U : 16000U)
#define SIBLINGS_BOUND (SWITCH_BOUND + 6000U) /* what QEMU lets another CPU execute meanwhile */
#define BURST 16U
#define METRONOME 1000U /* two timers, this far apart */
#define REST_TICKS 5000000U

#define CPUS 4U /* of the neighbour: the first on the watcher's, the last is the metronome */
#define SPI_RTC 34U
#define SPI_UART 33U
#define UART 0x09000000UL
#define NOWHERE 0x0b000000UL

struct notes {
    atomic_uint storm;       /* which one it is now */
    atomic_uint heard[CPUS]; /* by the neighbour's vCPUs */
    atomic_uint count[CPUS]; /* bursts of it */
};

static struct notes *const notes = (struct notes *)NOTES_BASE;

void guest_main(uint64_t role);

/* --- what the neighbour's vCPUs do ------------------------------------------------------ */

static void rest(unsigned cpu);
static void version(unsigned cpu);
static void turn_on(unsigned cpu);
static void affinity(unsigned cpu);
static void distributor(unsigned cpu);
static void redistributor(unsigned cpu);
static void uart(unsigned cpu);
static void nowhere(unsigned cpu);
static void sgi_to_self(unsigned cpu);
static void sgi_masked(unsigned cpu);
static void timers(unsigned cpu);
static void wait(unsigned cpu);
static void spin(unsigned cpu);
static void sgi_to_all(unsigned cpu);
static void power(unsigned cpu);
static void power_of_first(unsigned cpu);
static void route(unsigned cpu);
static void pend(unsigned cpu);
static void reset(unsigned cpu);

struct storm {
    const char *name;
    void (*first)(unsigned cpu);
    void (*siblings)(unsigned cpu); /* rest: no other CPU executes anything */
};

static const struct storm storms[] = {
    {"quiet", spin, rest},
    {"PSCI_VERSION", version, rest},
    {"CPU_ON", turn_on, rest},
    {"AFFINITY_INFO", affinity, rest},
    {"distributor", distributor, rest},
    {"redistributor", redistributor, rest},
    {"PL011", uart, rest},
    {"aborts", nowhere, rest},
    {"SGIs to itself", sgi_to_self, rest},
    {"masked SGIs to itself", sgi_masked, rest},
    {"timers", timers, rest},
    {"WFI", wait, rest},
    {"restarts", reset, rest},
    {"siblings spin", spin, spin},
    {"siblings' SGIs", sgi_to_self, sgi_to_all},
    {"siblings' power", spin, power},
    {"power from a sibling", power_of_first, power_of_first},
    {"routes", spin, route},
    {"device interrupt", spin, pend},
    {"device interrupt and distributor", distributor, pend},
};
#define STORM_COUNT ((unsigned)(sizeof(storms) / sizeof(storms[0])))

static void storm_interrupt(unsigned intid)
{
    static unsigned left = 2U * BURST; /* timer interrupts of one burst */
    const bool is_last = left == 1U;

    if (intid == TIMER_PPI_VIRTUAL || intid == TIMER_PPI_PHYSICAL) {
        left = is_last ? 2U * BURST : left - 1U;
    }
    if (intid == TIMER_PPI_VIRTUAL) {
        SYSREG_WRITE(CNTV_TVAL_EL0, is_last ? REST_TICKS : 1U);
    } else if (intid == TIMER_PPI_PHYSICAL) {
        SYSREG_WRITE(CNTP_TVAL_EL0, is_last ? REST_TICKS : 1U);
    } else if (intid == SPI_RTC) {
        gic_clear_pending(intid);
    }
}

static void timers_off(void)
{
    SYSREG_WRITE(CNTV_CTL_EL0, 0);
    SYSREG_WRITE(CNTP_CTL_EL0, 0);
    isb();
}

/* Asleep until a timer ends it; interrupts stay masked. */
static void rest(unsigned cpu)
{
    (void)cpu;
    irq_disable();
    gic_enable(TIMER_PPI_VIRTUAL);
    SYSREG_WRITE(CNTV_TVAL_EL0, REST_TICKS);
    SYSREG_WRITE(CNTV_CTL_EL0, TIMER_CTL_ENABLE);
    isb();
    wfi();
    timers_off();
    gic_clear_pending(TIMER_PPI_VIRTUAL);
}

static void spin(unsigned cpu)
{
    (void)cpu;
    for (unsigned i = 0; i < 64U; i++) {
        __asm__ volatile("" ::: "memory");
    }
}

static void version(unsigned cpu)
{
    (void)cpu;
    for (unsigned i = 0; i < BURST; i++) {
        psci_call(PSCI_VERSION, 0, 0, 0);
    }
}

static void turn_on(unsigned cpu)
{
    for (unsigned i = 0; i < BURST; i++) {
        psci_call(PSCI_CPU_ON_64, cpu_affinity(i % CPUS), 0x40080000U, cpu);
    }
}

static void affinity(unsigned cpu)
{
    (void)cpu;
    for (unsigned i = 0; i < BURST; i++) {
        psci_call(PSCI_AFFINITY_INFO_64, cpu_affinity(i % (CPUS + 1U)), 0, 0);
    }
}

static void distributor(unsigned cpu)
{
    (void)cpu;
    for (unsigned offset = 0; offset < 0x20U; offset += 4U) {
        mmio_write32(GICD_BASE + GICD_ISENABLER + offset, UINT32_MAX);
        mmio_write32(GICD_BASE + GICD_IPRIORITYR + offset, 0x80a0c0e0U);
        (void)mmio_read32(GICD_BASE + GICD_ISPENDR + offset);
        mmio_write32(GICD_BASE + GICD_ICENABLER + offset, UINT32_MAX);
        mmio_write32(GICD_BASE + GICD_ICFGR + offset, UINT32_MAX);
    }
}

static void redistributor(unsigned cpu)
{
    (void)cpu;
    for (unsigned i = 0; i < BURST; i++) {
        mmio_write32(gic_bit_register(GICD_ISENABLER, 0), UINT32_MAX);
        mmio_write32(gic_bit_register(GICD_ISPENDR, 0), 0xff00ffffU);
        mmio_write32(gic_bit_register(GICD_ICPENDR, 0), UINT32_MAX);
        mmio_write32(gic_bit_register(GICD_ICENABLER, 0), UINT32_MAX);
    }
}

static void uart(unsigned cpu)
{
    (void)cpu;
    gic_enable(SPI_UART);
    for (unsigned i = 0; i < BURST; i++) {
        mmio_write32(UART + 0x38U, (i % 2U == 0U) ? 0x7ffU : 0U); /* UARTIMSC */
        (void)mmio_read32(UART + 0x18U);
        mmio_write32(UART + 0x44U, 0x7ffU); /* UARTICR */
    }
    if (atomic_load(&notes->count[cpu]) % 256U == 0U) {
        mmio_write32(UART, '\n');
    }
}

static void nowhere(unsigned cpu)
{
    uint64_t value;

    (void)cpu;
    probe_read(NOWHERE, 4, &value);
}

static void sgi_to_self(unsigned cpu)
{
    for (unsigned i = 0; i < 16U; i++) {
        gic_enable(i);
    }
    irq_enable();
    for (unsigned i = 0; i < 16U; i++) {
        gic_send_sgi(GIC_SGI_TO(i, 1U << cpu));
    }
    irq_disable();
}

static void sgi_masked(unsigned cpu)
{
    for (unsigned i = 0; i < 16U; i++) {
        gic_send_sgi(GIC_SGI_TO(i, 1U << cpu));
    }
    gic_clear_sgis();
}

static void timers(unsigned cpu)
{
    (void)cpu;
    gic_enable(TIMER_PPI_VIRTUAL);
    gic_enable(TIMER_PPI_PHYSICAL);
    SYSREG_WRITE(CNTV_TVAL_EL0, 1);
    SYSREG_WRITE(CNTP_TVAL_EL0, 1);
    SYSREG_WRITE(CNTV_CTL_EL0, TIMER_CTL_ENABLE);
    SYSREG_WRITE(CNTP_CTL_EL0, TIMER_CTL_ENABLE);
    irq_enable();
    spin(cpu);
    irq_disable();
    timers_off();
}

/* Waits that end soon: it is passed over, and comes again. */
static void wait(unsigned cpu)
{
    (void)cpu;
    gic_enable(TIMER_PPI_VIRTUAL);
    SYSREG_WRITE(CNTV_TVAL_EL0, 3000);
    SYSREG_WRITE(CNTV_CTL_EL0, TIMER_CTL_ENABLE);
    isb();
    wfi();
    timers_off();
}

/* With all target lists that name the first one. */
static void sgi_to_all(unsigned cpu)
{
    (void)cpu;
    for (unsigned list = 1; list < 16U; list += 2U) {
        for (unsigned i = 0; i < 16U; i++) {
            gic_send_sgi(GIC_SGI_TO(i, list));
        }
    }
    gic_send_sgi(GIC_SGI_OTHERS(3U));
}

static void follow_storms(void);

static void power(unsigned cpu)
{
    if (cpu == 1U) {
        cpu_start(2, follow_storms);
    } else {
        psci_call(PSCI_CPU_OFF, 0, 0, 0);
    }
}

/* CPU 1 switches the first one on whenever it has switched itself off. */
static void power_of_first(unsigned cpu)
{
    if (cpu == 0U) {
        psci_call(PSCI_CPU_OFF, 0, 0, 0);
    } else {
        cpu_start(0, follow_storms);
    }
}

static void route(unsigned cpu)
{
    (void)cpu;
    for (unsigned i = 0; i < BURST; i++) {
        gic_route((i % 4U < 2U) ? SPI_RTC : SPI_UART, i % 2U);
    }
}

/* The device's interrupt, to the first one, which does not take it: it stays pending. */
static void pend(unsigned cpu)
{
    (void)cpu;
    gic_route(SPI_RTC, 0);
    gic_enable(SPI_RTC);
    for (unsigned i = 0; i < BURST; i++) {
        gic_set_pending(SPI_RTC);
        gic_clear_pending(SPI_RTC);
    }
    gic_set_pending(SPI_RTC);
}

/* Its memory is loaded in its own windows, and then it is here again. */
static void reset(unsigned cpu)
{
    const unsigned n = atomic_load(&notes->heard[cpu]);

    if (atomic_load(&notes->heard[1]) == n && atomic_load(&notes->heard[2]) == n &&
        atomic_load(&notes->heard[3]) == n) {
        psci_call(PSCI_SYSTEM_RESET, 0, 0, 0);
    }
}

/* Keeps the next timer of the machine near, without an interrupt: when one of them is due, the
 * other one is not yet. */
static void metronome(void)
{
    if ((SYSREG_READ(CNTP_CTL_EL0) & TIMER_CTL_ISTATUS) != 0U) {
        SYSREG_WRITE(CNTP_TVAL_EL0, 2U * METRONOME);
    }
    if ((SYSREG_READ(CNTV_CTL_EL0) & TIMER_CTL_ISTATUS) != 0U) {
        SYSREG_WRITE(CNTV_TVAL_EL0, 2U * METRONOME);
    }
    __asm__ volatile("yield" ::: "memory");
}

static void metronome_on(void)
{
    SYSREG_WRITE(CNTP_TVAL_EL0, METRONOME);
    SYSREG_WRITE(CNTV_TVAL_EL0, 2U * METRONOME);
    SYSREG_WRITE(CNTP_CTL_EL0, TIMER_CTL_ENABLE | TIMER_CTL_IMASK);
    SYSREG_WRITE(CNTV_CTL_EL0, TIMER_CTL_ENABLE | TIMER_CTL_IMASK);
    isb();
}

static const struct storm *storm_now(void)
{
    return &storms[atomic_load(&notes->storm) % STORM_COUNT];
}

static void heard(const struct storm *storm)
{
    atomic_store(&notes->heard[cpu_number()], (unsigned)(storm - storms));
}

static bool others_rest(void)
{
    return storm_now()->siblings == rest &&
           atomic_load(&notes->heard[1]) == atomic_load(&notes->storm);
}

static void beat(void)
{
    for (;;) {
        while (storm_now()->siblings == rest) {
            heard(storm_now());
            rest(CPUS - 1U);
        }
        metronome_on();
        while (!others_rest()) {
            heard(storm_now());
            metronome();
        }
        timers_off();
    }
}

/* Nobody is left switched off by the storm before. */
static void turn_others_on(const struct storm *storm)
{
    if (storm->siblings != power_of_first) {
        cpu_start(0, follow_storms);
    }
    if (storm->siblings != power) {
        cpu_start(2, follow_storms);
    }
}

static void follow_storms(void)
{
    const unsigned cpu = cpu_number();

    for (;;) {
        const struct storm *const storm = storm_now();
        const unsigned n = (unsigned)(storm - storms);

        if (cpu == 1U) {
            turn_others_on(storm);
        }
        if (cpu != 0U && storm->siblings != rest && atomic_load(&notes->heard[CPUS - 1U]) != n) {
            rest(cpu); /* the metronome is not there yet */
            continue;
        }
        heard(storm);
        atomic_fetch_add(&notes->count[cpu], 1U);
        if (cpu == 0U) {
            storm->first(cpu);
        } else if (cpu == 1U || storm->siblings == power) {
            storm->siblings(cpu);
        } else {
            rest(cpu);
        }
    }
}

static void neighbour(void)
{
    gic_init();
    irq_hook = storm_interrupt;
    cpu_start(CPUS - 1U, beat);
    cpu_start(1, follow_storms);
    follow_storms();
}

/* --- the watcher ------------------------------------------------------------------------ */

struct seen {
    uint64_t first_least; /* where the window starts, from the watcher's reckoning of it */
    uint64_t first_most;
    uint64_t length_least;
    unsigned missing; /* frames without it */
};

static uint64_t anchor; /* the middle of the time between two windows, in the past */

/* After the longest pause of a frame, the window starts. */
static void find_anchor(void)
{
    uint64_t longest = 0;
    uint64_t last = counter_now();
    const uint64_t end = last + 20U * FRAME;

    while (last < end) {
        const uint64_t now = counter_now();

        if (now - last > longest) {
            longest = now - last;
            anchor = now - (FRAME - WINDOW) / 2U;
        }
        last = now;
    }
}

static struct seen watch(unsigned frames)
{
    struct seen s = {.first_least = UINT64_MAX, .length_least = UINT64_MAX};
    uint64_t last = counter_now();
    uint64_t first = 0;
    uint64_t frame = last - (last - anchor) % FRAME;

    for (unsigned i = 0; i <= frames;) {
        const uint64_t now = counter_now();

        if (now - frame >= FRAME) {
            if (first != 0U) {
                s.length_least = (last - first < s.length_least) ? last - first : s.length_least;
                s.missing += (unsigned)((now - frame) / FRAME) - 1U;
            }
            frame += (now - frame) / FRAME * FRAME;
            first = now;
            s.first_least = (now - frame < s.first_least) ? now - frame : s.first_least;
            s.first_most = (now - frame > s.first_most) ? now - frame : s.first_most;
            i++;
        }
        last = now;
    }
    return s;
}

static bool all_hear(unsigned storm)
{
    const uint64_t start = counter_now();

    for (unsigned cpu = 0; cpu < CPUS; cpu++) {
        while (atomic_load(&notes->heard[cpu]) != storm) {
            if (counter_now() - start > 5000U * (uint64_t)FRAME) {
                print("CPU %u does not hear\n", cpu);
                return false;
            }
        }
    }
    return true;
}

static unsigned bursts(void)
{
    return atomic_load(&notes->count[0]) + atomic_load(&notes->count[1]);
}

static void check_storm(unsigned n, uint64_t quiet_start)
{
    const struct storm *const storm = &storms[n];
    const bool alone = storm->siblings == rest;
    const uint64_t bound = alone ? SWITCH_BOUND : SWITCH_BOUND + SIBLINGS_BOUND;

    atomic_store(&notes->storm, n);
    test_check(all_hear(n), "storm-begins", "%s", storm->name);
    const unsigned before = bursts();
    const struct sched_times times_before = sched_times(0);
    const struct seen s = watch(FRAMES);
    const struct sched_times times = sched_times(0);
    const uint64_t jitter = s.first_most - s.first_least;

    print(
        "%s: start %ld to %ld from the quiet one, jitter %lu, length from %lu, EL2 says late %lu, "
        "%u bursts\n",
        storm->name, (long)(s.first_least - quiet_start), (long)(s.first_most - quiet_start),
        jitter, s.length_least, times.late, bursts() - before);
    TEST_EQUAL("no-window-missing", s.missing, 0);
    test_check(jitter <= bound, "jitter", "%s: %lu, more than %lu", storm->name, jitter, bound);
    /* EL2's figure is of all time. While a sibling began and the metronome was not there yet, QEMU
     * may have let it execute as much as there was time to the next timer: what was so before counts
     * for a sibling's storm only where it became more. */
    const bool is_old = !alone && times.late == times_before.late;
    test_check(is_old || times.late <= bound, "late", "%s: %lu, more than %lu", storm->name,
               times.late, bound);
    test_check(s.first_most - quiet_start <= bound, "start", "%s: %lu late", storm->name,
               s.first_most - quiet_start);
    test_check(!alone || s.length_least + SWITCH_BOUND >= WINDOW, "length", "%s: %lu", storm->name,
               s.length_least);
    test_check(times.windows - times_before.windows >= FRAMES, "windows", "%s: %lu", storm->name,
               times.windows - times_before.windows);
    test_check(bursts() - before >= FRAMES / 50U, "storm-blows", "%s: %u", storm->name,
               bursts() - before);
}

static void watcher(void)
{
    test_begin("schedule");
    test_check(all_hear(0), "neighbour-is-there", "it does not answer");
    find_anchor();
    const struct seen quiet = watch(FRAMES_QUIET);

    print("bound: %u instructions, with siblings at work %u more\n", SWITCH_BOUND, SIBLINGS_BOUND);
    print("quiet: jitter %lu in %u frames, length from %lu of %u\n",
          quiet.first_most - quiet.first_least, FRAMES_QUIET, quiet.length_least, WINDOW);
    for (unsigned n = 0; n < STORM_COUNT; n++) {
        check_storm(n, quiet.first_least);
    }
    test_done();
}

void guest_main(uint64_t role)
{
    if (role == ROLE_WATCHER) {
        watcher();
    } else {
        neighbour();
    }
}
