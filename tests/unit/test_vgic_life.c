/* sources: vgic/vgic.c vgic/reset.c vgic/route.c vgic/lists.c vgic/choice.c vgic/hw.c vgic/regs.c vgic/regs_irq.c vgic/v3/target.c vgic/v3/sgi.c vgic/v3/dir.c vgic/v3/gicd.c vgic/v3/gicr.c lib/mem.c */
/* The lives of single interrupts through the vGIC: each kind, each way to end.
 * @req IRQ-1, IRQ-3 */
#include "fake/access.h"
#include "vgic/state.h"
#include "vgic_machine.h"

TEST_SETUP()
{
    machine_boot();
    machine_open_groups();
}

static void check_quiet(unsigned intid)
{
    machine_settle();
    CHECK_EQ(fake_guest_would_acknowledge(), FAKE_NO_INTID);
    CHECK(!machine_bit(ISPENDR, intid));
    CHECK(!machine_bit(ISACTIVER, intid));
}

static void take(unsigned intid)
{
    machine_settle();
    CHECK_EQ(fake_guest_acknowledge(), intid);
    CHECK(machine_bit(ISACTIVER, intid));
}

static void end(unsigned intid)
{
    fake_guest_end(intid);
    machine_settle();
}

TEST(sgi_to_self)
{
    machine_prepare(3, 0x80);
    vgic_sgi_write(&vcpus[0], VGIC_SGI1R, (UINT64_C(3) << 24) | 1);
    CHECK(machine_bit(ISPENDR, 3));
    take(3);
    CHECK(!machine_bit(ISPENDR, 3));
    end(3);
    check_quiet(3);
}

TEST(sgi_to_other_vcpus)
{
    for (fake_cpu = 0; fake_cpu < 3; fake_cpu++) {
        machine_prepare(5, 0x80);
    }
    fake_cpu = 0;
    vgic_sgi_write(&vcpus[0], VGIC_SGI1R, (UINT64_C(5) << 24) | 2);
    vgic_sgi_write(&vcpus[0], VGIC_SGI1R, (UINT64_C(5) << 24) | (UINT64_C(1) << 16) | 1);
    check_quiet(5);
    fake_cpu = 1;
    take(5);
    end(5);
    check_quiet(5);
    fake_cpu = 2;
    take(5);
    end(5);
    check_quiet(5);
}

TEST(sgi_to_all_but_self)
{
    for (fake_cpu = 0; fake_cpu < 3; fake_cpu++) {
        machine_prepare(5, 0x80);
    }
    fake_cpu = 1;
    vgic_sgi_write(&vcpus[1], VGIC_SGI1R, (UINT64_C(5) << 24) | (UINT64_C(1) << 40));
    check_quiet(5);
    fake_cpu = 0;
    take(5);
    fake_cpu = 2;
    take(5);
}

TEST(sgi_of_the_wrong_range_or_cluster_goes_nowhere)
{
    machine_prepare(3, 0x80);
    vgic_sgi_write(&vcpus[0], VGIC_SGI1R, (UINT64_C(3) << 24) | (UINT64_C(1) << 44) | 1);
    vgic_sgi_write(&vcpus[0], VGIC_SGI1R, (UINT64_C(3) << 24) | (UINT64_C(1) << 32) | 1);
    vgic_sgi_write(&vcpus[0], VGIC_SGI1R, (UINT64_C(3) << 24) | (UINT64_C(1) << 48) | 1);
    vgic_sgi_write(&vcpus[0], VGIC_SGI1R, (UINT64_C(3) << 24) | 0x8000);
    check_quiet(3);
}

TEST(sgi_groups)
{
    machine_prepare(3, 0x80);
    vgic_sgi_write(&vcpus[0], VGIC_SGI0R, (UINT64_C(3) << 24) | 1);
    vgic_sgi_write(&vcpus[0], VGIC_ASGI1R, (UINT64_C(3) << 24) | 1);
    check_quiet(3);
    gicr_write(0, IGROUPR, 0);
    vgic_sgi_write(&vcpus[0], VGIC_SGI0R, (UINT64_C(3) << 24) | 1);
    take(3);
    end(3);
    vgic_sgi_write(&vcpus[0], VGIC_SGI1R, (UINT64_C(3) << 24) | 1);
    take(3);
}

