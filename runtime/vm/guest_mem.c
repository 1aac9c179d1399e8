/* Guest memory as EL2 sees it; vm/guest_mem.h.
 *
 * Every address is looked up in the VM's windows (INV-WINDOW-SORTED), never taken as physical. A
 * guest may change memory while it is read here: callers read a thing once, then check the copy.
 * A guest that runs with its caches off writes past them, so stale lines are dropped before a
 * read on its behalf (memory_refresh). The stage-1 walk reads at most four descriptors.
 *
 * @req CORE-7 */
#include "vm/guest_mem.h"

#include "arch/memory.h"
#include "lib/bits.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "lib/range.h"

#define INSTRUCTION_BYTES 4U
/* Each halves what is left of at most CFG_WINDOW_COUNT windows, rounded up. */
#define SEARCH_STEPS_MAX (33U - (unsigned)__builtin_clz(CFG_WINDOW_COUNT | 1U))
#define SCTLR_EL1_M BIT(0)
#define SCTLR_EL1_EE BIT(25)

const struct cfg_window *guest_window(uint16_t vm, ipa_t ipa)
{
    const struct cfg_window *const windows = &cfg_windows[cfg_vms[vm].first_window];
    unsigned low = 0;
    unsigned high = cfg_vms[vm].window_count;
    while (low < high) {
        LOOP_BOUND(SEARCH_STEPS_MAX);
        const unsigned middle = (low + high) / 2U;
        if (ipa.ipa < windows[middle].ipa) {
            high = middle;
        } else if (!range_has(windows[middle].ipa, windows[middle].size, ipa.ipa)) {
            low = middle + 1U;
        } else {
            return &windows[middle];
        }
    }
    return NULL;
}

static bool is_readable_memory(const struct cfg_window *w)
{
    return w->kind != CFG_WINDOW_DEVICE && w->kind != CFG_WINDOW_GICV && (w->access & CFG_R) != 0U;
}

bool guest_read_ipa(uint16_t vm, ipa_t ipa, void *dst, size_t bytes)
{
    uint8_t *to = dst;
    if (bytes > GUEST_READ_MAX) {
        return false;
    }
    while (bytes > 0U) {
        LOOP_BOUND(2); /* windows are pages: so few bytes lie in two at most */
        const struct cfg_window *const w = guest_window(vm, ipa);
        if (w == NULL || !is_readable_memory(w)) {
            return false;
        }
        const uint64_t offset = ipa.ipa - w->ipa;
        const size_t part = (bytes < w->size - offset) ? bytes : (size_t)(w->size - offset);
        const pa_t pa = pa_make(w->pa + offset);
        const void *const from = memory_pointer(pa);
        memory_refresh(pa, part);
        LOOP_SIZE(GUEST_READ_MAX);
        (void)memcpy(to, from, part);
        to = &to[part];
        ipa.ipa += part;
        bytes -= part;
    }
    return true;
}

/* --- stage 1 of the guest [DDI0487 D8.2] ------------------------------------------------- */

#define LEVEL_LAST 3U
#define OUTPUT_TOP 47U /* 48-bit output addresses: no FEAT_LPA, no FEAT_LPA2 */
#define TCR_EL1_DS BIT(59)

/* One of the two regions of a guest's address space, from its half of TCR_EL1. */
struct stage1 {
    uint64_t root;       /* IPA of the first table */
    unsigned va_bits;    /* of the region */
    unsigned page_shift; /* 12, 14 or 16 */
};

/* TG0 and TG1 encode the granule differently [DDI0487 D24.2, TCR_EL1]. 0: reserved. */
static unsigned page_shift_of(uint64_t tcr, bool upper)
{
    static const uint8_t tg0[4] = {12, 16, 14, 0};
    static const uint8_t tg1[4] = {0, 14, 12, 16};
    return upper ? tg1[bits_get(tcr, 31, 30)] : tg0[bits_get(tcr, 15, 14)];
}

/* Sign extension above the region, but for the top byte where it is ignored (TBI). */
static bool is_canonical(uint64_t va, unsigned va_bits, bool upper, bool top_byte_ignored)
{
    const unsigned high = top_byte_ignored ? 55U : 63U;
    const uint64_t sign = bits_get(va, high, va_bits);
    return sign == (upper ? bits_get(UINT64_MAX, high, va_bits) : 0U);
}

