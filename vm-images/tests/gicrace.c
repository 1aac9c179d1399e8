/* Group gicrace: the interrupt controller used by all CPUs at once [IHI0069 3.3, 4.1].
 *
 * SGIs: every CPU sends to every subset of CPUs by its target list, and to all others, alone and
 * all at the same time. Each waits until its SGI has arrived before it sends the next, so each
 * target must count exactly one, and nobody else any. Then all send without waiting, where pending
 * ones may merge: at least one of each arrives behind the last that was sent.
 *
 * SPI: the boot CPU makes one edge-triggered interrupt pending and waits for its handler, again and
 * again, while the others switch it off and on, route it elsewhere and to 1 of N, change its
 * priority and read all of its registers: each is taken exactly once, by one CPU at a time.
 * Then the others also clear and set its pending and active bits: what is taken may vary, but
 * nothing hangs, and afterwards it works as before.
 *
 * @req IRQ-1 */
#include <stdatomic.h>

#include "exception.h"
#include "gic.h"
#include "psci.h"
#include "result.h"
#include "timer.h"

#define SPI 40U
#define LIST_ROUNDS 40U
#define FLOOD_ROUNDS 2000U
#define SPI_ROUNDS 1500U
#define WAIT_MS 2000U
#define PAUSE_TURNS 4096U

static unsigned cpus;
static atomic_uint arrived[CPU_MAX][16]; /* by CPU and SGI; SGI n is sent by CPU n only */
static atomic_uint bad_sgi;              /* rounds that went wrong; the first one below */
static atomic_uint first_bad;
static atomic_uint spi_taken;
static atomic_uint spi_inside;
static atomic_uint spi_overlaps;

enum {
    PHASE_START,
    PHASE_ALONE,    /* SGIs, one sender after the other */
    PHASE_TOGETHER, /* SGIs, all senders */
    PHASE_FLOOD,
    PHASE_KEEP, /* the SPI, its pending and active bits left alone */
    PHASE_PAUSE,
    PHASE_ANY, /* the SPI, and those too */
    PHASE_END,
};
static atomic_uint phase;
static atomic_uint turn;  /* PHASE_ALONE: whose */
static atomic_uint ready; /* CPUs that are done with the phase */

void guest_main(uint64_t devicetree);

static void interrupt(unsigned intid)
{
    if (intid < 16U) {
        atomic_fetch_add(&arrived[cpu_number()][intid], 1U);
    } else if (intid == SPI) {
        if (atomic_fetch_add(&spi_inside, 1U) != 0U) {
            atomic_fetch_add(&spi_overlaps, 1U);
        }
        atomic_fetch_add(&spi_taken, 1U);
        atomic_fetch_sub(&spi_inside, 1U);
    }
}

/* --- SGIs ------------------------------------------------------------------------------------ */

static unsigned others_of(unsigned cpu)
{
    return ((1U << cpus) - 1U) & ~(1U << cpu);
}

static bool has_arrived(unsigned sgi, unsigned targets, const unsigned *before)
{
    for (unsigned cpu = 0; cpu < cpus; cpu++) {
        const unsigned expected = before[cpu] + ((targets >> cpu) & 1U);
        if (atomic_load(&arrived[cpu][sgi]) != expected) {
            return false;
        }
    }
    return true;
}

/* One SGI from this CPU, to exactly `targets`. */
static void send_and_wait(uint64_t value, unsigned targets)
{
    const unsigned sgi = cpu_number();
    unsigned before[CPU_MAX];
    const uint64_t start = timer_now();

    for (unsigned cpu = 0; cpu < cpus; cpu++) {
        before[cpu] = atomic_load(&arrived[cpu][sgi]);
    }
    gic_send_sgi(value);
    while (!has_arrived(sgi, targets, before)) {
        if (timer_elapsed_ms(start) > WAIT_MS) {
            if (atomic_fetch_add(&bad_sgi, 1U) == 0U) {
                atomic_store(&first_bad, 1U << 31 | sgi << 8 | targets);
            }
            return;
        }
    }
}

static void send_all_lists(void)
{
    const unsigned self = cpu_number();

    for (unsigned round = 0; round < LIST_ROUNDS && atomic_load(&bad_sgi) == 0U; round++) {
        for (unsigned targets = 0; targets < 1U << cpus; targets++) {
            send_and_wait(GIC_SGI_TO(self, targets), targets);
        }
        send_and_wait(GIC_SGI_OTHERS(self), others_of(self));
        /* With the mode bit the list is nobody's business. */
        send_and_wait(GIC_SGI_OTHERS(self) | 1U << self, others_of(self));
        /* CPUs that are not there, of this cluster, of another, and of another range. */
        send_and_wait(GIC_SGI_TO(self, 0x8000U), 0);
        send_and_wait(GIC_SGI_TO(self, 1U) | UINT64_C(1) << 16, 0);
        send_and_wait(GIC_SGI_TO(self, 1U) | UINT64_C(1) << 44, 0);
    }
}

