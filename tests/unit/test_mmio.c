/* sources: mmio/dispatch.c mmio/transfer.c mmio/decode.c vm/guest_mem.c */
/* From a data abort to the device and back: by syndrome, by instruction, and what is refused. The
 * devices record what they are asked. linux0 has a PL011 at 0900_0000 (4 KiB) and redistributors
 * at 080a_0000 (256 KiB).
 * @req CORE-6 */
#include "mmio/mmio.h"

#include "arch/barrier.h"
#include "arch/memory.h"
#include "arch/simd.h"
#include "fake/core.h"
#include "lib/bits.h"
#include "mmio/decode.h"
#include "test.h"
#include "vm/esr.h"

#define UART 0x09000000U
#define GICR 0x080A0000U
#define RAM 0x40000000U
#define EL1H 5U
#define EL1T 4U
#define EL0T 0U
#define SCTLR_EE BIT(25)
#define SCTLR_E0E BIT(24)

struct record {
    uint16_t kind;
    uint16_t instance;
    struct {
        uint64_t offset;
        uint64_t value; /* written */
        unsigned size_bytes;
        bool is_write;
    } access;
};

static struct record records[16];
static unsigned record_count;
static uint64_t answers[16]; /* of successive reads */
static unsigned refuse_at;   /* the access (counted from 0) that the device refuses */
static unsigned retry_at;    /* the access at which it asks to try again */
static uint32_t ram[0x10000 / 4];

static enum mmio_outcome device(struct record r)
{
    const unsigned bytes = r.access.size_bytes;

    CHECK(record_count < 16U);
    CHECK(bytes == 1U || bytes == 2U || bytes == 4U || bytes == 8U);
    if (record_count == refuse_at) {
        return MMIO_REFUSED;
    }
    records[record_count] = r;
    return (record_count++ == retry_at) ? MMIO_RETRY : MMIO_DONE;
}

/* Answers as a device does: with no bits above the size, and only when it is done. */
static enum mmio_outcome device_read(struct record r, uint64_t *value)
{
    const uint64_t answer = answers[record_count] & (UINT64_MAX >> (64U - 8U * r.access.size_bytes));
    const enum mmio_outcome outcome = device(r);

    if (outcome == MMIO_DONE) {
        *value = answer;
    }
    return outcome;
}

static enum mmio_outcome gicd_read(uint16_t i, uint32_t offset, unsigned size_bytes, uint64_t *value)
{
    return device_read((struct record){CFG_MMIO_GICD, i, {offset, 0, size_bytes, false}}, value);
}

static enum mmio_outcome gicd_write(uint16_t i, uint32_t offset, unsigned size_bytes, uint64_t value)
{
    return device((struct record){CFG_MMIO_GICD, i, {offset, value, size_bytes, true}});
}

static enum mmio_outcome gicr_read(uint16_t i, uint32_t offset, unsigned size_bytes, uint64_t *value)
{
    return device_read((struct record){CFG_MMIO_GICR, i, {offset, 0, size_bytes, false}}, value);
}

static enum mmio_outcome gicr_write(uint16_t i, uint32_t offset, unsigned size_bytes, uint64_t value)
{
    return device((struct record){CFG_MMIO_GICR, i, {offset, value, size_bytes, true}});
}

static enum mmio_outcome pl011_read(uint16_t i, uint32_t offset, unsigned size_bytes, uint64_t *value)
{
    return device_read((struct record){CFG_MMIO_PL011, i, {offset, 0, size_bytes, false}}, value);
}

static enum mmio_outcome pl011_write(uint16_t i, uint32_t offset, unsigned size_bytes, uint64_t value)
{
    return device((struct record){CFG_MMIO_PL011, i, {offset, value, size_bytes, true}});
}

static enum mmio_outcome pl031_read(uint16_t i, uint32_t offset, unsigned size_bytes, uint64_t *value)
{
    return device_read((struct record){CFG_MMIO_PL031, i, {offset, 0, size_bytes, false}}, value);
}

static enum mmio_outcome pl031_write(uint16_t i, uint32_t offset, unsigned size_bytes, uint64_t value)
{
    return device((struct record){CFG_MMIO_PL031, i, {offset, value, size_bytes, true}});
}