TEST(sgi_pending_again_while_active)
{
    machine_prepare(3, 0x80);
    vgic_sgi_write(&vcpus[0], VGIC_SGI1R, (UINT64_C(3) << 24) | 1);
    take(3);
    vgic_sgi_write(&vcpus[0], VGIC_SGI1R, (UINT64_C(3) << 24) | 1);
    CHECK(machine_bit(ISPENDR, 3));
    CHECK_EQ(fake_guest_would_acknowledge(), FAKE_NO_INTID);
    end(3);
    take(3);
    end(3);
    check_quiet(3);
}

TEST(level_line_is_sampled_again_at_the_end)
{
    machine_prepare(33, 0x80);
    vgic_set_line(0, 0, 33, true);
    take(33);
    CHECK(machine_bit(ISPENDR, 33));
    end(33);
    take(33);
    vgic_set_line(0, 0, 33, false);
    CHECK(!machine_bit(ISPENDR, 33));
    end(33);
    check_quiet(33);
}

TEST(level_line_that_drops_withdraws)
{
    machine_prepare(33, 0x80);
    vgic_set_line(0, 0, 33, true);
    CHECK_EQ(fake_guest_would_acknowledge(), 33);
    vgic_set_line(0, 0, 33, false);
    check_quiet(33);
}

TEST(level_line_that_drops_from_another_cpu)
{
    machine_prepare(33, 0x80);
    fake_cpu = 3;
    vgic_set_line(0, 0, 33, true);
    fake_cpu = 0;
    CHECK_EQ(fake_guest_would_acknowledge(), FAKE_NO_INTID);
    machine_settle();
    CHECK_EQ(fake_guest_would_acknowledge(), 33);
    fake_cpu = 3;
    vgic_set_line(0, 0, 33, false);
    fake_cpu = 0;
    check_quiet(33);
}

TEST(level_set_by_register_stays_until_taken)
{
    machine_prepare(33, 0x80);
    machine_set_bit(ISPENDR, 33);
    vgic_set_line(0, 0, 33, true);
    vgic_set_line(0, 0, 33, false);
    CHECK(machine_bit(ISPENDR, 33));
    take(33);
    CHECK(!machine_bit(ISPENDR, 33));
    end(33);
    check_quiet(33);
}

TEST(level_cleared_by_register_comes_back_with_the_line)
{
    machine_prepare(33, 0x80);
    vgic_set_line(0, 0, 33, true);
    machine_set_bit(ICPENDR, 33);
    CHECK(machine_bit(ISPENDR, 33));
    machine_settle();
    CHECK_EQ(fake_guest_would_acknowledge(), 33);
}

TEST(edge_line_latches_once)
{
    gicd_write(ICFGR + 8, 0x8);
    machine_prepare(33, 0x80);
    vgic_set_line(0, 0, 33, true);
    vgic_set_line(0, 0, 33, true);
    take(33);
    vgic_set_line(0, 0, 33, false);
    CHECK(!machine_bit(ISPENDR, 33));
    vgic_set_line(0, 0, 33, true);
    CHECK(machine_bit(ISPENDR, 33));
    end(33);
    take(33);
    end(33);
    check_quiet(33);
}

TEST(edge_cleared_by_register)
{
    gicd_write(ICFGR + 8, 0x8);
    machine_prepare(33, 0x80);
    vgic_set_line(0, 0, 33, true);
    machine_set_bit(ICPENDR, 33);
    check_quiet(33);
}

TEST(disabled_stays_pending)
{
    machine_prepare(33, 0x80);
    vgic_set_line(0, 0, 33, true);
    machine_set_bit(ICENABLER, 33);
    CHECK_EQ(fake_guest_would_acknowledge(), FAKE_NO_INTID);
    CHECK(machine_bit(ISPENDR, 33));
    machine_set_bit(ISENABLER, 33);
    take(33);
}

TEST(disabled_group_stays_pending)
{
    machine_prepare(33, 0x80);
    machine_set_bit(ISPENDR, 33);
    gicd_write(0, 1);
    CHECK_EQ(fake_guest_would_acknowledge(), FAKE_NO_INTID);
    CHECK(machine_bit(ISPENDR, 33));
    gicd_write(0, 2);
    take(33);
}

