/* Group shared: two VMs meet in declared windows and nowhere else. Both run this program; which
 * one it is shows in what is mapped: the writer has `forth` read-write at FORTH_WRITER, the reader
 * has it read-only at FORTH_READER. `back` is the other way round. Each side answers a number of
 * the other with its successor; the writer gives the verdicts of both in one line each.
 * @req CORE-4 */
#include "exception.h"
#include "psci.h"
#include "result.h"
#include "timer.h"

#define FORTH_WRITER 0x60000000UL
#define BACK_WRITER 0x60010000UL
#define FORTH_READER 0x70000000UL
#define BACK_READER 0x70010000UL
#define WINDOW_BYTES 0x10000UL
#define ROUNDS 1000U
#define PATIENCE_MS 60000U

void guest_main(uint64_t devicetree);

static bool wait_for_value(uintptr_t address, uint32_t value)
{
    uint64_t start = timer_now();
    while (mmio_read32(address) != value) {
        if (timer_elapsed_ms(start) > PATIENCE_MS) {
            return false;
        }
    }
    return true;
}

static void check_read_only(uintptr_t window)
{
    struct fault write = probe_write(window + 8U, 4, 1);
    test_check(write.taken && ESR_EC(write.esr) == EC_DABORT, "read-only-here",
               "the write went through");
    struct fault execute = probe_execute(window);
    test_check(execute.taken, "not-executable", "an instruction was fetched");
}

static void check_edges(uintptr_t window)
{
    uint64_t value;
    test_check(!probe_read(window + WINDOW_BYTES - 8U, 8, &value).taken, "last-bytes", "aborted");
    test_check(probe_read(window - 8U, 8, &value).taken, "nothing-before", "was readable");
}

static void run_writer(void)
{
    uint32_t sum = 0;
    for (uintptr_t a = 0; a < WINDOW_BYTES; a += 4U) {
        sum |= mmio_read32(FORTH_WRITER + a);
    }
    TEST_EQUAL("cleared-at-boot", sum, 0);
    check_read_only(BACK_WRITER);
    check_edges(FORTH_WRITER);
    bool answered = true;
    for (uint32_t i = 1; answered && i <= ROUNDS; i++) {
        mmio_write32(FORTH_WRITER, 2U * i);
        answered = wait_for_value(BACK_WRITER, 2U * i + 1U);
    }
    test_check(answered, "answers-through-memory", "an answer did not come");
}

static void run_reader(void)
{
    check_read_only(FORTH_READER);
    check_edges(FORTH_READER);
    bool asked = true;
    for (uint32_t i = 1; asked && i <= ROUNDS; i++) {
        asked = wait_for_value(FORTH_READER, 2U * i);
        mmio_write32(BACK_READER, 2U * i + 1U);
    }
    test_check(asked, "questions-through-memory", "a question did not come");
}

void guest_main(uint64_t devicetree)
{
    uint64_t value;
    bool is_writer;

    (void)devicetree;
    test_begin("shared");
    is_writer = !probe_read(FORTH_WRITER, 4, &value).taken;
    if (is_writer) {
        run_writer();
    } else {
        run_reader();
    }
    test_done();
}
