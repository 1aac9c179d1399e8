/* sources: gic/spi.c gic/v2/distributor.c gic/v2/cpu_interface.c */
/* The physical GICv2 driver against registers written from IHI0048 4.3 and 4.4: banked SGIs and
 * PPIs, routes by CPU interface, SGIs with their source, and a GIC that is another.
 * @req IRQ-2, IRQ-3 */
#include "gic/v2/gic_cpu.h"

#include "arch/barrier.h"
#include "arch/mmio.h"
#include "config/config.h"
#include "core/percpu.h"
#include "fake/core.h"
#include "gic/gic.h"
#include "test.h"

enum { INTIDS = 96, GICD = 0x08000000, GICC = 0x08010000 };

const struct cfg_system cfg_system = {
    .gicd_base = GICD, .gicc_base = GICC, .spi_limit = CFG_INTID_LIMIT};

/* CPU interface number of each CPU: not in the order of the CPUs. */
static const uint8_t interfaces[CFG_CPU_COUNT] = {2, 0, 3, 1};

static struct {
    uint32_t ctlr, typer, pidr2, sgir;
    uint32_t group[INTIDS / 32], enabled[INTIDS / 32], pending[INTIDS / 32], active[INTIDS / 32];
    uint8_t priority[INTIDS], target[INTIDS];
    uint32_t config[INTIDS / 16];
    uint32_t pends_when_configured; /* of INTIDs 32..63 */
} d;

static struct cpu {
    uint32_t group, enabled, pending, active;
    uint32_t sgi_pending[4];
    uint8_t priority[32];
    uint32_t ctlr, pmr, bpr, apr[4], iar, eoir, dir;
} c[CFG_CPU_COUNT];

static bool two_security_states, is_single;

static uint32_t *word_of(unsigned map, uint64_t word)
{
    struct cpu *const own = &c[fake_cpu];
    uint32_t *const banked[] = {&own->group, &own->enabled, &own->pending, &own->active};
    uint32_t *const shared[] = {d.group, d.enabled, d.pending, d.active};

    return (word == 0) ? banked[map] : &shared[map][word];
}

static void write_bits(uint64_t o, uint32_t v)
{
    const uint64_t block = (o - 0x80) / 0x80; /* IGROUPR, then set and clear of three */
    uint32_t *const w = word_of((unsigned)((block + 1) / 2), o % 0x80 / 4);

    CHECK(o % 0x80 / 4 < INTIDS / 32);
    if (block == 0) {
        *w = two_security_states ? *w : v; /* RAZ/WI in the Non-secure view */
    } else if (block % 2 == 1) {
        *w |= v;
    } else {
        *w &= ~v;
    }
}

static uint64_t gicd_load(uint64_t o, unsigned bytes)
{
    CHECK_EQ(bytes, 4);
    if (o == 0x004) {
        return d.typer;
    } else if (o == 0xFE8) {
        return d.pidr2;
    } else if (o >= 0x80 && o < 0x400) {
        return *word_of((unsigned)(((o - 0x80) / 0x80 + 1) / 2), o % 0x80 / 4);
    } else if (o >= 0x800 && o < 0x820) {
        /* Byte 31 is that of an interrupt that is not implemented. */
        const uint32_t own = is_single ? 0U : 0x01010101U << interfaces[fake_cpu];
        return (o == 0x81C) ? own & 0xFFFFFFU : own;
    } else if (o >= 0xC00 && o < 0xC00 + sizeof(d.config)) {
        return d.config[(o - 0xC00) / 4];
    }
    test_fail(__FILE__, __LINE__, "GICD read at %#jx", (uintmax_t)o);
}

static void gicd_store(uint64_t o, unsigned bytes, uint64_t v)
{
    if (o == 0) {
        d.ctlr = (uint32_t)v;
    } else if (o >= 0x80 && o < 0x400) {
        write_bits(o, (uint32_t)v);
    } else if (o >= 0x400 && o < 0x420) {
        memcpy(&c[fake_cpu].priority[o - 0x400], &v, 4);
    } else if (o >= 0x420 && o < 0x400 + INTIDS) {
        memcpy(&d.priority[o - 0x400], &v, bytes);
    } else if (o >= 0x820 && o < 0x800 + INTIDS) {
        memcpy(&d.target[o - 0x800], &v, bytes);
    } else if (o >= 0xC08 && o < 0xC00 + sizeof(d.config)) {
        d.pending[1] |= d.pends_when_configured;
        d.config[(o - 0xC00) / 4] = (uint32_t)v;
    } else if (o == 0xF00) {
        d.sgir = (uint32_t)v;
    } else if (o >= 0xF10 && o < 0xF20) {
        c[fake_cpu].sgi_pending[(o - 0xF10) / 4] &= ~(uint32_t)v;
    } else {
        test_fail(__FILE__, __LINE__, "GICD write of %u at %#jx", bytes, (uintmax_t)o);
    }
}

