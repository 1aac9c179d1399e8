/* sources: core/console.c core/console_input.c core/console_mux.c core/console_line.c core/timer.c lib/fmt.c core/log.c fake/percpu.c */
/* The console as a whole, with the log: rings, UART, messages, focus, back-pressure, fairness. The
 * tables' console CPU is 3; VMs 0, 1, 2 boot on CPUs 0, 2, 3.
 * @req DEV-1, OPS-1 */
#include "core/console.h"

#include "core/console_input.h"
#include "core/console_mux.h"
#include "core/log.h"
#include "core/mailbox.h"
#include "core/timer.h"
#include "fake/core.h"
#include "gic/gic.h"
#include "lib/ring.h"
#include "platform/platform.h"
#include "terminal.h"
#include "vm/vcpu.h"

/* In the place of the module that the build gives a source: whoever speaks at the moment. */
static enum log_module speaker;
#define LOG_MODULE speaker

#define HZ 62500000U
#define MS (HZ / 1000U)
#define PAUSE (HZ / 10000U)

static uint64_t ticks;
static uint64_t tick_step; /* that pass with each look at the counter */
static bool uart_is_full;
static unsigned uart_sent;
static bool uart_wants_tx;
static const char *typed = "";
static bool spi_is_enabled;

void platform_uart_init(pa_t base)
{
    CHECK_EQ(base.pa, cfg_system.uart_base);
}

bool platform_uart_tx_ready(void)
{
    return !uart_is_full;
}

void platform_uart_tx(uint8_t byte)
{
    CHECK(!uart_is_full);
    uart_sent++;
    terminal_byte(byte);
}

bool platform_uart_rx(uint8_t *byte)
{
    if (*typed == '\0') {
        return false;
    }
    *byte = (uint8_t)*typed++;
    return true;
}

void platform_uart_interrupts(bool want_tx)
{
    uart_wants_tx = want_tx;
}

void platform_uart_interrupt_clear(void)
{
}

void gic_spi_take(uint32_t intid, bool edge, unsigned cpu)
{
    CHECK_EQ(intid, 33);
    CHECK(!edge);
    CHECK_EQ(cpu, 3);
}

void gic_spi_enable(uint32_t intid, bool enable)
{
    CHECK_EQ(intid, 33);
    spi_is_enabled = enable;
}

void gic_ppi_enable(uint32_t intid, bool enable)
{
    CHECK_EQ(intid, GIC_PPI_HTIMER);
    CHECK(enable);
}

static void no_alarm(void)
{
}

void (*const timer_handlers[TIMER_CLIENT_COUNT])(void) = {
    [TIMER_CONSOLE] = console_service,
    [TIMER_PL031] = no_alarm,
};

static uint64_t read_counter(uint64_t stored)
{
    (void)stored;
    ticks += tick_step;
    return ticks;
}

static bool timer_is_due(uint64_t when)
{
    return fake_sysreg_get("CNTHP_CTL_EL2") == 1U && fake_sysreg_get("CNTHP_CVAL_EL2") <= when;
}

/* The console CPU serves what it has been sent, and its timer, until all is quiet for longer than
 * a pause. */
static void run(void)
{
    const unsigned cpu = fake_cpu;
    fake_cpu = cfg_system.console_cpu;
    for (unsigned i = 0; i < 100000U; i++) {
        if ((fake_mailbox[3] & MSG_CONSOLE_TX) != 0U) {
            fake_mailbox[3] &= ~(uint32_t)MSG_CONSOLE_TX;
            console_service();
        } else if (timer_is_due(ticks + PAUSE)) {
            ticks = timer_is_due(ticks) ? ticks : fake_sysreg_get("CNTHP_CVAL_EL2");
            timer_interrupt();
        } else {
            fake_cpu = cpu;
            return;
        }
    }
    CHECK_MSG(false, "the console CPU does not become idle");
}

static void pass(unsigned ms)
{
    ticks += (uint64_t)ms * MS;
    run();
}

