/* The system that unit tests run in: linux0 (vCPUs on CPUs 0, 1), linux1 (CPU 2), rt (CPU 3).
 * Its tables are in fake/config.c. */
#ifndef CONFIG_SIZES_H
#define CONFIG_SIZES_H

#define CFG_CPU_COUNT 4
#define CFG_VM_COUNT 3
#define CFG_VCPU_COUNT 4
#define CFG_RAM_COUNT 1
#define CFG_WINDOW_COUNT 6
#define CFG_LOAD_COUNT 3
#define CFG_BOOT_LOAD_COUNT 1
#define CFG_MMIO_COUNT 11
#define CFG_PL011_COUNT 3
#define CFG_PL031_COUNT 2
#define CFG_IRQ_COUNT 3
#define CFG_INTID_LIMIT 64
#define CFG_SMC_COUNT 1
#define CFG_AUTOSTART_COUNT 3
#define CFG_CONTROL_COUNT 2
#define CFG_FOLLOWER_COUNT 2
#define CFG_CHECKS_IMAGES 1
#define CFG_HAS_CONSOLE 1
#define CFG_CONSOLE_COUNT 3
#define CFG_SPI_TOTAL 160
#define CFG_VM_SPI_MAX 64
#define CFG_VM_VCPU_MAX 2
#define CFG_NAME_WIDTH 8
#define CFG_VM_FLAGS_ANY 0xFFFU
#define CFG_SP805_COUNT 2
#define CFG_PVPANIC_COUNT 1
#define CFG_HEALTH_COUNT 30
#define CFG_HEALTH_RESTART_COUNT 5
#define CFG_HEALTH_ACTIONS_ANY 0x3FU
#define CFG_WATCH_COUNT 3
#define CFG_HEARTBEAT_COUNT 2
#define CFG_INTERRUPT_LIMIT_COUNT 1
#define CFG_RESIDENT_COUNT 4
#define CFG_CPU_RESIDENT_MAX 1
/* No schedules; tests whose name ends in _sched have them, and tables of their own. */
#ifndef CFG_SCHEDULED
#define CFG_SCHEDULED 0
#endif
#define CFG_MODE_COUNT 2
#define CFG_SLOT_COUNT 8
#define CFG_SLOT_MEMBER_COUNT 16
#define CFG_CPU_SLOT_MAX 4
#define CFG_SLOT_MEMBER_MAX 4

/* All at debug but gic at error, vtimer at warn and smccc at info. */
#define CFG_LOG_LEVELS {3, 0, 3, 3, 2, 3, 1, 3, 3, 3, 3}

#define VM_LINUX0 0
#define VM_LINUX1 1
#define VM_RT 2

#endif
