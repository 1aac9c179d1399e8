/* The virtual CPU interface and the physical interrupts, for the host; fake/gich.h. */
#include "fake/gich.h"

#include "arch/barrier.h"
#include "gic/gic.h"
#include "lib/bits.h"
#include "test.h"
#include "vgic_variant.h"

#define LR_P BIT(62)
#define LR_A BIT(63)
#define LR_HW BIT(61)
#define LR_GROUP BIT(60)
#define LR_EOI BIT(41)

struct fake_cpuif fake_cpuifs[FAKE_CPU_MAX];
unsigned fake_lr_count;
struct fake_physical fake_ppis[FAKE_CPU_MAX][32];
struct fake_physical fake_spis[FAKE_PINTID_MAX];

static struct fake_cpuif *here(void)
{
    return &fake_cpuifs[fake_cpu];
}

/* --- gic_virtual.h ------------------------------------------------------------------------ */

unsigned fake_gich_lr_count(void)
{
    return fake_lr_count;
}

unsigned fake_gich_priority_bits(void)
{
    return 5;
}

bool fake_gich_can_trap_dir(void)
{
    return !vgic_gicd_is_banked();
}

uint64_t fake_gich_lr_read(unsigned i)
{
    CHECK(i < fake_lr_count);
    return here()->lr[i];
}

static uint64_t lr_intid(uint64_t lr)
{
    return bits_get(lr, 31, 0);
}

void fake_gich_lr_write(unsigned i, uint64_t lr)
{
    CHECK(i < fake_lr_count);
    /* Programming errors by the manual: pending and active with HW; one INTID twice; bits that
     * this priority width does not have. */
    CHECK((lr & (LR_P | LR_A | LR_HW)) != (LR_P | LR_A | LR_HW));
    CHECK_EQ(bits_get(lr, 50, 48), 0);
    for (unsigned j = 0; j < fake_lr_count && (lr & (LR_P | LR_A)) != 0; j++) {
        CHECK(j == i || (here()->lr[j] & (LR_P | LR_A)) == 0 ||
              lr_intid(here()->lr[j]) != lr_intid(lr));
    }
    here()->lr[i] = lr;
    here()->lr_writes++;
}

uint64_t fake_gich_hcr_read(void)
{
    return here()->hcr;
}

void fake_gich_hcr_write(uint64_t v)
{
    here()->hcr = v;
}

uint64_t fake_gich_vmcr_read(void)
{
    return here()->vmcr;
}

void fake_gich_vmcr_write(uint64_t v)
{
    here()->vmcr = v;
}

uint64_t fake_gich_eisr_read(void)
{
    uint64_t eisr = 0;
    for (unsigned i = 0; i < fake_lr_count; i++) {
        const uint64_t lr = here()->lr[i];
        eisr |= ((lr & (LR_P | LR_A | LR_HW)) == 0 && (lr & LR_EOI) != 0) ? BIT(i) : 0;
    }
    return eisr;
}

uint64_t fake_gich_elrsr_read(void)
{
    uint64_t elrsr = 0;
    for (unsigned i = 0; i < fake_lr_count; i++) {
        const uint64_t lr = here()->lr[i];
        elrsr |= ((lr & (LR_P | LR_A)) == 0 && ((lr & LR_HW) != 0 || (lr & LR_EOI) == 0))
                     ? BIT(i)
                     : 0;
    }
    return elrsr;
}

static bool any_state(uint64_t state)
{
    for (unsigned i = 0; i < fake_lr_count; i++) {
        if ((here()->lr[i] & (LR_P | LR_A)) == state) {
            return true;
        }
    }
    return false;
}

uint64_t fake_gich_misr_read(void)
{
    const uint64_t hcr = here()->hcr;
    const bool group0 = bit_is_set(here()->vmcr, 0);
    const bool group1 = bit_is_set(here()->vmcr, 1);
    uint64_t misr = 0;

    misr |= (fake_gich_eisr_read() != 0) ? BIT(0) : 0;
    misr |= (bit_is_set(hcr, 2) && bits_get(hcr, 31, 27) != 0) ? BIT(2) : 0;
    misr |= (bit_is_set(hcr, 3) && !any_state(LR_P)) ? BIT(3) : 0;
    misr |= (bit_is_set(hcr, 4) && group0) ? BIT(4) : 0;
    misr |= (bit_is_set(hcr, 5) && !group0) ? BIT(5) : 0;
    misr |= (bit_is_set(hcr, 6) && group1) ? BIT(6) : 0;
    misr |= (bit_is_set(hcr, 7) && !group1) ? BIT(7) : 0;
    return misr;
}

