/* Group gicmap-gicv2: every offset of the distributor's frame, and of the page of GICC_DIR, with
 * every width and at every alignment, holds what [IHI0048 4.1 to 4.4] says for one security state;
 * gicmap.h. Each CPU walks it, since what is about SGIs and PPIs is banked. The rest of the CPU
 * interface is the hardware's. Interrupts stay masked all the time.
 *
 * @req IRQ-2 */
#include "gicmap.h"
#include "gicv2/gicv2.h"
#include "psci.h"

#define SPI_COUNT 64U /* systems/test-gicmap-gicv2.yaml */
#define CPU_COUNT 2U
#define GICC_DIR_PAGE (GICC_BASE + GICC_DIR)

#define ALL_CPUS ((1U << CPU_COUNT) - 1U)
#define BYTES_OF(value) ((value)*0x01010101U)

/* One bit an interrupt: those of SGIs and PPIs, of which `writable` can change, and of SPIs. */
#define BITMAP(first, kind, partner, writable)                                                     \
    {(first), 4, 4, WORD, kind, 0, writable, partner},                                             \
    {                                                                                              \
        (first) + 4U, SPI_COUNT / 8U, 4, WORD, kind, 0, UINT32_MAX, (partner) + 4U                 \
    }

/* SGIs are pending by source, and neither made pending nor cleared with the others. */
#define NOT_SGIS 0xffff0000U

/* GICD_TYPER: ITLinesNumber, CPUNumber. */
#define TYPER_VALUE (SPI_COUNT / 32U | (CPU_COUNT - 1U) << 5)

static struct row gicd[] = {
    {0x000, 4, 4, WORD, READ_WRITE, 0, 3, 0},
    {0x004, 4, 4, WORD, READ_ONLY, TYPER_VALUE, 0, 0},
    {0x008, 4, 4, WORD, READ_ONLY, 0, 0, 0},                  /* IIDR: see walk_here() */
    {GICD_ITARGETSR, 32, 4, BYTE | WORD, READ_ONLY, 0, 0, 0}, /* who reads: see walk_here() */
    BITMAP(GICD_IGROUPR, READ_WRITE, 0, UINT32_MAX),
    BITMAP(GICD_ISENABLER, SET, GICD_ICENABLER, UINT32_MAX),
    BITMAP(GICD_ICENABLER, CLEAR, GICD_ISENABLER, UINT32_MAX),
    BITMAP(GICD_ISPENDR, SET, GICD_ICPENDR, NOT_SGIS),
    BITMAP(GICD_ICPENDR, CLEAR, GICD_ISPENDR, NOT_SGIS),
    BITMAP(GICD_ISACTIVER, SET, GICD_ICACTIVER, UINT32_MAX),
    BITMAP(GICD_ICACTIVER, CLEAR, GICD_ISACTIVER, UINT32_MAX),
    {GICD_IPRIORITYR, 32U + SPI_COUNT, 4, BYTE | WORD, READ_WRITE, 0, BYTES_OF(0xf8U), 0},
    {GICD_ITARGETSR + 32U, SPI_COUNT, 4, BYTE | WORD, READ_WRITE, 0, BYTES_OF(ALL_CPUS), 0},
    {GICD_ICFGR, 4, 4, WORD, READ_ONLY, 0xaaaaaaaa, 0, 0}, /* SGIs: edge-triggered */
    {GICD_ICFGR + 4U, 4, 4, WORD, READ_ONLY, 0, 0, 0},     /* PPIs: level-sensitive */
    {GICD_ICFGR + 8U, SPI_COUNT / 4U, 4, WORD, READ_WRITE, 0, 0xaaaaaaaa, 0},
    {GICD_SGIR, 4, 4, WORD, WRITE_ONLY, 0, 0, 0},
    {GICD_CPENDSGIR, 16, 4, BYTE | WORD, CLEAR, 0, BYTES_OF(ALL_CPUS), GICD_SPENDSGIR},
    {GICD_SPENDSGIR, 16, 4, BYTE | WORD, SET, 0, BYTES_OF(ALL_CPUS), GICD_CPENDSGIR},
    {0xfd0, 0x30, 4, WORD, IDENTIFICATION, 0, 0, 0},
};

static struct row dir[] = {{0, 4, 4, WORD, WRITE_ONLY, 0, 0, 0}};

void guest_main(uint64_t devicetree);

static void walk_here(void)
{
    gicd[2].reset = mmio_read32(GICD_BASE + GICD_IIDR);
    gicd[3].reset = BYTES_OF(1U << cpu_number());
    walk(&(struct map){"gicd", GICD_BASE, GICD_BYTES, ROWS(gicd)});
    walk(&(struct map){"gicc_dir", GICC_DIR_PAGE, 0x1000U, ROWS(dir)});
}

static volatile bool is_walked;

/* The library has given priorities to the SGIs and PPIs of a CPU that it starts. */
static void walk_there(void)
{
    for (unsigned intid = 0; intid < 32U; intid++) {
        gic_set_priority(intid, 0);
    }
    walk_here();
    is_walked = true;
}

/* Implementer, ArchRev, and the four bytes of a component's CIDR. */
static void check_identification(void)
{
    static const uint32_t cidr[] = {0x0d, 0xf0, 0x05, 0xb1};

    TEST_EQUAL("iidr_implementer", mmio_read32(GICD_BASE + GICD_IIDR) & 0xfffU, 0x43b);
    TEST_EQUAL("pidr2_archrev", (mmio_read32(GICD_BASE + GICD_ICPIDR2) >> 4) & 0xfU, 2);
    for (unsigned i = 0; i < 4U; i++) {
        TEST_EQUAL("cidr", mmio_read32(GICD_BASE + 0xff0U + 4U * i), cidr[i]);
    }
}

void guest_main(uint64_t devicetree)
{
    (void)devicetree;
    test_begin("gicmap-gicv2");
    TEST_EQUAL("cpus", cpu_count(), CPU_COUNT);
    check_identification();
    walk_here();
    TEST_EQUAL("second_cpu_on", cpu_start(1, walk_there), PSCI_SUCCESS);
    while (!is_walked) {
    }
    test_check(cpu_wait_off(1), "second_cpu_off", "still on");
    test_done();
}
