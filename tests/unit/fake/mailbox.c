/* Mailboxes for the host: no SGI, the test looks or takes. */
#include "core/mailbox.h"

#include "fake/core.h"
#include "test.h"

uint32_t fake_mailbox[8];

void mailbox_post(unsigned cpu, uint32_t messages)
{
    CHECK(cpu < 8U);
    fake_mailbox[cpu] |= messages;
}

uint32_t mailbox_take(unsigned cpu)
{
    CHECK(cpu < 8U);
    const uint32_t messages = fake_mailbox[cpu];
    fake_mailbox[cpu] = 0;
    return messages;
}

bool mailbox_take_only(unsigned cpu, uint32_t messages)
{
    CHECK(cpu < 8U);
    const bool is_alone = fake_mailbox[cpu] == messages;

    if (is_alone) {
        fake_mailbox[cpu] = 0;
    }
    return is_alone;
}

uint32_t fake_vcpu_mailbox[CFG_VCPU_COUNT];

void mailbox_post_shared(unsigned vcpu, uint32_t messages)
{
    fake_vcpu_mailbox[vcpu] |= messages;
    mailbox_post(cfg_vcpus[vcpu].cpu, MSG_VCPUS);
}

uint32_t mailbox_take_vcpu(unsigned vcpu)
{
    const uint32_t messages = fake_vcpu_mailbox[vcpu];

    fake_vcpu_mailbox[vcpu] = 0;
    return messages;
}

bool mailbox_has_vcpu(unsigned vcpu)
{
    return fake_vcpu_mailbox[vcpu] != 0U;
}

static void reset(void)
{
    memset(fake_mailbox, 0, sizeof(fake_mailbox));
    memset(fake_vcpu_mailbox, 0, sizeof(fake_vcpu_mailbox));
}

__attribute__((constructor)) static void register_reset(void)
{
    test_on_begin(reset);
}
