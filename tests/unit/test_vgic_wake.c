/* sources: vgic/wake.c vgic/vgic.c vgic/reset.c vgic/route.c vgic/lists.c vgic/choice.c vgic/hw.c vgic/regs.c vgic/regs_irq.c vgic/v3/target.c vgic/v3/sgi.c vgic/v3/dir.c vgic/v3/gicd.c vgic/v3/gicr.c lib/mem.c */
/* What wakes a vCPU that its guest has powered down.
 * @req IRQ-1, CPU-4 */
#include "vgic_machine.h"

#define GICR_WAKER 0x14U
#define WAKER_PROCESSOR_SLEEP 2U

TEST_SETUP()
{
    machine_boot();
    machine_open_groups();
    machine_prepare(3, 0x80);
    machine_prepare(45, 0x80);
}

static void sleep_interface(bool asleep)
{
    machine_write(true, GICR_WAKER, 4, asleep ? WAKER_PROCESSOR_SLEEP : 0U);
    machine_settle();
}

static void check_wakes(bool expected)
{
    machine_settle();
    CHECK_EQ(vgic_has_wake_request(&vcpus[0]), expected);
}

static void send_sgi_to_self(void)
{
    vgic_sgi_write(&vcpus[0], VGIC_SGI1R, (UINT64_C(3) << 24) | 1);
}

TEST(awake_the_cpu_interface_decides)
{
    check_wakes(false);
    send_sgi_to_self();
    check_wakes(true);
    CHECK(vgic_has_pending(&vcpus[0]));
}

TEST(asleep_a_private_interrupt_wakes)
{
    sleep_interface(true);
    check_wakes(false);
    send_sgi_to_self();
    check_wakes(true);
    CHECK(!vgic_has_pending(&vcpus[0])); /* it is kept from the CPU interface */
}

TEST(asleep_an_interrupt_that_came_before_wakes)
{
    send_sgi_to_self();
    machine_settle();
    sleep_interface(true);
    check_wakes(true);
}

TEST(asleep_an_spi_wakes_its_target_only)
{
    machine_write(false, IROUTER + 8U * 45U, 8, 0);
    sleep_interface(true);
    vgic_set_line(MACHINE_VM, 0, 45, true);
    check_wakes(true);
    vgic_set_line(MACHINE_VM, 0, 45, false);
    check_wakes(false);
    machine_write(false, IROUTER + 8U * 45U, 8, 1);
    vgic_set_line(MACHINE_VM, 0, 45, true);
    check_wakes(false);
}

TEST(asleep_a_disabled_interrupt_does_not_wake)
{
    sleep_interface(true);
    gicr_write(0, ICENABLER, 1U << 3);
    send_sgi_to_self();
    check_wakes(false);
    gicr_write(0, ISENABLER, 1U << 3);
    check_wakes(true);
}

TEST(awake_again_the_interrupt_is_taken)
{
    sleep_interface(true);
    send_sgi_to_self();
    machine_settle();
    sleep_interface(false);
    CHECK_EQ(fake_guest_acknowledge(), 3);
    check_wakes(false);
}
