/* Rings between the VMs and the board UART; core/console.h.
 *
 * Ring indices are the only state that two CPUs touch: an output ring has the source's CPUs
 * (serialised by the PL011's lock, or the log's) as producer and the console CPU as consumer; an
 * input ring the other way round. The multiplexer and the focus belong to the console CPU.
 *
 * `is_draining` says that the console CPU will come round without being asked. A producer sets it
 * after its byte is in the ring and posts MSG_CONSOLE_TX only when it was clear; the console CPU
 * clears it before it looks at the rings for the last time. So a byte is never forgotten, and a
 * busy console costs no messages. `wants_room` works alike in the other direction.
 *
 * One call does SERVICE_STEPS steps, of which each moves one byte. It goes on by the UART's
 * transmit interrupt when the FIFO is full; when the UART takes bytes as fast as they come, that
 * interrupt may not occur, since it marks the passage of a level [DDI0183 3.4.4], and the timer
 * calls after a pause instead. So the vCPU of the console CPU runs between any two calls, however
 * much the VMs write, and a guest's start does not wait for the console.
 *
 * @req DEV-1 */
#include "core/console.h"

#include <stdatomic.h>

#include "config/config.h"
#include "core/console_input.h"
#include "core/console_mux.h"
#include "core/log.h"
#include "core/mailbox.h"
#include "core/timer.h"
#include "gic/gic.h"
#include "lib/fmt.h"
#include "lib/loop.h"
#include "lib/ring.h"
#include "platform/platform.h"

enum pot { POT_FED };

#define TX_BYTES CONSOLE_LOG_BYTES /* of each source alike */
/* Bytes fed into lines or sent, per call: what a VM writes can make a byte dear (a line moves), and
 * the CPU may be another VM's. */
#define SERVICE_STEPS 32U
#define FEED_BYTES 16U           /* from one source per feeding */
#define PAUSES_PER_SECOND 10000U /* SERVICE_STEPS each: what a UART of 3 Mbit/s can send */
#define FLUSH_SECONDS 2U         /* before a UART that does not drain is given up */

struct console_output {
    struct ring ring;
    atomic_bool wants_room;
    uint8_t bytes[TX_BYTES];
};

static struct console_output outputs[MUX_SOURCE_COUNT];
static struct mux mux;
static uint16_t feed_turn; /* source that is fed first */
static atomic_bool is_draining;
static atomic_bool is_started;

bool console_is_started(void)
{
    return atomic_load_explicit(&is_started, memory_order_acquire);
}

/* --- producers: any CPU ----------------------------------------------------------------- */

static unsigned room_of(struct console_output *o)
{
    return TX_BYTES - ring_fill(&o->ring);
}

unsigned console_tx_room(uint16_t source)
{
    struct console_output *const o = &outputs[source];
    if (room_of(o) > 0U) {
        return room_of(o);
    }
    /* Full: leave word, then look again, since the console CPU may have drained it in between and
     * not have seen the word. */
    atomic_store(&o->wants_room, true);
    atomic_thread_fence(memory_order_seq_cst);
    return room_of(o);
}

/* What was put is in the ring before the flag is looked at. */
static void ask_to_drain(void)
{
    atomic_thread_fence(memory_order_seq_cst);
    if (!atomic_exchange(&is_draining, true) && console_is_started()) {
        mailbox_post(cfg_system.console_cpu, MSG_CONSOLE_TX);
    }
}

bool console_tx_put(uint16_t source, uint8_t byte)
{
    struct console_output *const o = &outputs[source];
    if (!ring_put(&o->ring, o->bytes, TX_BYTES, byte)) {
        return false;
    }
    ask_to_drain();
    return true;
}

bool console_tx_write(uint16_t source, const char *text, size_t count)
{
    struct console_output *const o = &outputs[source];
    if (!ring_put_all(&o->ring, o->bytes, TX_BYTES, text, count)) {
        return false;
    }
    ask_to_drain();
    return true;
}

/* --- the console CPU -------------------------------------------------------------------- */

/* Tells the source's VM that there is room, when it had run out and half of the ring is free. */
static void grant_room(uint16_t source)
{
    struct console_output *const o = &outputs[source];
    atomic_thread_fence(memory_order_seq_cst);
    if (source < CFG_CONSOLE_COUNT && atomic_load(&o->wants_room) && room_of(o) >= TX_BYTES / 2U) {
        atomic_store(&o->wants_room, false);
        mailbox_post_vcpu(input_vcpu(source), MSG_CONSOLE_RX);
    }
}

/* Moves at most `limit` bytes of one source's output into its line; returns how many: 0 when it
 * has none or the line is full. */
static unsigned feed_source(uint16_t source, uint64_t now, unsigned limit)
{
    struct console_output *const o = &outputs[source];
    uint8_t byte;
    unsigned fed = 0;
    while (fed < limit && mux_accepts(&mux, source) &&
           ring_peek(&o->ring, o->bytes, TX_BYTES, &byte)) {
        LOOP_SHARED(POT_FED);
        if (mux_put(&mux, source, byte, now)) {
            ring_drop(&o->ring);
            fed++;
        }
    }
    grant_room(source);
    return fed;
}

