/* sources: vgic/v2/gicc.c vgic/vgic.c vgic/reset.c vgic/route.c vgic/lists.c vgic/choice.c vgic/hw.c vgic/regs.c vgic/regs_irq.c vgic/v2/target.c vgic/v2/sgi.c vgic/v2/registers.c vgic/v2/gicd.c lib/mem.c */
/* The virtual GICv2: banked registers, targets of SPIs, SGIs by their source [IHI0048 3.2, 4.3].
 * @req IRQ-2 */
#include "vgic_machine.h"

#include "lib/bits.h"

enum { ITARGETSR = 0x800, SGIR = 0xF00, CPENDSGIR = 0xF10, SPENDSGIR = 0xF20 };
enum { TO_OTHERS = 1U << 24, TO_SELF = 2U << 24 };

static unsigned on_cpu(unsigned cpu)
{
    const unsigned before = fake_cpu;

    fake_cpu = cpu;
    return before;
}

/* What GICC_IAR reads on `cpu`: INTID and, for an SGI, its source from bit 10. */
static uint32_t acknowledge_on(unsigned cpu)
{
    const unsigned before = on_cpu(cpu);
    uint32_t iar;

    machine_settle();
    iar = fake_guest_acknowledge();
    fake_cpu = before;
    return iar;
}

static void end_on(unsigned cpu, uint32_t iar)
{
    const unsigned before = on_cpu(cpu);

    fake_guest_end(iar);
    machine_settle();
    fake_cpu = before;
}

static uint32_t sgi(unsigned intid, unsigned source)
{
    return intid | source << 10;
}

static void enable_sgis(void)
{
    for (fake_cpu = 0; fake_cpu < MACHINE_VCPUS; fake_cpu++) {
        gicd_write(ISENABLER, 0xFFFF);
    }
    fake_cpu = 0;
}

TEST_SETUP()
{
    machine_boot();
    machine_open_groups();
    enable_sgis();
}

TEST(identification_and_type)
{
    CHECK_EQ(gicd_read(0x004), 2 | 2 << 5); /* INTIDs to 95, three CPU interfaces */
    CHECK_EQ(gicd_read(0xFE8), 0x2B);       /* ArchRev 2 */
    CHECK_EQ(gicd_read(0xFE0), 0x90);
    CHECK_EQ(gicd_read(0xFFC), 0xB1);
    CHECK_EQ(gicd_read(0x008), 0x4200043B);
    gicd_write(0x004, 0);
    CHECK_EQ(gicd_read(0x004), 2 | 2 << 5);
    CHECK_EQ(gicd_read(0xE00), 0); /* NSACR */
    CHECK_EQ(gicd_read(0xC00), 0xAAAAAAAA);
    CHECK_EQ(gicd_read(0xFD0 - 4), 0);
}

TEST(private_registers_are_those_of_who_asks)
{
    gicd_write(ISENABLER, BIT(29));
    machine_write(false, IPRIORITYR + 29, 1, 0x48);
    CHECK_EQ(gicd_read(ISENABLER), BIT(29) | 0xFFFF);
    on_cpu(1);
    CHECK_EQ(gicd_read(ISENABLER), 0xFFFF);
    CHECK_EQ(machine_read(false, IPRIORITYR + 29, 1), 0);
    gicd_write(ISPENDR, BIT(29));
    CHECK_EQ(gicd_read(ISPENDR), BIT(29));
    on_cpu(0);
    CHECK_EQ(gicd_read(ISPENDR), 0);
    gicd_write(ICPENDR, BIT(29));
    on_cpu(1);
    CHECK_EQ(gicd_read(ISPENDR), BIT(29));
}

TEST(sgis_are_not_made_pending_by_the_common_registers)
{
    gicd_write(ISPENDR, 0xFFFF);
    CHECK_EQ(gicd_read(ISPENDR), 0);
    gicd_write(SGIR, TO_SELF | 3);
    gicd_write(ICPENDR, 0xFFFF);
    CHECK_EQ(gicd_read(ISPENDR), BIT(3));
}