void fake_gich_settle(void)
{
    fake_barriers.isb++;
}

void gich_reset(void)
{
    SYSREG_WRITE(ICC_SRE_EL1, 7);
    memset(here()->lr, 0, sizeof(here()->lr));
    here()->hcr = 0;
    here()->vmcr = 0;
    here()->apr = 0;
}

void gich_save(struct gich_context *c)
{
    c->vmcr = here()->vmcr;
    c->apr[0] = here()->apr;
}

void gich_restore(const struct gich_context *c)
{
    CHECK_EQ(here()->hcr, 0);
    here()->vmcr = c->vmcr;
    here()->apr = (uint32_t)c->apr[0];
}

bool fake_maintenance_is_asserted(void)
{
    return bit_is_set(here()->hcr, 0) && gich_misr_read() != 0;
}

/* --- physical interrupts, gic/gic.h ------------------------------------------------------ */

void fake_physical_set_line(struct fake_physical *p, bool high)
{
    if (p->edge && high && !p->line) {
        p->pending = true;
    }
    p->line = high;
}

static bool physical_is_pending(const struct fake_physical *p)
{
    return p->pending || (!p->edge && p->line);
}

bool fake_physical_is_asserted(const struct fake_physical *p)
{
    return p->enabled && !p->active && physical_is_pending(p);
}

void fake_physical_acknowledge(struct fake_physical *p)
{
    CHECK(fake_physical_is_asserted(p));
    p->active = true;
    p->pending = false;
}

void gic_spi_enable(uint32_t intid, bool enable)
{
    fake_spis[intid].enabled = enable;
}

void gic_spi_configure(uint32_t intid, bool edge, unsigned cpu)
{
    fake_spis[intid].enabled = false;
    fake_spis[intid].edge = edge;
    fake_spis[intid].cpu = cpu;
}

void gic_spi_take(uint32_t intid, bool edge, unsigned cpu)
{
    gic_spi_configure(intid, edge, cpu);
    gic_spi_set_pending(intid, false);
    gic_spi_set_active(intid, false);
}

void gic_spi_route(uint32_t intid, unsigned cpu)
{
    fake_spis[intid].cpu = cpu;
}

void gic_spi_set_pending(uint32_t intid, bool pending)
{
    fake_spis[intid].pending = pending;
}

void gic_spi_set_active(uint32_t intid, bool active)
{
    fake_spis[intid].active = active;
}

bool gic_spi_is_pending(uint32_t intid)
{
    return physical_is_pending(&fake_spis[intid]);
}

/* A GICv2 has the registers of PPIs banked: nobody reaches another CPU's [IHI0048 4.1.4]. */
static struct fake_physical *ppi_of(unsigned cpu, uint32_t intid)
{
    CHECK(cpu == fake_cpu || !vgic_gicd_is_banked());
    return &fake_ppis[cpu][intid];
}

void gic_ppi_enable_on(unsigned cpu, uint32_t intid, bool enable)
{
    ppi_of(cpu, intid)->enabled = enable;
}

void gic_ppi_set_pending_on(unsigned cpu, uint32_t intid, bool pending)
{
    ppi_of(cpu, intid)->pending = pending;
}

void gic_ppi_set_active_on(unsigned cpu, uint32_t intid, bool active)
{
    ppi_of(cpu, intid)->active = active;
}

uint32_t gic_ppis_silence(uint32_t ppis)
{
    uint32_t pending = 0;

    for (uint32_t left = ppis; left != 0; left &= left - 1U) {
        struct fake_physical *const p = &fake_ppis[fake_cpu][__builtin_ctz(left)];
        pending |= physical_is_pending(p) ? left & (0U - left) : 0U;
        p->enabled = p->pending = p->active = false;
    }
    return pending;
}

