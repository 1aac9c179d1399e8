/* Group mmio: every form of load and store on emulated devices does what the instruction says.
 *
 * The PL011's identification registers (read-only bytes) are the source of loads, its baud rate
 * registers UARTIBRD (16 bits) and UARTFBRD (6 bits) the target of stores [DDI0183 3.3]. Forms
 * without a valid syndrome (pairs, write-back, SIMD) need the instruction to be decoded [DDI0487
 * D17.2.37, ISV]. What cannot be emulated must abort, and nothing may hang.
 *
 * @req CORE-6 */
#include "exception.h"
#include "mmu.h"
#include "result.h"
#include "uart.h"

#define UARTIBRD (UART_BASE + 0x24U)
#define UARTFBRD (UART_BASE + 0x28U)
#define UARTPERIPHID0 (UART_BASE + 0xfe0U)
#define UARTPCELLID0 (UART_BASE + 0xff0U)
#define UART_ALIAS (MMU_NORMAL_ALIAS + UART_BASE)

void guest_main(uint64_t devicetree);

/* Loads: x0 = address in, value out; x1 = base register after. */
struct pair {
    uint64_t first;
    uint64_t second;
};
#define LOAD(name, body) LEAF(name, body); struct pair name(uintptr_t address)

LOAD(load_w, "ldr w0, [x0]");
LOAD(load_x, "ldr x0, [x0]");
LOAD(load_b, "ldrb w0, [x0]");
LOAD(load_h, "ldrh w0, [x0]");
LOAD(load_sb_w, "ldrsb w0, [x0]");
LOAD(load_sb_x, "ldrsb x0, [x0]");
LOAD(load_sh_x, "ldrsh x0, [x0]");
LOAD(load_sw_x, "ldrsw x0, [x0]");
LOAD(load_unscaled, "ldur w0, [x0, #-4]");
LOAD(load_register, "mov x2, #4\n\tldr w0, [x0, x2]");
LOAD(load_register_scaled, "mov w2, #-1\n\tldr w0, [x0, w2, sxtw #2]");
LOAD(load_acquire, "ldar w0, [x0]");
LOAD(load_post, "mov x1, x0\n\tldr w0, [x1], #4");
LOAD(load_pre, "mov x1, x0\n\tldr w0, [x1, #4]!");
LOAD(load_pair_w, "ldp w0, w1, [x0]");
LOAD(load_pair_sw, "ldpsw x0, x1, [x0]");
LOAD(load_pair_nt, "ldnp w0, w1, [x0]");
LOAD(load_pair_post, "mov x2, x0\n\tldp w0, w3, [x2], #8\n\tmov x1, x2");
LOAD(load_zero, "ldr wzr, [x0]\n\tmov x0, xzr");
LOAD(load_sp, "mov x2, sp\n\tmov sp, x0\n\tldr w0, [sp], #16\n\tmov x1, sp\n\tmov sp, x2");
LOAD(load_simd_s, "ldr s0, [x0]\n\tfmov w0, s0");
LOAD(load_simd_q, "ldr q0, [x0]\n\tmov x1, v0.d[1]\n\tfmov x0, d0");
LOAD(load_exclusive, "ldxr w0, [x0]");

/* Stores: x0 = address, x1 = value; x0 = base register after. */
#define STORE(name, body) LEAF(name, body); uint64_t name(uintptr_t address, uint64_t value)

STORE(store_w, "str w1, [x0]");
STORE(store_b, "strb w1, [x0]");
STORE(store_h, "strh w1, [x0]");
STORE(store_unscaled, "add x0, x0, #4\n\tstur w1, [x0, #-4]");
STORE(store_release, "stlr w1, [x0]");
STORE(store_post, "str w1, [x0], #4");
STORE(store_pre, "sub x0, x0, #4\n\tstr w1, [x0, #4]!");
STORE(store_pair, "lsr x2, x1, #32\n\tstp w1, w2, [x0]");
STORE(store_pair_pre, "lsr x2, x1, #32\n\tsub x0, x0, #8\n\tstp w1, w2, [x0, #8]!");
STORE(store_zero, "str wzr, [x0]");
STORE(store_simd, "fmov s0, w1\n\tstr s0, [x0]");
STORE(store_exclusive, "stxr w2, w1, [x0]");

