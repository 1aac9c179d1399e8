/* sources: core/machine_check.c core/fdt.c */
/* Boot-time comparison: a machine as described passes, and each difference that matters is
 * counted and named.
 * @req CORE-10 */
#include "core/machine_check.h"

#include "arch/memory.h"
#include "arch/smc.h"
#include "arch/sysreg.h"
#include "fake/core.h"
#include "fdt_builder.h"
#include "gic/gic.h"
#include "test.h"

static unsigned gic_found;
static unsigned gic_reads;

unsigned gic_version(void)
{
    gic_reads++;
    return gic_found;
}

static void psci_1_1(struct smc_regs *r)
{
    r->x[0] = (r->x[0] == 0x84000000U) ? 0x10001U : UINT64_MAX;
}

#define DEVICETREE_PA UINT64_C(0x48000000)
static uint8_t memory[8192] __attribute__((aligned(8)));

struct machine {
    uint64_t ram_bytes;
    unsigned cpus;
    const char *gic;
};

static void cells(struct builder *b, const char *name, uint32_t v)
{
    uint8_t value[4];

    put32(value, v);
    property(b, name, value, 4);
}

static uint64_t devicetree(const struct machine *m)
{
    struct builder b = {.structure_bytes = 0};
    uint8_t reg[16];
    uint32_t total = 0;

    begin(&b, "");
    cells(&b, "#address-cells", 2);
    cells(&b, "#size-cells", 2);
    begin(&b, "memory@40000000");
    put32(reg, 0);
    put32(reg + 4, 0x40000000);
    put32(reg + 8, (uint32_t)(m->ram_bytes >> 32));
    put32(reg + 12, (uint32_t)m->ram_bytes);
    property(&b, "reg", reg, 16);
    end(&b);
    begin(&b, "intc@8000000");
    property(&b, "compatible", m->gic, (uint32_t)strlen(m->gic) + 1);
    end(&b);
    begin(&b, "cpus");
    cells(&b, "#address-cells", 1);
    for (unsigned i = 0; i < m->cpus; i++) {
        char name[16];

        snprintf(name, sizeof(name), "cpu@%u", i);
        begin(&b, name);
        cells(&b, "reg", i);
        end(&b);
    }
    end(&b);
    end(&b);
    token(&b, 9);
    uint8_t *blob = finish(&b, &total);
    memcpy(memory, blob, total);
    free(blob);
    return DEVICETREE_PA;
}

TEST_SETUP()
{
    gic_found = 3;
    fake_smc_hook = psci_1_1;
    fake_memory_add(DEVICETREE_PA, memory, sizeof(memory));
    fake_sysreg_set_all("ID_AA64MMFR0_EL1", 0x5);        /* 48 bits, 4 KiB granule */
    fake_sysreg_set_all("ID_AA64PFR0_EL1", 0x01000011);  /* GIC, EL1, EL0 */
    fake_sysreg_set_all("ID_AA64DFR0_EL1", 0x600);       /* PMU version 6 */
}

static const struct machine good = {0x40000000, 4, "arm,gic-v3"};

TEST(the_machine_as_described_passes)
{
    CHECK_EQ(machine_check_board(devicetree(&good)), 0);
    CHECK_EQ(machine_check_cpu(), 0);
    CHECK_EQ(fake_log_count, 0);
}

TEST(more_than_described_passes)
{
    CHECK_EQ(machine_check_board(devicetree(&(struct machine){0x200000000, 8, "arm,gic-v3"})), 0);
    gic_found = 4;
    CHECK_EQ(machine_check_board(devicetree(&good)), 0);
}

TEST(without_a_devicetree_the_rest_is_checked)
{
    CHECK_EQ(machine_check_board(0), 0);
    gic_found = 2;
    CHECK_EQ(machine_check_board(0), 1);
    CHECK(strstr(fake_log_last, "GICD_PIDR2") != NULL);
}

TEST(the_distributor_is_not_touched_where_there_may_be_none)
{
    gic_reads = 0;
    CHECK_EQ(machine_check_board(devicetree(&(struct machine){0x40000000, 4, "arm,cortex-a15-gic"})),
             1);
    CHECK_EQ(gic_reads, 0);
}

TEST(too_little_ram_is_named)
{
    CHECK_EQ(machine_check_board(devicetree(&(struct machine){0x20000000, 4, "arm,gic-v3"})), 1);
    CHECK(strstr(fake_log_last, "512 MiB") != NULL);
}

TEST(a_missing_cpu_is_named)
{
    CHECK_EQ(machine_check_board(devicetree(&(struct machine){0x40000000, 3, "arm,gic-v3"})), 1);
    CHECK(strstr(fake_log_last, "CPU 3") != NULL);
}

TEST(another_gic_is_named)
{
    CHECK_EQ(machine_check_board(devicetree(&(struct machine){0x40000000, 4, "arm,gic-400"})), 1);
    CHECK(strstr(fake_log_last, "GICv3 is expected, the devicetree has version 2") != NULL);
    CHECK_EQ(machine_check_board(devicetree(&(struct machine){0x40000000, 4, "arm,gic-v5"})), 1);
    CHECK(strstr(fake_log_last, "version 0") != NULL);
    CHECK_EQ(machine_check_board(devicetree(&(struct machine){0x40000000, 4, "arm,cortex-a15-gic"})),
             1);
    CHECK(strstr(fake_log_last, "gic-version=3") != NULL);
}

TEST(a_pointer_to_no_devicetree_is_refused)
{
    (void)devicetree(&good);
    CHECK_EQ(machine_check_board(DEVICETREE_PA + 4), 1); /* misaligned */
    CHECK_EQ(machine_check_board(DEVICETREE_PA + 8), 1); /* no magic */
    CHECK_EQ(machine_check_board(0x1000), 1);            /* not RAM */
}

TEST(firmware_without_psci_is_refused)
{
    fake_smc_hook = NULL;
    CHECK_EQ(machine_check_board(0), 1);
}

TEST(a_cpu_with_less_than_needed_is_refused)
{
    fake_sysreg_set_all("ID_AA64PFR0_EL1", 0x00000011); /* no GIC system registers */
    CHECK_EQ(machine_check_cpu(), 1);
    fake_sysreg_set_all("ID_AA64PFR0_EL1", 0x01000011);
    fake_sysreg_set_all("ID_AA64MMFR0_EL1", 0xF0000005); /* no 4 KiB granule */
    CHECK_EQ(machine_check_cpu(), 1);
}

TEST(a_grant_that_the_cpu_lacks_is_refused)
{
    fake_sysreg_set_all("ID_AA64DFR0_EL1", 0x000); /* linux1 is granted the PMU */
    CHECK_EQ(machine_check_cpu(), 1);
    CHECK(strstr(fake_log_last, "linux1 is granted pmu") != NULL);
}
