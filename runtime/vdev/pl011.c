/* The emulated UART: PL011 with 16-byte FIFOs [DDI0183].
 *
 * The serial line is the console multiplexer: the transmit FIFO drains into the source's ring at
 * once, so it is empty, or, when the ring has no room, full (FR.TXFF): a guest that floods its
 * console waits for itself alone. The receive FIFO is filled from the source's input ring; the
 * line counts as idle (receive timeout) when that ring is empty.
 * Where this differs from the document, on purpose: bytes are sent and received whether or not
 * CR enables it, since early consoles rely on it; TXRIS rises after every write, also when the
 * FIFO never was above its level; a break is not sent; DMA requests go nowhere. Accesses of 1, 2
 * and 4 bytes at a register's own offset; anything else inside the register's word is RAZ/WI, a
 * misaligned or 8-byte access is refused.
 * Lock: one per instance, taken before the VM's vGIC lock.
 *
 * @req DEV-1 */
#include "lib/loop.h"
#include "vdev/vdev.h"

#include "arch/spinlock.h"
#include "core/console.h"
#include "lib/bits.h"
#include "vgic/vgic.h"

enum pl011_register {
    UARTDR = 0x000,
    UARTRSR = 0x004, /* write: UARTECR */
    UARTFR = 0x018,
    UARTILPR = 0x020,
    UARTIBRD = 0x024,
    UARTFBRD = 0x028,
    UARTLCR_H = 0x02C,
    UARTCR = 0x030,
    UARTIFLS = 0x034,
    UARTIMSC = 0x038,
    UARTRIS = 0x03C,
    UARTMIS = 0x040,
    UARTICR = 0x044,
    UARTDMACR = 0x048,
    UARTPeriphID0 = 0xFE0,
};

#define FIFO_BYTES 16U
#define ERROR_OVERRUN 8U /* UARTRSR.OE, and UARTDR.OE at bit 11 */
#define LCR_H_FEN BIT(4)
#define CR_LBE BIT(7)
#define INT_MODEM FIELD(3, 0)
#define INT_RX BIT(4)
#define INT_TX BIT(5)
#define INT_RT BIT(6)
#define INT_OE BIT(10)
#define INT_ALL FIELD(10, 0)
#define FR_CTS BIT(0)
#define FR_DSR BIT(1)
#define FR_DCD BIT(2)
#define FR_BUSY BIT(3)
#define FR_RXFE BIT(4)
#define FR_TXFF BIT(5)
#define FR_RXFF BIT(6)
#define FR_TXFE BIT(7)
#define FR_RI BIT(8)

struct pl011 {
    struct spinlock lock;
    uint8_t fifo[FIFO_BYTES]; /* received bytes, a ring */
    uint8_t fifo_first;
    uint8_t fifo_count;
    bool line;         /* level of the interrupt output */
    bool tx_full;      /* a write found or left the console without room */
    bool overrun;      /* UARTRSR.OE */
    bool overrun_data; /* UARTDR.OE of the next byte that is read */
    uint16_t ris;
    uint16_t imsc;
    uint16_t cr;
    uint16_t ibrd;
    uint8_t fbrd;
    uint8_t lcr_h;
    uint8_t ifls;
    uint8_t dmacr;
    uint8_t ilpr;
};

static struct pl011 pl011s[CFG_PL011_COUNT + 1]; /* a system without any is not an empty array */

/* r1p4: the last revision with FIFOs of 16 bytes. Then the PrimeCell id [DDI0183 3.3.17]. */
static const uint8_t ids[8] = {0x11, 0x10, 0x24, 0x00, 0x0D, 0xF0, 0x05, 0xB1};

/* Receive trigger by UARTIFLS.RXIFLSEL: 1/8, 1/4, 1/2, 3/4, 7/8 of the FIFO; reserved values act
 * as the last. */
static const uint8_t rx_levels[8] = {2, 4, 8, 12, 14, 14, 14, 14};

/* --- interrupts ------------------------------------------------------------------------- */

static void update_line(uint16_t instance)
{
    struct pl011 *const u = &pl011s[instance];
    const bool high = (u->ris & u->imsc) != 0U;
    if (high != u->line) {
        u->line = high;
        vgic_set_line(cfg_pl011s[instance].vm, 0, cfg_pl011s[instance].intid, high);
    }
}

static void raise(struct pl011 *u, uint64_t interrupts)
{
    u->ris = (uint16_t)(u->ris | interrupts);
}

static void lower(struct pl011 *u, uint64_t interrupts)
{
    u->ris = (uint16_t)(u->ris & ~interrupts);
}

/* --- receiver --------------------------------------------------------------------------- */

static unsigned fifo_depth(const struct pl011 *u)
{
    return ((u->lcr_h & LCR_H_FEN) != 0U) ? FIFO_BYTES : 1U;
}