void gic_ppis_enable(uint32_t ppis)
{
    for (uint32_t left = ppis; left != 0; left &= left - 1U) {
        fake_ppis[fake_cpu][__builtin_ctz(left)].enabled = true;
    }
}

bool gic_ppi_is_pending_on(unsigned cpu, uint32_t intid)
{
    return physical_is_pending(ppi_of(cpu, intid));
}

/* --- the guest's CPU interface ------------------------------------------------------------ */

unsigned fake_guest_running_priority(void)
{
    return (here()->apr == 0) ? 0x100U : (unsigned)__builtin_ctz(here()->apr) << 3;
}

static int best_list_register(void)
{
    const uint64_t vmcr = here()->vmcr;
    unsigned least = (unsigned)bits_get(vmcr, 31, 24);
    int best = -1;

    if (!bit_is_set(here()->hcr, 0)) {
        return -1;
    }
    if (fake_guest_running_priority() < least) {
        least = fake_guest_running_priority();
    }
    for (unsigned i = 0; i < fake_lr_count; i++) {
        const uint64_t lr = here()->lr[i];
        const bool on = bit_is_set(vmcr, ((lr & LR_GROUP) != 0) ? 1 : 0);
        if ((lr & (LR_P | LR_A)) == LR_P && on && bits_get(lr, 55, 48) < least) {
            least = (unsigned)bits_get(lr, 55, 48);
            best = (int)i;
        }
    }
    return best;
}

uint32_t fake_guest_would_acknowledge(void)
{
    const int i = best_list_register();

    return (i < 0) ? FAKE_NO_INTID : (uint32_t)lr_intid(here()->lr[i]);
}

uint32_t fake_guest_acknowledge(void)
{
    const int i = best_list_register();

    if (i < 0) {
        return FAKE_NO_INTID;
    }
    here()->apr |= UINT32_C(1) << (bits_get(here()->lr[i], 55, 48) >> 3);
    here()->lr[i] = (here()->lr[i] & ~LR_P) | LR_A;
    return (uint32_t)lr_intid(here()->lr[i]);
}

static void physical_deactivate(uint32_t pintid)
{
    struct fake_physical *const p =
        (pintid < 32U) ? &fake_ppis[fake_cpu][pintid] : &fake_spis[pintid];

    p->active = false;
}

void fake_guest_deactivate(uint32_t intid)
{
    for (unsigned i = 0; i < fake_lr_count; i++) {
        uint64_t *const lr = &here()->lr[i];
        if ((*lr & LR_A) != 0 && lr_intid(*lr) == intid) {
            *lr &= ~LR_A;
            if ((*lr & LR_HW) != 0) {
                physical_deactivate((uint32_t)bits_get(*lr, 44, 32));
            }
            return;
        }
    }
    if (bits_get(here()->hcr, 31, 27) < 31U) {
        here()->hcr += UINT64_C(1) << 27;
    }
}

void fake_guest_end(uint32_t intid)
{
    here()->apr &= here()->apr - 1U; /* the highest active priority */
    if (!bit_is_set(here()->vmcr, 9)) {
        fake_guest_deactivate(intid);
    }
}

void fake_guest_enable_groups(bool group0, bool group1)
{
    here()->vmcr = bits_set(here()->vmcr, 1, 0, (group0 ? 1U : 0U) | (group1 ? 2U : 0U));
}

void fake_guest_set_mask(uint8_t priority)
{
    here()->vmcr = bits_set(here()->vmcr, 31, 24, priority);
}

void fake_guest_set_eoimode(bool separate)
{
    here()->vmcr = bits_set(here()->vmcr, 9, 9, separate ? 1U : 0U);
}

static void reset(void)
{
    memset(fake_cpuifs, 0, sizeof(fake_cpuifs));
    memset(fake_ppis, 0, sizeof(fake_ppis));
    memset(fake_spis, 0, sizeof(fake_spis));
    fake_lr_count = 4;
}

__attribute__((constructor)) static void register_reset(void)
{
    test_on_begin(reset);
}
