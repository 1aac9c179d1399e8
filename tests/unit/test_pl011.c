/* sources: vdev/pl011.c */
/* The emulated PL011 against the document, with the console as a pipe [DDI0183].
 * @req DEV-1 */
#include "arch/spinlock.h"
#include "core/console.h"
#include "fake/access.h"
#include "test.h"
#include "vdev/vdev.h"
#include "vgic/vgic.h"

#define DR 0x000
#define RSR 0x004
#define FR 0x018
#define IBRD 0x024
#define FBRD 0x028
#define LCR_H 0x02C
#define CR 0x030
#define IFLS 0x034
#define IMSC 0x038
#define RIS 0x03C
#define MIS 0x040
#define ICR 0x044
#define DMACR 0x048
#define RXI (1U << 4)
#define TXI (1U << 5)
#define RTI (1U << 6)
#define OEI (1U << 10)
#define FEN (1U << 4)
#define FR_RXFE (1U << 4)
#define FR_TXFF (1U << 5)
#define FR_RXFF (1U << 6)
#define FR_TXFE (1U << 7)

static char sent[200];
static unsigned sent_count;
static unsigned room;
static char input[200];
static unsigned input_count;
static unsigned input_taken;
static bool line;
static unsigned line_changes;

unsigned console_tx_room(uint16_t source)
{
    CHECK_EQ(source, 1);
    return room;
}

bool console_tx_put(uint16_t source, uint8_t byte)
{
    CHECK_EQ(source, 1);
    CHECK_EQ(fake_locks_held(), 1);
    if (room == 0U) {
        return false;
    }
    room--;
    sent[sent_count++] = (char)byte;
    return true;
}

bool console_rx_get(uint16_t source, uint8_t *byte)
{
    CHECK_EQ(source, 1);
    CHECK_EQ(fake_locks_held(), 1);
    if (input_taken == input_count) {
        return false;
    }
    *byte = (uint8_t)input[input_taken++];
    return true;
}

unsigned console_rx_count(uint16_t source)
{
    CHECK_EQ(source, 1);
    return input_count - input_taken;
}

void vgic_set_line(uint16_t vm, uint16_t vcpu_index, uint16_t intid, bool high)
{
    (void)vcpu_index;
    CHECK_EQ(vm, VM_LINUX1);
    CHECK_EQ(intid, 33);
    CHECK(high != line);
    line = high;
    line_changes++;
}

static uint32_t get(uint64_t offset)
{
    struct mmio_access a = {.offset = offset, .size_bytes = 4};
    CHECK(pl011_access(1, &a));
    CHECK_EQ(a.value >> 32, 0);
    return (uint32_t)a.value;
}

static void set(uint64_t offset, uint32_t value)
{
    struct mmio_access a = {.offset = offset, .value = value, .size_bytes = 4, .is_write = true};
    CHECK(pl011_access(1, &a));
}

static void arrive(const char *text)
{
    memcpy(input + input_count, text, strlen(text));
    input_count += (unsigned)strlen(text);
    pl011_poll(1);
}

TEST_SETUP()
{
    sent_count = input_count = input_taken = 0;
    room = 100;
    memset(sent, 0, sizeof(sent));
    pl011_reset(1);
    CHECK(!line);
    line_changes = 0;
}

TEST(reset_values)
{
    CHECK_EQ(get(FR), FR_TXFE | FR_RXFE);
    CHECK_EQ(get(CR), 0x300);
    CHECK_EQ(get(IFLS), 0x12);
    static const uint16_t zero[] = {DR, RSR, 0x20, IBRD, FBRD, LCR_H, IMSC, RIS, MIS, ICR, DMACR};
    for (unsigned i = 0; i < ARRAY_COUNT(zero); i++) {
        CHECK_EQ(get(zero[i]), 0);
    }
}

TEST(identification)
{
    static const uint8_t ids[8] = {0x11, 0x10, 0x24, 0x00, 0x0D, 0xF0, 0x05, 0xB1};
    for (unsigned i = 0; i < 8U; i++) {
        CHECK_EQ(get(0xFE0 + 4U * i), ids[i]);
    }
}

