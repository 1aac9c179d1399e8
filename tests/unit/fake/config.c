/* The tables of the unit tests' system. All are weak: a test that needs another one defines it.
 *
 *   VM      vCPUs on CPUs  windows (IPA → PA, access)                          devices
 *   linux0  0, 1           ram 4000_0000 → 5000_0000 64 KiB rwx                pl011, pl031
 *                          image 6000_0000 → 4800_0000 4 KiB r-x
 *                          frames 7000_0000 → 5800_0000 4 KiB rw-
 *   linux1  2              ram 4000_0000 → 5400_0000 64 KiB rwx                pl011, pl031
 *                          frames 7000_0000 → 5800_0000 4 KiB r--
 *   rt      3              ram 4000_0000 → 5600_0000 64 KiB rwx                pl011
 *
 * linux1 starts when linux0 has started and rt is ready; rt controls the life of both. */
#include "config/config.h"

#define TABLE __attribute__((weak)) const

TABLE struct cfg_system cfg_system = {
    .magic = CFG_MAGIC,
    .abi_version = CFG_ABI_VERSION,
    .gic_version = 3,
    .name = "unit",
    .board = "fake",
    .image_base = 0x48000000,
    .image_end = 0x48100000,
    .gicd_base = 0x08000000,
    .gicr_base = 0x080a0000,
    .gicr_size = 0x80000,
    .uart_base = 0x09000000,
    .uart_intid = 33,
    .console_cpu = 3,
    .console_switch_key = 0x1d,
    .log_level = 3,
    .rtc_base = 0x09010000,
    .spi_limit = CFG_INTID_LIMIT,
};

TABLE struct cfg_range cfg_ram[CFG_RAM_COUNT] = {{0x40000000, 0x40000000}};

TABLE struct cfg_cpu cfg_cpus[CFG_CPU_COUNT] = {
    {.mpidr = 0, .vcpu = 0, .first_resident = 0, .resident_count = 1},
    {.mpidr = 1, .vcpu = 1, .first_resident = 1, .resident_count = 1},
    {.mpidr = 2, .vcpu = 2, .first_resident = 2, .resident_count = 1},
    {.mpidr = 3, .vcpu = 3, .first_resident = 3, .resident_count = 1},
};

TABLE struct cfg_vm cfg_vms[CFG_VM_COUNT] = {
    {.name = "linux0", .vmid = 1, .flags = CFG_VM_AUTOSTART, .first_vcpu = 0, .vcpu_count = 2,
     .first_window = 0, .window_count = 3, .first_load = 0, .load_count = 1, .first_mmio = 0,
     .mmio_count = 4, .first_irq = 0, .irq_count = 1, .first_smc = 0, .smc_count = 1,
     .console = 0, .first_follower = 0, .follower_count = 1, .spi_count = 64, .first_spi = 0,
     .gicd_ipa = 0x08000000,
     .gicr_ipa = 0x080a0000, .entry_ipa = 0x40000000, .boot_x = {0x40008000, 0, 0, 0}},
    {.name = "linux1", .vmid = 2, .flags = CFG_VM_AUTOSTART | CFG_VM_PMU | CFG_VM_TRNG,
     .first_vcpu = 2, .vcpu_count = 1, .first_window = 3, .window_count = 2, .first_load = 1,
     .load_count = 1, .first_mmio = 4, .mmio_count = 4, .first_irq = 1, .irq_count = 1,
     .awaited_count = 2, .console = 1, .spi_count = 32, .first_spi = 64, .gicd_ipa = 0x08000000,
     .gicr_ipa = 0x080a0000, .entry_ipa = 0x40000000},
    {.name = "rt", .vmid = 3, .flags = CFG_VM_AUTOSTART | CFG_VM_DEBUG | CFG_VM_MAY_READ_EVENTS, .first_vcpu = 3,
     .vcpu_count = 1, .first_window = 5, .window_count = 1, .first_load = 2, .load_count = 1,
     .first_mmio = 8, .mmio_count = 3, .first_irq = 2, .irq_count = 1, .first_control = 0,
     .control_count = 2, .first_follower = 1, .follower_count = 1, .console = 2,
     .spi_count = 64, .first_spi = 96, .gicd_ipa = 0x08000000, .gicr_ipa = 0x080a0000,
     .entry_ipa = 0x40000000},
};

TABLE struct cfg_vcpu cfg_vcpus[CFG_VCPU_COUNT] = {
    {.vm = 0, .index = 0, .cpu = 0, .vmpidr = 0x80000000},
    {.vm = 0, .index = 1, .cpu = 1, .vmpidr = 0x80000001},
    {.vm = 1, .index = 0, .cpu = 2, .vmpidr = 0x80000000},
    {.vm = 2, .index = 0, .cpu = 3, .vmpidr = 0x80000000},
};

TABLE struct cfg_window cfg_windows[CFG_WINDOW_COUNT] = {
    {0x40000000, 0x50000000, 0x10000, CFG_R | CFG_W | CFG_X, CFG_WINDOW_RAM, "ram"},
    {0x60000000, 0x48000000, 0x1000, CFG_R | CFG_X, CFG_WINDOW_IMAGE, "image"},
    {0x70000000, 0x58000000, 0x1000, CFG_R | CFG_W, CFG_WINDOW_SHARED, "frames"},
    {0x40000000, 0x54000000, 0x10000, CFG_R | CFG_W | CFG_X, CFG_WINDOW_RAM, "ram"},
    {0x70000000, 0x58000000, 0x1000, CFG_R, CFG_WINDOW_SHARED, "frames"},
    {0x40000000, 0x56000000, 0x10000, CFG_R | CFG_W | CFG_X, CFG_WINDOW_RAM, "ram"},
};