static void flood(void)
{
    const unsigned self = cpu_number();

    for (unsigned round = 0; round < FLOOD_ROUNDS; round++) {
        gic_send_sgi((round % 2U == 0U) ? GIC_SGI_OTHERS(self)
                                        : GIC_SGI_TO(self, round % (1U << cpus)));
    }
}

/* --- the SPI ---------------------------------------------------------------------------------- */

static uint32_t random_next(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static void write_bit(unsigned offset)
{
    mmio_write32(gic_bit_register(offset, SPI), 1U << (SPI % 32U));
}

/* Changes after which a pending interrupt is still pending. */
static void disturb(uint32_t random)
{
    switch (random % 6U) {
    case 0:
        write_bit(GICD_ICENABLER);
        break;
    case 1:
        write_bit(GICD_ISENABLER);
        break;
    case 2:
        gic_route(SPI, (random >> 8) % cpus);
        break;
    case 3:
        gic_route_any(SPI);
        break;
    case 4:
        gic_set_priority(SPI, (uint8_t)(0x40U + ((random >> 8) & 0x78U)));
        break;
    default:
        (void)gic_is_pending(SPI);
        (void)gic_is_active(SPI);
        break;
    }
    write_bit(GICD_ISENABLER); /* so that no more than a moment is lost */
}

/* Changes of its state as well. */
static void disturb_state(uint32_t random)
{
    static const unsigned registers[] = {GICD_ISPENDR, GICD_ICPENDR, GICD_ISACTIVER, GICD_ICACTIVER};

    write_bit(registers[(random >> 8) % 4U]);
    if (random % 2U == 0U) {
        disturb(random >> 1);
    }
}

static void disturb_while(unsigned wanted, void (*change)(uint32_t))
{
    uint32_t random = 0x2545f491U + cpu_number();

    while (atomic_load(&phase) == wanted) {
        change(random_next(&random));
        /* Each change interrupts whoever has the SPI: it must come to run in between. */
        for (volatile unsigned left = random % PAUSE_TURNS; left > 0U; left--) {
        }
    }
}

/* Makes it pending and waits until it has been taken; false when that does not happen. */
static bool fire(void)
{
    const unsigned before = atomic_load(&spi_taken);
    const uint64_t start = timer_now();

    write_bit(GICD_ISPENDR);
    while (atomic_load(&spi_taken) == before) {
        if (timer_elapsed_ms(start) > WAIT_MS) {
            return false;
        }
    }
    return true;
}

static void calm_spi(void)
{
    irq_disable();
    write_bit(GICD_ICENABLER);
    gic_route(SPI, 0);
    write_bit(GICD_ICPENDR);
    write_bit(GICD_ICACTIVER);
    gic_wait();
    write_bit(GICD_ISENABLER);
    irq_enable();
}

/* --- phases ----------------------------------------------------------------------------------- */

static void enable_sgis(void)
{
    for (unsigned sgi = 0; sgi < 16U; sgi++) {
        gic_enable(sgi);
    }
    irq_enable();
}

static void finish_phase(void)
{
    atomic_fetch_add(&ready, 1U);
}

static bool wait_ready(unsigned count, unsigned timeout_ms)
{
    const uint64_t start = timer_now();

    while (atomic_load(&ready) < count) {
        if (timer_elapsed_ms(start) > timeout_ms) {
            return false;
        }
    }
    return true;
}

static void wait_phase(unsigned wanted)
{
    while (atomic_load(&phase) < wanted) {
    }
}

static void secondary(void)
{
    enable_sgis();
    finish_phase();
    wait_phase(PHASE_ALONE);
    while (atomic_load(&turn) != cpu_number()) {
    }
    send_all_lists();
    finish_phase();
    wait_phase(PHASE_TOGETHER);
    send_all_lists();
    finish_phase();
    wait_phase(PHASE_FLOOD);
    flood();
    finish_phase();
    wait_phase(PHASE_KEEP);
    disturb_while(PHASE_KEEP, disturb);
    finish_phase();
    wait_phase(PHASE_ANY);
    disturb_while(PHASE_ANY, disturb_state);
    finish_phase();
    wait_phase(PHASE_END);
    irq_disable();
}

static void begin_phase(unsigned next)
{
    atomic_store(&ready, 0);
    atomic_store(&phase, next);
}

static void check_sgis(const char *name)
{
    test_check(atomic_load(&bad_sgi) == 0U, name, "%u rounds; the first: sender and targets %x",
               atomic_load(&bad_sgi), atomic_load(&first_bad));
    atomic_store(&bad_sgi, 0);
}

static void check_lists(void)
{
    begin_phase(PHASE_ALONE);
    for (unsigned cpu = 0; cpu < cpus; cpu++) {
        atomic_store(&turn, cpu);
        if (cpu == 0U) {
            send_all_lists();
            finish_phase();
        }
        test_check(wait_ready(cpu + 1U, 60000), "sender_ends", "CPU %u", cpu);
    }
    check_sgis("each_list_alone");
    begin_phase(PHASE_TOGETHER);
    send_all_lists();
    test_check(wait_ready(cpus - 1U, 60000), "senders_end", "%u", atomic_load(&ready));
    check_sgis("each_list_together");
}

/* Behind the flood: what is sent now must arrive, and then nothing is pending. */
static void check_flood(void)
{
    begin_phase(PHASE_FLOOD);
    flood();
    test_check(wait_ready(cpus - 1U, 60000), "flood_ends", "%u", atomic_load(&ready));
    const uint64_t start = timer_now();
    while (timer_elapsed_ms(start) < 20U) {
    }
    for (unsigned targets = 0; targets < 1U << cpus; targets++) {
        send_and_wait(GIC_SGI_TO(0, targets), targets);
    }
    check_sgis("lists_behind_the_flood");
    for (unsigned cpu = 0; cpu < gic_visible_cpus(cpus); cpu++) {
        TEST_EQUAL("nothing_pending", gic_private_word(cpu, GICD_ISPENDR) & 0xffffU, 0);
        TEST_EQUAL("nothing_active", gic_private_word(cpu, GICD_ISACTIVER) & 0xffffU, 0);
    }
}

static void check_spi_is_kept(void)
{
    unsigned fired = 0;

    mmio_write32(GICD_BASE + GICD_ICFGR + 4U * (SPI / 16U), 2U << (2U * (SPI % 16U)));
    calm_spi();
    begin_phase(PHASE_KEEP);
    while (fired < SPI_ROUNDS && fire()) {
        fired++;
    }
    begin_phase(PHASE_PAUSE);
    test_check(wait_ready(cpus - 1U, 5000), "disturbance_ends", "%u", atomic_load(&ready));
    TEST_EQUAL("spi_fired", fired, SPI_ROUNDS);
    TEST_EQUAL("spi_taken_once_each", atomic_load(&spi_taken), fired);
    TEST_EQUAL("spi_taken_by_one_at_a_time", atomic_load(&spi_overlaps), 0);
}

static void check_spi_survives(void)
{
    const uint64_t start = timer_now();
    uint32_t random = 1;

    begin_phase(PHASE_ANY);
    while (timer_elapsed_ms(start) < 200U) {
        disturb_state(random_next(&random));
    }
    begin_phase(PHASE_END);
    for (unsigned cpu = 1; cpu < cpus; cpu++) {
        test_check(cpu_wait_off(cpu), "cpu_off", "CPU %u still on", cpu);
    }
    calm_spi();
    const unsigned before = atomic_load(&spi_taken);
    test_check(fire() && fire() && fire(), "spi_works_afterwards", "taken %u more",
               atomic_load(&spi_taken) - before);
    TEST_EQUAL("spi_counts_afterwards", atomic_load(&spi_taken) - before, 3);
    test_check(!gic_is_pending(SPI) && !gic_is_active(SPI), "spi_is_quiet", "pending or active");
}

void guest_main(uint64_t devicetree)
{
    (void)devicetree;
    test_begin("gicrace");
    gic_init();
    cpus = cpu_count();
    irq_hook = interrupt;
    enable_sgis();
    for (unsigned cpu = 1; cpu < cpus; cpu++) {
        TEST_EQUAL("cpu_on", cpu_start(cpu, secondary), PSCI_SUCCESS);
    }
    test_check(cpus > 1U && wait_ready(cpus - 1U, 5000), "all_cpus_ready", "%u of %u",
               atomic_load(&ready) + 1U, cpus);
    check_lists();
    check_flood();
    check_spi_is_kept();
    check_spi_survives();
    test_done();
}