static uint64_t on_read(uint64_t pa, unsigned bytes)
{
    if (pa < GICC) {
        return gicd_load(pa - GICD, bytes);
    }
    CHECK_EQ(pa, GICC + 0xC);
    return c[fake_cpu].iar;
}

static void on_write(uint64_t pa, unsigned bytes, uint64_t value)
{
    struct cpu *const own = &c[fake_cpu];
    const uint32_t v = (uint32_t)value;

    if (pa < GICC) {
        gicd_store(pa - GICD, bytes, value);
        return;
    }
    CHECK_EQ(bytes, 4);
    switch (pa - GICC) {
    case 0x00: own->ctlr = v; break;
    case 0x04: own->pmr = v; break;
    case 0x08: own->bpr = v; break;
    case 0x10: own->eoir = v; break;
    case 0xD0: case 0xD4: case 0xD8: case 0xDC: own->apr[(pa - GICC - 0xD0) / 4] = v; break;
    case 0x1000: own->dir = v; break;
    default: test_fail(__FILE__, __LINE__, "GICC write at %#jx", (uintmax_t)pa);
    }
}

static struct percpu here[CFG_CPU_COUNT];

static void on_cpu(unsigned cpu)
{
    fake_cpu = cpu;
    here[cpu].id = (uint16_t)cpu;
    fake_sysreg_set("TPIDR_EL2", (uintptr_t)&here[cpu]);
}

TEST_SETUP()
{
    memset(&d, 0xFF, sizeof(d));
    memset(c, 0xFF, sizeof(c));
    two_security_states = is_single = false;
    d.pends_when_configured = 0;
    d.typer = INTIDS / 32 - 1;
    d.pidr2 = 0x2B;
    fake_mmio_on_read = on_read;
    fake_mmio_on_write = on_write;
    on_cpu(0);
}

TEST(version)
{
    CHECK_EQ(gic_version(), 2);
    d.pidr2 = 0x3B;
    CHECK_EQ(gic_version(), 0);
    d.pidr2 = 0;
    CHECK_EQ(gic_version(), 0);
}

static void check_silent(uint32_t group)
{
    for (unsigned w = 1; w < INTIDS / 32; w++) {
        CHECK_EQ(d.group[w], group);
        CHECK_EQ(d.enabled[w], 0);
    }
    CHECK_EQ(d.ctlr, 1);
}

TEST(distributor_with_one_security_state)
{
    gic_init_distributor();
    check_silent(0); /* all of Group 0, whose enable is bit 0 */
}

TEST(distributor_seen_from_the_non_secure_state)
{
    two_security_states = true;
    memset(d.group, 0, sizeof(d.group));
    gic_init_distributor();
    check_silent(0);
}

TEST(distributor_with_fewer_interrupts_than_described)
{
    d.typer = 0;
    EXPECT_PANIC(gic_init_distributor());
    CHECK(strstr(fake_panic_reason, "INTIDs below 32") != NULL);
}

TEST(each_cpu_brings_up_its_own_part)
{
    gic_init_distributor();
    on_cpu(1);
    gic_init_cpu(1);
    CHECK_EQ(c[1].enabled, 1u << GIC_SGI_MESSAGE | 1u << 25);
    CHECK_EQ(c[1].pending | c[1].active | c[1].group, 0);
    CHECK_EQ(c[1].sgi_pending[0] | c[1].sgi_pending[3], 0);
    CHECK_EQ(c[1].priority[0], 0xA0);
    CHECK_EQ(c[1].priority[31], 0xA0);
    CHECK_EQ(c[1].ctlr, 1u | 1u << 9);
    CHECK_EQ(c[1].pmr, 0xFF);
    CHECK_EQ(c[1].bpr | c[1].apr[0] | c[1].apr[3], 0);
    CHECK_EQ(c[0].enabled, UINT32_MAX);
}

TEST(routes_go_by_the_number_of_the_cpu_interface)
{
    gic_init_distributor();
    gic_init_cpu(0);
    gic_spi_route(40, 0);
    CHECK_EQ(d.target[40], 1u << 2);
    CHECK_EQ(d.target[41], 0xFF);
}

TEST(a_route_to_a_cpu_that_comes_later_is_kept)
{
    gic_init_distributor();
    gic_init_cpu(0);
    gic_spi_route(40, 2);
    gic_spi_route(50, 2);
    gic_spi_route(51, 0);
    gic_spi_route(50, 0); /* another mind by then */
    CHECK_EQ(d.target[40], 0);
    on_cpu(2);
    gic_init_cpu(2);
    CHECK_EQ(d.target[40], 1u << 3);
    CHECK_EQ(d.target[50], 1u << 2);
    CHECK_EQ(d.target[51], 1u << 2);
}

TEST(with_a_single_interface_there_is_nothing_to_route)
{
    is_single = true;
    gic_init_distributor();
    gic_init_cpu(0);
    gic_spi_route(40, 0);
    CHECK_EQ(d.target[40], 0);
}