static void type(const char *text)
{
    typed = text;
    fake_cpu = 3;
    console_service();
    run();
    fake_cpu = 0;
}

static void print(uint16_t source, const char *text)
{
    for (; *text != '\0'; text++) {
        CHECK(console_tx_put(source, (uint8_t)*text));
    }
}

static char *received(uint16_t source)
{
    static char text[600];
    unsigned n = 0;
    uint8_t byte;
    while (console_rx_get(source, &byte)) {
        text[n++] = (char)byte;
    }
    text[n] = '\0';
    return text;
}

/* Static state lives on from test to test, as at EL2: drain it, bring the focus home. */
static void settle(void)
{
    uart_is_full = false;
    tick_step = 0;
    typed = "";
    for (uint16_t s = 0; s < CFG_CONSOLE_COUNT; s++) {
        (void)console_tx_put(s, '\n');
        (void)received(s);
    }
    fake_mailbox[3] |= MSG_CONSOLE_TX;
    pass(10000);
    while (input_focus() != 0U) {
        type("\x1d");
    }
    pass(10000);
    memset(fake_mailbox, 0, sizeof(fake_mailbox));
    terminal_reset();
}

TEST_SETUP()
{
    static bool was_started;
    ticks += 100U * (uint64_t)HZ;
    fake_sysreg_set_all("CNTFRQ_EL0", HZ);
    fake_sysreg_find("CNTPCT_EL0")->on_read = read_counter;
    if (!was_started) {
        was_started = true;
        terminal_reset();
        LOG_INF("early %d", 1);
        CHECK_EQ(uart_sent, 0); /* a start does not wait for the UART */
        CHECK(!console_is_started());
        fake_cpu = 3;
        console_start();
        run();
        CHECK(console_is_started() && spi_is_enabled);
        CHECK_STR(terminal.rows[0], "bulkhead | early 1");
        CHECK_STR(terminal.rows[1],
                  "bulkhead | console: ctrl-] moves the input to the next VM, or to none");
        CHECK_STR(terminal.rows[2], "bulkhead | input: linux0");
        fake_cpu = 0;
    }
    settle();
}

static unsigned rows_starting(const char *text)
{
    unsigned count = 0;
    for (unsigned i = 0; i < terminal.row; i++) {
        count += (strncmp(terminal.rows[i], text, strlen(text)) == 0) ? 1U : 0U;
    }
    return count;
}

#define ROW(n, expected) CHECK_STR(terminal.rows[n], expected)

TEST(output_is_labelled)
{
    print(0, "hello\n");
    print(2, "tick\n");
    LOG_WRN("odd");
    CHECK_EQ(fake_mailbox[3], MSG_CONSOLE_TX);
    run();
    /* Lines of one source keep their order; whose turn is first is left open. */
    CHECK_EQ(terminal.row, 3);
    CHECK_EQ(rows_starting("linux0   | hello"), 1);
    CHECK_EQ(rows_starting("rt       | tick"), 1);
    CHECK_EQ(rows_starting("bulkhead | warning: odd"), 1);
}

TEST(one_message_wakes_an_idle_console)
{
    print(0, "h");
    CHECK_EQ(fake_mailbox[3], MSG_CONSOLE_TX);
    fake_mailbox[3] = 0;
    print(0, "ello");
    print(1, "x");
    CHECK_EQ(fake_mailbox[3], 0);
    fake_mailbox[3] = MSG_CONSOLE_TX;
    run();
    print(1, "y");
    CHECK_EQ(fake_mailbox[3], MSG_CONSOLE_TX);
}

TEST(a_prompt_comes_by_the_timer)
{
    print(0, "~ # ");
    run();
    ROW(0, "");
    CHECK_EQ(fake_sysreg_find("CNTHP_CTL_EL2")->value[3], 1);
    pass(MUX_FOCUS_REST_MS);
    ROW(0, "linux0   | ~ # ");
    CHECK_EQ(fake_sysreg_find("CNTHP_CTL_EL2")->value[3], 0);
}

