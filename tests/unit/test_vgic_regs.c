/* sources: vgic/vgic.c vgic/reset.c vgic/route.c vgic/lists.c vgic/choice.c vgic/hw.c vgic/regs.c vgic/regs_irq.c vgic/v3/target.c vgic/v3/sgi.c vgic/v3/dir.c vgic/v3/gicd.c vgic/v3/gicr.c lib/mem.c */
/* Every offset of the distributor and redistributors with every width, and the fields of each
 * register, from the register descriptions of IHI0069 12.8 to 12.11.
 * @req IRQ-1 */
#include "fake/access.h"
#include "fake/core.h"
#include "vgic/vms.h"
#include "vgic_machine.h"

/* --- reserved offsets and widths: read as zero, ignore writes ------------------------------ */

static struct snapshot {
    struct vgic_redist redists[CFG_VCPU_COUNT];
    struct vgic_word words[CFG_SPI_TOTAL / 32];
    struct vgic_spi spis[CFG_SPI_TOTAL];
    uint32_t ctlr;
} before, after;

static void take(struct snapshot *s)
{
    memcpy(s->redists, vgic_redists, sizeof(s->redists));
    memcpy(s->words, vgic_spi_words, sizeof(s->words));
    memcpy(s->spis, vgic_spis, sizeof(s->spis));
    s->ctlr = vgic_vms[0].ctlr;
}

static bool is_in(uint64_t offset, uint64_t first, uint64_t bytes)
{
    return offset >= first && offset < first + bytes;
}

/* May an access of this width have an effect or a value? VM 0 has INTIDs 32..95. */
static bool gicd_answers(uint64_t o, unsigned bytes)
{
    static const uint32_t bitmaps[] = {IGROUPR, ISENABLER, ICENABLER, ISPENDR, ICPENDR,
                                       ISACTIVER, ICACTIVER};

    if (o % bytes != 0) {
        return false;
    }
    if (is_in(o, IPRIORITYR + 32, 64)) {
        return bytes == 1 || bytes == 4;
    }
    if (is_in(o, IROUTER + 8 * 32, 8 * 64)) {
        return bytes == 4 || bytes == 8;
    }
    for (unsigned i = 0; i < sizeof(bitmaps) / sizeof(bitmaps[0]); i++) {
        if (is_in(o, bitmaps[i] + 4, 8)) {
            return bytes == 4;
        }
    }
    if (o == 0x40 || o == 0x48) { /* SETSPI, CLRSPI */
        return bytes == 2 || bytes == 4;
    }
    return bytes == 4 && (is_in(o, 0, 12) || is_in(o, ICFGR + 8, 16) || is_in(o, 0xFFD0, 0x30));
}

static bool gicr_answers(uint64_t o, unsigned bytes)
{
    static const uint32_t words[] = {IGROUPR,   ISENABLER, ICENABLER, ISPENDR,  ICPENDR,
                                     ISACTIVER, ICACTIVER, ICFGR,     ICFGR + 4};

    if (o >= 0x60000 || o % bytes != 0) {
        return false;
    }
    o %= 0x20000;
    if (is_in(o, 8, 8)) {
        return bytes == 4 || bytes == 8;
    }
    if (is_in(o, 0x10000 + IPRIORITYR, 32)) {
        return bytes == 1 || bytes == 4;
    }
    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (o == 0x10000 + words[i]) {
            return bytes == 4;
        }
    }
    return bytes == 4 && (o == 0 || o == 4 || o == 0x14 || is_in(o, 0xFFD0, 0x30));
}

/* Everything that can be set is set first, so that a wrong neighbour would show. */
static void fill(void)
{
    machine_boot();
    gicd_write(0, 3);
    for (unsigned n = 0; n < 96; n++) {
        machine_prepare(n, 0xF8);
    }
    gicd_write(ISPENDR + 8, UINT32_MAX);
    gicr_write(0, ISPENDR, UINT32_MAX);
    gicd_write(ICFGR + 16, UINT32_MAX);
}

static void poke_reserved(bool gicr, uint64_t offset, unsigned bytes)
{
    CHECK_MSG(machine_read(gicr, offset, bytes) == 0, "read of %u bytes at %#jx is not zero",
              bytes, (uintmax_t)offset);
    machine_write(gicr, offset, bytes, UINT64_MAX >> (64 - 8 * bytes));
    machine_write(gicr, offset, bytes, 0);
}