TEST(other_vcpu_disables_what_is_listed_here)
{
    machine_prepare(33, 0x80);
    machine_set_bit(ISPENDR, 33);
    CHECK_EQ(fake_guest_would_acknowledge(), 33);
    fake_cpu = 1;
    machine_set_bit(ICENABLER, 33);
    CHECK_EQ(gicd_read(0) >> 31, 1); /* RWP */
    machine_settle();
    CHECK_EQ(gicd_read(0) >> 31, 0);
    fake_cpu = 0;
    CHECK_EQ(fake_guest_would_acknowledge(), FAKE_NO_INTID);
    CHECK(machine_bit(ISPENDR, 33));
}

TEST(other_vcpu_reads_and_clears_the_active_state)
{
    machine_prepare(33, 0x80);
    machine_set_bit(ISPENDR, 33);
    take(33);
    fake_cpu = 1;
    CHECK(machine_bit(ISACTIVER, 33));
    CHECK(!machine_bit(ISPENDR, 33));
    machine_set_bit(ICACTIVER, 33);
    CHECK(!machine_bit(ISACTIVER, 33));
    machine_settle();
    CHECK_EQ(fake_cpuifs[0].lr[0] >> 62, 0);
    fake_cpu = 0;
    check_quiet(33);
}

TEST(other_vcpu_sees_what_was_acknowledged_a_moment_ago)
{
    struct mmio_access a = {.offset = ISACTIVER + 4, .size_bytes = 4};

    machine_prepare(33, 0x80);
    machine_set_bit(ISPENDR, 33);
    CHECK_EQ(fake_guest_acknowledge(), 33);
    fake_cpu = 1;
    CHECK(vgic_gicd_access(0, &a));
    CHECK(a.retry);
    machine_settle_cpu(0);
    a.retry = false;
    CHECK(vgic_gicd_access(0, &a));
    CHECK(!a.retry);
    CHECK_EQ(a.value, 2);
}

/* An interrupt that is delivered between question and answer makes the question void. */
TEST(question_is_forgotten_when_the_guest_is_interrupted)
{
    struct mmio_access a = {.offset = ISACTIVER + 4, .size_bytes = 4};

    machine_prepare(33, 0x80);
    machine_set_bit(ISPENDR, 33);
    fake_cpu = 1;
    machine_prepare(2, 0x40);
    CHECK(vgic_gicd_access(0, &a) && a.retry);
    machine_settle_cpu(0);
    vgic_sgi_write(&vcpus[1], VGIC_SGI1R, (UINT64_C(2) << 24) | 2);
    fake_cpu = 0;
    CHECK_EQ(fake_guest_acknowledge(), 33);
    fake_cpu = 1;
    a.retry = false;
    CHECK(vgic_gicd_access(0, &a) && a.retry);
    machine_settle_cpu(0);
    a.retry = false;
    CHECK(vgic_gicd_access(0, &a) && !a.retry);
    CHECK_EQ(a.value, 2);
}

/* The same when it is a passed-through SPI, which is listed at once where it arrives. */
TEST(question_is_forgotten_when_a_device_interrupts_the_guest)
{
    struct mmio_access a = {.offset = ISACTIVER + 4, .size_bytes = 4};

    machine_prepare(33, 0x80);
    machine_set_bit(ISPENDR, 33);
    machine_prepare(MACHINE_EDGE_VINTID, 0x40);
    machine_write(false, IROUTER + 8 * MACHINE_EDGE_VINTID, 8, 1);
    fake_cpu = 1;
    CHECK(vgic_gicd_access(0, &a) && a.retry);
    machine_settle_cpu(0);
    fake_physical_set_line(&fake_spis[MACHINE_EDGE_PINTID], true);
    machine_settle_cpu(1);
    fake_cpu = 0;
    CHECK_EQ(fake_guest_acknowledge(), 33);
    fake_cpu = 1;
    CHECK_EQ(fake_guest_acknowledge(), MACHINE_EDGE_VINTID);
    fake_guest_end(MACHINE_EDGE_VINTID);
    a.retry = false;
    CHECK(vgic_gicd_access(0, &a) && a.retry);
    machine_settle_cpu(0);
    a.retry = false;
    CHECK(vgic_gicd_access(0, &a) && !a.retry);
    CHECK_EQ(a.value, 2);
}