const struct mmio_device mmio_devices[] = {
    [CFG_MMIO_GICD] = {gicd_read, gicd_write},
    [CFG_MMIO_GICR] = {gicr_read, gicr_write},
    [CFG_MMIO_PL011] = {pl011_read, pl011_write},
    [CFG_MMIO_PL031] = {pl031_read, pl031_write},
};

static struct vcpu *const v = &vcpus[0];

TEST_SETUP()
{
    record_count = 0;
    refuse_at = 99;
    retry_at = 99;
    for (unsigned i = 0; i < 16U; i++) {
        answers[i] = UINT64_C(0xF1E2D3C4B5A69788) + i;
    }
    fake_memory_add(0x50000000, ram, sizeof(ram));
    fake_sysreg_set("SPSR_EL2", EL1H);
    vcpu_set_pc(RAM);
    for (unsigned n = 0; n < 31U; n++) {
        v->x[n] = UINT64_C(0x1111111111111111) * (n % 16U);
    }
}

/* --- by syndrome ------------------------------------------------------------------------ */

static uint64_t syndrome(unsigned sas, unsigned rt, bool write, uint64_t more)
{
    return UINT64_C(0x24) << 26 | BIT(25) | BIT(24) | (uint64_t)sas << 22 | (uint64_t)rt << 16 |
           (write ? ESR_WNR : 0U) | more | 7U;
}
#define SSE BIT(21)
#define SF BIT(15)
#define AR BIT(14)

TEST(write_by_syndrome)
{
    v->x[3] = UINT64_C(0xFFEEDDCCBBAA9988);
    CHECK_EQ(mmio_abort(v, syndrome(0, 3, true, 0), ipa_make(UART)), EXIT_SKIP);
    CHECK_EQ(mmio_abort(v, syndrome(1, 3, true, 0), ipa_make(UART + 2U)), EXIT_SKIP);
    CHECK_EQ(mmio_abort(v, syndrome(2, 3, true, 0), ipa_make(UART + 0x38U)), EXIT_SKIP);
    CHECK_EQ(mmio_abort(v, syndrome(3, 3, true, SF), ipa_make(GICR + 0x10008U)), EXIT_SKIP);
    CHECK_EQ(mmio_abort(v, syndrome(2, 31, true, 0), ipa_make(UART)), EXIT_SKIP);
    CHECK_EQ(records[0].access.value, 0x88);
    CHECK_EQ(records[0].access.size_bytes, 1);
    CHECK_EQ(records[1].access.value, 0x9988);
    CHECK_EQ(records[1].access.offset, 2);
    CHECK_EQ(records[2].access.value, 0xBBAA9988);
    CHECK_EQ(records[2].access.offset, 0x38);
    CHECK_EQ(records[2].kind, CFG_MMIO_PL011);
    CHECK_EQ(records[3].access.value, UINT64_C(0xFFEEDDCCBBAA9988));
    CHECK_EQ(records[3].kind, CFG_MMIO_GICR);
    CHECK_EQ(records[3].access.offset, 0x10008);
    CHECK_EQ(records[4].access.value, 0);
    CHECK(records[0].access.is_write);
}

static uint64_t read_with(unsigned sas, uint64_t more)
{
    record_count = 0;
    v->x[5] = UINT64_MAX;
    CHECK_EQ(mmio_abort(v, syndrome(sas, 5, false, more), ipa_make(UART)), EXIT_SKIP);
    CHECK_EQ(record_count, 1);
    CHECK(!records[0].access.is_write);
    return v->x[5];
}

TEST(read_by_syndrome_extends)
{
    CHECK_EQ(read_with(0, 0), 0x88);
    CHECK_EQ(read_with(0, SSE), 0xFFFFFF88);
    CHECK_EQ(read_with(0, SSE | SF), UINT64_C(0xFFFFFFFFFFFFFF88));
    CHECK_EQ(read_with(1, SSE), 0xFFFF9788);
    CHECK_EQ(read_with(1, SF), 0x9788);
    CHECK_EQ(read_with(2, 0), 0xB5A69788);
    CHECK_EQ(read_with(2, SSE | SF), UINT64_C(0xFFFFFFFFB5A69788));
    CHECK_EQ(read_with(3, SF), UINT64_C(0xF1E2D3C4B5A69788));
    answers[0] = 0x7F;
    CHECK_EQ(read_with(0, SSE | SF), 0x7F);
}