TEST(targets_of_private_interrupts_say_who_asks)
{
    for (unsigned cpu = 0; cpu < MACHINE_VCPUS; cpu++) {
        on_cpu(cpu);
        CHECK_EQ(gicd_read(ITARGETSR), (UINT64_C(0x01010101) << cpu));
        CHECK_EQ(machine_read(false, ITARGETSR + 31, 1), BIT(cpu));
        gicd_write(ITARGETSR, 0);
        CHECK_EQ(gicd_read(ITARGETSR), (UINT64_C(0x01010101) << cpu));
    }
}

TEST(targets_of_shared_ones_have_a_bit_for_each_vcpu)
{
    CHECK_EQ(gicd_read(ITARGETSR + 32), 0);
    gicd_write(ITARGETSR + 36, 0xFF020401);
    CHECK_EQ(gicd_read(ITARGETSR + 36), 0x07020401);
    machine_write(false, ITARGETSR + 37, 1, 0xF9);
    CHECK_EQ(gicd_read(ITARGETSR + 36), 0x07020101);
    machine_write(false, ITARGETSR + 36, 2, 0); /* halfwords are not an access that exists */
    CHECK_EQ(gicd_read(ITARGETSR + 36), 0x07020101);
}

static void write_single(uint32_t offset, uint64_t value)
{
    const unsigned before = on_cpu(3);

    CHECK_EQ(vgic_gicd_write(1, offset, 4, value), MMIO_DONE);
    fake_cpu = before;
}

static uint64_t single_vcpu_register(uint32_t offset, bool write)
{
    const unsigned before = on_cpu(3);
    uint64_t value;

    if (write) {
        write_single(offset, UINT32_MAX);
    }
    CHECK_EQ(vgic_gicd_read(1, offset, 4, &value), MMIO_DONE);
    fake_cpu = before;
    return value;
}

TEST(with_one_vcpu_all_targets_read_as_zero)
{
    CHECK_EQ(single_vcpu_register(ITARGETSR, false), 0);
    CHECK_EQ(single_vcpu_register(ITARGETSR + 32, true), 0);
    CHECK_EQ(single_vcpu_register(0x004, false) >> 5, 0);
}

TEST(with_one_vcpu_an_spi_goes_there)
{
    on_cpu(3);
    write_single(0, 1);
    write_single(ISENABLER + 4, BIT(2));
    write_single(ISPENDR + 4, BIT(2));
    fake_guest_enable_groups(true, false);
    fake_guest_set_mask(0xF0);
    CHECK_EQ(acknowledge_on(3), 34);
}

static void prepare_spi(unsigned intid, uint8_t targets)
{
    machine_write(false, ITARGETSR + intid, 1, targets);
    machine_set_bit(ISENABLER, intid);
}

TEST(an_spi_goes_to_the_first_of_its_targets_that_is_on)
{
    prepare_spi(45, 0x6);
    vgic_set_line(MACHINE_VM, 0, 45, true);
    machine_settle();
    CHECK_EQ(acknowledge_on(0), FAKE_NO_INTID);
    CHECK_EQ(acknowledge_on(2), FAKE_NO_INTID);
    CHECK_EQ(acknowledge_on(1), 45);
    vgic_set_line(MACHINE_VM, 0, 45, false);
    end_on(1, 45);
    machine_vcpu_off(1);
    vgic_set_line(MACHINE_VM, 0, 45, true);
    CHECK_EQ(acknowledge_on(2), 45);
}

TEST(an_spi_without_a_target_stays_pending)
{
    prepare_spi(45, 0);
    gicd_write(ISPENDR + 4, BIT(13));
    for (unsigned cpu = 0; cpu < MACHINE_VCPUS; cpu++) {
        CHECK_EQ(acknowledge_on(cpu), FAKE_NO_INTID);
    }
    CHECK(machine_bit(ISPENDR, 45));
    machine_write(false, ITARGETSR + 45, 1, 4);
    CHECK_EQ(acknowledge_on(2), 45);
}