TEST(work_per_call_is_bounded)
{
    for (unsigned i = 0; i < 30U; i++) {
        print(0, "0123456789012345678901234567890123456789\n");
    }
    fake_cpu = 3;
    fake_mailbox[3] = 0;
    uart_sent = 0;
    console_service();
    CHECK(uart_sent <= 64U);
    /* The CPU's guest runs before the next call. */
    CHECK_EQ(fake_mailbox[3] & MSG_CONSOLE_TX, 0);
    CHECK(!timer_is_due(ticks + PAUSE - 1U) && timer_is_due(ticks + PAUSE));
    run();
    CHECK_EQ(terminal.row, 30);
}

TEST(a_full_uart_continues_by_its_interrupt)
{
    uart_is_full = true;
    print(0, "later\n");
    run();
    CHECK(uart_wants_tx);
    CHECK_EQ(fake_mailbox[3], 0);
    uart_is_full = false;
    fake_cpu = 3;
    console_service();
    run();
    CHECK(!uart_wants_tx);
    ROW(0, "linux0   | later");
}

TEST(a_full_ring_is_back_pressure_on_its_source)
{
    unsigned count = 0;
    while (console_tx_room(0) > 0U) {
        CHECK(console_tx_put(0, (count % 64U == 63U) ? '\n' : 'z'));
        count++;
    }
    CHECK_EQ(count, 4096);
    CHECK(!console_tx_put(0, 'q'));
    CHECK(console_tx_room(1) > 0U);
    CHECK_EQ(fake_mailbox[0], 0);
    run();
    CHECK_EQ(fake_mailbox[0], MSG_CONSOLE_RX);
    CHECK_EQ(fake_mailbox[2], 0);
    CHECK_EQ(console_tx_room(0), 4096);
    CHECK_EQ(terminal.row, 64);
}

/* No message for room that nobody missed. */
TEST(room_is_told_only_after_it_was_missed)
{
    print(0, "abc\n");
    run();
    CHECK_EQ(fake_mailbox[0], 0);
}

TEST(a_flooding_source_does_not_starve_another)
{
    for (unsigned i = 0; i < 60U; i++) {
        print(0, "flood flood flood flood flood flood\n");
    }
    print(2, "me\n");
    run();
    CHECK(strcmp(terminal.rows[0], "rt       | me") == 0 ||
          strcmp(terminal.rows[1], "rt       | me") == 0);
}

TEST(input_goes_to_the_focus_alone)
{
    type("ls\r");
    CHECK_EQ(fake_mailbox[0], MSG_CONSOLE_RX);
    CHECK_EQ(fake_mailbox[2], 0);
    CHECK_EQ(console_rx_count(0), 3);
    CHECK_STR(received(0), "ls\r");
    CHECK_STR(received(1), "");
    CHECK_STR(received(2), "");
}

TEST(the_switch_key_cycles_and_reaches_nobody)
{
    type("a\x1d" "b\x1d" "c\x1d" "nobody\x1d" "d");
    CHECK_STR(received(0), "ad");
    CHECK_STR(received(1), "b");
    CHECK_STR(received(2), "c");
    ROW(0, "bulkhead | input: linux1");
    ROW(1, "bulkhead | input: rt");
    ROW(2, "bulkhead | input: none");
    ROW(3, "bulkhead | input: linux0");
}

TEST(much_input_is_taken_in_portions)
{
    static char text[401];
    memset(text, 'k', 400);
    typed = text;
    fake_cpu = 3;
    console_service();
    CHECK(*typed != '\0');
    run();
    CHECK(*typed == '\0');
    /* A VM that does not read loses what is typed beyond its ring, and nobody else does. */
    CHECK_EQ(strlen(received(0)), 256);
    type("\x1d" "z");
    CHECK_STR(received(1), "z");
}

