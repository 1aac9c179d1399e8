/* Breakpoint and watchpoint registers, DBGBVR<n>_EL1 .. DBGWCR<n>_EL1 [DDI0487 D24.3].
 *
 * Owns nothing; acts on the CPU that it runs on. An index at or beyond the implemented number is
 * UNDEFINED even at EL2, so no register past it is touched.
 *
 * @req CORE-8 */
#include "arch/debug_registers.h"

#include "arch/sysreg.h"
#include "lib/bits.h"

/* X(n) for every index that the architecture has. */
#define DEBUG_POINTS(X)                                                                            \
    X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)

#define CLEAR_BREAKPOINT(n)                                                                        \
    if ((n) < breakpoint_count) {                                                                  \
        SYSREG_WRITE(DBGBCR##n##_EL1, 0);                                                          \
        SYSREG_WRITE(DBGBVR##n##_EL1, 0);                                                          \
    }

#define CLEAR_WATCHPOINT(n)                                                                        \
    if ((n) < watchpoint_count) {                                                                  \
        SYSREG_WRITE(DBGWCR##n##_EL1, 0);                                                          \
        SYSREG_WRITE(DBGWVR##n##_EL1, 0);                                                          \
    }

#define SAVE_BREAKPOINT(n)                                                                         \
    if ((n) < breakpoint_count) {                                                                  \
        to->breakpoint[n][0] = SYSREG_READ(DBGBVR##n##_EL1);                                       \
        to->breakpoint[n][1] = SYSREG_READ(DBGBCR##n##_EL1);                                       \
    }

#define SAVE_WATCHPOINT(n)                                                                         \
    if ((n) < watchpoint_count) {                                                                  \
        to->watchpoint[n][0] = SYSREG_READ(DBGWVR##n##_EL1);                                       \
        to->watchpoint[n][1] = SYSREG_READ(DBGWCR##n##_EL1);                                       \
    }

#define LOAD_BREAKPOINT(n)                                                                         \
    if ((n) < breakpoint_count) {                                                                  \
        SYSREG_WRITE(DBGBVR##n##_EL1, from->breakpoint[n][0]);                                     \
        SYSREG_WRITE(DBGBCR##n##_EL1, from->breakpoint[n][1]);                                     \
    }

#define LOAD_WATCHPOINT(n)                                                                         \
    if ((n) < watchpoint_count) {                                                                  \
        SYSREG_WRITE(DBGWVR##n##_EL1, from->watchpoint[n][0]);                                     \
        SYSREG_WRITE(DBGWCR##n##_EL1, from->watchpoint[n][1]);                                     \
    }

static uint64_t breakpoints(void)
{
    return bits_get(SYSREG_READ(ID_AA64DFR0_EL1), 15, 12) + 1U;
}

static uint64_t watchpoints(void)
{
    return bits_get(SYSREG_READ(ID_AA64DFR0_EL1), 23, 20) + 1U;
}

void debug_points_clear(void)
{
    const uint64_t breakpoint_count = breakpoints();
    const uint64_t watchpoint_count = watchpoints();

    DEBUG_POINTS(CLEAR_BREAKPOINT)
    DEBUG_POINTS(CLEAR_WATCHPOINT)
}

void debug_points_save(struct debug_points *to)
{
    const uint64_t breakpoint_count = breakpoints();
    const uint64_t watchpoint_count = watchpoints();

    DEBUG_POINTS(SAVE_BREAKPOINT)
    DEBUG_POINTS(SAVE_WATCHPOINT)
}

void debug_points_load(const struct debug_points *from)
{
    const uint64_t breakpoint_count = breakpoints();
    const uint64_t watchpoint_count = watchpoints();

    DEBUG_POINTS(LOAD_BREAKPOINT)
    DEBUG_POINTS(LOAD_WATCHPOINT)
}
