/* What gic.c and gicv2.c have in common: what interrupts were seen, and checks that are the same
 * for both versions. A header of these two, which define note_interrupt(). */
#ifndef GIC_CHECKS_H
#define GIC_CHECKS_H

#include "exception.h"
#include "gic.h"
#include "result.h"
#include "timer.h"
#include "uart.h"

#define SPI_A 40U
#define SPI_B 41U
#define SPI_UART 33U
#define SGI_A 3U
#define SGI_B 5U
#define UARTIMSC (UART_BASE + 0x38U)
#define UARTINT_TX (1U << 5)

#define ORDER_MAX 32U

struct seen {
    unsigned count;
    uint32_t last;
    uint32_t order[ORDER_MAX]; /* INTID; GICv2: GICC_IAR */
    bool active_inside;
    bool pending_inside;
};
static volatile struct seen seen;

/* The hook of this CPU's interrupts: calls seen_note(). */
static void note_interrupt(unsigned intid);

static void seen_note(uint32_t what, unsigned intid)
{
    unsigned n = seen.count;
    seen.order[n % ORDER_MAX] = what;
    seen.last = what;
    seen.active_inside = gic_is_active(intid);
    seen.pending_inside = gic_is_pending(intid);
    seen.count = n + 1U;
}

static void seen_reset(void)
{
    for (unsigned i = 0; i < ORDER_MAX; i++) {
        seen.order[i] = GIC_SPURIOUS;
    }
    seen.count = 0;
    seen.last = GIC_SPURIOUS;
}

/* Lets interrupts in until `count` were seen or about 200 ms have gone. */
static bool take(unsigned count)
{
    uint64_t start = timer_now();
    irq_enable();
    while (seen.count < count && timer_elapsed_ms(start) < 200U) {
    }
    irq_disable();
    return seen.count >= count;
}

/* Lets interrupts in for a while: none may come. */
static bool quiet(void)
{
    unsigned before = seen.count;
    uint64_t start = timer_now();
    irq_enable();
    while (timer_elapsed_ms(start) < 20U) {
    }
    irq_disable();
    return seen.count == before;
}

static unsigned frame_faults(uintptr_t base, size_t size, bool write, uint64_t pattern)
{
    unsigned faults = 0;
    for (unsigned bytes = 1; bytes <= 8U; bytes *= 2U) {
        for (size_t offset = 0; offset < size; offset += bytes) {
            uint64_t value;
            struct fault f = write ? probe_write(base + offset, bytes, pattern)
                                   : probe_read(base + offset, bytes, &value);
            faults += f.taken ? 1U : 0U;
        }
    }
    return faults;
}

/* Whatever is there, no access faults. */
static void check_every_offset_of(const char *name, uintptr_t base, size_t size)
{
    static const uint64_t patterns[] = {0, UINT64_MAX, UINT64_C(0xa5a5a5a5a5a5a5a5)};
    unsigned faults = frame_faults(base, size, false, 0);

    test_check(faults == 0U, "every_offset_read", "%s: %u faults", name, faults);
    faults = 0;
    for (unsigned p = 0; p < sizeof(patterns) / sizeof(patterns[0]); p++) {
        faults += frame_faults(base, size, true, patterns[p]);
    }
    test_check(faults == 0U, "every_offset_write", "%s: %u faults", name, faults);
}

static void check_set_clear(const char *name, unsigned set, unsigned clear, unsigned intid)
{
    uint32_t bit = 1U << (intid % 32U);
    uintptr_t set_register = gic_bit_register(set, intid);
    uintptr_t clear_register = gic_bit_register(clear, intid);
    mmio_write32(set_register, bit);
    bool both_set =
        (mmio_read32(set_register) & bit) != 0U && (mmio_read32(clear_register) & bit) != 0U;
    mmio_write32(set_register, 0);
    bool still_set = (mmio_read32(set_register) & bit) != 0U;
    mmio_write32(clear_register, bit);
    bool cleared = ((mmio_read32(set_register) | mmio_read32(clear_register)) & bit) == 0U;
    test_check(both_set && still_set && cleared, name, "INTID %u: set %d, kept %d, cleared %d",
               intid, (int)both_set, (int)still_set, (int)cleared);
}

/* More pending at once than any implementation has list registers: all arrive, in order. */
static void check_many(void)
{
    enum { MANY = 24 };
    seen_reset();
    for (unsigned i = 0; i < MANY; i++) {
        gic_set_priority(SPI_A + i, (uint8_t)(0xf0U - 8U * i));
        gic_enable(SPI_A + i);
    }
    for (unsigned i = 0; i < MANY; i++) {
        gic_set_pending(SPI_A + i);
    }
    bool all = take(MANY);
    test_check(all && quiet(), "more_than_list_registers", "seen %u of %u", seen.count,
               (unsigned)MANY);
    unsigned in_order = 0;
    while (in_order < MANY && seen.order[in_order] == SPI_A + MANY - 1U - in_order) {
        in_order++;
    }
    test_check(in_order == MANY, "more_than_list_registers_order", "number %u was INTID %u",
               in_order, seen.order[in_order % ORDER_MAX]);
    for (unsigned i = 0; i < MANY; i++) {
        gic_disable(SPI_A + i);
        gic_set_priority(SPI_A + i, GIC_PRIORITY_DEFAULT);
    }
}

static void take_uart(unsigned intid)
{
    note_interrupt(intid);
    if (seen.count == 3U) {
        mmio_write32(UARTIMSC, 0); /* the third time the device is served: its line falls */
    }
}

/* A level interrupt comes again until the device is served; clearing its pending bit is useless. */
static void check_level(void)
{
    seen_reset();
    irq_hook = take_uart;
    uart_text("\n"); /* a transmission: its interrupt state is set */
    mmio_write32(UARTIMSC, UARTINT_TX);
    test_check(gic_is_pending(SPI_UART), "level_pending", "not pending");
    gic_clear_pending(SPI_UART);
    test_check(gic_is_pending(SPI_UART), "level_pending_cannot_be_cleared", "not pending");
    gic_enable(SPI_UART);
    test_check(take(3) && quiet() && seen.count == 3U, "level_until_served", "seen %u", seen.count);
    mmio_write32(UARTIMSC, UARTINT_TX);
    mmio_write32(UARTIMSC, 0);
    test_check(quiet(), "level_withdrawn", "seen %u", seen.count);
    gic_disable(SPI_UART);
    irq_hook = note_interrupt;
}

static void take_again(unsigned intid)
{
    note_interrupt(intid);
    if (seen.count == 1U) {
        gic_set_pending(intid);
    }
}

/* An edge, or the same SGI, that comes while the interrupt is active is delivered afterwards. */
static void check_again_while_active(unsigned intid, const char *name)
{
    seen_reset();
    irq_hook = take_again;
    gic_enable(intid);
    gic_set_pending(intid);
    take(2);
    test_check(quiet() && seen.count == 2U, name, "seen %u", seen.count);
    gic_disable(intid);
    irq_hook = note_interrupt;
}

static volatile unsigned remote_seen; /* by the second CPU */

static bool wait_remote(unsigned count)
{
    uint64_t start = timer_now();
    while (remote_seen < count && timer_elapsed_ms(start) < 500U) {
    }
    return remote_seen == count;
}

#endif