TABLE struct cfg_load cfg_loads[CFG_LOAD_COUNT] = {
    {0, 0x50000000, 0x10000, {0}},
    {0, 0x54000000, 0x10000, {0}},
    {0, 0x56000000, 0x10000, {0}},
};

TABLE struct cfg_load cfg_boot_loads[CFG_BOOT_LOAD_COUNT] = {{0, 0x58000000, 0x1000, {0}}};

TABLE struct cfg_mmio cfg_mmios[CFG_MMIO_COUNT] = {
    {0x08000000, 0x10000, CFG_MMIO_GICD, 0},  {0x080a0000, 0x40000, CFG_MMIO_GICR, 0},
    {0x09000000, 0x1000, CFG_MMIO_PL011, 0},  {0x09010000, 0x1000, CFG_MMIO_PL031, 0},
    {0x08000000, 0x10000, CFG_MMIO_GICD, 1},  {0x080a0000, 0x20000, CFG_MMIO_GICR, 1},
    {0x09000000, 0x1000, CFG_MMIO_PL011, 1},  {0x09010000, 0x1000, CFG_MMIO_PL031, 1},
    {0x08000000, 0x10000, CFG_MMIO_GICD, 2},  {0x080a0000, 0x20000, CFG_MMIO_GICR, 2},
    {0x09000000, 0x1000, CFG_MMIO_PL011, 2},
};

TABLE struct cfg_pl011 cfg_pl011s[CFG_PL011_COUNT] = {{0, 33, 0}, {1, 33, 1}, {2, 33, 2}};
TABLE struct cfg_pl031 cfg_pl031s[CFG_PL031_COUNT] = {{0, 34}, {1, 34}};

TABLE struct cfg_sp805 cfg_sp805s[CFG_SP805_COUNT] = {{0, 42}, {1, 42}};
TABLE struct cfg_pvpanic cfg_pvpanics[CFG_PVPANIC_COUNT] = {{1}};

/* Of linux0 everything is ignored; linux1 restarts twice in a second for memory, then stops, and
 * three times in ten for a watchdog, then resets the system; the rest of its faults stop it. rt has
 * the usual, but resets the system for a panic, and switches to mode 1 for a storm. */
#define ROW(a) {.action = CFG_ACTION_##a, .then = CFG_ACTION_##a, .mode = CFG_NONE}
TABLE struct cfg_health cfg_healths[CFG_HEALTH_COUNT] = {
    ROW(IGNORE), ROW(IGNORE), ROW(STOP), ROW(IGNORE), ROW(IGNORE),
    ROW(IGNORE), ROW(IGNORE), ROW(STOP), ROW(IGNORE), ROW(IGNORE),

    {CFG_ACTION_RESTART, CFG_ACTION_STOP, CFG_NONE, 0, 2, 1000000000},
    ROW(STOP), ROW(STOP), ROW(STOP), ROW(STOP),
    {CFG_ACTION_RESTART, CFG_ACTION_RESET_SYSTEM, CFG_NONE, 2, 3, 10000000000},
    ROW(STOP), ROW(STOP), ROW(STOP), ROW(STOP),

    ROW(INJECT), ROW(INJECT), ROW(STOP), ROW(INJECT), ROW(IGNORE),
    ROW(IGNORE), ROW(IGNORE), ROW(STOP), ROW(RESET_SYSTEM),
    {.action = CFG_ACTION_SWITCH_MODE, .then = CFG_ACTION_SWITCH_MODE, .mode = 1},
};
#undef ROW

/* Heartbeats of linux1 every 100 ms and of rt every 10 ms; rt has at most 10 interrupts in 1 ms. */
TABLE struct cfg_watch cfg_watches[CFG_WATCH_COUNT] = {
    {0, 0, 0}, {100000000, 0, 0}, {10000000, 1000000, 10}};

TABLE struct cfg_irq cfg_irqs[CFG_IRQ_COUNT] = {{40, 0, 40, 1}, {41, 1, 42, 0}, {42, 2, 50, 0}};

TABLE uint16_t cfg_irq_of_intid[CFG_INTID_LIMIT - 32] = {
    CFG_NONE, CFG_NONE, CFG_NONE, CFG_NONE, CFG_NONE, CFG_NONE, CFG_NONE, CFG_NONE,
    0,        1,        2,        CFG_NONE, CFG_NONE, CFG_NONE, CFG_NONE, CFG_NONE,
    CFG_NONE, CFG_NONE, CFG_NONE, CFG_NONE, CFG_NONE, CFG_NONE, CFG_NONE, CFG_NONE,
    CFG_NONE, CFG_NONE, CFG_NONE, CFG_NONE, CFG_NONE, CFG_NONE, CFG_NONE, CFG_NONE,
};

TABLE uint16_t cfg_controls[CFG_CONTROL_COUNT] = {0, 1};
TABLE struct cfg_follower cfg_followers[CFG_FOLLOWER_COUNT] = {{1, CFG_EVENT_STARTED},
                                                               {1, CFG_EVENT_READY}};

TABLE uint32_t cfg_smcs[CFG_SMC_COUNT] = {0x84000050};
TABLE char *const cfg_console_names[CFG_CONSOLE_COUNT] = {"linux0", "linux1", "rt"};

TABLE uint16_t cfg_residents[CFG_RESIDENT_COUNT] = {0, 1, 2, 3};
TABLE struct cfg_mode cfg_modes[CFG_MODE_COUNT] = {{0}};
TABLE struct cfg_cpu_schedule cfg_cpu_schedules[CFG_MODE_COUNT * CFG_CPU_COUNT] = {{0}};
TABLE struct cfg_slot cfg_slots[CFG_SLOT_COUNT] = {{0}};
TABLE uint16_t cfg_slot_members[CFG_SLOT_MEMBER_COUNT] = {0};
