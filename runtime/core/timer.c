/* The EL2 timer as a service; core/timer.h.
 *
 * Each CPU owns its row of deadlines and its timer; nothing is shared, so nothing is locked. The
 * comparator always holds the earliest deadline of the row, or the timer is off: its output is a
 * level, and falls before the interrupt is deactivated [DDI0487 D12.2.4].
 *
 * @req IRQ-5 */
#include "core/timer.h"

#include "arch/barrier.h"
#include "core/percpu.h"
#include "gic/gic.h"
#include "lib/bits.h"
#include "lib/loop.h"

#define CNTHP_CTL_EL2_ENABLE BIT(0)
#define NO_DEADLINE UINT64_MAX
#define NS_PER_S UINT64_C(1000000000)

/* Clients that a system has no use for stand at the end: nobody asks for them. */
#define CLIENTS                                                                                    \
    ((CFG_HEARTBEAT_COUNT > 0U) ? TIMER_CLIENT_COUNT                                               \
     : (CFG_SP805_COUNT > 0U)   ? TIMER_HEARTBEAT                                                  \
                                : TIMER_SP805)

struct timer_row {
    uint64_t deadline[TIMER_CLIENT_COUNT]; /* valid where the client's bit is set */
    uint32_t armed;
    bool is_up; /* the PPI is enabled here */
};

static struct timer_row rows[CFG_CPU_COUNT];

uint64_t timer_now(void)
{
    /* The counter is not read before what stands before it in the program
     * [DDI0487 D12.2.1]. */
    isb();
    return SYSREG_READ(CNTPCT_EL0);
}

uint64_t timer_frequency(void)
{
    const uint64_t hz = SYSREG_READ(CNTFRQ_EL0) & UINT32_MAX;
    return (hz > 0U) ? hz : 1U;
}

uint64_t timer_ticks(uint64_t ns)
{
    const uint64_t hz = timer_frequency();

    /* In two parts: hz has 32 bits, and what is left below a second 30. */
    return ns / NS_PER_S * hz + ns % NS_PER_S * hz / NS_PER_S;
}

static uint64_t earliest(const struct timer_row *row)
{
    uint64_t least = NO_DEADLINE;
    for (unsigned i = 0; i < (unsigned)CLIENTS; i++) {
        LOOP_BOUND(CLIENTS);
        if (bit_is_set(row->armed, i) && row->deadline[i] < least) {
            least = row->deadline[i];
        }
    }
    return least;
}

static void program(struct timer_row *row)
{
    if (row->armed == 0U) {
        SYSREG_WRITE(CNTHP_CTL_EL2, 0);
    } else {
        SYSREG_WRITE(CNTHP_CVAL_EL2, earliest(row));
        SYSREG_WRITE(CNTHP_CTL_EL2, CNTHP_CTL_EL2_ENABLE);
    }
    /* The new comparator is in force before EL2 goes on to deactivate the interrupt or sleep. */
    isb();
}

void timer_set(enum timer_client client, uint64_t deadline)
{
    struct timer_row *const row = &rows[this_cpu()->id];
    if (!row->is_up) {
        row->is_up = true;
        gic_ppi_enable(GIC_PPI_HTIMER, true);
    }
    row->deadline[client] = deadline;
    row->armed |= (uint32_t)BIT(client);
    program(row);
}

void timer_cancel(enum timer_client client)
{
    struct timer_row *const row = &rows[this_cpu()->id];
    if (bit_is_set(row->armed, client)) {
        row->armed &= ~(uint32_t)BIT(client);
        program(row);
    }
}

void timer_interrupt(void)
{
    struct timer_row *const row = &rows[this_cpu()->id];
    const uint64_t now = timer_now();
    uint32_t expired = 0;
    for (unsigned i = 0; i < (unsigned)CLIENTS; i++) {
        LOOP_BOUND(CLIENTS);
        if (bit_is_set(row->armed, i) && row->deadline[i] <= now) {
            expired |= (uint32_t)BIT(i);
        }
    }
    row->armed &= ~expired;
    program(row);
    for (; expired != 0U; expired &= expired - 1U) {
        LOOP_BOUND(CLIENTS);
        LOOP_EACH_ONCE();
        timer_handlers[__builtin_ctz(expired)]();
    }
}