/* The same when what was listed all the time, but masked, is signalled by a change to it. */
TEST(question_is_forgotten_when_a_masked_interrupt_gets_through)
{
    struct mmio_access a = {.offset = ISACTIVER + 4, .size_bytes = 4};

    machine_prepare(33, 0x80);
    machine_set_bit(ISPENDR, 33);
    fake_cpu = 1;
    fake_guest_set_mask(0x80);
    machine_prepare(2, 0xC0);
    machine_set_bit(ISPENDR, 2);
    CHECK_EQ(fake_guest_would_acknowledge(), FAKE_NO_INTID);
    CHECK(vgic_gicd_access(0, &a) && a.retry);
    machine_settle_cpu(0);
    fake_cpu = 0;
    machine_write(true, 0x20000 + 0x10000 + IPRIORITYR + 2, 1, 0x40);
    machine_settle_cpu(1);
    CHECK_EQ(fake_guest_acknowledge(), 33);
    fake_cpu = 1;
    CHECK_EQ(fake_guest_acknowledge(), 2);
    fake_guest_end(2);
    a.retry = false;
    CHECK(vgic_gicd_access(0, &a) && a.retry);
    machine_settle_cpu(0);
    a.retry = false;
    CHECK(vgic_gicd_access(0, &a) && !a.retry);
    CHECK_EQ(a.value, 2);
}

TEST(two_vcpus_read_each_others_state)
{
    struct mmio_access a0 = {.offset = 0x20000 + 0x10000 + ISACTIVER, .size_bytes = 4};
    struct mmio_access a1 = {.offset = 0x10000 + ISACTIVER, .size_bytes = 4};

    for (fake_cpu = 0; fake_cpu < 2; fake_cpu++) {
        machine_prepare(3, 0x80);
        machine_set_bit(ISPENDR, 3);
        CHECK_EQ(fake_guest_acknowledge(), 3);
    }
    for (unsigned round = 0; round < 2; round++) { /* the question, and the answer */
        fake_cpu = 0;
        a0.retry = false;
        CHECK(vgic_gicr_access(0, &a0));
        fake_cpu = 1;
        a1.retry = false;
        CHECK(vgic_gicr_access(0, &a1));
        machine_settle_cpu(0);
        machine_settle_cpu(1);
    }
    CHECK(!a0.retry && !a1.retry);
    CHECK_EQ(a0.value, 8);
    CHECK_EQ(a1.value, 8);
}

TEST(timer_goes_through_without_an_exit_at_its_end)
{
    machine_prepare(27, 0x80);
    CHECK(fake_ppis[0][27].enabled);
    fake_physical_set_line(&fake_ppis[0][27], true);
    take(27);
    CHECK(fake_ppis[0][27].active);
    fake_physical_set_line(&fake_ppis[0][27], false);
    fake_guest_end(27);
    CHECK(!fake_ppis[0][27].active);
    CHECK(!fake_maintenance_is_asserted());
    for (unsigned i = 0; i < 10; i++) {
        fake_physical_set_line(&fake_ppis[0][27], true);
        take(27);
        fake_physical_set_line(&fake_ppis[0][27], false);
        end(27);
    }
    check_quiet(27);
}

TEST(timer_that_is_disabled_is_pending_by_its_line)
{
    machine_prepare(27, 0x80);
    machine_set_bit(ICENABLER, 27);
    CHECK(!fake_ppis[0][27].enabled);
    fake_physical_set_line(&fake_ppis[0][27], true);
    machine_settle();
    CHECK(machine_bit(ISPENDR, 27));
    CHECK(!fake_ppis[0][27].active);
    machine_set_bit(ISENABLER, 27);
    take(27);
}

TEST(timer_that_arrived_and_is_cleared_by_register)
{
    machine_prepare(27, 0x80);
    fake_physical_set_line(&fake_ppis[0][27], true);
    machine_settle();
    fake_physical_set_line(&fake_ppis[0][27], false);
    machine_set_bit(ICPENDR, 27);
    CHECK(!fake_ppis[0][27].active);
    check_quiet(27);
}