TEST(read_to_the_zero_register)
{
    const struct vcpu before = *v;
    CHECK_EQ(mmio_abort(v, syndrome(2, 31, false, 0), ipa_make(UART)), EXIT_SKIP);
    CHECK_EQ(record_count, 1);
    CHECK(memcmp(&before, v, sizeof(before)) == 0);
}

TEST(acquire_and_release_have_barriers)
{
    CHECK_EQ(mmio_abort(v, syndrome(2, 1, false, 0), ipa_make(UART)), EXIT_SKIP);
    CHECK_EQ(fake_barriers.dmb, 0);
    CHECK_EQ(mmio_abort(v, syndrome(2, 1, false, AR), ipa_make(UART)), EXIT_SKIP);
    CHECK_EQ(fake_barriers.dmb, 1);
    CHECK_EQ(mmio_abort(v, syndrome(2, 1, true, AR), ipa_make(UART)), EXIT_SKIP);
    CHECK_EQ(fake_barriers.dmb, 2);
}

TEST(nobody_there)
{
    CHECK_EQ(mmio_abort(v, syndrome(2, 1, false, 0), ipa_make(UART - 4U)), EXIT_ABORT);
    CHECK_EQ(mmio_abort(v, syndrome(2, 1, false, 0), ipa_make(UART + 0x1000U)), EXIT_ABORT);
    CHECK_EQ(mmio_abort(v, syndrome(2, 1, false, 0), ipa_make(0)), EXIT_ABORT);
    CHECK_EQ(mmio_abort(v, syndrome(2, 1, false, 0), ipa_make(UINT64_MAX)), EXIT_ABORT);
    CHECK_EQ(mmio_abort(v, 0, ipa_make(RAM)), EXIT_ABORT);
    CHECK_EQ(record_count, 0);
}

TEST(each_vm_has_its_own_devices)
{
    CHECK_EQ(mmio_abort(&vcpus[3], syndrome(0, 1, true, 0), ipa_make(UART)), EXIT_SKIP);
    CHECK_EQ(records[0].instance, 2);
    CHECK_EQ(mmio_abort(&vcpus[3], syndrome(0, 1, true, 0), ipa_make(0x09010000)), EXIT_ABORT);
    CHECK_EQ(mmio_abort(&vcpus[2], syndrome(0, 1, true, 0), ipa_make(0x09010000)), EXIT_SKIP);
    CHECK_EQ(records[1].kind, CFG_MMIO_PL031);
    CHECK_EQ(records[1].instance, 1);
}

/* The device of the last access is looked at first: it must never answer for another one. */
TEST(the_last_access_never_misleads_the_next)
{
    static const struct {
        uint64_t ipa;
        uint16_t kind;
    } at[] = {{0x08000000, CFG_MMIO_GICD},
              {0x0800FFFC, CFG_MMIO_GICD},
              {GICR, CFG_MMIO_GICR},
              {UART, CFG_MMIO_PL011},
              {0x09010000, CFG_MMIO_PL031},
              {0x08010000, CFG_NONE},
              {0x07FFFFFC, CFG_NONE},
              {0x09011000, CFG_NONE}};
    for (unsigned i = 0; i < ARRAY_COUNT(at) * ARRAY_COUNT(at); i++) {
        const unsigned places[] = {i / ARRAY_COUNT(at), i % ARRAY_COUNT(at)};
        for (unsigned n = 0; n < 2U; n++) {
            const uint16_t kind = at[places[n]].kind;
            record_count = 0;
            CHECK_EQ(mmio_abort(v, syndrome(2, 1, true, 0), ipa_make(at[places[n]].ipa)),
                     (kind == CFG_NONE) ? EXIT_ABORT : EXIT_SKIP);
            CHECK(kind == CFG_NONE || records[0].kind == kind);
        }
    }
}

TEST(beyond_the_region_or_the_page)
{
    const struct vcpu before = *v;
    CHECK_EQ(mmio_abort(v, syndrome(2, 1, false, 0), ipa_make(UART + 0xFFEU)), EXIT_ABORT);
    CHECK_EQ(mmio_abort(v, syndrome(3, 1, false, SF), ipa_make(UART + 0xFFCU)), EXIT_ABORT);
    CHECK_EQ(mmio_abort(v, syndrome(3, 1, false, SF), ipa_make(GICR + 0x1FFCU)), EXIT_ABORT);
    CHECK_EQ(record_count, 0);
    CHECK(memcmp(&before, v, sizeof(before)) == 0);
}

