/* Panic; core/panic.h.
 *
 * The first CPU to panic claims the record, the right to print and the panic stack; any other, and
 * a fault while printing, stops silently. The record is all there is where EL2 has no console.
 * Output is polled straight to the board's UART: nothing of the console or the log is trusted any
 * more. The lines that the console owes are said first, since they may tell the reason; whatever is
 * in the log's ring, that is bounded and stays inside it.
 *
 * @req OPS-4 */
#include "core/panic.h"

#include <stdarg.h>
#include <stdatomic.h>

#include "arch/barrier.h"
#include "core/console.h"
#include "core/console_mux.h"
#include "core/mailbox.h"
#include "core/percpu.h"
#include "core/symbols.h"
#include "lib/bits.h"
#include "lib/fmt.h"
#include "lib/types.h"
#include "platform/platform.h"

struct panic_registers {
    uint64_t x[31];
    uint64_t sp;
};
extern struct panic_registers panic_frame; /* arch/vectors.S */
/* Also taken by arch/vectors.S. */
extern _Atomic uint32_t panic_claimed;
_Atomic uint32_t panic_claimed;
/* Nothing here reads it, so the compiler is told that somebody does. */
__attribute__((used)) struct panic_record panic_record;

extern const uint8_t __stacks_start[];
extern const uint8_t __stacks_end[];

#define FRAMES_MAX 32U
#define UART_PATIENCE 10000000U /* polls until a UART that never gets ready is given up */

static void put_raw(uint8_t byte)
{
    for (unsigned i = 0; i < UART_PATIENCE && !platform_uart_tx_ready(); i++) {
    }
    platform_uart_tx(byte);
}

static void put(struct fmt_sink *sink, const char *text, size_t count)
{
    (void)sink;
    for (size_t i = 0; i < count; i++) {
        if (text[i] == '\n') {
            put_raw('\r');
        }
        put_raw((uint8_t)text[i]);
    }
}

static struct fmt_sink uart = {.put = put};

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fmt_print(&uart, format, arguments);
    va_end(arguments);
}

void panic_halt(void)
{
    for (;;) {
        wfi();
    }
}

static void stop_others(void)
{
    const struct percpu *self = this_cpu();

    for (unsigned i = 0; self->is_up && i < CFG_CPU_COUNT; i++) {
        if (i != self->id && percpus[i].is_up) {
            mailbox_post(i, MSG_HALT);
        }
    }
}

static void say_address(const char *what, uint64_t address)
{
    const struct symbol *s = symbol_find(address);

    if (s != NULL) {
        say("  %s 0x%016llx %s+0x%llx\n", what, (unsigned long long)address, s->name,
            (unsigned long long)(address - s->address));
    } else {
        say("  %s 0x%016llx\n", what, (unsigned long long)address);
    }
}

/* Follows the frame records [AAPCS64 6.4.6] as long as they lie, ascending, in EL2's stacks. The
 * files that every exit runs through have none (runtime/build.mk): of their functions the innermost
 * shows alone. */
static void backtrace(uint64_t fp)
{
    for (unsigned i = 0; i < FRAMES_MAX; i++) {
        if ((fp & 15U) != 0U || fp < (uintptr_t)__stacks_start || fp >= (uintptr_t)__stacks_end) {
            return;
        }
        const uint64_t *record = (const uint64_t *)(uintptr_t)fp;

        if (record[1] == 0U) {
            return;
        }
        say_address("from", record[1] - 4U);
        if (record[0] <= fp) {
            return;
        }
        fp = record[0];
    }
}

/* Lines of the log that the console still owes, each after its label. */
static void say_log(void)
{
    bool is_in_line = false;
    uint8_t byte;

    for (unsigned i = 0; i < CONSOLE_LOG_BYTES && console_take_log(&byte); i++) {
        if (!is_in_line) {
            say("%-*s | ", (int)CFG_NAME_WIDTH, mux_label(MUX_LOG));
        }
        is_in_line = byte != (uint8_t)'\n';
        say("%c", byte);
    }
}

static void say_header(void)
{
    platform_uart_init(pa_make(cfg_system.uart_base));
    say_log();
    say("\n*** bulkhead panic on CPU %u, system \"%s\"\n", this_cpu()->id, cfg_system.name);
}

