/* sources: gic/v3/virtual.c */
/* The virtual interface's registers by number: each number reaches its own register.
 * @req IRQ-1 */
#include "gic/v3/gic_virtual.h"

#include "arch/sysreg.h"
#include "lib/bits.h"
#include "test.h"

TEST(each_list_register)
{
    char name[] = "ICH_LR00_EL2";

    for (unsigned i = 0; i < GICH_LR_MAX; i++) {
        gich_lr_write(i, 1000 + i);
    }
    for (unsigned i = 0; i < GICH_LR_MAX; i++) {
        snprintf(name, sizeof(name), "ICH_LR%u_EL2", i);
        CHECK_EQ(fake_sysreg_get(name), 1000 + i);
        CHECK_EQ(gich_lr_read(i), 1000 + i);
    }
}

TEST(the_short_way_reaches_the_same_registers)
{
    for (unsigned i = 0; i < GICH_LR_LOW; i++) {
        gich_lr_write(i, 1000 + i);
    }
    for (unsigned i = 0; i < GICH_LR_LOW; i++) {
        CHECK_EQ(gich_lr_read_low(i), 1000 + i);
        gich_lr_write_low(i, 2000 + i);
        CHECK_EQ(gich_lr_read(i), 2000 + i);
    }
}

TEST(what_the_interface_implements)
{
    /* PRIbits 5, PREbits 5, TDS, four list registers. */
    fake_sysreg_set("ICH_VTR_EL2", 4u << 29 | 4u << 26 | 1u << 19 | 3);
    CHECK_EQ(gich_lr_count(), 4);
    CHECK_EQ(gich_priority_bits(), 5);
    CHECK(gich_can_trap_dir());
    fake_sysreg_set("ICH_VTR_EL2", 7u << 29 | 6u << 26 | 15);
    CHECK_EQ(gich_lr_count(), 16);
    CHECK_EQ(gich_priority_bits(), 8);
    CHECK(!gich_can_trap_dir());
}

static unsigned cleared(unsigned preemption_bits)
{
    static const char *const names[] = {"ICH_AP0R0_EL2", "ICH_AP1R0_EL2", "ICH_AP0R1_EL2",
                                        "ICH_AP1R1_EL2", "ICH_AP0R2_EL2", "ICH_AP1R2_EL2",
                                        "ICH_AP0R3_EL2", "ICH_AP1R3_EL2"};
    unsigned count = 0;

    fake_sysreg_set("ICH_VTR_EL2", (uint64_t)(preemption_bits - 1) << 26);
    for (unsigned i = 0; i < 8; i++) {
        fake_sysreg_set(names[i], 1);
    }
    gich_reset();
    for (unsigned i = 0; i < 8; i++) {
        count += (fake_sysreg_get(names[i]) == 0) ? 1 : 0;
    }
    return count;
}

TEST(reset)
{
    fake_sysreg_set("ICH_VTR_EL2", 4u << 29 | 4u << 26 | 3);
    for (unsigned i = 0; i < 4; i++) {
        gich_lr_write(i, 1000 + i);
    }
    fake_sysreg_set("ICH_HCR_EL2", 1);
    fake_sysreg_set("ICH_VMCR_EL2", 1);
    gich_reset();
    CHECK_EQ(fake_sysreg_get("ICC_SRE_EL1"), 7);
    CHECK_EQ(gich_hcr_read() | gich_vmcr_read(), 0);
    for (unsigned i = 0; i < 4; i++) {
        CHECK_EQ(gich_lr_read(i), 0);
    }
}

TEST(active_priorities_as_many_as_there_are)
{
    CHECK_EQ(cleared(5), 2);
    CHECK_EQ(cleared(6), 4);
    CHECK_EQ(cleared(7), 8);
}