static bool stage1_region(uint64_t va, struct stage1 *s)
{
    const uint64_t tcr = SYSREG_READ(TCR_EL1);
    const bool upper = bit_is_set(va, 55);
    const unsigned tsz = (unsigned)(upper ? bits_get(tcr, 21, 16) : bits_get(tcr, 5, 0));
    const bool is_disabled = bit_is_set(tcr, upper ? 23 : 7); /* EPD1, EPD0 */
    const bool tbi = bit_is_set(tcr, upper ? 38 : 37);

    s->page_shift = page_shift_of(tcr, upper);
    s->va_bits = 64U - tsz;
    if (is_disabled || s->page_shift == 0U || (tcr & TCR_EL1_DS) != 0U || s->va_bits > 48U ||
        s->va_bits <= s->page_shift || !is_canonical(va, s->va_bits, upper, tbi)) {
        return false;
    }
    const uint64_t ttbr = upper ? SYSREG_READ(TTBR1_EL1) : SYSREG_READ(TTBR0_EL1);
    s->root = ttbr & FIELD(47, 1);
    return true;
}

static bool read_descriptor(uint16_t vm, uint64_t ipa, uint64_t *descriptor)
{
    if (!guest_read_ipa(vm, ipa_make(ipa), descriptor, sizeof(*descriptor))) {
        return false;
    }
    if ((SYSREG_READ(SCTLR_EL1) & SCTLR_EL1_EE) != 0U) {
        *descriptor = __builtin_bswap64(*descriptor);
    }
    return true;
}

/* Blocks exist at levels 1 and 2 with 4 KiB pages, else at level 2. */
static bool is_leaf(uint64_t descriptor, unsigned level, unsigned page_shift)
{
    const bool has_block = level == 2U || (level == 1U && page_shift == 12U);
    return (level == LEVEL_LAST) ? bits_get(descriptor, 1, 0) == 3U
                                 : has_block && bits_get(descriptor, 1, 0) == 1U;
}

static bool stage1_walk(uint16_t vm, const struct stage1 *s, uint64_t va, ipa_t *ipa)
{
    const unsigned stride = s->page_shift - 3U; /* a table fills a page of 8-byte descriptors */
    const unsigned levels = (s->va_bits - s->page_shift + stride - 1U) / stride;
    unsigned top = s->va_bits - 1U;
    /* The root table may be smaller than a page; it is aligned to its size of 8-byte entries. */
    const unsigned root_bits = s->va_bits - (s->page_shift + (levels - 1U) * stride);
    uint64_t table = s->root & ~FIELD(root_bits + 2U, 0);

    for (unsigned level = LEVEL_LAST + 1U - levels; level <= LEVEL_LAST; level++) {
        LOOP_BOUND(LEVEL_LAST + 1U);
        const unsigned low = s->page_shift + (LEVEL_LAST - level) * stride;
        uint64_t descriptor;
        if (!read_descriptor(vm, table + bits_get(va, top, low) * 8U, &descriptor)) {
            return false;
        }
        if (is_leaf(descriptor, level, s->page_shift)) {
            ipa->ipa = (descriptor & FIELD(OUTPUT_TOP, low)) | bits_get(va, low - 1U, 0);
            return true;
        }
        if (level == LEVEL_LAST || bits_get(descriptor, 1, 0) != 3U) {
            return false;
        }
        table = descriptor & FIELD(OUTPUT_TOP, s->page_shift);
        top = low - 1U;
    }
    return false;
}

bool guest_va_to_ipa(const struct vcpu *v, va_t va, ipa_t *ipa)
{
    struct stage1 s;
    if ((SYSREG_READ(SCTLR_EL1) & SCTLR_EL1_M) == 0U) {
        ipa->ipa = va.va;
        return true;
    }
    return stage1_region(va.va, &s) && stage1_walk(v->vm, &s, va.va, ipa);
}

bool guest_fetch(const struct vcpu *v, uint32_t *instruction)
{
    const uint64_t pc = vcpu_pc();
    ipa_t ipa;
    return pc % INSTRUCTION_BYTES == 0U && guest_va_to_ipa(v, va_make(pc), &ipa) &&
           guest_read_ipa(v->vm, ipa, instruction, INSTRUCTION_BYTES);
}
