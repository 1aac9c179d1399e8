/* The result protocol on the UART: "TEST group", "PASS name" and "FAIL name: why" lines, and a
 * closing "DONE passed=N failed=M", after which the guest powers itself off. */
#ifndef RESULT_H
#define RESULT_H

#include <stdbool.h>
#include <stdint.h>

void test_begin(const char *group);
/* One verdict. `why` is a format as print() takes it, and is only printed for a failure. */
void test_check(bool ok, const char *name, const char *why, ...)
    __attribute__((format(printf, 3, 4)));
void test_fail(const char *name, const char *why, ...) __attribute__((format(printf, 2, 3)));
/* Verdicts so far, for a guest that resets itself, and their return in its next life. */
void result_counts(uint32_t *passed, uint32_t *failed);
void result_resume(uint32_t passed, uint32_t failed);
void test_done(void) __attribute__((noreturn));

/* Equality of two integers, with both shown. */
#define TEST_EQUAL(name, actual, expected)                                                        \
    do {                                                                                           \
        uint64_t test_actual_ = (uint64_t)(actual);                                                \
        uint64_t test_expected_ = (uint64_t)(expected);                                            \
        test_check(test_actual_ == test_expected_, (name), "is 0x%lx, expected 0x%lx",             \
                   test_actual_, test_expected_);                                                  \
    } while (0)

#endif