/* Pokes all that does not answer in [0, end), and finds the 256 bytes in which one acted. */
static void check_reserved(bool gicr, uint64_t end, bool (*answers)(uint64_t, unsigned))
{
    fill();
    take(&before);
    for (uint64_t offset = 0; offset < end; offset++) {
        for (unsigned bytes = 1; bytes <= 8 && offset + bytes <= end; bytes *= 2) {
            if (!answers(offset, bytes)) {
                poke_reserved(gicr, offset, bytes);
            }
        }
        if (offset % 256 == 255) {
            take(&after);
            CHECK_MSG(memcmp(&before, &after, sizeof(before)) == 0,
                      "a write in the 256 bytes up to %#jx acts", (uintmax_t)offset);
        }
    }
}

TEST(gicd_reserved_offsets_and_widths)
{
    check_reserved(false, 0x10000, gicd_answers);
}

TEST(gicr_reserved_offsets_and_widths)
{
    check_reserved(true, 0x80000, gicr_answers);
}

/* --- what each register holds -------------------------------------------------------------- */

TEST_SETUP()
{
    machine_boot();
}

TEST(gicd_ctlr)
{
    CHECK_EQ(gicd_read(0), 0x50); /* DS, ARE */
    gicd_write(0, UINT32_MAX);
    CHECK_EQ(gicd_read(0), 0x53);
    gicd_write(0, 0);
    CHECK_EQ(gicd_read(0), 0x50);
}

TEST(gicd_identification)
{
    CHECK_EQ(gicd_read(4), 2 | 1u << 16 | 9u << 19 | 1u << 24 | 1u << 26);
    CHECK_EQ(gicd_read(8) & 0xFFF, 0x43B);
    CHECK_EQ(gicd_read(0xFFE8) >> 4, 3);
    CHECK_EQ(gicd_read(0xFFF0), 0x0D);
    CHECK_EQ(gicd_read(0xFFFC), 0xB1);
}

TEST(gicr_typer_and_its_halves)
{
    CHECK_EQ(machine_read(true, 8, 8), 0);
    CHECK_EQ(machine_read(true, 0x20008, 8), (UINT64_C(1) << 32) | (1 << 8));
    CHECK_EQ(machine_read(true, 0x40008, 8), (UINT64_C(0x100) << 32) | (2 << 8) | 0x10);
    CHECK_EQ(machine_read(true, 0x40008, 4), (2 << 8) | 0x10);
    CHECK_EQ(machine_read(true, 0x4000C, 4), 0x100);
    CHECK_EQ(machine_read(true, 0x2FFE8, 4) >> 4, 3);
    CHECK_EQ(machine_read(true, 0x20004, 4) & 0xFFF, 0x43B);
}

TEST(gicr_waker)
{
    CHECK_EQ(machine_read(true, 0x14, 4), 0);
    machine_write(true, 0x14, 4, UINT32_MAX);
    CHECK_EQ(machine_read(true, 0x14, 4), 6);
    machine_write(true, 0x14, 4, 0);
    CHECK_EQ(machine_read(true, 0x14, 4), 0);
}

static void check_set_clear(uint64_t set, uint64_t clear)
{
    for (unsigned n = 0; n < 3; n++) {
        const bool gicr = n == 0;
        const uint64_t frame = gicr ? 0x10000 : 0;
        const uint64_t hw = gicr ? 0x48000000U : (n == 1) ? 0x300U : 0; /* with physical ones */
        const uint64_t all = UINT32_MAX & ~hw;
        machine_write(gicr, frame + set + 4 * n, 4, all);
        CHECK_EQ(machine_read(gicr, frame + set + 4 * n, 4), all);
        CHECK_EQ(machine_read(gicr, frame + clear + 4 * n, 4), all);
        machine_write(gicr, frame + set + 4 * n, 4, 0);
        CHECK_EQ(machine_read(gicr, frame + set + 4 * n, 4), all);
        machine_write(gicr, frame + clear + 4 * n, 4, 0x0F0F0F0F);
        CHECK_EQ(machine_read(gicr, frame + set + 4 * n, 4), all & 0xF0F0F0F0);
        machine_write(gicr, frame + clear + 4 * n, 4, UINT32_MAX);
        CHECK_EQ(machine_read(gicr, frame + clear + 4 * n, 4), 0);
    }
}

TEST(set_and_clear_registers)
{
    check_set_clear(ISENABLER, ICENABLER);
    check_set_clear(ISPENDR, ICPENDR);
    check_set_clear(ISACTIVER, ICACTIVER);
}