static void say_footer(void)
{
    say("*** all CPUs are stopped; the image was built from the description with sha256 ");
    for (unsigned i = 0; i < 8U; i++) {
        say("%02x", cfg_system.description_hash[i]);
    }
    say("...\n");
}

static void say_panic(const char *format, va_list arguments)
{
    say_header();
    say("*** ");
    fmt_print(&uart, format, arguments);
    say("\n");
    backtrace(panic_record.fp);
    say_footer();
}

void panic(const char *format, ...)
{
    va_list arguments;

    if (atomic_exchange(&panic_claimed, 1U) != 0U) {
        panic_halt();
    }
    panic_record.reason = format;
    panic_record.pc = (uintptr_t)__builtin_return_address(0);
    panic_record.fp = (uintptr_t)__builtin_frame_address(0);
    panic_record.cpu = this_cpu()->id;
    /* Each argument fills a register or eight bytes of the stack, whatever its type
     * [AAPCS64, appendix on variable argument lists]. */
    va_start(arguments, format);
    for (unsigned i = 0; i < ARRAY_COUNT(panic_record.values); i++) {
        panic_record.values[i] = va_arg(arguments, uint64_t);
    }
    va_end(arguments);
    stop_others();
    if (CFG_HAS_CONSOLE != 0U) {
        va_start(arguments, format);
        say_panic(format, arguments);
        va_end(arguments);
    }
    panic_halt();
}

/* Why a data access of EL2 faulted, by ESR_EL2.DFSC [DDI0487 D24.2, ISS for a Data Abort]. */
static const char *data_abort_text(uint64_t fault)
{
    switch (fault & 0x3CU) {
    case 0x04:
        return "EL2 touched an address that its map does not have (a guard page: stack overflow; "
               "or a wrong pointer)";
    case 0x0C:
        return "EL2 accessed memory against its map's permissions (a write to constants)";
    case 0x10:
    case 0x14:
        return "memory or a device answered an access of EL2 with an error (external abort)";
    default:
        return "a data access of EL2 faulted";
    }
}

static const char *reason_text(uint64_t kind, uint64_t esr)
{
    if (kind == 3U) {
        return "an SError interrupt: the hardware reports an error outside any guest";
    }
    if (kind != 0U) {
        return "an interrupt was taken while EL2 masks them";
    }
    switch (bits_get(esr, 31, 26)) {
    case 0x25:
        return data_abort_text(bits_get(esr, 5, 0));
    case 0x21:
        return "EL2 fetched an instruction from where it has no code";
    case 0x26:
        return "EL2's stack pointer is misaligned";
    case 0x3C:
        return "an undefined operation was caught (BRK: the sanitizer's trap)";
    default:
        return "an unexpected exception at EL2";
    }
}

static void say_exception(uint64_t kind, uint64_t esr)
{
    const struct panic_registers *r = &panic_frame;

    say_header();
    say("*** %s\n", reason_text(kind, esr));
    say("  ESR 0x%llx  FAR 0x%llx  SPSR 0x%llx  SP 0x%llx\n", (unsigned long long)esr,
        (unsigned long long)SYSREG_READ(FAR_EL2), (unsigned long long)SYSREG_READ(SPSR_EL2),
        (unsigned long long)r->sp);
    say_address("PC  ", SYSREG_READ(ELR_EL2));
    say_address("LR  ", r->x[30]);
    for (unsigned i = 0; i < 30U; i += 2U) {
        say("  x%02u 0x%016llx  x%02u 0x%016llx\n", i, (unsigned long long)r->x[i], i + 1U,
            (unsigned long long)r->x[i + 1U]);
    }
    backtrace(r->x[29]);
    say_footer();
}

void panic_exception(uint64_t kind)
{
    const uint64_t esr = SYSREG_READ(ESR_EL2);

    panic_record.values[0] = kind;
    panic_record.values[1] = esr;
    panic_record.values[2] = SYSREG_READ(FAR_EL2);
    panic_record.values[3] = SYSREG_READ(ELR_EL2);
    panic_record.cpu = this_cpu()->id;
    stop_others();
    if (CFG_HAS_CONSOLE != 0U) {
        say_exception(kind, esr);
    }
    panic_halt();
}
