/* SGIs of a virtual GICv2: GICD_SGIR, GICD_SPENDSGIR, GICD_CPENDSGIR; vgic/v2/sgi.h.
 *
 * Owns vgic_sources, under the VM's lock. The registers are banked: a guest sees and changes what
 * is pending at its own vCPU, and sends to any. With one security state GICD_SGIR.NSATT has no
 * meaning, and an SGI is sent whatever group it is in [IHI0048 4.3.15].
 *
 * @req IRQ-2 */
#include "vgic/v2/sgi.h"

#include "lib/loop.h"
#include "vgic/lists_add.h"
#include "vgic/route.h"
#include "vgic/word.h"

struct vgic_sources vgic_sources[CFG_VCPU_COUNT];

enum sgi_filter { SGI_TO_LIST, SGI_TO_OTHERS, SGI_TO_SELF, SGI_RESERVED };

/* The vCPUs of the VM that the write is for, a bit each. Reserved: none. */
static uint32_t targets_of(const struct vgic_vm *g, unsigned self, uint64_t value)
{
    const uint32_t all = (UINT32_C(1) << vgic_cfg(g)->vcpu_count) - 1U;

    switch ((enum sgi_filter)bits_get(value, 25, 24)) {
    case SGI_TO_LIST:
        return (uint32_t)bits_get(value, 23, 16) & all;
    case SGI_TO_OTHERS:
        return all & ~(UINT32_C(1) << self);
    case SGI_TO_SELF:
        return UINT32_C(1) << self;
    case SGI_RESERVED:
    default:
        return 0;
    }
}

/* `intid` becomes pending at `r` for the vCPUs of `sources`. One that a list register has as
 * pending already is the same event: it comes together when that is read back. */
static void add_sources(struct vgic_vm *g, struct vgic_redist *r, unsigned intid, uint8_t sources)
{
    vgic_sources[r->vcpu].waiting[intid] |= sources;
    if (r != g->own || !vgic_lists_add(r, intid)) {
        r->word.latch |= UINT32_C(1) << intid;
        vgic_private_changed(g, r, 0);
    }
}

void vgic_write_sgir(struct vgic_access *a)
{
    struct vgic_vm *g = a->g;
    const unsigned self = vgic_index_of(g, a->r);
    const unsigned intid = (unsigned)bits_get(a->value, 3, 0);

    for (uint32_t left = targets_of(g, self, a->value); left != 0U; left &= left - 1U) {
        LOOP_BOUND(8);
        add_sources(g, vgic_redist_at(g, (unsigned)__builtin_ctz(left)), intid,
                    (uint8_t)(1U << self));
    }
}

/* Those that wait, and the one that the list register has as pending. */
static uint8_t pending_sources(const struct vgic_redist *r, unsigned intid)
{
    const struct vgic_sources *s = &vgic_sources[r->vcpu];
    const struct vgic_word *w = &r->word;
    const uint32_t listed = w->listed & w->lr_pending & ~w->drop_pending;

    return (uint8_t)(s->waiting[intid] | ((listed >> intid & 1U) << s->listed[intid]));
}

uint64_t vgic_read_sgi_sources(struct vgic_access *a)
{
    uint64_t value = 0;

    vgic_lists_look(a->g, a->r);
    for (uint32_t i = 0; i < a->count; i++) {
        LOOP_BOUND(8);
        value |= (uint64_t)pending_sources(a->r, a->intid + i) << (8U * i);
    }
    return value;
}

/* Sources that the VM does not have cannot be pending. */
static uint8_t written_sources(const struct vgic_access *a, uint32_t i)
{
    const uint32_t all = (UINT32_C(1) << vgic_cfg(a->g)->vcpu_count) - 1U;

    return (uint8_t)(a->value >> (8U * i) & all);
}

void vgic_write_set_sgi_sources(struct vgic_access *a)
{
    for (uint32_t i = 0; i < a->count; i++) {
        LOOP_BOUND(8);
        const uint8_t sources = written_sources(a, i);

        if (sources != 0U) {
            add_sources(a->g, a->r, a->intid + i, sources);
        }
    }
}

static void clear_sources(struct vgic_access *a, unsigned intid, uint8_t sources)
{
    struct vgic_sources *s = &vgic_sources[a->r->vcpu];
    struct vgic_word *w = &a->r->word;
    const uint32_t bit = UINT32_C(1) << intid;

    s->waiting[intid] &= (uint8_t)~sources;
    if (s->waiting[intid] == 0U) {
        w->latch &= ~bit;
    }
    if (bit_is_set(sources, s->listed[intid])) {
        w->drop_pending |= w->listed & bit;
    }
}

void vgic_write_clear_sgi_sources(struct vgic_access *a)
{
    for (uint32_t i = 0; i < a->count; i++) {
        LOOP_BOUND(8);
        clear_sources(a, a->intid + i, written_sources(a, i));
    }
    vgic_private_changed(a->g, a->r, 0);
}
