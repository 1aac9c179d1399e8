/* panic() for the host. */
#include "core/panic.h"

#include <stdarg.h>

#include "fake/core.h"
#include "test.h"

jmp_buf fake_panic_target;
int fake_panic_expected;
char fake_panic_reason[256];

void panic(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fake_panic_reason, sizeof(fake_panic_reason), format, arguments);
    va_end(arguments);
    if (fake_panic_expected == 0) {
        test_fail(__FILE__, __LINE__, "panic: %s", fake_panic_reason);
    }
    longjmp(fake_panic_target, 1);
}
