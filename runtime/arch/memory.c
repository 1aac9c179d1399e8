/* Bulk clear and copy with maintenance to the point of coherency.
 *
 * A guest starts with its MMU and caches off: its first accesses bypass the caches, so what EL2
 * wrote must reach the point of coherency first [DDI0487 D7.5.9]. Cleaning and invalidating by
 * line, then one DSB, is what makes that so on a core whose caches are real.
 * DC ZVA needs no read of the line and is used where DCZID_EL0 permits it.
 *
 * @req CPU-4 */
#include "arch/memory.h"

#include "arch/barrier.h"
#include "arch/sysreg.h"
#include "lib/bits.h"
#include "lib/loop.h"

void *memory_pointer(pa_t pa)
{
    return (void *)(uintptr_t)pa.pa;
}

/* CCSIDR_EL1.LineSize has no encoding for a smaller one [DDI0487 D24.2.25]. */
#define LINE_BYTES_MIN 16U
/* Smaller blocks are not worth DC ZVA; those of today's cores have 64 bytes. */
#define ZVA_BYTES_MIN 64U

/* Bytes of the smallest data cache line in the system [DDI0487 D24.2, CTR_EL0]. */
static uint64_t data_line_bytes(void)
{
    return UINT64_C(4) << bits_get(SYSREG_READ(CTR_EL0), 19, 16);
}

static void clean_invalidate(uint64_t start, uint64_t end)
{
    const uint64_t line = data_line_bytes();

    uint64_t a = start & ~(line - 1U);

    /* Four lines a turn: clearing RAM is most of a VM's start. */
    for (; a < end && end - a > 4U * line; a += 4U * line) {
        LOOP_BOUND(MEMORY_CHUNK_BYTES / (4U * LINE_BYTES_MIN) + 1U);
        __asm__ volatile("dc civac, %0\n\tdc civac, %1\n\tdc civac, %2\n\tdc civac, %3" ::"r"(a),
                         "r"(a + line), "r"(a + 2U * line), "r"(a + 3U * line)
                         : "memory");
    }
    for (; a < end; a += line) {
        LOOP_BOUND(5);
        __asm__ volatile("dc civac, %0" ::"r"(a) : "memory");
    }
    dsb_sy();
}

/* Block size of DC ZVA in bytes; 0: prohibited, or small [DDI0487 D24.2, DCZID_EL0]. */
static uint64_t zva_bytes(void)
{
    const uint64_t dczid = SYSREG_READ(DCZID_EL0);
    const uint64_t bytes = UINT64_C(4) << bits_get(dczid, 3, 0);

    return (bit_is_set(dczid, 4) || bytes < ZVA_BYTES_MIN) ? 0U : bytes;
}

static uint64_t store_zeros(uint64_t a, uint64_t end)
{
    while (a < end && (a & 7U) != 0U) {
        LOOP_BOUND(7);
        *(volatile uint8_t *)(uintptr_t)a = 0;
        a++;
    }
    for (; end - a >= 16U && a < end; a += 16U) {
        LOOP_BOUND(MEMORY_CHUNK_BYTES / 16U);
        __asm__ volatile("stp xzr, xzr, [%0]" ::"r"(a) : "memory");
    }
    for (; a < end; a++) {
        LOOP_BOUND(15);
        *(volatile uint8_t *)(uintptr_t)a = 0;
    }
    return end;
}

void memory_clear(pa_t dst, uint64_t bytes)
{
    const uint64_t end = dst.pa + bytes;
    const uint64_t block = zva_bytes();
    uint64_t a = dst.pa;

    if (block != 0U && bytes >= 2U * block) {
        a = store_zeros(a, (a + block - 1U) & ~(block - 1U));
        for (; end - a >= 4U * block; a += 4U * block) {
            LOOP_BOUND(MEMORY_CHUNK_BYTES / (4U * ZVA_BYTES_MIN));
            __asm__ volatile("dc zva, %0\n\tdc zva, %1\n\tdc zva, %2\n\tdc zva, %3" ::"r"(a),
                             "r"(a + block), "r"(a + 2U * block), "r"(a + 3U * block)
                             : "memory");
        }
        for (; end - a >= block; a += block) {
            LOOP_BOUND(3);
            __asm__ volatile("dc zva, %0" ::"r"(a) : "memory");
        }
    }
    (void)store_zeros(a, end);
    clean_invalidate(dst.pa, end);
}

void memory_copy(pa_t dst, pa_t src, uint64_t bytes)
{
    uint64_t d = dst.pa;
    uint64_t s = src.pa;
    const uint64_t end = dst.pa + bytes;

    /* Both are Normal memory and SCTLR_EL2.A is 0: any alignment will do [DDI0487 B2.7.2]. */
    for (; end - d >= 64U; d += 64U, s += 64U) {
        LOOP_BOUND(MEMORY_CHUNK_BYTES / 64U);
        uint64_t r0, r1, r2, r3, r4, r5, r6, r7;
        __asm__ volatile("ldp %0, %1, [%8]\n\tldp %2, %3, [%8, #16]\n\t"
                         "ldp %4, %5, [%8, #32]\n\tldp %6, %7, [%8, #48]\n\t"
                         "stp %0, %1, [%9]\n\tstp %2, %3, [%9, #16]\n\t"
                         "stp %4, %5, [%9, #32]\n\tstp %6, %7, [%9, #48]"
                         : "=&r"(r0), "=&r"(r1), "=&r"(r2), "=&r"(r3), "=&r"(r4), "=&r"(r5),
                           "=&r"(r6), "=&r"(r7)
                         : "r"(s), "r"(d)
                         : "memory");
    }
    for (; d < end; d++, s++) {
        LOOP_BOUND(63);
        *(volatile uint8_t *)(uintptr_t)d = *(const volatile uint8_t *)(uintptr_t)s;
    }
    clean_invalidate(dst.pa, end);
}

void memory_publish(pa_t at, uint64_t value)
{
    *(volatile uint64_t *)(uintptr_t)at.pa = value;
    clean_invalidate(at.pa, at.pa + sizeof(value));
}

void memory_sync_instructions(void)
{
    /* The data writes are already at the PoC; drop stale instructions everywhere
     * [DDI0487 D7.5.9.3]. */
    __asm__ volatile("ic ialluis" ::: "memory");
    dsb_ish();
    isb();
}