/* Every source gets its turn; 0 when no source had anything to give. */
static unsigned feed(uint64_t now, unsigned limit)
{
    for (unsigned i = 0; i < MUX_SOURCE_COUNT; i++) {
        LOOP_BOUND(MUX_SOURCE_COUNT);
        const uint16_t source = (uint16_t)((feed_turn + i) % MUX_SOURCE_COUNT);
        const unsigned fed = feed_source(source, now, limit);
        if (fed > 0U) {
            feed_turn = (uint16_t)((source + 1U) % MUX_SOURCE_COUNT);
            return fed;
        }
    }
    return 0;
}

enum drain_result { DRAIN_IDLE, DRAIN_FULL, DRAIN_MORE };

static enum drain_result drain(unsigned steps)
{
    const uint64_t now = timer_now();
    /* Each feeding may look at one byte in vain, which the line does not take. */
    LOOP_POT(POT_FED, 2U * SERVICE_STEPS);
    for (unsigned left = steps; left > 0U;) {
        LOOP_BOUND(SERVICE_STEPS);
        uint8_t byte;
        if (!platform_uart_tx_ready()) {
            return DRAIN_FULL;
        }
        if (mux_next(&mux, now, &byte)) {
            platform_uart_tx(byte);
            left--;
            continue;
        }
        const unsigned fed = feed(now, (left < FEED_BYTES) ? left : FEED_BYTES);
        if (fed == 0U) {
            return DRAIN_IDLE;
        }
        left -= fed;
    }
    return DRAIN_MORE;
}

static bool has_output(void)
{
    for (unsigned i = 0; i < MUX_SOURCE_COUNT; i++) {
        LOOP_BOUND(MUX_SOURCE_COUNT);
        if (ring_fill(&outputs[i].ring) > 0U) {
            return true;
        }
    }
    return false;
}

static void go_on_after_pause(void)
{
    timer_set(TIMER_CONSOLE, timer_now() + timer_frequency() / PAUSES_PER_SECOND);
}

/* Nothing to send: producers have to ask again, and the timer wakes us for a line at rest. */
static bool go_idle(void)
{
    atomic_store(&is_draining, false);
    atomic_thread_fence(memory_order_seq_cst);
    if (has_output()) {
        atomic_store(&is_draining, true);
        return false;
    }
    const uint64_t deadline = mux_deadline(&mux);
    if (deadline == MUX_NEVER) {
        timer_cancel(TIMER_CONSOLE);
    } else {
        timer_set(TIMER_CONSOLE, deadline);
    }
    return true;
}

static size_t describe_focus(char *text, size_t room)
{
    mux_set_focus(&mux, input_focus());
    return fmt_text(text, room, "input: %s\n", input_focus_name());
}

static void announce_focus(void)
{
    char text[64];
    (void)console_tx_write(MUX_NOTICE, text, describe_focus(text, sizeof(text)));
}

void console_service(void)
{
    if (!console_is_started()) {
        return;
    }
    platform_uart_interrupt_clear();
    const enum input_result input = input_service();
    if (input == INPUT_SWITCHED) {
        announce_focus();
    }
    atomic_store(&is_draining, true);
    const enum drain_result result = drain(SERVICE_STEPS);
    const bool is_idle = result == DRAIN_IDLE && go_idle();
    platform_uart_interrupts(result == DRAIN_FULL);
    if (result != DRAIN_FULL && !is_idle) {
        go_on_after_pause();
    }
    if (input == INPUT_MORE || input == INPUT_SWITCHED) {
        mailbox_post(cfg_system.console_cpu, MSG_CONSOLE_TX);
    }
}

void console_start(void)
{
    char text[96];
    platform_uart_init(pa_make(cfg_system.uart_base));
    mux_init(&mux, (timer_frequency() + 999U) / 1000U);
    input_init();
    mux_set_focus(&mux, input_focus());
    gic_spi_take(cfg_system.uart_intid, false, cfg_system.console_cpu);
    gic_spi_enable(cfg_system.uart_intid, true);
    platform_uart_interrupts(false);
    atomic_store_explicit(&is_started, true, memory_order_release);

    /* By way of the log: what it has kept since the start comes before. */
    log_line(text, input_describe_key(text, sizeof(text)));
    log_line(text, describe_focus(text, sizeof(text)));
    go_on_after_pause();
}

void console_flush(void)
{
    const uint64_t begun = timer_now();
    const uint64_t limit = FLUSH_SECONDS * timer_frequency();
    while (timer_now() - begun < limit && drain(1) != DRAIN_IDLE) {
        LOOP_WAITS();
    }
}

bool console_take_log(uint8_t *byte)
{
    struct console_output *const o = &outputs[MUX_LOG];
    return ring_take(&o->ring, o->bytes, TX_BYTES, byte);
}
