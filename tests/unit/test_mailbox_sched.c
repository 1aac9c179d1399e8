/* sources: core/mailbox.c */
/* Messages to vCPUs: each has a word of its own, and its CPU learns that one of its vCPUs has news.
 * @req CPU-3, CPU-4 */
#include "core/mailbox.h"

#include "gic/gic.h"
#include "test.h"

const struct cfg_vcpu cfg_vcpus[CFG_VCPU_COUNT] = {
    {.cpu = 0}, {.cpu = 1}, {.cpu = 0}, {.cpu = 0}};

static unsigned sgis[CFG_CPU_COUNT];

void gic_send_message_sgi(unsigned cpu)
{
    sgis[cpu]++;
}

TEST_SETUP()
{
    for (unsigned i = 0; i < CFG_VCPU_COUNT; i++) {
        (void)mailbox_take_vcpu(i);
    }
    for (unsigned i = 0; i < CFG_CPU_COUNT; i++) {
        (void)mailbox_take(i);
        sgis[i] = 0;
    }
}

TEST(a_message_is_its_vcpus_alone)
{
    mailbox_post_vcpu(2, MSG_LIFE);
    CHECK(mailbox_has_vcpu(2));
    CHECK(!mailbox_has_vcpu(0) && !mailbox_has_vcpu(1) && !mailbox_has_vcpu(3));
    CHECK_EQ(mailbox_take(1), 0);
    CHECK_EQ(mailbox_take(0), MSG_VCPUS);
    CHECK_EQ(mailbox_take_vcpu(0), 0);
    CHECK_EQ(mailbox_take_vcpu(2), MSG_LIFE);
    CHECK(!mailbox_has_vcpu(2));
}

TEST(each_that_is_new_tells_the_cpu)
{
    mailbox_post_vcpu(0, MSG_VGIC);
    CHECK_EQ(sgis[0], 1);
    mailbox_post_vcpu(0, MSG_VGIC);
    CHECK_EQ(sgis[0], 1);
    mailbox_post_vcpu(0, MSG_VGIC | MSG_LIFE); /* the CPU has not taken notice yet */
    CHECK_EQ(sgis[0], 1);
    CHECK_EQ(mailbox_take(0), MSG_VCPUS);
    mailbox_post_vcpu(0, MSG_VGIC);
    CHECK_EQ(sgis[0], 1);
    mailbox_post_vcpu(3, MSG_VGIC);
    CHECK_EQ(sgis[0], 2);
    mailbox_post_vcpu(1, MSG_VGIC);
    CHECK_EQ(sgis[1], 1);
    CHECK_EQ(mailbox_take_vcpu(0), MSG_VGIC | MSG_LIFE);
}

TEST(messages_to_the_cpu_itself_are_apart)
{
    mailbox_post(0, MSG_CONSOLE_TX);
    CHECK(!mailbox_has_vcpu(0));
    mailbox_post_vcpu(0, MSG_START);
    CHECK(!mailbox_take_only(0, MSG_CONSOLE_TX));
    CHECK_EQ(mailbox_take(0), MSG_CONSOLE_TX | MSG_VCPUS);
}
