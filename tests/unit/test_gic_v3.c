/* sources: gic/spi.c gic/v3/distributor.c gic/v3/redistributor.c gic/v3/cpu_interface.c */
/* The physical GICv3 driver against registers written from IHI0069 12.8 to 12.11: with one security
 * state and as the Non-secure view of two, frames in any order, and a GIC that is not there.
 * @req IRQ-3 */
#include "gic/v3/gic_cpu.h"

#include "arch/barrier.h"
#include "arch/mmio.h"
#include "arch/sysreg.h"
#include "config/config.h"
#include "core/percpu.h"
#include "fake/core.h"
#include "gic/gic.h"
#include "test.h"

enum { INTIDS = 96, FRAME = 0x20000 };

const struct cfg_cpu cfg_cpus[CFG_CPU_COUNT] = {
    {.mpidr = 0x80000000}, {.mpidr = 0x80000001}, {.mpidr = 0x80000112},
    {.mpidr = UINT64_C(0x0580010203)},
};

static struct {
    uint32_t ctlr, pidr2, typer, rwp_polls;
    uint32_t group[INTIDS / 32], enabled[INTIDS / 32], pending[INTIDS / 32], active[INTIDS / 32];
    uint8_t priority[INTIDS];
    uint32_t config[INTIDS / 16];
    uint64_t router[INTIDS];
    uint32_t pends_when_configured; /* of INTIDs 32..63 */
} d;

static struct redist {
    uint64_t typer;
    uint32_t waker, group, enabled, pending, active, wake_polls;
    uint8_t priority[32];
} r[4];

static bool ds, rwp_stuck, waker_stuck;
static unsigned stride = FRAME;

static uint32_t *bitmap(uint64_t offset, bool *clear, uint32_t group[], uint32_t enabled[],
                        uint32_t pending[], uint32_t active[])
{
    uint32_t *const maps[] = {group, enabled, enabled, pending, pending, active, active};
    const uint64_t map = (offset - 0x80) / 0x80;

    *clear = map == 2 || map == 4 || map == 6;
    return &maps[map][offset % 0x80 / 4];
}

static void write_bitmap(uint64_t offset, uint32_t v, uint32_t group[], uint32_t enabled[],
                         uint32_t pending[], uint32_t active[])
{
    bool clear;
    uint32_t *const w = bitmap(offset, &clear, group, enabled, pending, active);

    if (offset < 0x100) {
        *w = ds ? v : *w; /* RAZ/WI in the Non-secure view */
    } else {
        *w = clear ? *w & ~v : *w | v;
    }
}

static uint64_t gicd_load(uint64_t o, unsigned bytes)
{
    bool clear;

    if (o == 0) {
        const bool busy = rwp_stuck || d.rwp_polls > 0;
        d.rwp_polls -= (d.rwp_polls > 0) ? 1 : 0;
        return d.ctlr | (busy ? 1u << 31 : 0);
    } else if (o == 4) {
        return d.typer;
    } else if (o == 0xFFE8) {
        return d.pidr2;
    } else if (o >= 0x80 && o < 0x400) {
        return *bitmap(o, &clear, d.group, d.enabled, d.pending, d.active);
    } else if (o >= 0xC00 && o < 0xC00 + sizeof(d.config)) {
        return d.config[(o - 0xC00) / 4];
    }
    test_fail(__FILE__, __LINE__, "GICD read of %u at %#jx", bytes, (uintmax_t)o);
}

static void gicd_store(uint64_t o, unsigned bytes, uint64_t v)
{
    if (o == 0) {
        /* ARE may only change while the groups are off; IROUTER exists only with it. */
        CHECK((d.ctlr & 3) == 0 || ((d.ctlr ^ v) & 0x10) == 0);
        d.ctlr = (uint32_t)v;
        d.rwp_polls = 3;
    } else if (o >= 0x80 && o < 0x400) {
        CHECK_EQ(bytes, 4);
        CHECK(o % 0x80 / 4 > 0 && o % 0x80 / 4 < INTIDS / 32);
        write_bitmap(o, (uint32_t)v, d.group, d.enabled, d.pending, d.active);
        d.rwp_polls = 3;
    } else if (o >= 0x420 && o < 0x400 + INTIDS) {
        CHECK_EQ(bytes, 1);
        d.priority[o - 0x400] = (uint8_t)v;
    } else if (o >= 0xC08 && o < 0xC00 + sizeof(d.config)) {
        d.pending[1] |= d.pends_when_configured;
        d.config[(o - 0xC00) / 4] = (uint32_t)v;
    } else if (o >= 0x6100 && o < 0x6000 + 8 * INTIDS) {
        CHECK_EQ(bytes, 8);
        CHECK((d.ctlr & 0x10) != 0);
        d.router[(o - 0x6000) / 8] = v;
    } else {
        test_fail(__FILE__, __LINE__, "GICD write of %u at %#jx", bytes, (uintmax_t)o);
    }
}