TEST(a_refused_read_changes_nothing)
{
    const struct vcpu before = *v;
    refuse_at = 0;
    CHECK_EQ(mmio_abort(v, syndrome(2, 1, false, 0), ipa_make(UART)), EXIT_ABORT);
    CHECK(memcmp(&before, v, sizeof(before)) == 0);
}

TEST(big_endian_guest)
{
    fake_sysreg_set("SCTLR_EL1", SCTLR_EE);
    v->x[3] = 0x11223344;
    CHECK_EQ(mmio_abort(v, syndrome(2, 3, true, 0), ipa_make(UART)), EXIT_SKIP);
    CHECK_EQ(records[0].access.value, 0x44332211);
    CHECK_EQ(read_with(1, 0), 0x8897);
    fake_sysreg_set("SPSR_EL2", EL0T);
    CHECK_EQ(read_with(1, 0), 0x9788);
    fake_sysreg_set("SCTLR_EL1", SCTLR_E0E);
    CHECK_EQ(read_with(1, 0), 0x8897);
}

/* --- by instruction --------------------------------------------------------------------- */

static enum exit_action run(uint32_t instruction, uint64_t far)
{
    struct mmio_instruction i;
    const bool decoded = mmio_decode(instruction, &i) == MMIO_DECODED;
    ram[0] = instruction;
    record_count = 0;
    fake_sysreg_set("FAR_EL2", far);
    return mmio_abort(v, UINT64_C(0x24) << 26 | BIT(25) | ((decoded && i.is_write) ? ESR_WNR : 0U),
                      ipa_make(far & UINT64_C(0xFFFFFFFFFF)));
}

TEST(load_pair_post_index)
{
    v->x[0] = UART + 0x10U;
    CHECK_EQ(run(0xA8C10801, UART + 0x10U), EXIT_SKIP); /* LDP x1, x2, [x0], #16 */
    CHECK_EQ(record_count, 2);
    CHECK_EQ(records[0].access.offset, 0x10);
    CHECK_EQ(records[1].access.offset, 0x18);
    CHECK_EQ(records[1].access.size_bytes, 8);
    CHECK_EQ(v->x[1], answers[0]);
    CHECK_EQ(v->x[2], answers[1]);
    CHECK_EQ(v->x[0], UART + 0x20U);
}

TEST(store_pair_pre_index)
{
    v->x[0] = UART + 0x20U;
    CHECK_EQ(run(0xA9BF0801, UART + 0x10U), EXIT_SKIP); /* STP x1, x2, [x0, #-16]! */
    CHECK_EQ(records[0].access.value, v->x[1]);
    CHECK_EQ(records[0].access.offset, 0x10);
    CHECK_EQ(records[1].access.value, v->x[2]);
    CHECK_EQ(v->x[0], UART + 0x10U);
}

TEST(load_pair_of_signed_words)
{
    v->x[0] = UART;
    answers[0] = 0x80000001;
    answers[1] = 0x7FFFFFFF;
    CHECK_EQ(run(0x69400801, UART), EXIT_SKIP); /* LDPSW x1, x2, [x0] */
    CHECK_EQ(v->x[1], UINT64_C(0xFFFFFFFF80000001));
    CHECK_EQ(v->x[2], 0x7FFFFFFF);
    CHECK_EQ(records[1].access.offset, 4);
}

TEST(write_back_to_the_right_stack_pointer)
{
    fake_sysreg_set("SP_EL1", UART);
    fake_sysreg_set("SP_EL0", UART + 0x100U);
    v->x[1] = 0x55;
    CHECK_EQ(run(0xB80047E1, UART), EXIT_SKIP); /* STR w1, [sp], #4 */
    CHECK_EQ(fake_sysreg_get("SP_EL1"), UART + 4U);
    CHECK_EQ(fake_sysreg_get("SP_EL0"), UART + 0x100U);
    fake_sysreg_set("SPSR_EL2", EL1T);
    CHECK_EQ(run(0xB80047E1, UART + 0x100U), EXIT_SKIP);
    CHECK_EQ(fake_sysreg_get("SP_EL0"), UART + 0x104U);
    CHECK_EQ(fake_sysreg_get("SP_EL1"), UART + 4U);
    fake_sysreg_set("SPSR_EL2", EL0T);
    CHECK_EQ(run(0xB80047E1, UART + 0x104U), EXIT_SKIP);
    CHECK_EQ(fake_sysreg_get("SP_EL0"), UART + 0x108U);
}