/* Every offset and width: stored bits are stored, all else reads as zero and is not written. */
TEST(every_offset_and_width)
{
    static const struct {
        uint16_t offset;
        uint32_t bits;
    } stored[] = {{0x20, 0xFF},   {IBRD, 0xFFFF}, {FBRD, 0x3F},  {LCR_H, 0xFF},
                  {CR, 0xFF07},   {IFLS, 0x3F},   {IMSC, 0x7FF}, {DMACR, 0x7}};
    for (uint64_t offset = 0; offset < 0x1000U; offset++) {
        for (uint8_t size = 1; size <= 8U; size = (uint8_t)(2U * size)) {
            struct mmio_access a = {.offset = offset, .value = 0xFFFFFF7F, .size_bytes = size, .is_write = true};
            const bool allowed = size <= 4U && offset % size == 0U;
            CHECK_EQ(pl011_access(1, &a), allowed);
            a = (struct mmio_access){.offset = offset, .size_bytes = size};
            CHECK_EQ(pl011_access(1, &a), allowed);
        }
    }
    for (unsigned i = 0; i < ARRAY_COUNT(stored); i++) {
        const uint32_t keep = (stored[i].offset == CR) ? 0xFFFFFF7FU : 0xFFFFFFFFU;
        set(stored[i].offset, keep);
        CHECK_EQ(get(stored[i].offset), stored[i].bits & keep);
        set(stored[i].offset, 0);
        CHECK_EQ(get(stored[i].offset), 0);
    }
}

TEST(transmits_though_nothing_is_enabled)
{
    set(CR, 0);
    set(DR, 'h');
    set(DR, 'i');
    CHECK_STR(sent, "hi");
    struct mmio_access byte = {.offset = DR, .value = '!', .size_bytes = 1, .is_write = true};
    CHECK(pl011_access(1, &byte));
    struct mmio_access half = {.offset = DR, .value = 0x100 | '?', .size_bytes = 2, .is_write = true};
    CHECK(pl011_access(1, &half));
    CHECK_STR(sent, "hi!?");
}

TEST(transmit_interrupt_rises_after_a_write)
{
    set(IMSC, TXI);
    CHECK(!line);
    set(DR, 'x');
    CHECK(line);
    CHECK_EQ(get(MIS), TXI);
    set(ICR, TXI);
    CHECK(!line);
    set(DR, 'y');
    CHECK(line);
    set(IMSC, 0);
    CHECK(!line);
    CHECK_EQ(get(RIS), TXI);
    CHECK_EQ(get(MIS), 0);
}

TEST(a_full_console_is_a_full_fifo)
{
    room = 2;
    set(IMSC, TXI);
    set(DR, 'a');
    CHECK(line);
    set(DR, 'b');
    CHECK_EQ(get(FR) & (FR_TXFF | FR_TXFE), FR_TXFF);
    CHECK(!line);
    set(DR, 'c');
    CHECK_STR(sent, "ab");
    pl011_poll(1);
    CHECK(!line);
    room = 50;
    pl011_poll(1);
    CHECK(line);
    CHECK_EQ(get(FR) & (FR_TXFF | FR_TXFE), FR_TXFE);
    set(ICR, TXI);
    pl011_poll(1);
    CHECK(!line);
}

/* A guest that found TXFF by reading and then waits for the interrupt is told as well. */
TEST(room_after_a_seen_full_flag_interrupts)
{
    room = 0;
    CHECK_EQ(get(FR) & FR_TXFF, FR_TXFF);
    set(IMSC, TXI);
    room = 50;
    pl011_poll(1);
    CHECK(line);
}

TEST(receives_with_fifo)
{
    set(LCR_H, FEN | 0x60);
    set(IMSC, RXI | RTI);
    arrive("abc");
    CHECK_EQ(get(RIS) & (RXI | RTI), RTI); /* below the level of 8, and the line is idle */
    CHECK(line);
    CHECK_EQ(get(FR) & FR_RXFE, 0);
    CHECK_EQ(get(DR), 'a');
    CHECK_EQ(get(DR), 'b');
    CHECK(line);
    CHECK_EQ(get(DR), 'c');
    CHECK(!line);
    CHECK_EQ(get(FR) & FR_RXFE, FR_RXFE);
    CHECK_EQ(get(DR), 0);
}

TEST(receives_one_byte_without_fifo)
{
    set(IMSC, RXI);
    arrive("abc");
    CHECK_EQ(input_taken, 1);
    CHECK_EQ(get(FR) & FR_RXFF, FR_RXFF);
    CHECK(line);
    CHECK_EQ(get(DR), 'a');
    CHECK(line);
    CHECK_EQ(get(DR), 'b');
    CHECK_EQ(get(DR), 'c');
    CHECK(!line);
}