static bool load(struct pair (*leaf)(uintptr_t), uintptr_t address, struct pair *out)
{
    fault_expect();
    *out = leaf(address);
    struct fault f = fault_taken();
    return !f.taken;
}

#define LOAD_CHECK(leaf, address, expected)                                                        \
    do {                                                                                           \
        struct pair got_;                                                                          \
        bool ok_ = load(leaf, (address), &got_);                                                   \
        test_check(ok_ && got_.first == (uint64_t)(expected), #leaf,                               \
                   "done %d, value %lx, expected %lx", (int)ok_, got_.first,                       \
                   (uint64_t)(expected));                                                          \
    } while (0)

#define LOAD_CHECK_BOTH(leaf, address, expected, other)                                            \
    do {                                                                                           \
        struct pair got_;                                                                          \
        bool ok_ = load(leaf, (address), &got_);                                                   \
        test_check(ok_ && got_.first == (uint64_t)(expected) && got_.second == (uint64_t)(other),  \
                   #leaf, "done %d, %lx and %lx, expected %lx and %lx", (int)ok_, got_.first,      \
                   got_.second, (uint64_t)(expected), (uint64_t)(other));                          \
    } while (0)

static void check_loads(void)
{
    /* The PrimeCell identification is the same in every PL011. */
    uintptr_t id = UARTPCELLID0;
    LOAD_CHECK(load_w, id, 0x0d);
    LOAD_CHECK(load_b, id, 0x0d);
    LOAD_CHECK(load_h, id, 0x0d);
    LOAD_CHECK(load_sb_w, id + 4U, 0xfffffff0);
    LOAD_CHECK(load_sb_x, id + 4U, 0xfffffffffffffff0);
    LOAD_CHECK(load_sb_x, id + 12U, 0xffffffffffffffb1);
    LOAD_CHECK(load_sh_x, id + 4U, 0xf0);
    LOAD_CHECK(load_sw_x, id + 4U, 0xf0);
    LOAD_CHECK(load_unscaled, id + 4U, 0x0d);
    LOAD_CHECK(load_register, id, 0xf0);
    LOAD_CHECK(load_register_scaled, id + 4U, 0x0d);
    LOAD_CHECK(load_acquire, id, 0x0d);
    LOAD_CHECK(load_zero, id, 0);
    LOAD_CHECK_BOTH(load_post, id, 0x0d, id + 4U);
    LOAD_CHECK_BOTH(load_pre, id, 0xf0, id + 4U);
    LOAD_CHECK_BOTH(load_pair_w, id, 0x0d, 0xf0);
    LOAD_CHECK_BOTH(load_pair_sw, id, 0x0d, 0xf0);
    LOAD_CHECK_BOTH(load_pair_nt, id, 0x0d, 0xf0);
    LOAD_CHECK_BOTH(load_pair_post, id, 0x0d, id + 8U);
    LOAD_CHECK_BOTH(load_sp, id, 0x0d, id + 16U);
    LOAD_CHECK(load_simd_s, id, 0x0d);
}

/* UARTIBRD after the store, and the base register. */
static void store_check(const char *name, uint64_t (*leaf)(uintptr_t, uint64_t), uint64_t value,
                        uint32_t expected, uintptr_t expected_base)
{
    mmio_write32(UARTIBRD, 0x1234);
    fault_expect();
    uint64_t base = leaf(UARTIBRD, value);
    struct fault f = fault_taken();
    uint32_t got = mmio_read32(UARTIBRD);
    test_check(!f.taken && got == expected && base == expected_base, name,
               "fault %d, register %x, expected %x, base %lx", (int)f.taken, got, expected, base);
}