TEST(vector_registers)
{
    v->x[0] = UART;
    fake_simd[0][3][0] = fake_simd[0][3][1] = UINT64_MAX;
    CHECK_EQ(run(0x3DC00003, UART), EXIT_SKIP); /* LDR q3, [x0] */
    CHECK_EQ(record_count, 2);
    CHECK_EQ(fake_simd[0][3][0], answers[0]);
    CHECK_EQ(fake_simd[0][3][1], answers[1]);
    CHECK_EQ(run(0x7D400003, UART), EXIT_SKIP); /* LDR h3, [x0] clears the rest */
    CHECK_EQ(fake_simd[0][3][0], answers[0] & 0xFFFFU);
    CHECK_EQ(fake_simd[0][3][1], 0);
    fake_simd[0][1][0] = 1;
    fake_simd[0][1][1] = 2;
    fake_simd[0][2][0] = 3;
    fake_simd[0][2][1] = 4;
    CHECK_EQ(run(0xAD000801, UART), EXIT_SKIP); /* STP q1, q2, [x0] */
    CHECK_EQ(record_count, 4);
    for (unsigned i = 0; i < 4U; i++) {
        CHECK_EQ(records[i].access.value, i + 1U);
        CHECK_EQ(records[i].access.offset, 8U * i);
    }
}

TEST(big_endian_by_instruction)
{
    fake_sysreg_set("SCTLR_EL1", SCTLR_EE);
    v->x[0] = UART;
    answers[0] = UINT64_C(0x0706050403020100);
    answers[1] = UINT64_C(0x0F0E0D0C0B0A0908);
    CHECK_EQ(run(0x3DC00003, UART), EXIT_SKIP);
    CHECK_EQ(fake_simd[0][3][1], UINT64_C(0x0001020304050607));
    CHECK_EQ(fake_simd[0][3][0], UINT64_C(0x08090A0B0C0D0E0F));
    answers[0] = 0x80FF;
    CHECK_EQ(run(0x78801401, UART), EXIT_SKIP); /* LDRSH x1, [x0], #1 */
    CHECK_EQ(v->x[1], UINT64_C(0xFFFFFFFFFFFFFF80));
}

TEST(index_registers)
{
    v->x[0] = UART + 0x100U;
    v->x[2] = UINT64_C(0x12345678FFFFFFF0);
    CHECK_EQ(run(0xB862D801, UART + 0xC0U), EXIT_SKIP); /* LDR w1, [x0, w2, SXTW #2] */
    CHECK_EQ(records[0].access.offset, 0xC0);
    v->x[2] = UINT64_C(0x1234567800000010);
    CHECK_EQ(run(0xB8625801, UART + 0x140U), EXIT_SKIP); /* LDR w1, [x0, w2, UXTW #2] */
    v->x[2] = UINT64_C(0xFFFFFFFFFFFFFFF0);
    CHECK_EQ(run(0x38626801, UART + 0xF0U), EXIT_SKIP); /* LDRB w1, [x0, x2] */
    CHECK_EQ(v->x[1], answers[0] & 0xFFU);
}

TEST(ordered_and_zero_register)
{
    v->x[0] = UART;
    CHECK_EQ(run(0x88DFFC01, UART), EXIT_SKIP); /* LDAR w1, [x0] */
    CHECK_EQ(fake_barriers.dmb, 1);
    CHECK_EQ(run(0x889FFC01, UART), EXIT_SKIP); /* STLR w1, [x0] */
    CHECK_EQ(fake_barriers.dmb, 2);
    CHECK_EQ(run(0xF900001F, UART), EXIT_SKIP); /* STR xzr, [x0] */
    CHECK_EQ(records[0].access.value, 0);
}

TEST(literal_is_relative_to_the_pc)
{
    /* The fetch is in RAM at 4000_0000 and cannot reach a device within 1 MiB, so nothing but
     * the address is looked at. */
    CHECK_EQ(run(0x18000081, UART), EXIT_ABORT); /* LDR w1, pc + 16 */
    CHECK_EQ(fake_log_guest_count, 1);
}

