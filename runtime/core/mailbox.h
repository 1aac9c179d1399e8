/* Messages between CPUs: one word of bits per CPU. A message has no payload; what it is about
 * stands in the state of the feature that posted it. Posting an already posted message is
 * harmless, so nothing can overflow and a guest cannot fill anything. */
#ifndef CORE_MAILBOX_H
#define CORE_MAILBOX_H

#include <stdbool.h>
#include <stdint.h>

enum mailbox_message {
    MSG_VGIC = 1U << 0,  /* vgic_sync for the vCPU here */
    MSG_START = 1U << 1, /* psci: the vCPU here shall be switched on */
    MSG_STOP = 1U << 2,  /* life: the vCPU here shall stop, whatever it does */
    MSG_VM = 1U << 3,    /* life: all vCPUs of the VM whose boot vCPU lives here have stopped */
    MSG_CONSOLE_TX = 1U << 4, /* console CPU: some source has output */
    MSG_CONSOLE_RX = 1U << 5, /* pl011: input waits for the VM whose boot vCPU lives here */
    MSG_POWER_OFF = 1U << 6,  /* console CPU: the last VM has stopped, switch the machine off */
    MSG_HALT = 1U << 7,       /* another CPU has panicked: this one stops where it is */
};

/* From any CPU: release ordering, then an SGI (a CPU that posts to itself gets it too). */
void mailbox_post(unsigned cpu, uint32_t messages);
/* On `cpu` itself: takes and clears all messages; acquire ordering. */
uint32_t mailbox_take(unsigned cpu);
/* The same, if nothing but `messages` is there; false: nothing is taken. */
bool mailbox_take_only(unsigned cpu, uint32_t messages);

#endif