static void check_stores(void)
{
    uint32_t integer = mmio_read32(UARTIBRD);
    uint32_t fraction = mmio_read32(UARTFBRD);
    store_check("store_w", store_w, 0x55, 0x55, UARTIBRD);
    store_check("store_h", store_h, 0x66, 0x66, UARTIBRD);
    store_check("store_unscaled", store_unscaled, 0x57, 0x57, UARTIBRD + 4U);
    store_check("store_release", store_release, 0x58, 0x58, UARTIBRD);
    store_check("store_post", store_post, 0x59, 0x59, UARTIBRD + 4U);
    store_check("store_pre", store_pre, 0x5a, 0x5a, UARTIBRD);
    store_check("store_zero", store_zero, 0xff, 0, UARTIBRD);
    store_check("store_simd", store_simd, 0x5b, 0x5b, UARTIBRD);
    store_check("store_pair", store_pair, UINT64_C(0x210000005c), 0x5c, UARTIBRD);
    TEST_EQUAL("store_pair_second", mmio_read32(UARTFBRD), 0x21);
    store_check("store_pair_pre", store_pair_pre, UINT64_C(0x220000005d), 0x5d, UARTIBRD);
    TEST_EQUAL("store_pair_pre_second", mmio_read32(UARTFBRD), 0x22);
    mmio_write32(UARTIBRD, integer);
    mmio_write32(UARTFBRD, fraction);
}

/* May end in a value or in an abort, but must end. */
static void survive(const char *name, struct pair (*leaf)(uintptr_t), uintptr_t address)
{
    struct pair ignored;
    fault_expect();
    ignored = leaf(address);
    struct fault f = fault_taken();
    (void)ignored;
    test_check(!f.taken || ESR_EC(f.esr) == EC_DABORT, name, "ESR %lx", f.esr);
}

static void expect_abort(const char *name, struct pair (*leaf)(uintptr_t), uintptr_t address)
{
    fault_expect();
    leaf(address);
    struct fault f = fault_taken();
    test_check(f.taken && ESR_EC(f.esr) == EC_DABORT && ESR_FSC(f.esr) == FSC_EXTERNAL, name,
               "taken %d, ESR %lx", (int)f.taken, f.esr);
}

static void check_limits(void)
{
    survive("wide_load", load_x, UARTPCELLID0);
    survive("wide_simd_load", load_simd_q, UARTPCELLID0);
    survive("unaligned_load", load_w, UART_ALIAS + 0xfe1U);
    survive("unaligned_halfword", load_h, UART_ALIAS + 0xfe3U);
    survive("unaligned_pair", load_pair_w, UART_ALIAS + 0xfe2U);
    expect_abort("straddle_end", load_w, UART_ALIAS + 0xffeU);
    expect_abort("straddle_end_wide", load_x, UART_ALIAS + 0xffcU);
    expect_abort("straddle_end_pair", load_pair_w, UART_ALIAS + 0xffcU);
    fault_expect();
    load_exclusive(UARTPCELLID0);
    struct fault f = fault_taken();
    test_check(!f.taken || ESR_EC(f.esr) == EC_DABORT, "exclusive_load", "ESR %lx", f.esr);
    fault_expect();
    store_exclusive(UARTIBRD, 1);
    f = fault_taken();
    test_check(!f.taken || ESR_EC(f.esr) == EC_DABORT, "exclusive_store", "ESR %lx", f.esr);
}

/* An access that faults half-way must leave the base register alone. */
static void check_no_write_back_on_fault(void)
{
    struct pair got = {0};
    fault_expect();
    got = load_post(UART_ALIAS + 0xffeU);
    struct fault f = fault_taken();
    test_check(f.taken && got.second == UART_ALIAS + 0xffeU, "no_write_back_on_fault",
               "taken %d, base %lx", (int)f.taken, got.second);
}

void guest_main(uint64_t devicetree)
{
    (void)devicetree;
    test_begin("mmio");
    check_loads();
    check_stores();
    check_limits();
    check_no_write_back_on_fault();
    test_done();
}