TEST(tagged_addresses)
{
    v->x[0] = UINT64_C(0xAB00000000000000) | UART;
    CHECK_EQ(run(0xA8C10801, UART), EXIT_SKIP);
    CHECK_EQ(v->x[0], (UINT64_C(0xAB00000000000000) | UART) + 16U);
}

TEST(nothing_is_committed_when_a_part_is_refused)
{
    v->x[0] = UART;
    const struct vcpu before = *v;
    refuse_at = 1;
    CHECK_EQ(run(0xA8C10801, UART), EXIT_ABORT);
    CHECK_EQ(record_count, 1);
    CHECK(memcmp(&before, v, sizeof(before)) == 0);
}

TEST(a_device_that_cannot_answer_yet_is_asked_again)
{
    v->x[0] = UART;
    const struct vcpu before = *v;
    retry_at = 0;
    CHECK_EQ(mmio_abort(v, syndrome(2, 1, false, 0), ipa_make(UART)), EXIT_RESUME);
    retry_at = 1;
    CHECK_EQ(run(0xA8C10801, UART), EXIT_RESUME);
    CHECK(memcmp(&before, v, sizeof(before)) == 0);
    retry_at = 99;
    CHECK_EQ(run(0xA8C10801, UART), EXIT_SKIP);
    CHECK_EQ(v->x[2], answers[1]);
}

TEST(pairs_beyond_the_region)
{
    v->x[0] = UART + 0xFF8U;
    const struct vcpu before = *v;
    CHECK_EQ(run(0xA8C10801, UART + 0xFF8U), EXIT_ABORT);
    v->x[0] = GICR + 0xFF8U;
    CHECK_EQ(run(0xA8C10801, GICR + 0xFF8U), EXIT_ABORT);
    v->x[0] = before.x[0];
    CHECK_EQ(record_count, 0);
    CHECK(memcmp(&before, v, sizeof(before)) == 0);
}

static void refused(uint32_t instruction)
{
    const unsigned logged = fake_log_guest_count;
    v->x[0] = UART;
    const struct vcpu before = *v;
    CHECK_EQ(run(instruction, UART), EXIT_ABORT);
    CHECK_EQ(record_count, 0);
    CHECK(memcmp(&before, v, sizeof(before)) == 0);
    CHECK_EQ(fake_log_guest_count, logged + 1U);
    char encoding[16];
    snprintf(encoding, sizeof(encoding), "%08x", instruction);
    CHECK(strstr(fake_log_last, encoding) != NULL && strstr(fake_log_last, "0x40000000") != NULL);
}

TEST(what_cannot_be_emulated_is_reported)
{
    refused(0x885F7C01); /* LDXR */
    refused(0x88007C01); /* STXR */
    refused(0x88A07C01); /* CAS */
    refused(0xB8200001); /* LDADD */
    refused(0x4C407001); /* LD1 */
    refused(0xD50B7420); /* DC ZVA */
    refused(0xD503201F); /* NOP: changed behind the access */
    refused(0xA8C10000); /* LDP x0, x0, [x0], #16 */
}

/* The instruction does not explain the abort: another vCPU has rewritten it. */
TEST(an_instruction_that_disagrees_is_not_believed)
{
    v->x[0] = UART;
    ram[0] = 0xF900001F; /* STR, but the abort says read */
    fake_sysreg_set("FAR_EL2", UART);
    CHECK_EQ(mmio_abort(v, UINT64_C(0x24) << 26, ipa_make(UART)), EXIT_ABORT);
    CHECK_EQ(mmio_abort(v, UINT64_C(0x24) << 26 | ESR_WNR | ESR_FNV, ipa_make(UART)), EXIT_ABORT);
    v->x[0] = UART + 8U;
    CHECK_EQ(mmio_abort(v, UINT64_C(0x24) << 26 | ESR_WNR, ipa_make(UART)), EXIT_ABORT);
    CHECK_EQ(record_count, 0);
    v->x[0] = UART;
    CHECK_EQ(mmio_abort(v, UINT64_C(0x24) << 26 | ESR_WNR, ipa_make(UART)), EXIT_SKIP);
}

