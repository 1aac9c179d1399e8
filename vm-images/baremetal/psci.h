/* SMCCC calls by both conduits, and PSCI [DEN0028, DEN0022]. */
#ifndef PSCI_H
#define PSCI_H

#include "cpu.h"

#define PSCI_VERSION 0x84000000U
#define PSCI_CPU_SUSPEND_32 0x84000001U
#define PSCI_CPU_SUSPEND_64 0xc4000001U
#define PSCI_CPU_OFF 0x84000002U
#define PSCI_CPU_ON_32 0x84000003U
#define PSCI_CPU_ON_64 0xc4000003U
#define PSCI_AFFINITY_INFO_32 0x84000004U
#define PSCI_AFFINITY_INFO_64 0xc4000004U
#define PSCI_MIGRATE_32 0x84000005U
#define PSCI_MIGRATE_INFO_TYPE 0x84000006U
#define PSCI_MIGRATE_INFO_UP_CPU_64 0xc4000007U
#define PSCI_SYSTEM_OFF 0x84000008U
#define PSCI_SYSTEM_RESET 0x84000009U
#define PSCI_FEATURES 0x8400000aU
#define PSCI_CPU_FREEZE 0x8400000bU
#define PSCI_SYSTEM_SUSPEND_64 0xc400000eU
#define PSCI_SYSTEM_RESET2_64 0xc4000012U
#define PSCI_MEM_PROTECT 0x84000013U

#define PSCI_SUCCESS 0
#define PSCI_NOT_SUPPORTED (-1)
#define PSCI_INVALID_PARAMETERS (-2)
#define PSCI_DENIED (-3)
#define PSCI_ALREADY_ON (-4)
#define PSCI_ON_PENDING (-5)
#define PSCI_INVALID_ADDRESS (-9)

#define PSCI_AFFINITY_ON 0
#define PSCI_AFFINITY_OFF 1

/* x0..x17 before and after a call. */
struct smccc_regs {
    uint64_t x[18];
};
void smccc_hvc(struct smccc_regs *regs);
void smccc_smc(struct smccc_regs *regs);

/* By HVC; the 32-bit result. */
int32_t psci_call(uint32_t function, uint64_t a1, uint64_t a2, uint64_t a3);

/* MPIDR affinity fields of the VM's CPU n, as QEMU virt numbers them with GICv3. */
uint64_t cpu_affinity(unsigned n);
/* How many CPUs the VM has: those whose affinity PSCI knows, up to CPU_MAX. */
unsigned cpu_count(void);
/* Starts CPU n, which then runs `work` once and goes off. PSCI's answer. */
typedef void (*cpu_work)(void);
int32_t cpu_start(unsigned n, cpu_work work);
/* This CPU in a power-down state, or, with the others off, the whole VM suspended, until there is an
 * interrupt for it; then it runs `work` from reset and goes off. Returns with an error only: PSCI's
 * answer. */
int32_t cpu_power_down(cpu_work work);
int32_t system_suspend(cpu_work work);
/* Waits until PSCI says that CPU n is off; false after about two seconds. */
bool cpu_wait_off(unsigned n);

#endif