TEST(a_panic_takes_the_log_that_was_not_drawn)
{
    char taken[32] = "";
    unsigned count = 0;
    uint8_t byte;
    LOG_INF("line %d", 1);
    LOG_INF("line %d", 2);
    while (console_take_log(&byte) && count < sizeof(taken) - 1U) {
        taken[count++] = (char)byte;
    }
    CHECK_STR(taken, "line 1\nline 2\n");
    run();
    CHECK_EQ(rows_starting("bulkhead | line"), 0);
}

TEST(what_is_written_goes_in_whole_or_not_at_all)
{
    static char much[RING_PUT_MAX + 1U];
    unsigned count = 0;
    memset(much, '.', sizeof(much));
    much[60] = '\n';
    CHECK(!console_tx_write(0, much, sizeof(much)));
    CHECK(console_tx_write(0, "first\n", 6));
    for (unsigned lines = 0; lines < 66U; lines++) {
        CHECK(console_tx_write(0, much, 61));
    }
    pass(1000);
    CHECK(console_tx_room(0) > 64U + 61U);
    while (console_tx_room(0) >= 61U) { /* over the end of the storage */
        CHECK(console_tx_write(0, much, 61));
        count++;
    }
    CHECK(console_tx_room(0) > 0U);
    CHECK(!console_tx_write(0, much, console_tx_room(0) + 1U));
    CHECK(console_tx_write(0, &much[61U - console_tx_room(0)], console_tx_room(0)));
    CHECK_EQ(console_tx_room(0), 0);
    for (unsigned i = 0; console_tx_room(0) < 4096U && i < 1000U; i++) {
        pass(1000);
    }
    CHECK_EQ(console_tx_room(0), 4096);
    CHECK_EQ(rows_starting("linux0   | first"), 1);
    CHECK_EQ(rows_starting("linux0   | ....."), 66U + count + 1U);
}

TEST(flush_sends_all_that_is_complete)
{
    print(0, "last words\n");
    LOG_ERR("off");
    fake_cpu = 3;
    console_flush(); /* in the order of the turns, which is that of what was before */
    CHECK_EQ(terminal.row, 2);
    CHECK_EQ(rows_starting("linux0   | last words"), 1);
    CHECK_EQ(rows_starting("bulkhead | error: off"), 1);
}

TEST(flush_gives_up_a_uart_that_does_not_drain)
{
    const uint64_t begun = ticks;
    uart_is_full = true;
    tick_step = MS;
    print(0, "never\n");
    fake_cpu = 3;
    console_flush();
    CHECK(ticks - begun >= HZ && ticks - begun < 5U * (uint64_t)HZ);
}

/* --- the log ---------------------------------------------------------------------------- */

TEST(levels_have_their_words)
{
    LOG_ERR("a");
    LOG_INF("b %s", "c");
    LOG_DBG("d");
    run();
    ROW(0, "bulkhead | error: a");
    ROW(1, "bulkhead | b c");
    ROW(2, "bulkhead | debug: core: d");
}

static unsigned evaluated;

static unsigned argument(void)
{
    return ++evaluated;
}

/* One line of each level; returns how many of their arguments were evaluated. */
static unsigned speak_as(enum log_module module)
{
    speaker = module;
    evaluated = 0;
    LOG_ERR("%u of %u", argument(), (unsigned)module);
    LOG_WRN("%u of %u", argument(), (unsigned)module);
    LOG_INF("%u of %u", argument(), (unsigned)module);
    LOG_DBG("%u of %u", argument(), (unsigned)module);
    speaker = LOG_CORE;
    return evaluated;
}