TEST(passed_through_edge)
{
    machine_prepare(MACHINE_EDGE_VINTID, 0x80);
    CHECK(fake_spis[MACHINE_EDGE_PINTID].enabled);
    fake_physical_set_line(&fake_spis[MACHINE_EDGE_PINTID], true);
    take(MACHINE_EDGE_VINTID);
    fake_physical_set_line(&fake_spis[MACHINE_EDGE_PINTID], false);
    fake_physical_set_line(&fake_spis[MACHINE_EDGE_PINTID], true);
    end(MACHINE_EDGE_VINTID);
    take(MACHINE_EDGE_VINTID);
    end(MACHINE_EDGE_VINTID);
    check_quiet(MACHINE_EDGE_VINTID);
    CHECK(!fake_spis[MACHINE_EDGE_PINTID].active);
}

TEST(passed_through_comes_before_the_guest_is_ready)
{
    gicd_write(0, 0);
    machine_prepare(MACHINE_EDGE_VINTID, 0x80);
    fake_physical_set_line(&fake_spis[MACHINE_EDGE_PINTID], true);
    machine_settle();
    CHECK_EQ(fake_guest_would_acknowledge(), FAKE_NO_INTID);
    CHECK(machine_bit(ISPENDR, MACHINE_EDGE_VINTID));
    gicd_write(0, 2);
    take(MACHINE_EDGE_VINTID);
}

TEST(passed_through_follows_its_route)
{
    machine_prepare(MACHINE_LEVEL_VINTID, 0x80);
    CHECK_EQ(fake_spis[MACHINE_LEVEL_PINTID].cpu, 0);
    machine_write(false, IROUTER + 8 * MACHINE_LEVEL_VINTID, 8, 0x100);
    CHECK_EQ(fake_spis[MACHINE_LEVEL_PINTID].cpu, 2);
    fake_physical_set_line(&fake_spis[MACHINE_LEVEL_PINTID], true);
    machine_settle();
    CHECK_EQ(fake_guest_would_acknowledge(), FAKE_NO_INTID);
    fake_cpu = 2;
    take(MACHINE_LEVEL_VINTID);
    fake_physical_set_line(&fake_spis[MACHINE_LEVEL_PINTID], false);
    end(MACHINE_LEVEL_VINTID);
    check_quiet(MACHINE_LEVEL_VINTID);
}

TEST(passed_through_rerouted_while_pending_and_while_active)
{
    machine_prepare(MACHINE_LEVEL_VINTID, 0x80);
    fake_physical_set_line(&fake_spis[MACHINE_LEVEL_PINTID], true);
    machine_settle();
    machine_write(false, IROUTER + 8 * MACHINE_LEVEL_VINTID, 8, 1);
    machine_settle();
    CHECK_EQ(fake_guest_would_acknowledge(), FAKE_NO_INTID);
    fake_cpu = 1;
    take(MACHINE_LEVEL_VINTID);
    machine_write(false, IROUTER + 8 * MACHINE_LEVEL_VINTID, 8, 0);
    machine_settle();
    CHECK(machine_bit(ISACTIVER, MACHINE_LEVEL_VINTID));
    end(MACHINE_LEVEL_VINTID);
    CHECK_EQ(fake_guest_would_acknowledge(), FAKE_NO_INTID);
    fake_cpu = 0;
    take(MACHINE_LEVEL_VINTID);
}

TEST(spi_of_an_absent_vcpu_waits)
{
    machine_prepare(33, 0x80);
    machine_write(false, IROUTER + 8 * 33, 8, 0x7);
    machine_set_bit(ISPENDR, 33);
    machine_settle();
    for (fake_cpu = 0; fake_cpu < 3; fake_cpu++) {
        CHECK_EQ(fake_guest_would_acknowledge(), FAKE_NO_INTID);
    }
    fake_cpu = 0;
    machine_write(false, IROUTER + 8 * 33, 8, 1);
    machine_settle();
    fake_cpu = 1;
    take(33);
}

