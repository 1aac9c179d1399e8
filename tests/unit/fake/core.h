/* Fakes of core/: log, panic and mailbox, for tests of the features above them.
 *
 * panic() ends the test as failed, unless the test awaits it with EXPECT_PANIC(statement). */
#ifndef FAKE_CORE_H
#define FAKE_CORE_H

#include <setjmp.h>
#include <stdint.h>

extern char fake_log_last[256];   /* the last line, without the newline */
extern unsigned fake_log_count;   /* lines of any level, log_guest included */
extern unsigned fake_log_guest_count;
extern uint16_t fake_log_guest_vm; /* of the last log_guest */

extern uint32_t fake_mailbox[8]; /* messages posted and not taken, by CPU */
extern uint32_t fake_vcpu_mailbox[]; /* with schedules: by vCPU */

extern jmp_buf fake_panic_target;
extern int fake_panic_expected;
extern char fake_panic_reason[256];

#define EXPECT_PANIC(statement)                                                                    \
    do {                                                                                           \
        fake_panic_expected = 1;                                                                   \
        if (setjmp(fake_panic_target) == 0) {                                                      \
            statement;                                                                             \
            fake_panic_expected = 0;                                                               \
            test_fail(__FILE__, __LINE__, "no panic from %s", #statement);                         \
        }                                                                                          \
        fake_panic_expected = 0;                                                                   \
    } while (0)

#endif