TEST(code_that_cannot_be_read)
{
    vcpu_set_pc(0x1000);
    CHECK_EQ(mmio_abort(v, UINT64_C(0x24) << 26, ipa_make(UART)), EXIT_ABORT);
    vcpu_set_pc(RAM);
    fake_sysreg_set("SPSR_EL2", 0x10);
    CHECK_EQ(mmio_abort(v, UINT64_C(0x24) << 26, ipa_make(UART)), EXIT_ABORT);
    CHECK_EQ(record_count, 0);
}

/* Random instructions at the device: what the bus saw and what the registers hold agree with the
 * description that the decoder gave, by the definition of each. */
TEST(random_instructions)
{
    unsigned done = 0;
    for (unsigned n = 0; n < 400000U; n++) {
        struct mmio_instruction i;
        const uint32_t word = ((uint32_t)test_random() & ~(1U << 25)) | 1U << 27;
        if (mmio_decode(word, &i) != MMIO_DECODED || i.addressing == MMIO_LITERAL) {
            continue;
        }
        for (unsigned r = 0; r < 31U; r++) {
            v->x[r] = test_random();
        }
        const uint64_t target = UART + 0x800U;
        const uint64_t base = target - ((i.addressing == MMIO_POST_INDEX) ? 0U : (uint64_t)i.offset);
        if (i.addressing == MMIO_REGISTER) {
            continue;
        }
        fake_sysreg_set("SP_EL1", base);
        vcpu_set_x(v, i.rn, base);
        const struct vcpu before = *v;
        CHECK_MSG(run(word, target) == EXIT_SKIP, "%08x", word);
        done++;

        const unsigned count = (i.is_pair ? 2U : 1U) * ((i.size_bytes == 16U) ? 2U : 1U);
        CHECK_EQ(record_count, count);
        for (unsigned r = 0; r < 31U; r++) {
            uint64_t expected = before.x[r];
            const unsigned bits = 8U * i.size_bytes;
            if (!i.is_simd && !i.is_write && (r == i.rt || (i.is_pair && r == i.rt2))) {
                const uint64_t raw = answers[(r == i.rt) ? 0 : 1];
                const uint64_t kept = (bits == 64U) ? raw : raw & ((UINT64_C(1) << bits) - 1U);
                const bool negative = i.is_signed && (kept >> (bits - 1U)) != 0U;
                expected = negative ? kept | (bits == 64U ? 0U : UINT64_MAX << bits) : kept;
                expected = i.is_64bit ? expected : (uint32_t)expected;
            } else if (r == i.rn &&
                       (i.addressing == MMIO_PRE_INDEX || i.addressing == MMIO_POST_INDEX)) {
                expected = base + (uint64_t)i.offset;
            }
            CHECK_MSG(v->x[r] == expected, "%08x: x%u is %#lx, expected %#lx", word, r, v->x[r],
                      expected);
        }
    }
    CHECK(done > 50000U);
}

/* Any syndrome, any instruction, any registers, at and around every device: it ends, and the
 * devices see nothing outside their regions. */
TEST(random_aborts)
{
    static const uint64_t around[] = {UART, GICR, 0x08000000, 0x09010000, 0x08010000, RAM};
    unsigned answered = 0;
    for (unsigned n = 0; n < 300000U; n++) {
        const uint64_t r = test_random();
        const uint64_t ipa = around[r % ARRAY_COUNT(around)] + ((r >> 8) & 0x1FFFU) - 8U;
        for (unsigned i = 0; i < 31U; i++) {
            v->x[i] = (test_random() % 4U == 0U) ? test_random() : ipa;
        }
        ram[0] = (uint32_t)test_random();
        record_count = 0;
        refuse_at = (unsigned)(test_random() % 8U);
        fake_sysreg_set("SP_EL1", ipa);
        fake_sysreg_set("FAR_EL2", ipa);
        fake_sysreg_set("SPSR_EL2", test_random() & 0x1FU);
        fake_sysreg_set("SCTLR_EL1", test_random() & (SCTLR_EE | SCTLR_E0E));
        const uint64_t esr = UINT64_C(0x24) << 26 | (test_random() & 0x1FFFFFF);
        answered += mmio_abort(v, esr, ipa_make(ipa)) == EXIT_SKIP;
        for (unsigned i = 0; i < record_count; i++) {
            static const uint64_t sizes[] = {0x10000, 0x40000, 0x1000, 0x1000};
            CHECK(records[i].access.offset + records[i].access.size_bytes <= sizes[records[i].kind]);
        }
    }
    CHECK(answered > 1000U);
}