TEST(a_physical_spi_follows_its_target)
{
    machine_write(false, ITARGETSR + MACHINE_EDGE_VINTID, 1, 4);
    CHECK_EQ(fake_spis[MACHINE_EDGE_PINTID].cpu, 2);
    machine_write(false, ITARGETSR + MACHINE_EDGE_VINTID, 1, 2);
    CHECK_EQ(fake_spis[MACHINE_EDGE_PINTID].cpu, 1);
}

TEST(sgi_filters)
{
    static const struct {
        uint32_t value;
        unsigned targets;
    } cases[] = {
        {0x00010000, 1}, {0x00060000, 6},  {0x00FF0000, 7}, {0x00000000, 0},
        {TO_OTHERS, 5},  {TO_SELF, 2},     {3U << 24, 0},   {3U << 24 | 0x00070000, 0},
        {0x00078000, 7}, {TO_SELF | 0x00050000, 2},
    };

    for (unsigned i = 0; i < ARRAY_COUNT(cases); i++) {
        on_cpu(1);
        gicd_write(SGIR, cases[i].value | 9);
        for (unsigned cpu = 0; cpu < MACHINE_VCPUS; cpu++) {
            const bool is_target = (cases[i].targets >> cpu & 1) != 0;
            const uint32_t iar = acknowledge_on(cpu);

            CHECK_EQ(iar, is_target ? sgi(9, 1) : FAKE_NO_INTID);
            if (is_target) {
                end_on(cpu, iar);
            }
        }
    }
}

TEST(an_sgi_from_two_sources_is_taken_twice)
{
    on_cpu(2);
    gicd_write(SGIR, 0x00010005);
    on_cpu(1);
    gicd_write(SGIR, 0x00010005);
    gicd_write(SGIR, 0x00010005); /* once more from the same: one event */
    on_cpu(0);
    machine_settle();
    CHECK_EQ(gicd_read(SPENDSGIR + 4), 6U << 8);
    CHECK_EQ(acknowledge_on(0), sgi(5, 1));
    CHECK_EQ(gicd_read(SPENDSGIR + 4), 4U << 8);
    CHECK_EQ(acknowledge_on(0), FAKE_NO_INTID); /* of the same priority: not before the end */
    end_on(0, sgi(5, 1));
    CHECK_EQ(acknowledge_on(0), sgi(5, 2));
    CHECK_EQ(gicd_read(SPENDSGIR + 4), 0);
    end_on(0, sgi(5, 2));
    CHECK_EQ(acknowledge_on(0), FAKE_NO_INTID);
    CHECK_EQ(gicd_read(ISPENDR) | gicd_read(ISACTIVER), 0);
}

TEST(an_sgi_from_another_source_waits_for_the_active_one)
{
    gicd_write(SGIR, TO_SELF | 5);
    CHECK_EQ(acknowledge_on(0), sgi(5, 0));
    on_cpu(1);
    gicd_write(SGIR, 0x00010005);
    on_cpu(0);
    machine_settle();
    CHECK_EQ(gicd_read(ISPENDR), BIT(5));
    CHECK_EQ(gicd_read(ISACTIVER), BIT(5));
    end_on(0, sgi(5, 0)); /* the list register still names the first source */
    CHECK_EQ(acknowledge_on(0), sgi(5, 1));
    end_on(0, sgi(5, 1));
    CHECK_EQ(gicd_read(ISACTIVER), 0);
}

TEST(the_same_source_again_while_active)
{
    gicd_write(SGIR, TO_SELF | 5);
    CHECK_EQ(acknowledge_on(0), sgi(5, 0));
    gicd_write(SGIR, TO_SELF | 5);
    machine_settle();
    CHECK_EQ(gicd_read(SPENDSGIR + 4), 1U << 8);
    end_on(0, sgi(5, 0));
    CHECK_EQ(acknowledge_on(0), sgi(5, 0));
}