static uint64_t gicr_load(struct redist *p, uint64_t o, unsigned bytes)
{
    bool clear;

    if (o == 0x8 && bytes == 8) {
        return p->typer;
    } else if (o == 0x14) {
        if ((p->waker & 6) == 4 && !waker_stuck && --p->wake_polls == 0) {
            p->waker = 0;
        }
        return p->waker;
    } else if (o == 0) {
        return rwp_stuck ? 8 : 0;
    } else if (o >= 0x10080 && o < 0x10400 && o % 0x80 == 0) {
        return *bitmap(o - 0x10000, &clear, &p->group, &p->enabled, &p->pending, &p->active);
    }
    test_fail(__FILE__, __LINE__, "GICR read of %u at %#jx", bytes, (uintmax_t)o);
}

static void gicr_store(struct redist *p, uint64_t o, uint64_t v)
{
    if (o == 0x14) {
        p->waker = ds ? (p->waker & 4) | ((uint32_t)v & 2) : 0;
    } else if (o >= 0x10080 && o < 0x10400 && o % 0x80 == 0) {
        CHECK_EQ(p->waker, 0);
        write_bitmap(o - 0x10000, (uint32_t)v, &p->group, &p->enabled, &p->pending, &p->active);
    } else if (o >= 0x10400 && o < 0x10420) {
        memcpy(&p->priority[o - 0x10400], &v, 4);
    } else {
        test_fail(__FILE__, __LINE__, "GICR write at %#jx", (uintmax_t)o);
    }
}

static uint64_t on_read(uint64_t pa, unsigned bytes)
{
    const uint64_t o = pa - cfg_system.gicr_base;

    if (pa < cfg_system.gicr_base) {
        return gicd_load(pa - cfg_system.gicd_base, bytes);
    }
    CHECK(o < cfg_system.gicr_size);
    return gicr_load(&r[o / stride], o % stride, bytes);
}

static void on_write(uint64_t pa, unsigned bytes, uint64_t value)
{
    const uint64_t o = pa - cfg_system.gicr_base;

    if (pa < cfg_system.gicr_base) {
        gicd_store(pa - cfg_system.gicd_base, bytes, value);
    } else {
        gicr_store(&r[o / stride], o % stride, value);
    }
}

TEST_SETUP()
{
    /* The frames' order is not that of the CPUs, and the last says so. */
    static const uint64_t affinity[] = {0x112, 0, 0x05010203, 1};

    memset(&d, 0xFF, sizeof(d));
    memset(r, 0xFF, sizeof(r));
    ds = true;
    rwp_stuck = waker_stuck = false;
    stride = FRAME;
    d.ctlr = 0;
    d.rwp_polls = 0;
    d.pends_when_configured = 0;
    d.typer = INTIDS / 32 - 1;
    d.pidr2 = 0x3B;
    for (unsigned i = 0; i < 4; i++) {
        r[i].typer = affinity[i] << 32 | ((i == 3) ? 0x10 : 0);
        r[i].waker = 6;
        r[i].wake_polls = 3;
    }
    fake_mmio_on_read = on_read;
    fake_mmio_on_write = on_write;
    fake_sysreg_set_all("ICC_SRE_EL2", 0);
}

static void on_cpu(unsigned cpu)
{
    static struct percpu here[CFG_CPU_COUNT];

    fake_cpu = cpu;
    here[cpu].id = (uint16_t)cpu;
    fake_sysreg_set("TPIDR_EL2", (uintptr_t)&here[cpu]);
}

TEST(version)
{
    CHECK_EQ(gic_version(), 3);
    d.pidr2 = 0x4B;
    CHECK_EQ(gic_version(), 4);
    d.pidr2 = 0x2B;
    CHECK_EQ(gic_version(), 0);
    d.pidr2 = 0;
    CHECK_EQ(gic_version(), 0);
}