TEST(group_registers)
{
    gicd_write(IGROUPR + 4, 0x12345678);
    gicr_write(1, IGROUPR, 0x9ABCDEF0);
    CHECK_EQ(gicd_read(IGROUPR + 4), 0x12345678);
    CHECK_EQ(gicd_read(IGROUPR + 8), 0);
    CHECK_EQ(gicr_read(1, IGROUPR), 0x9ABCDEF0);
    CHECK_EQ(gicr_read(0, IGROUPR), 0);
}

TEST(priorities_have_five_bits)
{
    gicd_write(IPRIORITYR + 32, 0xFFFFFFFF);
    CHECK_EQ(gicd_read(IPRIORITYR + 32), 0xF8F8F8F8);
    machine_write(false, IPRIORITYR + 33, 1, 0x47);
    CHECK_EQ(gicd_read(IPRIORITYR + 32), 0xF8F840F8);
    CHECK_EQ(machine_read(false, IPRIORITYR + 33, 1), 0x40);
    CHECK_EQ(machine_read(false, IPRIORITYR + 34, 1), 0xF8);
    gicr_write(2, IPRIORITYR + 28, 0x08101820);
    CHECK_EQ(gicr_read(2, IPRIORITYR + 28), 0x08101820);
    CHECK_EQ(gicr_read(1, IPRIORITYR + 28), 0);
}

TEST(configuration)
{
    CHECK_EQ(gicr_read(0, ICFGR), 0xAAAAAAAA);
    CHECK_EQ(gicr_read(0, ICFGR + 4), 0);
    gicr_write(0, ICFGR, 0);
    gicr_write(0, ICFGR + 4, UINT32_MAX);
    CHECK_EQ(gicr_read(0, ICFGR), 0xAAAAAAAA);
    CHECK_EQ(gicr_read(0, ICFGR + 4), 0);
    CHECK_EQ(gicd_read(ICFGR + 8), 0x2u << 16); /* 40 is edge by the description */
    gicd_write(ICFGR + 20, UINT32_MAX);
    CHECK_EQ(gicd_read(ICFGR + 20), 0xAAAAAAAA);
    CHECK_EQ(gicd_read(ICFGR + 16), 0);
    machine_set_bit(ISENABLER, MACHINE_LEVEL_VINTID);
    gicd_write(ICFGR + 8, 0x2u << 18);
    CHECK(fake_spis[MACHINE_LEVEL_PINTID].edge && !fake_spis[MACHINE_EDGE_PINTID].edge);
    CHECK(fake_spis[MACHINE_LEVEL_PINTID].enabled);
}

TEST(routing)
{
    CHECK_EQ(machine_read(false, IROUTER + 8 * 32, 8), 0);
    machine_write(false, IROUTER + 8 * 32, 8, UINT64_MAX & ~(UINT64_C(1) << 31));
    CHECK_EQ(machine_read(false, IROUTER + 8 * 32, 8), UINT64_C(0xFF00FFFFFF));
    machine_write(false, IROUTER + 8 * 32, 4, 0x00010203);
    CHECK_EQ(machine_read(false, IROUTER + 8 * 32, 8), UINT64_C(0xFF00010203));
    machine_write(false, IROUTER + 8 * 32 + 4, 4, 0x12);
    CHECK_EQ(machine_read(false, IROUTER + 8 * 32, 8), UINT64_C(0x1200010203));
    CHECK_EQ(machine_read(false, IROUTER + 8 * 32 + 4, 4), 0x12);
    machine_write(false, IROUTER + 8 * 95, 8, UINT64_MAX);
    CHECK_EQ(machine_read(false, IROUTER + 8 * 95, 8), UINT64_C(1) << 31);
}

TEST(a_vm_does_not_see_another)
{
    struct mmio_access a = {.offset = ISENABLER + 4, .size_bytes = 4};

    gicd_write(ISENABLER + 4, UINT32_MAX);
    gicr_write(0, ISENABLER, UINT32_MAX);
    fake_cpu = 3;
    CHECK(vgic_gicd_access(1, &a));
    CHECK_EQ(a.value, 0);
    a.offset = 0x10000 + ISENABLER;
    CHECK(vgic_gicr_access(1, &a));
    CHECK_EQ(a.value, 0);
    a.offset = 0x20008; /* it has one redistributor */
    CHECK(vgic_gicr_access(1, &a));
    CHECK_EQ(a.value, 0);
}