TEST(one_of_n_goes_to_the_first_vcpu_that_is_on_and_awake)
{
    machine_prepare(33, 0x80);
    machine_write(false, IROUTER + 8 * 33, 8, UINT64_C(1) << 31);
    machine_set_bit(ISPENDR, 33);
    take(33);
    end(33);
    machine_vcpu_off(0);
    fake_cpu = 1;
    machine_set_bit(ISPENDR, 33);
    take(33);
    end(33);
    machine_write(true, 0x20000 + 0x14, 4, 2); /* vCPU 1 goes to sleep */
    machine_set_bit(ISPENDR, 33);
    fake_cpu = 2;
    take(33);
}

TEST(vcpu_that_goes_off_keeps_its_redistributor)
{
    machine_prepare(33, 0x80);
    machine_prepare(4, 0x80);
    machine_set_bit(ISPENDR, 33);
    vgic_sgi_write(&vcpus[0], VGIC_SGI1R, (UINT64_C(4) << 24) | 1);
    machine_vcpu_off(0);
    CHECK_EQ(fake_cpuifs[0].hcr, 0);
    fake_cpu = 1;
    CHECK(machine_bit(ISPENDR, 33));
    CHECK_EQ(gicr_read(0, ISPENDR), 0x10);
    machine_vcpu_on(0);
    fake_cpu = 0;
    fake_guest_enable_groups(false, true);
    fake_guest_set_mask(0xFF);
    CHECK(fake_guest_acknowledge() != FAKE_NO_INTID);
}

TEST(vcpu_that_goes_off_with_its_timer_active)
{
    machine_prepare(27, 0x80);
    fake_physical_set_line(&fake_ppis[0][27], true);
    take(27);
    fake_physical_set_line(&fake_ppis[0][27], false);
    machine_vcpu_off(0);
    CHECK(!fake_ppis[0][27].active && !fake_ppis[0][27].enabled);
    fake_cpu = 1;
    CHECK_EQ(gicr_read(0, ISACTIVER), 0);
    machine_vcpu_on(0);
    CHECK(fake_ppis[0][27].enabled);
}

/* Its redistributor can be written while it is off; what was written is there when it is on. */
TEST(timer_of_a_vcpu_that_is_off_is_set_by_register)
{
    fake_cpu = 1;
    machine_prepare(27, 0x80);
    machine_prepare(30, 0x80);
    machine_vcpu_off(1);
    fake_cpu = 0;
    gicr_write(1, ISPENDR, UINT64_C(1) << 27 | UINT64_C(1) << 30);
    gicr_write(1, ISACTIVER, UINT64_C(1) << 30);
    CHECK_EQ(gicr_read(1, ISPENDR), UINT64_C(1) << 27 | UINT64_C(1) << 30);
    CHECK_EQ(gicr_read(1, ISACTIVER), UINT64_C(1) << 30);
    machine_vcpu_on(1);
    fake_cpu = 1;
    fake_guest_enable_groups(true, true);
    fake_guest_set_mask(0xFF);
    CHECK(fake_ppis[1][30].active);
    take(27);
    end(27);
    machine_set_bit(ICACTIVER, 30);
    take(30);
    end(30);
    check_quiet(30);
}

TEST(reset_leaves_the_physical_spis_silent)
{
    machine_prepare(MACHINE_LEVEL_VINTID, 0x80);
    fake_physical_set_line(&fake_spis[MACHINE_LEVEL_PINTID], true);
    take(MACHINE_LEVEL_VINTID);
    for (unsigned i = 0; i < 3; i++) {
        machine_vcpu_off(i);
    }
    vgic_vm_reset(0);
    CHECK(!fake_spis[MACHINE_LEVEL_PINTID].enabled);
    CHECK(!fake_spis[MACHINE_LEVEL_PINTID].active);
    CHECK(!fake_spis[MACHINE_LEVEL_PINTID].pending);
    CHECK_EQ(gicd_read(0), 0x50);
    CHECK_EQ(gicd_read(ISENABLER + 4), 0);
}

/* The third VM of the machine has no vCPU, so none with the affinity that IROUTER resets to. */
TEST(reset_sends_every_spi_where_its_router_says)
{
    for (unsigned i = 0; i < CFG_SPI_TOTAL; i++) {
        vgic_spis[i].target = 7;
    }
    for (uint16_t vm = 0; vm < CFG_VM_COUNT; vm++) {
        vgic_vm_reset(vm);
    }
    for (unsigned i = 0; i < CFG_SPI_TOTAL; i++) {
        CHECK_EQ(vgic_spis[i].router, 0);
        CHECK_EQ(vgic_spis[i].target, (i < cfg_vms[2].first_spi) ? 0 : VGIC_NO_VCPU);
    }
    CHECK_EQ(fake_spis[MACHINE_LEVEL_PINTID].cpu, 0);
    CHECK_EQ(fake_spis[52].cpu, 3);
}