static unsigned rx_level(const struct pl011 *u)
{
    return ((u->lcr_h & LCR_H_FEN) != 0U) ? rx_levels[bits_get(u->ifls, 5, 3)] : 1U;
}

static void receive(struct pl011 *u, uint8_t byte)
{
    if (u->fifo_count >= fifo_depth(u)) {
        u->overrun = true;
        u->overrun_data = true;
        raise(u, INT_OE);
        return;
    }
    u->fifo[(u->fifo_first + u->fifo_count) % FIFO_BYTES] = byte;
    u->fifo_count++;
    if (u->fifo_count == rx_level(u)) {
        raise(u, INT_RX);
    }
}

/* Takes input while there is room. What is still in the console's ring stays there, so the guest
 * loses nothing by being slow. */
static void fill_fifo(uint16_t instance)
{
    struct pl011 *const u = &pl011s[instance];
    const uint16_t console = cfg_pl011s[instance].console;
    uint8_t byte;
    bool received = false;
    while (u->fifo_count < fifo_depth(u) && console_rx_get(console, &byte)) {
        LOOP_BOUND(FIFO_BYTES);
        receive(u, byte);
        received = true;
    }
    if (received && console_rx_count(console) == 0U) {
        raise(u, INT_RT);
    }
}

static void flush_fifo(struct pl011 *u)
{
    u->fifo_first = 0;
    u->fifo_count = 0;
    lower(u, INT_RX | INT_RT);
}

static uint32_t read_data(uint16_t instance)
{
    struct pl011 *const u = &pl011s[instance];
    const uint32_t error = u->overrun_data ? ERROR_OVERRUN << 8 : 0U;
    if (u->fifo_count == 0U) {
        return 0;
    }
    u->overrun_data = false;
    const uint32_t data = u->fifo[u->fifo_first];
    u->fifo_first = (uint8_t)((u->fifo_first + 1U) % FIFO_BYTES);
    u->fifo_count--;
    fill_fifo(instance);
    if (u->fifo_count < rx_level(u)) {
        lower(u, INT_RX);
    }
    if (u->fifo_count == 0U) {
        lower(u, INT_RT);
    }
    return data | error;
}

/* --- transmitter ------------------------------------------------------------------------ */

/* Loops back the modem outputs of CR to the inputs: RTS to CTS, DTR to DSR, Out1 to DCD, Out2 to
 * RI. Without loopback nothing is connected [DDI0183 3.3.9]. */
static uint32_t modem_inputs(uint32_t cr)
{
    if ((cr & CR_LBE) == 0U) {
        return 0;
    }
    return (uint32_t)((bit_is_set(cr, 11) ? FR_CTS : 0U) | (bit_is_set(cr, 10) ? FR_DSR : 0U) |
                      (bit_is_set(cr, 12) ? FR_DCD : 0U) | (bit_is_set(cr, 13) ? FR_RI : 0U));
}

/* A modem interrupt per input that changed; bits RI, CTS, DCD, DSR of UARTRIS. */
static uint64_t modem_interrupts(uint32_t changed)
{
    return ((changed & FR_RI) != 0U ? BIT(0) : 0U) | ((changed & FR_CTS) != 0U ? BIT(1) : 0U) |
           ((changed & FR_DCD) != 0U ? BIT(2) : 0U) | ((changed & FR_DSR) != 0U ? BIT(3) : 0U);
}

static void write_data(uint16_t instance, uint8_t byte)
{
    struct pl011 *const u = &pl011s[instance];
    const uint16_t console = cfg_pl011s[instance].console;
    if ((u->cr & CR_LBE) != 0U) {
        receive(u, byte);
        raise(u, INT_TX | INT_RT);
        return;
    }
    /* Written to a full FIFO, a byte is lost. */
    (void)console_tx_put(console, byte);
    u->tx_full = console_tx_room(console) == 0U;
    if (u->tx_full) {
        lower(u, INT_TX);
    } else {
        raise(u, INT_TX);
    }
}

static uint32_t read_flags(uint16_t instance)
{
    struct pl011 *const u = &pl011s[instance];
    const bool full = console_tx_room(cfg_pl011s[instance].console) == 0U;
    u->tx_full = u->tx_full || full;
    return (uint32_t)((full ? FR_TXFF | FR_BUSY : FR_TXFE) |
                      ((u->fifo_count == 0U) ? FR_RXFE : 0U) |
                      ((u->fifo_count >= fifo_depth(u)) ? FR_RXFF : 0U) | modem_inputs(u->cr));
}

/* --- registers -------------------------------------------------------------------------- */

