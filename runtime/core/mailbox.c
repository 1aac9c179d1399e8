/* Messages between CPUs; core/mailbox.h. The bit is set with release order before the SGI is
 * sent, and gic_send_message_sgi() orders memory before the SGI, so the receiver sees the bit
 * and everything written before it.
 * @req CPU-4, IRQ-1 */
#include "core/mailbox.h"

#include <stdatomic.h>

#include "gic/gic.h"

/* One cache line a CPU: posting to one CPU must not slow another. */
static struct {
    _Atomic uint32_t messages;
} __attribute__((aligned(64))) mailboxes[CFG_CPU_COUNT];

/* Of vCPUs, where their CPU is not theirs alone. */
static _Atomic uint32_t vcpu_messages[CFG_VCPU_COUNT];

void mailbox_post(unsigned cpu, uint32_t messages)
{
    const uint32_t before =
        atomic_fetch_or_explicit(&mailboxes[cpu].messages, messages, memory_order_acq_rel);

    /* Bits that were there already have their SGI on the way: it is sent once for each change. */
    if ((before & messages) != messages) {
        gic_send_message_sgi(cpu);
    }
}

uint32_t mailbox_take(unsigned cpu)
{
    return atomic_exchange_explicit(&mailboxes[cpu].messages, 0, memory_order_acq_rel);
}

bool mailbox_take_only(unsigned cpu, uint32_t messages)
{
    uint32_t expected = messages;

    return atomic_compare_exchange_strong_explicit(&mailboxes[cpu].messages, &expected, 0,
                                                   memory_order_acq_rel, memory_order_relaxed);
}

void mailbox_post_shared(unsigned vcpu, uint32_t messages)
{
    const uint32_t before =
        atomic_fetch_or_explicit(&vcpu_messages[vcpu], messages, memory_order_acq_rel);

    if ((before & messages) != messages) {
        mailbox_post(cfg_vcpus[vcpu].cpu, MSG_VCPUS);
    }
}

uint32_t mailbox_take_vcpu(unsigned vcpu)
{
    return atomic_exchange_explicit(&vcpu_messages[vcpu], 0, memory_order_acq_rel);
}

bool mailbox_has_vcpu(unsigned vcpu)
{
    return atomic_load_explicit(&vcpu_messages[vcpu], memory_order_relaxed) != 0U;
}
