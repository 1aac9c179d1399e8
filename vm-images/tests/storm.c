/* Group storm: software interrupts between all CPUs as fast as they can be sent.
 *
 * Ping-pong counts exactly: each SGI is answered before the next is sent, so not one may be lost.
 * The flood may merge interrupts (a pending SGI is one bit), but the last of each must arrive and
 * afterwards all must be quiet. The bystander VM must not notice.
 *
 * @req IRQ-1 */
#include <stdatomic.h>

#include "exception.h"
#include "gic.h"
#include "psci.h"
#include "result.h"
#include "timer.h"
#include "uart.h"

#define SGI_PING 1U
#define SGI_PONG 2U
#define SGI_FLOOD_FIRST 3U
#define SGI_FLOOD_LAST 15U
#define PING_COUNT 5000U
#define FLOOD_ROUNDS 3000U

static atomic_uint pings;
static atomic_uint pongs;
static atomic_uint flood_done;
static atomic_uint ready;
static atomic_uint last_seen[CPU_MAX]; /* bit n: SGI n came after the end of the flood began */
static atomic_bool flood_now;
static atomic_bool last_round;
static atomic_bool stop;

void guest_main(uint64_t devicetree);

static void storm_interrupt(unsigned intid)
{
    if (intid == SGI_PING) {
        atomic_fetch_add(&pings, 1U);
        gic_send_sgi(GIC_SGI_TO(SGI_PONG, 1U));
    } else if (intid == SGI_PONG) {
        atomic_fetch_add(&pongs, 1U);
    } else if (atomic_load(&last_round)) {
        atomic_fetch_or(&last_seen[cpu_number()], 1U << intid);
    }
}

static void enable_all(void)
{
    for (unsigned sgi = 0; sgi < 16U; sgi++) {
        gic_enable(sgi);
    }
    irq_enable();
}

static void flood(void)
{
    for (unsigned round = 0; round < FLOOD_ROUNDS; round++) {
        unsigned sgi = SGI_FLOOD_FIRST + round % (SGI_FLOOD_LAST - SGI_FLOOD_FIRST + 1U);
        gic_send_sgi(GIC_SGI_OTHERS(sgi));
    }
    atomic_fetch_add(&flood_done, 1U);
}

static void secondary(void)
{
    enable_all();
    atomic_fetch_add(&ready, 1U);
    while (!atomic_load(&flood_now)) {
    }
    flood();
    while (!atomic_load(&stop)) {
    }
    irq_disable();
}

static bool wait_count(atomic_uint *counter, unsigned count, unsigned timeout_ms)
{
    uint64_t start = timer_now();
    while (atomic_load(counter) < count) {
        if (timer_elapsed_ms(start) > timeout_ms) {
            return false;
        }
    }
    return true;
}

static void check_ping_pong(unsigned cpus)
{
    unsigned lost = 0;
    for (unsigned i = 0; i < PING_COUNT && lost == 0U; i++) {
        gic_send_sgi(GIC_SGI_TO(SGI_PING, 1U << (1U + i % (cpus - 1U))));
        lost = wait_count(&pongs, i + 1U, 2000) ? 0U : i + 1U;
    }
    test_check(lost == 0U, "ping_pong", "lost at %u: pings %u, pongs %u", lost,
               atomic_load(&pings), atomic_load(&pongs));
    TEST_EQUAL("ping_pong_exact", atomic_load(&pings), PING_COUNT);
}

static void check_flood(unsigned cpus)
{
    atomic_store(&flood_now, true);
    flood();
    test_check(wait_count(&flood_done, cpus, 60000), "flood_ends", "%u of %u CPUs",
               atomic_load(&flood_done), cpus);
    atomic_store(&last_round, true);
    unsigned all = 0;
    for (unsigned sgi = SGI_FLOOD_FIRST; sgi <= SGI_FLOOD_LAST; sgi++) {
        gic_send_sgi(GIC_SGI_OTHERS(sgi));
        all |= 1U << sgi;
    }
    for (unsigned cpu = 1; cpu < cpus; cpu++) {
        uint64_t start = timer_now();
        while (atomic_load(&last_seen[cpu]) != all && timer_elapsed_ms(start) < 2000U) {
        }
        test_check(atomic_load(&last_seen[cpu]) == all, "flood_last_arrives",
                   "CPU %u: %x of %x", cpu, atomic_load(&last_seen[cpu]), all);
    }
    irq_disable();
    uint32_t pending = mmio_read32(gic_bit_register(GICD_ISPENDR, 0)) & 0xffffU;
    irq_enable();
    TEST_EQUAL("flood_leaves_nothing_pending", pending, 0);
}

void guest_main(uint64_t devicetree)
{
    (void)devicetree;
    test_begin("storm");
    gic_init();
    irq_hook = storm_interrupt;
    enable_all();
    unsigned cpus = cpu_count();
    for (unsigned cpu = 1; cpu < cpus; cpu++) {
        TEST_EQUAL("cpu_on", cpu_start(cpu, secondary), PSCI_SUCCESS);
    }
    test_check(cpus > 1U && wait_count(&ready, cpus - 1U, 5000), "all_cpus_ready", "%u of %u",
               atomic_load(&ready) + 1U, cpus);
    if (cpus > 1U) {
        check_ping_pong(cpus);
        check_flood(cpus);
        atomic_store(&stop, true);
        for (unsigned cpu = 1; cpu < cpus; cpu++) {
            test_check(cpu_wait_off(cpu), "cpu_off", "CPU %u still on", cpu);
        }
    }
    test_done();
}