TEST(sleeping_redistributor_keeps_its_interrupts)
{
    machine_prepare(3, 0x80);
    machine_write(true, 0x14, 4, 2);
    CHECK_EQ(machine_read(true, 0x14, 4), 6);
    vgic_sgi_write(&vcpus[0], VGIC_SGI1R, (UINT64_C(3) << 24) | 1);
    CHECK_EQ(fake_guest_would_acknowledge(), FAKE_NO_INTID);
    machine_write(true, 0x14, 4, 0);
    CHECK_EQ(machine_read(true, 0x14, 4), 0);
    take(3);
}

TEST(other_vcpus_redistributor_falls_asleep_when_its_cpu_has_seen_it)
{
    machine_write(true, 0x20000 + 0x14, 4, 2);
    CHECK_EQ(machine_read(true, 0x20000 + 0x14, 4), 2);
    machine_settle();
    CHECK_EQ(machine_read(true, 0x20000 + 0x14, 4), 6);
}

TEST(message_based_spis)
{
    machine_prepare(33, 0x80);
    gicd_write(0x40, 33);
    take(33);
    end(33);
    take(33); /* level: until GICD_CLRSPI */
    gicd_write(0x48, 33);
    end(33);
    check_quiet(33);
    gicd_write(ICFGR + 8, 0x8);
    gicd_write(0x40, 33);
    take(33);
    end(33);
    check_quiet(33);
    gicd_write(0x40, 31);
    gicd_write(0x40, 96);
    gicd_write(0x40, 1023);
    check_quiet(33);
}

/* GICD_SETSPI and GICD_CLRSPI take half-words too; their upper one is reserved. */
TEST(message_of_sixteen_bits)
{
    machine_prepare(33, 0x80);
    machine_write(false, 0x42, 2, 33);
    check_quiet(33);
    machine_write(false, 0x40, 2, 33);
    take(33);
    machine_write(false, 0x48, 2, 33);
    end(33);
    check_quiet(33);
}

/* A message and a line assert the same level-sensitive SPI: it is pending until both are gone. */
TEST(message_beside_a_line)
{
    machine_prepare(33, 0x80);
    vgic_set_line(0, 0, 33, true);
    gicd_write(0x40, 33);
    gicd_write(0x48, 33);
    CHECK(machine_bit(ISPENDR, 33));
    take(33);
    gicd_write(0x40, 33);
    vgic_set_line(0, 0, 33, false);
    end(33);
    take(33);
    gicd_write(0x48, 33);
    end(33);
    check_quiet(33);
}

TEST(has_pending_says_whether_a_wfi_would_wake)
{
    machine_prepare(3, 0x80);
    CHECK(!vgic_has_pending(&vcpus[0]));
    machine_set_bit(ISPENDR, 3);
    CHECK(vgic_has_pending(&vcpus[0]));
    fake_guest_set_mask(0x80);
    CHECK(!vgic_has_pending(&vcpus[0]));
    fake_guest_set_mask(0xF8);
    fake_guest_enable_groups(true, false);
    CHECK(!vgic_has_pending(&vcpus[0]));
    fake_guest_enable_groups(false, true);
    CHECK(vgic_has_pending(&vcpus[0]));
    CHECK_EQ(fake_guest_acknowledge(), 3);
    CHECK(!vgic_has_pending(&vcpus[0]));
}