TEST(each_module_has_its_level)
{
    static const uint8_t levels[] = CFG_LOG_LEVELS;
    for (unsigned module = 0; module < LOG_MODULE_COUNT; module++) {
        for (unsigned level = LOG_ERROR; level <= LOG_DEBUG; level++) {
            CHECK_EQ(log_is_on(module, level), level <= levels[module]);
        }
    }
    CHECK_EQ(speak_as(LOG_VTIMER), 2); /* warn */
    CHECK_EQ(speak_as(LOG_GIC), 1);    /* error */
    CHECK_EQ(speak_as(LOG_SMCCC), 3);  /* info */
    CHECK_EQ(speak_as(LOG_WORLD), 4);  /* debug */
    run();
    ROW(0, "bulkhead | error: 1 of 6");
    ROW(1, "bulkhead | warning: 2 of 6");
    ROW(2, "bulkhead | error: 1 of 1");
    ROW(3, "bulkhead | error: 1 of 4");
    ROW(4, "bulkhead | warning: 2 of 4");
    ROW(5, "bulkhead | 3 of 4");
    ROW(6, "bulkhead | error: 1 of 10");
    ROW(7, "bulkhead | warning: 2 of 10");
    ROW(8, "bulkhead | 3 of 10");
    ROW(9, "bulkhead | debug: world: 4 of 10");
}

TEST(a_guest_is_warned_of_at_the_level_of_the_module)
{
    speaker = LOG_GIC; /* error */
    log_guest(VM_LINUX0, "%u", argument());
    speaker = LOG_VTIMER; /* warn */
    log_guest(VM_LINUX0, "heard");
    speaker = LOG_CORE;
    run();
    CHECK_EQ(rows_starting("bulkhead | linux0: "), 1);
    ROW(0, "bulkhead | linux0: heard");
}

TEST(each_module_is_called_as_its_folder)
{
    static const char *const names[] = {"core", "gic",    "vm",   "mmio", "smccc", "psci",
                                        "vtimer", "vgic", "vdev", "sysreg", "world"};
    for (unsigned module = 0; module < LOG_MODULE_COUNT; module++) {
        char expected[64];
        log_print(module, LOG_DEBUG, "line");
        run();
        snprintf(expected, sizeof(expected), "bulkhead | debug: %s: line", names[module]);
        ROW(module, expected);
    }
}

TEST(a_guest_that_floods_the_log_is_limited)
{
    for (unsigned i = 0; i < 100U; i++) {
        log_guest(VM_LINUX1, "bad access %u", i);
    }
    log_guest(VM_RT, "mine");
    run();
    CHECK_EQ(rows_starting("bulkhead | linux1: bad access"), 8);
    CHECK_EQ(rows_starting("bulkhead | rt: mine"), 1);
    pass(1000);
    log_guest(VM_LINUX1, "again");
    run();
    CHECK_EQ(rows_starting("bulkhead | linux1: 92 more lines like these were left out"), 1);
    CHECK_EQ(rows_starting("bulkhead | linux1: again"), 1);
}

TEST(the_allowance_refills_slowly)
{
    for (unsigned i = 0; i < 100U; i++) {
        log_guest(VM_LINUX0, "first");
    }
    for (unsigned second = 0; second < 10U; second++) {
        ticks += HZ;
        for (unsigned i = 0; i < 100U; i++) {
            log_guest(VM_LINUX0, "then");
        }
        run();
    }
    CHECK_EQ(rows_starting("bulkhead | linux0: first"), 8);
    const unsigned then = rows_starting("bulkhead | linux0: then");
    CHECK_MSG(then >= 30U && then <= 40U, "%u lines in 10 s", then);
}

TEST(lost_lines_are_counted)
{
    for (unsigned i = 0; i < 100U; i++) {
        LOG_INF("0123456789012345678901234567890123456789012345678901234567890123456789");
    }
    run();
    const unsigned kept = rows_starting("bulkhead | 0123");
    CHECK(kept < 100U && kept > 40U);
    LOG_INF("next");
    run();
    char expected[64];
    snprintf(expected, sizeof(expected), "bulkhead | %u lines of the log are lost", 100U - kept);
    ROW(kept, expected);
    ROW(kept + 1U, "bulkhead | next");
}

TEST(a_long_line_is_cut)
{
    char text[400];
    memset(text, 'w', sizeof(text) - 1U);
    text[sizeof(text) - 1U] = '\0';
    LOG_INF("%s", text);
    run();
    CHECK_EQ(strlen(terminal.rows[0]), 11 + 254);
    CHECK_EQ(terminal.row, 1);
}
