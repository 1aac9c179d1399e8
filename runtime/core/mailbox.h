/* Messages between CPUs: one word of bits per CPU. A message has no payload; what it is about
 * stands in the state of the feature that posted it. Posting an already posted message is
 * harmless, so nothing can overflow and a guest cannot fill anything.
 *
 * Some messages are to a vCPU. Where every vCPU has its CPU for itself they are bits of the CPU's
 * word. With schedules each vCPU has a word of its own, which is looked at when it has its turn:
 * what is done for a VM is done in the VM's time. */
#ifndef CORE_MAILBOX_H
#define CORE_MAILBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "core/percpu.h"

enum mailbox_message {
    MSG_VGIC = 1U << 0,  /* vgic_sync for the vCPU here */
    MSG_START = 1U << 1, /* psci: the vCPU here shall be switched on */
    MSG_LIFE = 1U << 2,  /* life: the vCPU here shall do what the state of its VM says */
    MSG_VM = 1U << 3,    /* life: the VM whose boot vCPU lives here is to be loaded, or left off */
    MSG_CONSOLE_TX = 1U << 4, /* console CPU: some source has output */
    MSG_CONSOLE_RX = 1U << 5, /* pl011: input waits for the VM whose boot vCPU lives here */
    MSG_POWER_OFF = 1U << 6,  /* console CPU: the last VM has stopped, switch the machine off */
    MSG_RESET = 1U << 9,      /* console CPU: the whole machine starts anew */
    MSG_HALT = 1U << 7,       /* another CPU has panicked: this one stops where it is */
    MSG_VCPUS = 1U << 8,      /* with schedules: a vCPU that lives here has a new message */
};
/* Those that are to a vCPU. */
#define MSG_TO_VCPU (MSG_VGIC | MSG_START | MSG_LIFE | MSG_VM | MSG_CONSOLE_RX)

/* From any CPU: release ordering, then an SGI (a CPU that posts to itself gets it too). */
void mailbox_post(unsigned cpu, uint32_t messages);
/* On `cpu` itself: takes and clears all messages; acquire ordering. */
uint32_t mailbox_take(unsigned cpu);
/* The same, if nothing but `messages` is there; false: nothing is taken. */
bool mailbox_take_only(unsigned cpu, uint32_t messages);

/* With schedules: messages of MSG_TO_VCPU to vCPU `vcpu` (id). */
void mailbox_post_shared(unsigned vcpu, uint32_t messages);
/* With schedules, on the CPU of `vcpu`: takes and clears its messages; has it any? */
uint32_t mailbox_take_vcpu(unsigned vcpu);
bool mailbox_has_vcpu(unsigned vcpu);

/* From any CPU: MSG_POWER_OFF or MSG_RESET, to the CPU that has what there still is to print; without
 * a console that is this one. */
static inline void mailbox_post_end(uint32_t message)
{
    mailbox_post((CFG_HAS_CONSOLE != 0U) ? cfg_system.console_cpu : this_cpu()->id, message);
}

/* From any CPU: messages of MSG_TO_VCPU to vCPU `vcpu` (id). */
static inline void mailbox_post_vcpu(unsigned vcpu, uint32_t messages)
{
    if (CFG_SCHEDULED) {
        mailbox_post_shared(vcpu, messages);
    } else {
        mailbox_post(cfg_vcpus[vcpu].cpu, messages);
    }
}

#endif