TEST(deactivation_by_register_of_a_passed_through_one)
{
    machine_prepare(MACHINE_LEVEL_VINTID, 0x80);
    fake_physical_set_line(&fake_spis[MACHINE_LEVEL_PINTID], true);
    take(MACHINE_LEVEL_VINTID);
    fake_physical_set_line(&fake_spis[MACHINE_LEVEL_PINTID], false);
    fake_cpu = 2;
    machine_set_bit(ICACTIVER, MACHINE_LEVEL_VINTID);
    machine_settle();
    CHECK(!fake_spis[MACHINE_LEVEL_PINTID].active);
    machine_set_bit(ISACTIVER, MACHINE_LEVEL_VINTID);
    machine_settle();
    CHECK(fake_spis[MACHINE_LEVEL_PINTID].active);
    CHECK(machine_bit(ISACTIVER, MACHINE_LEVEL_VINTID));
    machine_set_bit(ICACTIVER, MACHINE_LEVEL_VINTID);
    machine_settle();
    CHECK(!fake_spis[MACHINE_LEVEL_PINTID].active);
}

/* ICC_DIR_EL1 by the guest of fake_cpu: traps, or does not. */
static void deactivate(unsigned intid)
{
    if ((fake_cpuifs[fake_cpu].hcr >> 14 & 1) != 0) {
        vgic_dir_write(&vcpus[fake_cpu], intid);
    } else {
        fake_guest_deactivate(intid);
    }
}

TEST(separate_deactivation)
{
    machine_prepare(3, 0x80);
    machine_prepare(4, 0x80);
    fake_guest_set_eoimode(true);
    machine_set_bit(ISPENDR, 3);
    take(3);
    end(3);
    CHECK(machine_bit(ISACTIVER, 3));
    machine_set_bit(ISPENDR, 4);
    take(4);
    end(4);
    deactivate(3);
    deactivate(4);
    check_quiet(3);
    check_quiet(4);
}

TEST(spi_is_deactivated_by_another_vcpu)
{
    machine_prepare(33, 0x80);
    machine_prepare(MACHINE_LEVEL_VINTID, 0x40);
    for (fake_cpu = 0; fake_cpu < 2; fake_cpu++) {
        fake_guest_set_eoimode(true);
    }
    fake_cpu = 0;
    machine_set_bit(ISPENDR, 33);
    take(33);
    end(33);
    fake_physical_set_line(&fake_spis[MACHINE_LEVEL_PINTID], true);
    take(MACHINE_LEVEL_VINTID);
    end(MACHINE_LEVEL_VINTID);
    fake_physical_set_line(&fake_spis[MACHINE_LEVEL_PINTID], false);
    fake_cpu = 1;
    deactivate(33);
    deactivate(MACHINE_LEVEL_VINTID);
    check_quiet(33);
    check_quiet(MACHINE_LEVEL_VINTID);
    CHECK(!fake_spis[MACHINE_LEVEL_PINTID].active);
    deactivate(1020);
    deactivate(0xFFFFFF);
}

/* With full list registers, an end is only counted until the maintenance interrupt is taken. A read
 * or a change of priority by the same vCPU just behind it comes after it all the same. */
TEST(end_with_full_list_registers_comes_before_the_next_access)
{
    fake_lr_count = 1;
    machine_boot();
    machine_open_groups();
    for (unsigned intid = 0; intid < 3; intid++) {
        machine_prepare(intid, (uint8_t)(0xC0U - 0x40U * intid));
        machine_set_bit(ISPENDR, intid);
        take(intid);
    }
    fake_guest_end(2);
    fake_guest_end(1);
    CHECK_EQ(gicr_read(0, ISACTIVER), 1);
    machine_set_bit(ISPENDR, 1);
    take(1);
    machine_set_bit(ISPENDR, 2);
    take(2);
    fake_guest_end(2);
    fake_guest_end(1);
    machine_set_priority(1, 0xF8);
    CHECK_EQ(gicr_read(0, ISACTIVER), 1);
    end(0);
    check_quiet(0);
}

/* What EOIcount counts while no active interrupt is left out is a guest's mistake: it must not
 * deactivate what becomes active by register just then. */
TEST(stray_end_with_full_list_registers)
{
    fake_lr_count = 1;
    machine_boot();
    machine_open_groups();
    for (unsigned intid = 0; intid < 3; intid++) {
        machine_prepare(intid, 0x80);
    }
    machine_set_bit(ISPENDR, 0);
    machine_set_bit(ISPENDR, 1);
    fake_guest_deactivate(9);
    machine_set_bit(ISACTIVER, 2);
    machine_settle();
    CHECK(machine_bit(ISACTIVER, 2));
}