static void check_silent_distributor(uint32_t group)
{
    for (unsigned w = 1; w < INTIDS / 32; w++) {
        CHECK_EQ(d.group[w], group);
        CHECK_EQ(d.enabled[w], 0);
    }
    CHECK_EQ(d.ctlr, 0x12);
    CHECK_EQ(d.rwp_polls, 0);
}

TEST(distributor_with_one_security_state)
{
    gic_init_distributor();
    check_silent_distributor(UINT32_MAX);
}

TEST(distributor_seen_from_the_non_secure_state)
{
    ds = false;
    memset(d.group, 0, sizeof(d.group));
    gic_init_distributor();
    check_silent_distributor(0);
}

TEST(distributor_that_does_not_settle)
{
    rwp_stuck = true;
    EXPECT_PANIC(gic_init_distributor());
    CHECK(strstr(fake_panic_reason, "GICD_CTLR.RWP") != NULL);
}

TEST(distributor_with_fewer_interrupts_than_described)
{
    d.typer = 0;
    EXPECT_PANIC(gic_init_distributor());
    CHECK(strstr(fake_panic_reason, "INTIDs below 32") != NULL);
}

static void check_cpu(unsigned cpu, unsigned frame)
{
    on_cpu(cpu);
    gic_init_cpu(cpu);
    CHECK_EQ(r[frame].waker, 0);
    CHECK_EQ(r[frame].enabled, 1u << GIC_SGI_MESSAGE | 1u << 25);
    CHECK_EQ(r[frame].pending | r[frame].active, 0);
    CHECK_EQ(r[frame].priority[0], 0xA0);
    CHECK_EQ(r[frame].priority[31], 0xA0);
    CHECK_EQ(fake_sysreg_get("ICC_SRE_EL2"), 0xF);
    CHECK_EQ(fake_sysreg_get("ICC_CTLR_EL1"), 2);
    CHECK_EQ(fake_sysreg_get("ICC_PMR_EL1"), 0xFF);
    CHECK_EQ(fake_sysreg_get("ICC_IGRPEN1_EL1"), 1);
}

TEST(each_cpu_finds_its_own_redistributor)
{
    check_cpu(0, 1);
    check_cpu(1, 3);
    check_cpu(2, 0);
    check_cpu(3, 2);
}

TEST(frames_of_256_kib)
{
    stride = 2 * FRAME;
    for (unsigned i = 0; i < 4; i++) {
        r[i].typer |= 2; /* VLPIS */
    }
    check_cpu(0, 1);
    check_cpu(2, 0);
}

TEST(cpu_without_a_redistributor)
{
    r[1].typer = UINT64_C(0x77) << 32;
    on_cpu(0);
    EXPECT_PANIC(gic_init_cpu(0));
    CHECK(strstr(fake_panic_reason, "no redistributor") != NULL);
    r[3].typer &= ~UINT64_C(0x10); /* no frame says it is the last: the region's end does */
    EXPECT_PANIC(gic_init_cpu(0));
}

TEST(redistributor_that_does_not_wake)
{
    waker_stuck = true;
    on_cpu(1);
    EXPECT_PANIC(gic_init_cpu(1));
    CHECK(strstr(fake_panic_reason, "does not wake") != NULL);
}

static uint64_t refuse(uint64_t written)
{
    (void)written;
    return 0;
}

TEST(firmware_that_keeps_the_system_registers)
{
    fake_sysreg_find("ICC_SRE_EL2")->on_write = refuse;
    on_cpu(0);
    EXPECT_PANIC(gic_init_cpu(0));
    CHECK(strstr(fake_panic_reason, "ICC_SRE_EL2.SRE") != NULL);
}

TEST(spis)
{
    gic_init_distributor();
    gic_spi_enable(70, true);
    CHECK_EQ(d.enabled[2], 1u << 6);
    gic_spi_enable(70, false);
    CHECK_EQ(d.enabled[2], 0);
    memset(d.pending, 0, sizeof(d.pending));
    memset(d.active, 0, sizeof(d.active));
    gic_spi_set_pending(33, true);
    CHECK(gic_spi_is_pending(33) && !gic_spi_is_pending(34));
    gic_spi_set_pending(33, false);
    CHECK(!gic_spi_is_pending(33));
    gic_spi_set_active(95, true);
    CHECK_EQ(d.active[2], 1u << 31);
    gic_spi_set_active(95, false);
    CHECK_EQ(d.active[2], 0);
    gic_spi_route(64, 3);
    CHECK_EQ(d.router[64], UINT64_C(0x0500010203));
}

