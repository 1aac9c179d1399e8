/* Group gicmap: every offset of the distributor's and the redistributors' frames, with every width
 * and at every alignment, holds what [IHI0069 12.8 to 12.11] says for one security state; gicmap.h.
 * Interrupts stay masked all the time.
 *
 * @req IRQ-1 */
#include "gic.h"
#include "gicmap.h"
#include "psci.h"

#define SPI_COUNT 64U /* systems/test-gicmap.yaml */
#define FRAME_BYTES 0x10000U

#define BITMAP(first, kind, partner, base)                                                         \
    {(first) + 4U * (base), ((base) == 0U) ? 4U : SPI_COUNT / 8U, 4, WORD, kind, 0, UINT32_MAX,    \
     (partner) + 4U * (base)}

/* GICD_TYPER: ITLinesNumber, MBIS, 10 bits of INTID, A3V, RSS. */
#define TYPER_VALUE (SPI_COUNT / 32U | 1U << 16 | 9U << 19 | 1U << 24 | 1U << 26)

static struct row gicd[] = {
    {0x0000, 4, 4, WORD, READ_WRITE, GICD_CTLR_DS | GICD_CTLR_ARE, 3, 0},
    {0x0004, 4, 4, WORD, READ_ONLY, TYPER_VALUE, 0, 0},
    {0x0008, 4, 4, WORD, READ_ONLY, 0, 0, 0}, /* IIDR: see guest_main() */
    {0x0040, 4, 4, HALF | WORD, WRITE_ONLY, 0, 0, 0}, /* SETSPI_NSR */
    {0x0048, 4, 4, HALF | WORD, WRITE_ONLY, 0, 0, 0}, /* CLRSPI_NSR */
    BITMAP(GICD_IGROUPR, READ_WRITE, 0, 1U),
    BITMAP(GICD_ISENABLER, SET, GICD_ICENABLER, 1U),
    BITMAP(GICD_ICENABLER, CLEAR, GICD_ISENABLER, 1U),
    BITMAP(GICD_ISPENDR, SET, GICD_ICPENDR, 1U),
    BITMAP(GICD_ICPENDR, CLEAR, GICD_ISPENDR, 1U),
    BITMAP(GICD_ISACTIVER, SET, GICD_ICACTIVER, 1U),
    BITMAP(GICD_ICACTIVER, CLEAR, GICD_ISACTIVER, 1U),
    {GICD_IPRIORITYR + 32U, SPI_COUNT, 4, BYTE | WORD, READ_WRITE, 0, 0xf8f8f8f8, 0},
    {GICD_ICFGR + 8U, SPI_COUNT / 4U, 4, WORD, READ_WRITE, 0, 0xaaaaaaaa, 0},
    {GICD_IROUTER + 8U * 32U, 8U * SPI_COUNT, 8, WORD | DOUBLE, ROUTER, 0,
     UINT64_C(0xff80ffffff), 0},
    {0xffd0, 0x30, 4, WORD, IDENTIFICATION, 0, 0, 0},
};

static struct row rd[] = {
    {0x0000, 4, 4, WORD, READ_ONLY, 0, 0, 0}, /* CTLR: no LPIs, RWP 0 */
    {0x0004, 4, 4, WORD, READ_ONLY, 0, 0, 0},
    {0x0008, 8, 8, WORD | DOUBLE, READ_ONLY, 0, 0, 0}, /* TYPER: see walk_redistributor() */
    {0x0014, 4, 4, WORD, WAKER, 0, 2, 0},
    {0xffd0, 0x30, 4, WORD, IDENTIFICATION, 0, 0, 0},
};

static struct row sgi[] = {
    BITMAP(GICD_IGROUPR, READ_WRITE, 0, 0U),
    BITMAP(GICD_ISENABLER, SET, GICD_ICENABLER, 0U),
    BITMAP(GICD_ICENABLER, CLEAR, GICD_ISENABLER, 0U),
    BITMAP(GICD_ISPENDR, SET, GICD_ICPENDR, 0U),
    BITMAP(GICD_ICPENDR, CLEAR, GICD_ISPENDR, 0U),
    BITMAP(GICD_ISACTIVER, SET, GICD_ICACTIVER, 0U),
    BITMAP(GICD_ICACTIVER, CLEAR, GICD_ISACTIVER, 0U),
    {GICD_IPRIORITYR, 32, 4, BYTE | WORD, READ_WRITE, 0, 0xf8f8f8f8, 0},
    {GICD_ICFGR, 4, 4, WORD, READ_ONLY, 0xaaaaaaaa, 0, 0},      /* SGIs: edge-triggered */
    {GICD_ICFGR + 4U, 4, 4, WORD, READ_ONLY, 0, 0, 0},          /* PPIs: level-sensitive */
};

void guest_main(uint64_t devicetree);

static void walk_redistributor(unsigned cpu, bool is_last)
{
    const uintptr_t base = GICR_BASE + cpu * GICR_STRIDE;

    rd[1].reset = mmio_read32(base + 4U);
    rd[2].reset = (cpu_affinity(cpu) << 32) | (uint64_t)cpu << 8 | (is_last ? 1U << 4 : 0U);
    walk(&(struct map){"gicr_rd", base, FRAME_BYTES, ROWS(rd)});
    walk(&(struct map){"gicr_sgi", base + GICR_SGI_OFFSET, FRAME_BYTES, ROWS(sgi)});
}

/* Implementer, ArchRev, and the four bytes of a component's CIDR. */
static void check_identification(uintptr_t base, uint32_t iidr)
{
    static const uint32_t cidr[] = {0x0d, 0xf0, 0x05, 0xb1};

    TEST_EQUAL("iidr_implementer", mmio_read32(base + iidr) & 0xfffU, 0x43b);
    TEST_EQUAL("pidr2_archrev", (mmio_read32(base + GICD_PIDR2) >> 4) & 0xfU, 3);
    for (unsigned i = 0; i < 4U; i++) {
        TEST_EQUAL("cidr", mmio_read32(base + 0xfff0U + 4U * i), cidr[i]);
    }
}

void guest_main(uint64_t devicetree)
{
    (void)devicetree;
    const unsigned cpus = cpu_count();

    test_begin("gicmap");
    check_identification(GICD_BASE, GICD_IIDR);
    check_identification(GICR_BASE, 4);
    gicd[2].reset = mmio_read32(GICD_BASE + GICD_IIDR);
    walk(&(struct map){"gicd", GICD_BASE, FRAME_BYTES, ROWS(gicd)});
    for (unsigned cpu = 0; cpu < cpus; cpu++) {
        walk_redistributor(cpu, cpu + 1U == cpus);
    }
    test_done();
}