TEST(levels_of_the_receive_interrupt)
{
    static const uint8_t levels[5] = {2, 4, 8, 12, 14};
    for (uint32_t select = 0; select < 5U; select++) {
        pl011_reset(1);
        set(LCR_H, FEN);
        set(IFLS, select << 3);
        for (unsigned n = 1; n <= 16U; n++) {
            arrive("x");
            CHECK_EQ((get(RIS) & RXI) != 0U, n >= levels[select]);
        }
        CHECK_EQ(get(FR) & FR_RXFF, FR_RXFF);
        for (unsigned left = 15; left < 16U; left--) {
            (void)get(DR);
            CHECK_EQ((get(RIS) & RXI) != 0U, left >= levels[select]);
        }
        CHECK_EQ(get(RIS) & RTI, 0);
        input_count = input_taken = 0;
    }
}

TEST(nothing_is_lost_beyond_the_fifo)
{
    set(LCR_H, FEN);
    arrive("0123456789abcdefghijklmnop");
    CHECK_EQ(input_taken, 16);
    CHECK_EQ(get(RIS) & RTI, 0); /* more is coming: the line is not idle */
    for (const char *c = "0123456789abcdefghijklmnop"; *c != '\0'; c++) {
        CHECK_EQ(get(DR), *c);
    }
    CHECK_EQ(get(RIS) & (RXI | RTI | OEI), 0);
}

TEST(clearing_receive_interrupts)
{
    set(LCR_H, FEN);
    set(IMSC, RXI | RTI);
    arrive("0123456789");
    CHECK_EQ(get(RIS), RXI | RTI);
    set(ICR, RXI | RTI);
    CHECK(!line);
    CHECK_EQ(get(RIS), 0);
    arrive("x");
    CHECK_EQ(get(RIS), RTI);
    CHECK(line);
}

TEST(loopback)
{
    set(LCR_H, FEN);
    set(CR, 0x380);
    set(DR, 'l');
    CHECK_EQ(sent_count, 0);
    CHECK_EQ(get(DR), 'l');
    for (unsigned i = 0; i < 17U; i++) {
        set(DR, 'a' + i);
    }
    CHECK_EQ(get(RSR), 8);
    CHECK_EQ(get(RIS) & OEI, OEI);
    CHECK_EQ(get(DR), 'a' | 0x800);
    CHECK_EQ(get(DR), 'b');
    set(RSR, 0);
    CHECK_EQ(get(RSR), 0);
    set(ICR, OEI);
    CHECK_EQ(get(RIS) & OEI, 0);
}

TEST(modem_lines_in_loopback)
{
    set(CR, 0x300 | 0x3C00);
    CHECK_EQ(get(FR) & 0x107, 0);
    set(CR, 0x380);
    set(IMSC, 0xF);
    CHECK(!line);
    set(CR, 0x380 | 1U << 11); /* RTS to CTS */
    CHECK_EQ(get(FR) & 0x107, 1);
    CHECK_EQ(get(MIS), 1U << 1);
    CHECK(line);
    set(ICR, 0xF);
    set(CR, 0x380 | 1U << 10); /* DTR to DSR, and CTS falls */
    CHECK_EQ(get(FR) & 0x107, 2);
    CHECK_EQ(get(MIS), 1U << 1 | 1U << 3);
    set(ICR, 0xF);
    set(CR, 0x380 | 1U << 12 | 1U << 13); /* Out1 to DCD, Out2 to RI */
    CHECK_EQ(get(FR) & 0x107, 0x104);
    CHECK_EQ(get(MIS), 1U << 0 | 1U << 2 | 1U << 3);
}

TEST(reset_forgets_what_was_typed)
{
    set(LCR_H, FEN);
    set(IMSC, RXI);
    arrive("secret for the former life");
    CHECK(line);
    pl011_reset(1);
    CHECK(!line);
    CHECK_EQ(input_taken, input_count);
    CHECK_EQ(get(FR) & FR_RXFE, FR_RXFE);
    CHECK_EQ(get(RIS), 0);
}

TEST(the_line_is_only_touched_when_it_changes)
{
    set(IMSC, TXI);
    set(DR, 'x');
    set(DR, 'y');
    CHECK_EQ(line_changes, 1);
}