/* Whatever firmware left of it, its owner finds it configured and silent; its neighbours, which have
 * other owners, are left alone. */
TEST(a_taken_spi_is_silent)
{
    gic_init_distributor();
    d.pends_when_configured = 1u << 18;
    d.enabled[1] = UINT32_MAX;
    gic_spi_take(50, true, 2);
    CHECK_EQ(d.enabled[1], ~(1u << 18));
    CHECK_EQ(d.pending[1], ~(1u << 18));
    CHECK_EQ(d.active[1], ~(1u << 18));
    CHECK_EQ(d.priority[50], 0xA0);
    CHECK(d.priority[49] == 0xFF && d.priority[51] == 0xFF);
    CHECK_EQ(d.router[50], 0x112);
    CHECK_EQ(d.router[51], UINT64_MAX);
    CHECK_EQ(d.config[3] >> 5 & 1, 1);
}

TEST(spi_configuration_leaves_its_neighbours)
{
    gic_init_distributor();
    memset(d.config, 0, sizeof(d.config));
    gic_spi_enable(50, true);
    gic_spi_configure(50, true, 2);
    CHECK_EQ(d.config[3], 1u << 5);
    CHECK_EQ(d.enabled[1], 0);
    CHECK_EQ(d.router[50], 0x112);
    d.config[3] = UINT32_MAX;
    gic_spi_configure(50, false, 2);
    CHECK_EQ(d.config[3], ~(1u << 5));
}

TEST(ppis)
{
    on_cpu(0);
    gic_init_cpu(0);
    on_cpu(1);
    gic_init_cpu(1);
    gic_ppi_enable(27, true);
    CHECK_EQ(r[3].enabled, 1u << GIC_SGI_MESSAGE | 1u << 25 | 1u << 27);
    gic_ppi_enable_on(0, 30, true);
    CHECK_EQ(r[1].enabled, 1u << GIC_SGI_MESSAGE | 1u << 25 | 1u << 30);
    gic_ppi_enable_on(0, 30, false);
    CHECK_EQ(r[1].enabled, 1u << GIC_SGI_MESSAGE | 1u << 25);
    gic_ppi_set_pending_on(0, 27, true);
    CHECK(gic_ppi_is_pending_on(0, 27) && !gic_ppi_is_pending_on(1, 27));
    gic_ppi_set_active(27, true);
    CHECK_EQ(r[3].active, 1u << 27);
    gic_ppi_set_active_on(1, 27, false);
    CHECK_EQ(r[3].active, 0);
}

TEST(message_sgi_names_its_target_and_is_ordered)
{
    for (unsigned cpu = 2; cpu < 4U; cpu++) {
        on_cpu(cpu);
        gic_init_cpu(cpu);
    }
    fake_barriers.dsb = fake_barriers.isb = 0;
    gic_send_message_sgi(2);
    CHECK_EQ(fake_sysreg_get("ICC_SGI1R_EL1"), UINT64_C(1) << 44 | GIC_SGI_MESSAGE << 24 | 0x1 << 16 | 1u << 2);
    CHECK_EQ(fake_barriers.dsb, 1);
    CHECK_EQ(fake_barriers.isb, 1);
    gic_send_message_sgi(3);
    CHECK_EQ(fake_sysreg_get("ICC_SGI1R_EL1"),
             UINT64_C(5) << 48 | UINT64_C(1) << 32 | GIC_SGI_MESSAGE << 24 | 0x2 << 16 | 1u << 3);
}

/* What a CPU interface was told is there before the state of an interrupt is changed behind it. */
TEST(changes_of_state_come_after_what_the_cpu_interface_was_told)
{
    const unsigned before = fake_barriers.dsb;

    on_cpu(0);
    gic_init_cpu(0);
    gic_spi_set_active(40, false);
    gic_spi_set_pending(40, true);
    gic_ppi_set_active(27, false);
    gic_ppi_set_pending_on(0, 27, true);
    CHECK_EQ(fake_barriers.dsb, before + 4);
}

TEST(interrupts_at_el2)
{
    fake_sysreg_set("ICC_IAR1_EL1", 27);
    CHECK_EQ(gic_acknowledge(), 27);
    gic_priority_drop(27);
    gic_deactivate(28);
    CHECK_EQ(fake_sysreg_get("ICC_EOIR1_EL1"), 27);
    CHECK_EQ(fake_sysreg_get("ICC_DIR_EL1"), 28);
}
