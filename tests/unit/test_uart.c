/* sources: platform/pl011/uart.c */
/* The board console's driver against a PL011 that interrupts on the passage of a level, as the
 * document says and QEMU does not [DDI0183 3.4.4].
 * @req DEV-1, PLAT-1 */
#include "arch/mmio.h"
#include "platform/platform.h"
#include "test.h"

#define BASE 0x09000000U
#define FIFO 32U
#define TX_LEVEL 4U /* 1/8 of 32 */

static uint32_t registers[0x48 / 4 + 1];
static uint16_t rx[64];
static unsigned rx_count;
static unsigned rx_taken;
static unsigned tx_fill;
static uint32_t ris;
static unsigned lcr_writes_while_enabled;

static uint64_t read_register(uint64_t pa, unsigned bytes)
{
    CHECK_EQ(bytes, 4);
    const uint64_t offset = pa - BASE;
    if (offset == 0x000) {
        CHECK(rx_taken < rx_count);
        return rx[rx_taken++];
    }
    if (offset == 0x018) {
        return ((rx_taken == rx_count) ? 1U << 4 : 0U) | ((tx_fill == FIFO) ? 1U << 5 : 0U) |
               ((tx_fill > 0U) ? 1U << 3 : 0U);
    }
    return registers[offset / 4U];
}

static void write_register(uint64_t pa, unsigned bytes, uint64_t value)
{
    CHECK_EQ(bytes, 4);
    const uint64_t offset = pa - BASE;
    if (offset == 0x000) {
        CHECK(tx_fill < FIFO);
        tx_fill++;
    } else if (offset == 0x044) {
        ris &= ~(uint32_t)value;
    } else {
        lcr_writes_while_enabled += (offset == 0x02C && (registers[0x30 / 4] & 1U) != 0U);
        registers[offset / 4U] = (uint32_t)value;
    }
}

static void drain_one(void)
{
    tx_fill--;
    ris |= (tx_fill == TX_LEVEL) ? 1U << 5 : 0U;
}

TEST_SETUP()
{
    memset(registers, 0, sizeof(registers));
    registers[0x30 / 4] = 0x301;
    rx_count = rx_taken = tx_fill = 0;
    ris = 0x7FF;
    lcr_writes_while_enabled = 0;
    fake_mmio_on_read = read_register;
    fake_mmio_on_write = write_register;
    platform_uart_init(pa_make(BASE));
}

TEST(init_sets_the_line_and_the_rate)
{
    CHECK_EQ(lcr_writes_while_enabled, 0);
    CHECK_EQ(registers[0x2C / 4], 0x70);
    CHECK_EQ(registers[0x30 / 4], 0xB01);
    CHECK_EQ(registers[0x24 / 4], 13);
    CHECK_EQ(registers[0x28 / 4], 1);
    CHECK_EQ(registers[0x38 / 4], 0);
    CHECK_EQ(ris, 0);
}

TEST(init_keeps_the_rate_of_the_firmware)
{
    registers[0x24 / 4] = 26;
    registers[0x28 / 4] = 3;
    platform_uart_init(pa_make(BASE));
    CHECK_EQ(registers[0x24 / 4], 26);
    CHECK_EQ(registers[0x28 / 4], 3);
}

TEST(a_full_fifo_interrupts_when_it_drains)
{
    while (platform_uart_tx_ready()) {
        platform_uart_tx('x');
    }
    platform_uart_interrupts(true);
    CHECK_EQ(tx_fill, FIFO);
    CHECK((registers[0x38 / 4] & (1U << 5)) != 0U);
    while (tx_fill > TX_LEVEL) {
        CHECK_EQ(ris, 0);
        drain_one();
    }
    CHECK_EQ(ris, 1U << 5);
    platform_uart_interrupt_clear();
    CHECK_EQ(ris, 0);
    platform_uart_interrupts(false);
    CHECK_EQ(registers[0x38 / 4], 0x50);
}

TEST(clearing_leaves_the_receiver_alone)
{
    ris = 0x7FF;
    platform_uart_interrupt_clear();
    CHECK_EQ(ris, 0x50);
}

TEST(received_bytes_without_their_broken_neighbours)
{
    const uint16_t bytes[] = {'a', 0x100 | 'f', 0x200 | 'p', 0x400, 'b', 0x800 | 'o'};
    uint8_t byte;
    memcpy(rx, bytes, sizeof(bytes));
    rx_count = 6;
    CHECK(platform_uart_rx(&byte) && byte == 'a');
    CHECK(platform_uart_rx(&byte) && byte == 'b');
    CHECK(platform_uart_rx(&byte) && byte == 'o');
    CHECK(!platform_uart_rx(&byte));
}

TEST(a_line_that_only_breaks_is_left_after_a_fifo)
{
    uint8_t byte;
    for (unsigned i = 0; i < 64U; i++) {
        rx[i] = 0x400;
    }
    rx_count = 64;
    CHECK(!platform_uart_rx(&byte));
    CHECK_EQ(rx_taken, 32);
}
