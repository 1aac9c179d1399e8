/* Choice of interrupts for the list registers; vgic/choice.h [IHI0069 4.8, 6.3].
 *
 * Order: pending interrupts of a group that the guest's CPU interface has enabled before those it
 * has not; then by priority; on equal priority the active one first, then the lower INTID. If
 * only active ones would be chosen while something is pending, the best pending one takes the
 * last place: a guest that keeps interrupts active for long (EOImode 1) must still be
 * interruptible.
 *
 * @req IRQ-1 */
#include "vgic/choice.h"

#include "lib/loop.h"
#include "vgic/route.h"
#include "vgic/word.h"

enum { PRIORITY_COUNT = 256 };
enum { KEY_NOT_ACTIVE = 1U << 0, KEY_PRIORITY_SHIFT = 1, KEY_GROUP_OFF = 1U << 9 };

struct search {
    const struct vgic_vm *g;
    struct vgic_redist *r;
    struct vgic_choice *c;
    unsigned room;
    uint32_t group0_off; /* all ones: the CPU interface has Group 0 disabled */
    uint32_t group1_off;
    uint16_t best_pending; /* INTID, by best_key */
    uint16_t best_key;
};

uint8_t vgic_priority(const struct vgic_vm *g, const struct vgic_redist *r, unsigned intid)
{
    return (intid < VGIC_PRIVATE_COUNT) ? r->priority[intid] : vgic_spi_of(g, intid)->priority;
}

static uint16_t key_of(const struct search *s, const struct vgic_word *w, unsigned intid)
{
    const uint32_t bit = UINT32_C(1) << (intid % 32U);
    const uint32_t off = (w->group & s->group1_off) | (~w->group & s->group0_off);
    unsigned key = (unsigned)vgic_priority(s->g, s->r, intid) << KEY_PRIORITY_SHIFT;

    if ((w->active & bit) == 0U) {
        key |= KEY_NOT_ACTIVE;
        key |= ((off & bit) != 0U) ? KEY_GROUP_OFF : 0U;
    }
    return (uint16_t)key;
}

static bool key_is_active(unsigned key)
{
    return (key & KEY_NOT_ACTIVE) == 0U;
}

/* Inserts into the sorted choice; what does not fit, or falls off its end, is left out. */
static void consider(struct search *s, const struct vgic_word *w, uint16_t intid)
{
    struct vgic_choice *c = s->c;
    const uint16_t key = key_of(s, w, intid);
    unsigned at = c->count;

    c->seen++;
    c->seen_active += key_is_active(key) ? 1U : 0U;
    if (!key_is_active(key) && key < s->best_key) {
        s->best_key = key;
        s->best_pending = intid;
    }
    if (at == s->room) {
        if (at == 0U || c->key[at - 1U] <= key) {
            return;
        }
        at--;
    } else {
        c->count++;
    }
    for (; at > 0U && c->key[at - 1U] > key; at--) {
        LOOP_BOUND(GICH_LR_MAX);
        c->key[at] = c->key[at - 1U];
        c->intid[at] = c->intid[at - 1U];
    }
    c->key[at] = key;
    c->intid[at] = intid;
}

static void consider_private(struct search *s)
{
    const struct vgic_word *w = &s->r->word;
    uint32_t bits = word_wanted(w);

    bits &= s->r->is_asleep ? w->active : UINT32_MAX;
    for (; bits != 0U; bits &= bits - 1U) {
        LOOP_BOUND(32);
        consider(s, w, (uint16_t)__builtin_ctz(bits));
    }
}

static void consider_spis(struct search *s, unsigned n)
{
    const struct vgic_word *w = vgic_spi_word(s->g, n);
    uint32_t bits = word_wanted(w);

    bits &= s->r->is_asleep ? w->active : UINT32_MAX;
    for (; bits != 0U; bits &= bits - 1U) {
        LOOP_BOUND(32);
        const unsigned intid = (n + 1U) * 32U + (unsigned)__builtin_ctz(bits);
        if (vgic_spi_holder(s->g, intid) == s->r) {
            consider(s, w, (uint16_t)intid);
        }
    }
}

