/* The unit-test framework: TEST(name) { CHECK_EQ(a, b); } registers itself and runs alone.
 *
 * A failed check prints the place and both values, ends its test, and the others go on, unless
 * TEST_STOP_AT_FIRST is in the environment. Before each test the functions registered with
 * test_on_begin() run (the fakes reset themselves with them), after it those of test_on_end(). */
#ifndef TEST_H
#define TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

void test_register(const char *name, void (*body)(void));
void test_on_begin(void (*setup)(void));
void test_on_end(void (*teardown)(void));
void test_set_setup(void (*setup)(void));
/* Ends the running test as failed. */
_Noreturn void test_fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* xorshift64*, seeded alike before each test: random sequences that repeat. */
uint64_t test_random(void);

#define TEST(name)                                                                                 \
    static void test_##name(void);                                                                 \
    __attribute__((constructor)) static void test_register_##name(void)                            \
    {                                                                                              \
        test_register(#name, test_##name);                                                         \
    }                                                                                              \
    static void test_##name(void)

/* Runs before each test of this file, after the fakes have reset themselves. */
#define TEST_SETUP()                                                                               \
    static void test_setup_(void);                                                                 \
    __attribute__((constructor)) static void test_register_setup_(void)                            \
    {                                                                                              \
        test_set_setup(test_setup_);                                                               \
    }                                                                                              \
    static void test_setup_(void)

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            test_fail(__FILE__, __LINE__, "%s", #condition);                                       \
        }                                                                                          \
    } while (0)

/* Integers (any width up to 64 bits) or pointers. */
#define CHECK_EQ(actual, expected)                                                                 \
    do {                                                                                           \
        const uint64_t check_actual_ = (uint64_t)(actual);                                         \
        const uint64_t check_expected_ = (uint64_t)(expected);                                     \
        if (check_actual_ != check_expected_) {                                                    \
            test_fail(__FILE__, __LINE__, "%s is %#jx (%jd), expected %s = %#jx (%jd)", #actual,   \
                      (uintmax_t)check_actual_, (intmax_t)check_actual_, #expected,                \
                      (uintmax_t)check_expected_, (intmax_t)check_expected_);                      \
        }                                                                                          \
    } while (0)

#define CHECK_STR(actual, expected)                                                                \
    do {                                                                                           \
        const char *const check_actual_ = (actual);                                                \
        const char *const check_expected_ = (expected);                                            \
        if (strcmp(check_actual_, check_expected_) != 0) {                                         \
            test_fail(__FILE__, __LINE__, "%s is\n\"%s\", expected\n\"%s\"", #actual,              \
                      check_actual_, check_expected_);                                             \
        }                                                                                          \
    } while (0)

/* With a message that says which case of a loop failed. */
#define CHECK_MSG(condition, ...)                                                                  \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            test_fail(__FILE__, __LINE__, __VA_ARGS__);                                            \
        }                                                                                          \
    } while (0)

#endif
