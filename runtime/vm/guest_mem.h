/* Access to a guest's memory from EL2, by guest-physical or guest-virtual address.
 *
 * Only windows of the VM are reached, and only with their permissions; EL2 maps RAM windows
 * read-write, image windows read-only, device windows not at all. */
#ifndef VM_GUEST_MEM_H
#define VM_GUEST_MEM_H

#include "vm/vcpu.h"

/* The window of `vm` that holds `ipa`, or NULL. */
const struct cfg_window *guest_window(uint16_t vm, ipa_t ipa);
/* What EL2 reads of a guest at once: an instruction, or a descriptor of its tables. */
#define GUEST_READ_MAX 8U

/* Copies `bytes` out of the guest; false when they are more than GUEST_READ_MAX or any of them is
 * outside its readable RAM, IMAGE or SHARED windows (then nothing is promised about dst). */
bool guest_read_ipa(uint16_t vm, ipa_t ipa, void *dst, size_t bytes);
/* Stage-1 walk of the running guest's own tables (TTBR0/1_EL1, TCR_EL1: 4/16/64 KiB granules,
 * 48-bit, table and block descriptors) for a read or fetch at `va`. Bounded; false when it does
 * not translate. Does not check permissions: the guest has just fetched there. [DDI0487 D8.2] */
bool guest_va_to_ipa(const struct vcpu *v, va_t va, ipa_t *ipa);
/* The instruction at the guest's PC; false when it cannot be read. */
bool guest_fetch(const struct vcpu *v, uint32_t *instruction);

#endif