static uint32_t read_register(uint16_t instance, uint64_t offset)
{
    const struct pl011 *const u = &pl011s[instance];
    switch (offset) {
    case UARTDR:
        return read_data(instance);
    case UARTRSR:
        return u->overrun ? ERROR_OVERRUN : 0U;
    case UARTFR:
        return read_flags(instance);
    case UARTILPR:
        return u->ilpr;
    case UARTIBRD:
        return u->ibrd;
    case UARTFBRD:
        return u->fbrd;
    case UARTLCR_H:
        return u->lcr_h;
    case UARTCR:
        return u->cr;
    case UARTIFLS:
        return u->ifls;
    case UARTIMSC:
        return u->imsc;
    case UARTRIS:
        return u->ris;
    case UARTMIS:
        return u->ris & u->imsc;
    case UARTDMACR:
        return u->dmacr;
    default:
        return (offset >= UARTPeriphID0 && offset % 4U == 0U) ? ids[(offset - UARTPeriphID0) / 4U]
                                                              : 0U;
    }
}

static void write_lcr_h(struct pl011 *u, uint8_t value)
{
    if (((u->lcr_h ^ value) & LCR_H_FEN) != 0U) {
        flush_fifo(u);
    }
    u->lcr_h = value;
}

static void write_cr(struct pl011 *u, uint16_t value)
{
    const uint32_t changed = modem_inputs(u->cr) ^ modem_inputs(value);
    u->cr = value;
    raise(u, modem_interrupts(changed));
}

static void write_register(uint16_t instance, uint64_t offset, uint32_t value)
{
    struct pl011 *const u = &pl011s[instance];
    switch (offset) {
    case UARTDR:
        write_data(instance, (uint8_t)value);
        break;
    case UARTRSR:
        u->overrun = false;
        break;
    case UARTILPR:
        u->ilpr = (uint8_t)value;
        break;
    case UARTIBRD:
        u->ibrd = (uint16_t)value;
        break;
    case UARTFBRD:
        u->fbrd = (uint8_t)(value & FIELD(5, 0));
        break;
    case UARTLCR_H:
        write_lcr_h(u, (uint8_t)value);
        fill_fifo(instance);
        break;
    case UARTCR:
        write_cr(u, (uint16_t)(value & (FIELD(15, 7) | FIELD(2, 0))));
        break;
    case UARTIFLS:
        u->ifls = (uint8_t)(value & FIELD(5, 0));
        break;
    case UARTIMSC:
        u->imsc = (uint16_t)(value & INT_ALL);
        break;
    case UARTICR:
        lower(u, value & INT_ALL);
        break;
    case UARTDMACR:
        u->dmacr = (uint8_t)(value & FIELD(2, 0));
        break;
    default:
        break; /* read-only or reserved */
    }
}

enum mmio_outcome pl011_read(uint16_t instance, uint32_t offset, unsigned size_bytes,
                             uint64_t *value)
{
    if (!vdev_is_possible(offset, size_bytes)) {
        return MMIO_REFUSED;
    }
    spin_lock(&pl011s[instance].lock);
    const uint32_t answer = read_register(instance, offset);

    update_line(instance);
    spin_unlock(&pl011s[instance].lock);
    return vdev_answer(value, answer, size_bytes);
}

enum mmio_outcome pl011_write(uint16_t instance, uint32_t offset, unsigned size_bytes,
                              uint64_t value)
{
    if (!vdev_is_possible(offset, size_bytes)) {
        return MMIO_REFUSED;
    }
    spin_lock(&pl011s[instance].lock);
    write_register(instance, offset, (uint32_t)value);
    update_line(instance);
    spin_unlock(&pl011s[instance].lock);
    return MMIO_DONE;
}

/* --- events ----------------------------------------------------------------------------- */

void pl011_poll(uint16_t instance)
{
    struct pl011 *const u = &pl011s[instance];
    spin_lock(&u->lock);
    fill_fifo(instance);
    if (u->tx_full && console_tx_room(cfg_pl011s[instance].console) > 0U) {
        u->tx_full = false;
        raise(u, INT_TX);
    }
    update_line(instance);
    spin_unlock(&u->lock);
}

void pl011_reset(uint16_t instance)
{
    struct pl011 *const u = &pl011s[instance];
    const uint16_t console = cfg_pl011s[instance].console;
    uint8_t byte;
    spin_lock(&u->lock);
    /* Typed for the former life of the VM. As many as wait now: more may be on their way. */
    for (unsigned waiting = console_rx_count(console); waiting > 0U; waiting--) {
        LOOP_BOUND(CONSOLE_RX_MAX);
        (void)console_rx_get(console, &byte);
    }
    flush_fifo(u);
    u->tx_full = false;
    u->overrun = false;
    u->overrun_data = false;
    u->ris = 0;
    u->imsc = 0;
    u->cr = 0x300; /* TXE, RXE [DDI0183 table 3-1] */
    u->ibrd = 0;
    u->fbrd = 0;
    u->lcr_h = 0;
    u->ifls = 0x12; /* both at 1/2 */
    u->dmacr = 0;
    u->ilpr = 0;
    update_line(instance);
    spin_unlock(&u->lock);
}
