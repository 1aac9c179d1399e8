/* The log for the host: keeps the last line. */
#include "core/log.h"

#include <stdarg.h>

#include "fake/core.h"
#include "test.h"

char fake_log_last[256];
unsigned fake_log_count;
unsigned fake_log_guest_count;
uint16_t fake_log_guest_vm;

void log_print(enum log_module module, enum log_level level, const char *format, ...)
{
    (void)module;
    (void)level;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fake_log_last, sizeof(fake_log_last), format, arguments);
    va_end(arguments);
    fake_log_count++;
}

void log_print_guest(uint16_t vm, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fake_log_last, sizeof(fake_log_last), format, arguments);
    va_end(arguments);
    fake_log_count++;
    fake_log_guest_count++;
    fake_log_guest_vm = vm;
}

static void reset(void)
{
    fake_log_last[0] = 0;
    fake_log_count = 0;
    fake_log_guest_count = 0;
}

__attribute__((constructor)) static void register_reset(void)
{
    test_on_begin(reset);
}