TEST(pending_sources_by_register)
{
    machine_write(false, SPENDSGIR + 7, 1, 0xFF); /* three vCPUs, so three sources */
    CHECK_EQ(machine_read(false, SPENDSGIR + 7, 1), 7);
    CHECK_EQ(machine_read(false, CPENDSGIR + 7, 1), 7);
    CHECK_EQ(gicd_read(ISPENDR), BIT(7));
    machine_write(false, CPENDSGIR + 7, 1, 1); /* the one that is listed */
    machine_settle();
    CHECK_EQ(gicd_read(CPENDSGIR + 4), 6U << 24);
    machine_write(false, CPENDSGIR + 7, 1, 4);
    CHECK_EQ(acknowledge_on(0), sgi(7, 1));
    end_on(0, sgi(7, 1));
    CHECK_EQ(acknowledge_on(0), FAKE_NO_INTID);
    on_cpu(1);
    CHECK_EQ(gicd_read(SPENDSGIR + 4), 0); /* banked */
}

TEST(clearing_all_sources_leaves_nothing)
{
    gicd_write(SPENDSGIR, 0x07070707);
    gicd_write(CPENDSGIR, 0xFFFFFFFF);
    machine_settle();
    CHECK_EQ(gicd_read(SPENDSGIR) | gicd_read(ISPENDR), 0);
    CHECK_EQ(acknowledge_on(0), FAKE_NO_INTID);
}

TEST(sgis_beyond_the_list_registers)
{
    fake_lr_count = 2;
    machine_boot();
    machine_open_groups();
    enable_sgis();
    on_cpu(1);
    for (unsigned intid = 0; intid < 16; intid++) {
        gicd_write(SGIR, 0x00010000 | intid);
    }
    on_cpu(2);
    for (unsigned intid = 0; intid < 16; intid++) {
        gicd_write(SGIR, 0x00010000 | intid);
    }
    on_cpu(0);
    for (unsigned intid = 0; intid < 16; intid++) {
        for (unsigned source = 1; source < 3; source++) {
            const uint32_t iar = acknowledge_on(0);

            CHECK_EQ(iar, sgi(intid, source));
            end_on(0, iar);
        }
    }
    CHECK_EQ(acknowledge_on(0), FAKE_NO_INTID);
}

TEST(sources_survive_the_power_of_the_vcpu_and_not_the_reset_of_the_vm)
{
    machine_vcpu_off(0);
    on_cpu(1);
    gicd_write(SGIR, 0x00010003);
    machine_vcpu_on(0);
    on_cpu(0);
    fake_guest_enable_groups(true, true);
    fake_guest_set_mask(0xFF);
    CHECK_EQ(acknowledge_on(0), sgi(3, 1));
    end_on(0, sgi(3, 1));
    on_cpu(1);
    gicd_write(SGIR, 0x00010003);
    machine_boot();
    on_cpu(0);
    CHECK_EQ(gicd_read(SPENDSGIR), 0);
}

TEST(groups_and_their_enables)
{
    gicd_write(0, 2); /* Group 0 off at the distributor */
    gicd_write(SGIR, TO_SELF | 5);
    CHECK_EQ(acknowledge_on(0), FAKE_NO_INTID);
    gicd_write(IGROUPR, BIT(5));
    CHECK_EQ(acknowledge_on(0), sgi(5, 0));
    CHECK_EQ(gicd_read(0), 2);
    gicd_write(0, UINT32_MAX);
    CHECK_EQ(gicd_read(0), 3);
}

TEST(registers_of_a_gicv3_are_not_there)
{
    CHECK(!vgic_sgi_write(&vcpus[0], VGIC_SGI1R, 1));
    CHECK(!vgic_dir_write(&vcpus[0], 1));
    CHECK_EQ(gicd_read(0x040), 0); /* SETSPI */
    gicd_write(0x040, 45);
    CHECK_EQ(gicd_read(ISPENDR + 4), 0);
}

static void write_dir(uint32_t iar)
{
    CHECK_EQ(vgic_gicc_write(MACHINE_VM, 0, 4, iar), MMIO_DONE);
    machine_settle();
}