/* --- short ------------------------------------------------------------------------------ */

/* The device of the last access is the UART of vCPU 0. */
static enum exit_action after_uart(uint64_t esr, uint64_t ipa)
{
    CHECK_EQ(mmio_abort(v, syndrome(2, 1, true, 0), ipa_make(UART)), EXIT_SKIP);
    record_count = 0;
    return mmio_abort_short(v, esr, ipa_make(ipa));
}

TEST(a_short_access_is_the_same_as_one_in_full)
{
    for (unsigned sas = 0; sas < 4U; sas++) {
        v->x[17] = UINT64_C(0xFFEEDDCCBBAA9988);
        CHECK_EQ(after_uart(syndrome(sas, 17, true, 0), UART + 8U), EXIT_SKIP);
        CHECK_EQ(records[0].access.value, v->x[17] & (UINT64_MAX >> (64U - (8U << sas))));
        CHECK_EQ(records[0].access.size_bytes, 1U << sas);
        CHECK_EQ(records[0].access.offset, 8);
        CHECK_EQ(after_uart(syndrome(sas, 30, false, SF), UART), EXIT_SKIP);
        CHECK_EQ(v->x[30], answers[0] & (UINT64_MAX >> (64U - (8U << sas))));
    }
    CHECK_EQ(after_uart(syndrome(2, 31, true, 0), UART), EXIT_SKIP);
    CHECK_EQ(records[0].access.value, 0);
}

TEST(a_short_exit_never_touches_a_register_that_is_not_stored)
{
    for (unsigned n = 18; n <= 28U; n++) {
        CHECK_EQ(after_uart(syndrome(2, n, true, 0), UART), EXIT_IN_FULL);
        CHECK_EQ(after_uart(syndrome(2, n, false, 0), UART), EXIT_IN_FULL);
        CHECK_EQ(record_count, 0);
    }
    CHECK_EQ(after_uart(syndrome(2, 31, false, 0), UART), EXIT_IN_FULL);
    CHECK_EQ(record_count, 0);
}

TEST(what_is_not_usual_is_left_to_the_full_exit)
{
    CHECK_EQ(after_uart(syndrome(2, 1, true, 0), UART + 2U), EXIT_IN_FULL); /* misaligned */
    CHECK_EQ(after_uart(syndrome(2, 1, true, 0), GICR), EXIT_IN_FULL);      /* another device */
    CHECK_EQ(after_uart(syndrome(2, 1, true, 0), UART - 4U), EXIT_IN_FULL);
    CHECK_EQ(after_uart(syndrome(2, 1, true, 0), UART + 0x1000U), EXIT_IN_FULL);
    fake_sysreg_set("SCTLR_EL1", SCTLR_EE);
    CHECK_EQ(after_uart(syndrome(2, 1, true, 0), UART), EXIT_IN_FULL);
    fake_sysreg_set("SCTLR_EL1", SCTLR_E0E);
    CHECK_EQ(after_uart(syndrome(2, 1, true, 0), UART), EXIT_IN_FULL);
    CHECK_EQ(record_count, 0);
}

TEST(a_refusal_and_a_retry_leave_the_registers_as_they_are)
{
    CHECK_EQ(mmio_abort(v, syndrome(2, 1, true, 0), ipa_make(UART)), EXIT_SKIP);
    v->x[4] = 7;
    refuse_at = record_count;
    CHECK_EQ(mmio_abort_short(v, syndrome(2, 4, false, 0), ipa_make(UART)), EXIT_IN_FULL);
    CHECK_EQ(mmio_abort_short(v, syndrome(2, 4, true, 0), ipa_make(UART)), EXIT_IN_FULL);
    refuse_at = 99;
    retry_at = record_count;
    CHECK_EQ(mmio_abort_short(v, syndrome(2, 4, false, 0), ipa_make(UART)), EXIT_RESUME);
    CHECK_EQ(v->x[4], 7);
}

TEST(before_its_first_access_a_vcpu_has_no_device)
{
    CHECK_EQ(mmio_abort_short(&vcpus[1], syndrome(2, 1, true, 0), ipa_make(0)), EXIT_IN_FULL);
    CHECK_EQ(mmio_abort_short(&vcpus[1], syndrome(2, 1, true, 0), ipa_make(UART)), EXIT_IN_FULL);
    CHECK_EQ(record_count, 0);
}