static unsigned count_active(const struct vgic_choice *c)
{
    unsigned active = 0;

    for (unsigned i = 0; i < c->count; i++) {
        LOOP_BOUND(GICH_LR_MAX);
        active += key_is_active(c->key[i]) ? 1U : 0U;
    }
    return active;
}

static void keep_place_for_pending(struct search *s)
{
    struct vgic_choice *c = s->c;

    if (s->best_pending != VGIC_NO_INTID && c->count > 0U && count_active(c) == c->count) {
        c->intid[c->count - 1U] = s->best_pending;
        c->key[c->count - 1U] = s->best_key;
    }
}

void vgic_choose(const struct vgic_vm *g, struct vgic_redist *r, unsigned room,
                 struct vgic_choice *c)
{
    const uint64_t vmcr = gich_vmcr_read();
    struct search s = {
        .g = g,
        .r = r,
        .c = c,
        .room = room,
        .group0_off = ((vmcr & VMCR_VENG0) != 0U) ? 0U : UINT32_MAX,
        .group1_off = ((vmcr & VMCR_VENG1) != 0U) ? 0U : UINT32_MAX,
        .best_pending = VGIC_NO_INTID,
        .best_key = UINT16_MAX,
    };

    c->count = 0;
    c->seen = 0;
    c->seen_active = 0;
    consider_private(&s);
    for (uint32_t words = g->ready; words != 0U; words &= words - 1U) {
        LOOP_BOUND(CFG_VM_SPI_MAX / 32U);
        consider_spis(&s, (unsigned)__builtin_ctz(words));
    }
    keep_place_for_pending(&s);
    const unsigned active = count_active(c);
    c->left_active = c->seen_active > active;
    c->left_pending = c->seen - c->seen_active > c->count - active;
}

/* Of word `n` (0: private), the active interrupts of `r` that are not listed. */
static uint32_t left_out_active(const struct vgic_vm *g, struct vgic_redist *r, unsigned n)
{
    const struct vgic_word *w = vgic_word_of(g, r, n * 32U);
    uint32_t found = w->active & ~w->listed;

    if (n == 0U) {
        return found;
    }
    for (uint32_t bits = found; bits != 0U; bits &= bits - 1U) {
        LOOP_BOUND(32);
        if (vgic_spi_holder(g, n * 32U + (unsigned)__builtin_ctz(bits)) != r) {
            found &= ~(bits & (0U - bits));
        }
    }
    return found;
}

/* Two passes, whatever `count` is: the first counts by priority, from which follows up to which
 * priority all are meant, and how many of that one. */
unsigned vgic_choice_highest_active(const struct vgic_vm *g, struct vgic_redist *r, unsigned count,
                                    uint16_t *intid)
{
    uint16_t of_priority[PRIORITY_COUNT] = {0};
    unsigned limit = 0;
    unsigned left = count;
    unsigned found = 0;

    for (unsigned n = 0; n <= g->spi_words; n++) {
        LOOP_BOUND(CFG_VM_SPI_MAX / 32U + 1U);
        for (uint32_t bits = left_out_active(g, r, n); bits != 0U; bits &= bits - 1U) {
            LOOP_BOUND(32);
            of_priority[vgic_priority(g, r, n * 32U + (unsigned)__builtin_ctz(bits))]++;
        }
    }
    for (; limit < PRIORITY_COUNT && of_priority[limit] <= left; limit++) {
        LOOP_BOUND(PRIORITY_COUNT);
        left -= of_priority[limit];
    }
    for (unsigned n = 0; n <= g->spi_words; n++) {
        LOOP_BOUND(CFG_VM_SPI_MAX / 32U + 1U);
        for (uint32_t bits = left_out_active(g, r, n); bits != 0U; bits &= bits - 1U) {
            LOOP_BOUND(32);
            const unsigned number = n * 32U + (unsigned)__builtin_ctz(bits);
            const unsigned priority = vgic_priority(g, r, number);
            const bool is_tie = priority == limit && left > 0U;
            left -= is_tie ? 1U : 0U;
            if (priority < limit || is_tie) {
                intid[found++] = (uint16_t)number;
            }
        }
    }
    return found;
}