/* EOImode 1: an SPI that vCPU 1 acknowledged is deactivated by vCPU 0. */
TEST(dir_reaches_what_another_vcpu_acknowledged)
{
    prepare_spi(45, 2);
    gicd_write(ISPENDR + 4, BIT(13));
    on_cpu(1);
    fake_guest_set_eoimode(true);
    CHECK_EQ(acknowledge_on(1), 45);
    fake_guest_end(45);
    CHECK(machine_bit(ISACTIVER, 45));
    on_cpu(0);
    write_dir(45); /* EOImode 0 here: ignored */
    CHECK(machine_bit(ISACTIVER, 45));
    fake_guest_set_eoimode(true);
    CHECK_EQ(vgic_gicc_write(MACHINE_VM, 4, 4, 45), MMIO_DONE); /* nothing is there */
    CHECK_EQ(vgic_gicc_write(MACHINE_VM, 0, 1, 45), MMIO_DONE); /* no access that exists */
    machine_settle();
    CHECK(machine_bit(ISACTIVER, 45));
    write_dir(1019); /* no such interrupt */
    write_dir(45);
    CHECK(!machine_bit(ISACTIVER, 45));
}

TEST(dir_of_an_sgi_names_its_source)
{
    uint64_t value = 1;

    fake_guest_set_eoimode(true);
    on_cpu(1);
    gicd_write(SGIR, 0x00010005);
    on_cpu(0);
    CHECK_EQ(acknowledge_on(0), sgi(5, 1));
    fake_guest_end(sgi(5, 1));
    write_dir(sgi(5, 2));
    CHECK_EQ(gicd_read(ISACTIVER), BIT(5));
    write_dir(sgi(5, 1));
    CHECK_EQ(gicd_read(ISACTIVER), 0);
    CHECK_EQ(vgic_gicc_read(MACHINE_VM, 0, 4, &value), MMIO_DONE);
    CHECK_EQ(value, 0);
}

/* Random senders, targets, ends and clears: each (INTID, source) that was sent is taken exactly
 * once for each time that it became pending. */
TEST(no_sgi_is_lost_and_none_is_invented)
{
    uint8_t pending[MACHINE_VCPUS][16] = {{0}};
    uint32_t active[MACHINE_VCPUS] = {FAKE_NO_INTID, FAKE_NO_INTID, FAKE_NO_INTID};
    uint32_t seed = 1;

    for (unsigned step = 0; step < 20000; step++) {
        seed = seed * 1103515245U + 12345U;
        const unsigned cpu = (seed >> 16) % MACHINE_VCPUS;
        const unsigned intid = (seed >> 20) % 16U;
        const unsigned what = (seed >> 24) % 4U;

        on_cpu(cpu);
        if (what == 0) {
            const unsigned list = (seed >> 26) & 7U;

            gicd_write(SGIR, list << 16 | intid);
            for (unsigned t = 0; t < MACHINE_VCPUS; t++) {
                pending[t][intid] |= (uint8_t)((list >> t & 1U) << cpu);
            }
        } else if (what == 1 && active[cpu] == FAKE_NO_INTID) {
            const uint32_t iar = acknowledge_on(cpu);
            const unsigned taken = iar & 15U;

            if (iar == FAKE_NO_INTID) {
                for (unsigned i = 0; i < 16; i++) {
                    CHECK_EQ(pending[cpu][i], 0);
                }
            } else {
                CHECK((pending[cpu][taken] >> (iar >> 10) & 1U) != 0);
                pending[cpu][taken] &= (uint8_t)~(1U << (iar >> 10));
                active[cpu] = iar;
            }
        } else if (what == 2 && active[cpu] != FAKE_NO_INTID) {
            end_on(cpu, active[cpu]);
            active[cpu] = FAKE_NO_INTID;
        } else if (what == 3) {
            const unsigned sources = (seed >> 26) & 7U;

            machine_write(false, CPENDSGIR + intid, 1, sources);
            pending[cpu][intid] &= (uint8_t)~sources;
        }
        CHECK_EQ(machine_read(false, SPENDSGIR + intid, 1), pending[cpu][intid]);
    }
}