TEST(spis)
{
    gic_init_distributor();
    memset(d.pending, 0, sizeof(d.pending));
    memset(d.active, 0, sizeof(d.active));
    gic_spi_enable(70, true);
    CHECK_EQ(d.enabled[2], 1u << 6);
    gic_spi_enable(70, false);
    CHECK_EQ(d.enabled[2], 0);
    gic_spi_set_pending(33, true);
    CHECK(gic_spi_is_pending(33) && !gic_spi_is_pending(34));
    gic_spi_set_pending(33, false);
    CHECK(!gic_spi_is_pending(33));
    gic_spi_set_active(95, true);
    CHECK_EQ(d.active[2], 1u << 31);
    gic_spi_set_active(95, false);
    CHECK_EQ(d.active[2], 0);
}

/* Whatever firmware left of it, its owner finds it configured and silent; its neighbours, which have
 * other owners, are left alone. */
TEST(a_taken_spi_is_silent)
{
    gic_init_distributor();
    on_cpu(2);
    gic_init_cpu(2);
    d.pends_when_configured = 1u << 18;
    d.enabled[1] = UINT32_MAX;
    gic_spi_take(50, true, 2);
    CHECK_EQ(d.enabled[1], ~(1u << 18));
    CHECK_EQ(d.pending[1], ~(1u << 18));
    CHECK_EQ(d.active[1], ~(1u << 18));
    CHECK_EQ(d.priority[50], 0xA0);
    CHECK(d.priority[49] == 0xFF && d.priority[51] == 0xFF);
    CHECK_EQ(d.target[50], 1u << 3);
    CHECK_EQ(d.target[51], 0xFF);
    CHECK_EQ(d.config[3] >> 5 & 1, 1);
}

TEST(spi_configuration_leaves_its_neighbours)
{
    gic_init_distributor();
    gic_init_cpu(0);
    memset(d.config, 0, sizeof(d.config));
    gic_spi_enable(50, true);
    gic_spi_configure(50, true, 0);
    CHECK_EQ(d.config[3], 1u << 5);
    CHECK_EQ(d.enabled[1], 0);
    CHECK_EQ(d.target[50], 1u << 2);
    d.config[3] = UINT32_MAX;
    gic_spi_configure(50, false, 0);
    CHECK_EQ(d.config[3], ~(1u << 5));
}

TEST(ppis_are_those_of_this_cpu)
{
    gic_init_distributor();
    gic_init_cpu(0);
    on_cpu(1);
    gic_init_cpu(1);
    gic_ppi_enable(27, true);
    CHECK_EQ(c[1].enabled, 1u << GIC_SGI_MESSAGE | 1u << 25 | 1u << 27);
    CHECK_EQ(c[0].enabled, 1u << GIC_SGI_MESSAGE | 1u << 25);
    gic_ppi_set_pending_on(1, 27, true);
    CHECK(gic_ppi_is_pending_on(1, 27));
    gic_ppi_set_active(27, true);
    CHECK_EQ(c[1].active, 1u << 27);
    gic_ppi_set_active_on(1, 27, false);
    CHECK_EQ(c[1].active, 0);
    EXPECT_PANIC(gic_ppi_enable_on(0, 27, true));
    CHECK(strstr(fake_panic_reason, "PPI of CPU 0") != NULL);
}

TEST(message_sgi_goes_to_the_interface_and_is_ordered)
{
    gic_init_distributor();
    on_cpu(3);
    gic_init_cpu(3);
    on_cpu(0);
    gic_init_cpu(0);
    const unsigned before = fake_barriers.dsb;
    gic_send_message_sgi(3);
    CHECK_EQ(d.sgir, 1u << (16 + 1) | GIC_SGI_MESSAGE);
    CHECK_EQ(fake_barriers.dsb, before + 1);
}

TEST(an_sgi_is_ended_with_its_source)
{
    c[0].iar = 3u << 10 | GIC_SGI_MESSAGE;
    CHECK_EQ(gic_acknowledge(), GIC_SGI_MESSAGE);
    on_cpu(1);
    c[1].iar = 2u << 10 | GIC_SGI_MESSAGE; /* of another CPU, at the same time */
    CHECK_EQ(gic_acknowledge(), GIC_SGI_MESSAGE);
    on_cpu(0);
    gic_priority_drop(GIC_SGI_MESSAGE);
    gic_deactivate(GIC_SGI_MESSAGE);
    CHECK_EQ(c[0].eoir, 3u << 10 | GIC_SGI_MESSAGE);
    CHECK_EQ(c[0].dir, 3u << 10 | GIC_SGI_MESSAGE);
}

TEST(other_interrupts_are_ended_by_their_intid)
{
    c[0].iar = 27;
    CHECK_EQ(gic_acknowledge(), 27);
    gic_priority_drop(27);
    CHECK_EQ(c[0].eoir, 27);
    gic_deactivate(40);
    CHECK_EQ(c[0].dir, 40);
    c[0].iar = 1023;
    CHECK_EQ(gic_acknowledge(), GIC_INTID_SPURIOUS);
}
