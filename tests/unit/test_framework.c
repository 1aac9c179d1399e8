/* sources: */
/* The harness itself: fakes behave and reset between tests.
 * @req CORE-3 */
#include "arch/barrier.h"
#include "arch/memory.h"
#include "arch/spinlock.h"
#include "arch/sysreg.h"
#include "core/log.h"
#include "core/mailbox.h"
#include "core/panic.h"
#include "fake/core.h"
#include "test.h"
#include "vm/vcpu.h"

static uint64_t add_one(uint64_t stored)
{
    return stored + 1;
}

TEST(sysreg_is_per_cpu)
{
    SYSREG_WRITE(TPIDR_EL2, 5);
    fake_cpu = 1;
    CHECK_EQ(SYSREG_READ(TPIDR_EL2), 0);
    SYSREG_WRITE(TPIDR_EL2, 6);
    fake_cpu = 0;
    CHECK_EQ(SYSREG_READ(TPIDR_EL2), 5);
    CHECK_EQ(fake_sysreg_find("TPIDR_EL2")->writes[0], 1);
}

TEST(sysreg_is_reset_and_hooked)
{
    CHECK_EQ(SYSREG_READ(TPIDR_EL2), 0);
    fake_sysreg_set_all("CNTPCT_EL0", 41);
    fake_sysreg_find("CNTPCT_EL0")->on_read = add_one;
    fake_cpu = 2;
    CHECK_EQ(SYSREG_READ(CNTPCT_EL0), 42);
}

TEST(vcpus_know_themselves)
{
    CHECK_EQ(vcpus[1].vm, VM_LINUX0);
    CHECK_EQ(vcpus[3].cpu, 3);
    vcpu_set_pc(0x1234);
    CHECK_EQ(vcpu_pc(), 0x1234);
    CHECK_STR(vcpu_cfg_vm(&vcpus[2])->name, "linux1");
}

TEST(core_fakes_record)
{
    log_print_guest(VM_RT, "at %x", 16U);
    CHECK_STR(fake_log_last, "at 10");
    CHECK_EQ(fake_log_guest_vm, VM_RT);
    mailbox_post(2, MSG_VGIC);
    CHECK_EQ(mailbox_take(2), MSG_VGIC);
    CHECK_EQ(fake_mailbox[2], 0);
    EXPECT_PANIC(panic("x %d", 3));
    CHECK_STR(fake_panic_reason, "x 3");
}

TEST(locks_and_memory)
{
    static struct spinlock lock;
    spin_lock(&lock);
    CHECK_EQ(fake_locks_held(), 1);
    spin_unlock(&lock);
    static uint8_t ram[16];
    fake_memory_add(0x50000000, ram, sizeof(ram));
    *(uint8_t *)memory_pointer(pa_make(0x5000000f)) = 7;
    CHECK_EQ(ram[15], 7);
    isb();
    CHECK_EQ(fake_barriers.isb, 1);
}
