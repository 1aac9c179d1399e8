/* The log; core/log.h.
 *
 * A line is made on the caller's stack, then handed over under the lock: into the console's ring,
 * whole or not at all. A start so never waits for the UART, which takes 87 us for a byte at 115200
 * bit/s. What is lost is counted and told with the next line that fits. The latest lines also stay
 * in memory (log_history), where a debugger or a core dump finds them; a panic before
 * console_start() says what is in the ring.
 * Lock: log_lock, held for one line; nothing else is taken under it. A panic does not come here:
 * it has its own output, because the lock's holder may have stopped.
 *
 * @req OPS-1 */
#include "core/log.h"

#include <stdarg.h>

#include "arch/spinlock.h"
#include "config/config.h"
#include "core/console.h"
#include "core/console_mux.h"
#include "core/timer.h"
#include "lib/fmt.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "lib/ring.h"

#define LINE_BYTES RING_PUT_MAX /* goes into the console's ring at once */
#define HISTORY_BYTES 8192U
#define GUEST_BURST 8U      /* lines of one VM at once */
#define GUEST_PER_SECOND 4U /* and then */

struct guest_allowance {
    uint64_t refilled; /* ticks */
    uint32_t lines;    /* that may still be printed */
    uint32_t suppressed;
    bool is_used; /* has ever been asked for a line */
};

static const char *const module_names[LOG_MODULE_COUNT] = {
    [LOG_CORE] = "core",   [LOG_GIC] = "gic",       [LOG_VM] = "vm",         [LOG_MMIO] = "mmio",
    [LOG_SMCCC] = "smccc", [LOG_PSCI] = "psci",     [LOG_VTIMER] = "vtimer", [LOG_VGIC] = "vgic",
    [LOG_VDEV] = "vdev",   [LOG_SYSREG] = "sysreg", [LOG_WORLD] = "world",
};

static struct spinlock log_lock;
static struct guest_allowance allowances[CFG_VM_COUNT]; /* under log_lock */
static uint32_t dropped;                                /* under log_lock */
/* Text of the latest lines; the next byte goes to log_history_count mod size. Nothing here reads
 * it, so the compiler is told that somebody does. */
__attribute__((used)) static char log_history[HISTORY_BYTES];
__attribute__((used)) static uint32_t log_history_count;

static void remember(const char *line, size_t length)
{
    const size_t at = log_history_count % HISTORY_BYTES;
    const size_t before_wrap = (length < HISTORY_BYTES - at) ? length : HISTORY_BYTES - at;
    LOOP_SIZE(LINE_BYTES);
    (void)memcpy(&log_history[at], line, before_wrap);
    LOOP_SIZE(LINE_BYTES);
    (void)memcpy(log_history, line + before_wrap, length - before_wrap);
    log_history_count += (uint32_t)length;
}

/* The line, after word of those that were lost before it, or neither. */
static void write_or_drop(const char *line, size_t length)
{
    char report[48] = {0};
    size_t report_length = 0;
    if (dropped > 0U) {
        report_length = fmt_text(report, sizeof(report), "%u lines of the log are lost\n", dropped);
    }
    if (console_tx_room(MUX_LOG) < report_length + length) {
        dropped++;
        return;
    }
    if (dropped > 0U) {
        (void)console_tx_write(MUX_LOG, report, report_length);
    }
    (void)console_tx_write(MUX_LOG, line, length);
    dropped = 0;
}

static size_t end_line(char *line, size_t length)
{
    const size_t end = (length < LINE_BYTES - 2U) ? length : LINE_BYTES - 2U;
    line[end] = '\n';
    line[end + 1U] = '\0';
    return end + 1U;
}

/* Token bucket: GUEST_BURST lines, refilled at GUEST_PER_SECOND. Under log_lock. */
static bool allow_guest(struct guest_allowance *a)
{
    const uint64_t interval = timer_frequency() / GUEST_PER_SECOND + 1U;
    const uint64_t now = timer_now();
    const uint64_t earned = (now - a->refilled) / interval;
    if (!a->is_used || earned >= GUEST_BURST) {
        a->is_used = true;
        a->lines = GUEST_BURST;
        a->refilled = now;
    } else {
        a->refilled += earned * interval;
        a->lines =
            (a->lines + (uint32_t)earned < GUEST_BURST) ? a->lines + (uint32_t)earned : GUEST_BURST;
    }
    if (a->lines == 0U) {
        a->suppressed++;
        return false;
    }
    a->lines--;
    return true;
}

/* Asks for the VM's next line; `suppressed` are those before it that were refused. Before the line
 * is formatted: one that is refused shall cost its VM's CPU little. */
static bool begin_guest(uint16_t vm, uint32_t *suppressed)
{
    struct guest_allowance *const a = &allowances[vm];
    spin_lock(&log_lock);
    const bool allowed = allow_guest(a);
    *suppressed = allowed ? a->suppressed : 0U;
    a->suppressed = allowed ? 0U : a->suppressed;
    spin_unlock(&log_lock);
    return allowed;
}

void log_line(const char *line, size_t length)
{
    spin_lock(&log_lock);
    remember(line, length);
    write_or_drop(line, length);
    spin_unlock(&log_lock);
}

static void print_line(char *line, size_t length)
{
    log_line(line, end_line(line, length));
}

void log_print(enum log_module module, enum log_level level, const char *format, ...)
{
    static const char *const prefixes[] = {"error: ", "warning: ", "", "debug: "};
    const bool is_named = level == LOG_DEBUG;
    char line[LINE_BYTES];
    va_list arguments;
    size_t length = fmt_text(line, sizeof(line), "%s%s%s", prefixes[level],
                             is_named ? module_names[module] : "", is_named ? ": " : "");
    va_start(arguments, format);
    length += fmt_text_list(line + length, sizeof(line) - length, format, arguments);
    va_end(arguments);
    print_line(line, length);
}

void log_print_guest(uint16_t vm, const char *format, ...)
{
    char line[LINE_BYTES];
    uint32_t suppressed;
    va_list arguments;
    if (!begin_guest(vm, &suppressed)) {
        return;
    }
    if (suppressed > 0U) {
        print_line(line, fmt_text(line, sizeof(line), "%s: %u more lines like these were left out",
                                  cfg_vms[vm].name, suppressed));
    }
    size_t length = fmt_text(line, sizeof(line), "%s: ", cfg_vms[vm].name);
    va_start(arguments, format);
    length += fmt_text_list(line + length, sizeof(line) - length, format, arguments);
    va_end(arguments);
    print_line(line, length);
}
