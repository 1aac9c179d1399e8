/* The types of the generated tables: the whole contract between generator and runtime.
 *
 * The generator emits one translation unit (build/<system>/gen/config.c) that defines every
 * object declared here, and config_sizes.h with the counts. Everything is const, has no
 * function pointers, and lies in the read-only section .rodata.config. Ids are dense: they are
 * the index into the array of that name. A slice is (first, count) into the array named in its
 * comment. All addresses and sizes are bytes; all sizes are exclusive lengths.
 * INV-… ids are what the runtime relies on and never checks again; each is enforced by the
 * generator and listed in docs/invariants.md.
 *
 * @req DESC-1 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "config_sizes.h" /* generated: CFG_VM_COUNT, CFG_VCPU_COUNT, CFG_CPU_COUNT, ... */
#include "lib/types.h"

/* Raised with every change of a type or of a meaning in this file. */
#define CFG_ABI_VERSION 6U
#define CFG_NONE 0xFFFFU /* "no such id" in any 16-bit id field */

/* --- physical machine ------------------------------------------------------------------- */

struct cfg_range {
    uint64_t base; /* PA */
    uint64_t size; /* bytes, > 0 */
};

struct cfg_system {
    uint64_t magic; /* CFG_MAGIC */
    uint32_t abi_version;
    uint32_t gic_version;      /* 2 or 3: that of the sources which the image is built of */
    const char *name;          /* of the description */
    const char *board;         /* name of the board folder */
    uint8_t description_hash[32]; /* SHA-256 of the canonical resolved description */
    uint64_t image_base;       /* PA = VA of the first byte of the image, entry point */
    uint64_t image_end;        /* PA, exclusive: end of the last packed guest image */
    uint64_t gicd_base;        /* PA of the distributor */
    uint64_t gicr_base;        /* GICv3: PA of the first redistributor frame; else 0 */
    uint64_t gicr_size;        /* GICv3: bytes of the redistributor region; else 0 */
    uint64_t gicc_base;        /* GICv2: PA of the CPU interface; else 0 */
    uint64_t gich_base;        /* GICv2: PA of the virtual interface control block; else 0 */
    uint64_t uart_base;        /* PA of the board console; without a console 0 */
    uint64_t power_base;       /* PA of the board's power controller; 0: firmware has one */
    uint32_t uart_intid;       /* its physical INTID (not SPI number); without a console 0 */
    uint16_t console_cpu;      /* CPU that services the board console, or CFG_NONE */
    uint8_t console_switch_key;/* control character that moves the input focus */
    uint8_t log_level;         /* enum log_level: the default of the modules; CFG_LOG_LEVELS rules */
    uint64_t el2_root;         /* PA for TTBR0_EL2: INV-EL2-ROOT, 4 KiB aligned table */
    uint64_t tcr_el2;          /* whole value of TCR_EL2 */
    uint64_t mair_el2;         /* whole value of MAIR_EL2 */
    uint64_t vtcr_el2;         /* whole value of VTCR_EL2, the same for every VM */
    uint64_t rtc_base;         /* PA of the PL031 that EL2 reads the date from at boot, or 0 */
    uint32_t pa_bits_needed;   /* largest PA in any table fits in this many bits */
    uint32_t spi_limit;        /* highest physical INTID of any route, plus one (>= 32) */
    uint32_t counter_hz;       /* with schedules: what CNTFRQ_EL0 has to say; else 0 */
};
#define CFG_MAGIC UINT64_C(0x444145484B4C5542) /* "BULKHEAD", little-endian */

struct cfg_cpu {
    uint64_t mpidr; /* affinity fields of MPIDR_EL1, as in the devicetree's reg */
    uint16_t vcpu;  /* the first of its vCPUs, or CFG_NONE: without a schedule the only one */
    uint16_t first_resident; /* slice of cfg_residents: its vCPUs. INV-CPU-RESIDENTS: more than */
    uint16_t resident_count; /* one only where every mode has a schedule for this CPU */
    uint64_t stack_top; /* VA, 16-byte aligned, the page below the stack is unmapped */
    uint64_t release_pa; /* word that the parked CPU polls for its entry; 0: firmware starts it */
};

/* --- virtual machines ------------------------------------------------------------------- */

enum cfg_vm_flag {
    CFG_VM_DEBUG = 1U << 0,     /* breakpoint, watchpoint and single-step registers granted */
    CFG_VM_PMU = 1U << 1,       /* PMUv3 granted, with its PPI */
    CFG_VM_PAUTH = 1U << 2,     /* pointer authentication visible */
    CFG_VM_SVE = 1U << 3,
    CFG_VM_SME = 1U << 4,
    CFG_VM_MTE = 1U << 5,
    CFG_VM_TRNG = 1U << 6,      /* TRNG firmware interface answered */
    CFG_VM_AUTOSTART = 1U << 7, /* started at boot */
    CFG_VM_MAY_SWITCH_MODE = 1U << 8, /* its calls switch the schedule's mode */
    CFG_VM_MAY_READ_TIMES = 1U << 9,  /* its calls read what each vCPU's schedule came to */
    CFG_VM_CLOCK_STANDS = 1U << 10,   /* its virtual counter stands still while it does not run */
    CFG_VM_MAY_READ_EVENTS = 1U << 11, /* its calls read which faults there were */
};

struct cfg_vm {
    const char *name;
    uint16_t vmid;            /* VTTBR_EL2.VMID, > 0. INV-VMID-UNIQUE */
    uint16_t flags;           /* enum cfg_vm_flag */
    uint64_t stage2_root;     /* PA for VTTBR_EL2.BADDR. INV-S2-ROOT: aligned to its size */
    uint16_t first_vcpu;      /* slice of cfg_vcpus, in order of vCPU index */
    uint16_t vcpu_count;
    uint16_t first_window;    /* slice of cfg_windows, sorted by ipa. INV-WINDOW-SORTED */
    uint16_t window_count;
    uint16_t first_load;      /* slice of cfg_loads: run at every start of the VM */
    uint16_t load_count;
    uint16_t first_mmio;      /* slice of cfg_mmios, sorted by ipa. INV-MMIO-SORTED */
    uint16_t mmio_count;
    uint16_t first_irq;       /* slice of cfg_irqs: physical SPIs of this VM */
    uint16_t irq_count;
    uint16_t first_smc;       /* slice of cfg_smcs: function ids that go on to EL3 */
    uint16_t smc_count;
    uint16_t first_control;   /* slice of cfg_controls: ids of the VMs whose life its calls rule */
    uint16_t control_count;
    uint16_t first_follower;  /* slice of cfg_followers: who waits for an event of this VM */
    uint16_t follower_count;
    uint16_t awaited_count;   /* rows of cfg_followers that name this VM: INV-FOLLOWER. With autostart, */
                              /* the VM starts when all of them have happened */
    uint16_t console;         /* console source id (dense over VMs with a pl011), or CFG_NONE */
    uint16_t spi_count;       /* virtual SPIs: a multiple of 32, 32..960. INV-SPI-COUNT */
    uint32_t first_spi;       /* slice of the vGIC's SPI state, a multiple of 32 */
    uint64_t gicd_ipa;        /* where the guest sees its distributor (GICv3: 64 KiB; v2: 4 KiB) */
    uint64_t gicr_ipa;        /* GICv3: first redistributor frame (128 KiB a vCPU); else 0 */
    uint64_t gicc_ipa;        /* GICv2: its CPU interface, the board's GICV; else 0 */
    uint64_t entry_ipa;       /* first PC of vCPU 0, EL1h, MMU off */
    uint64_t boot_x[4];       /* x0..x3 of vCPU 0 at entry */
};

struct cfg_vcpu {
    uint16_t vm;    /* id of its VM */
    uint16_t index; /* within its VM, 0 is the boot vCPU */
    uint16_t cpu;   /* physical CPU that it is pinned to. INV-VCPU-CPU */
    uint64_t vmpidr; /* VMPIDR_EL2: bit 31 set, affinity as the guest's devicetree says */
};

enum cfg_access { CFG_R = 1, CFG_W = 2, CFG_X = 4 };
enum cfg_window_kind {
    CFG_WINDOW_RAM,    /* private memory: cleared or loaded at every start */
    CFG_WINDOW_IMAGE,  /* read-only, mapped in place from the system image */
    CFG_WINDOW_SHARED, /* declared by two or more VMs */
    CFG_WINDOW_DEVICE, /* passed-through registers, device memory */
    /* GICv2: the first page of the virtual CPU interface, device memory. The hardware banks it by
     * CPU, so that VMs on different CPUs share nothing although each maps it. INV-GICV-BANKED */
    CFG_WINDOW_GICV,
};

struct cfg_window {
    uint64_t ipa; /* 4 KiB aligned. INV-WINDOW-ALIGNED */
    uint64_t pa;  /* 4 KiB aligned */
    uint64_t size; /* bytes, a multiple of 4 KiB */
    uint8_t access; /* enum cfg_access */
    uint8_t kind;   /* enum cfg_window_kind */
    const char *name;
};

/* One step of filling memory. src_pa == 0 clears, otherwise copies. INV-LOAD-INSIDE: dst lies in
 * one RAM window of the VM; INV-LOAD-ONCE: the loads of a VM cover each of its RAM bytes once. */
struct cfg_load {
    uint64_t src_pa; /* inside the system image, 16-byte aligned, or 0 */
    uint64_t dst_pa;
    uint64_t size; /* bytes */
    uint8_t sha256[32]; /* of what is copied: INV-LOAD-HASH; 0 where nothing is */
};

enum cfg_event { CFG_EVENT_STARTED, CFG_EVENT_READY };

/* `vm` waits for the event of the VM whose slice this is in. */
struct cfg_follower {
    uint16_t vm;
    uint8_t event; /* enum cfg_event */
};

enum cfg_mmio_kind {
    CFG_MMIO_GICD,
    CFG_MMIO_GICR,
    CFG_MMIO_PL011,
    CFG_MMIO_PL031,
    CFG_MMIO_GICC, /* GICv2: the second page of the CPU interface, with GICC_DIR */
    CFG_MMIO_SP805,
    CFG_MMIO_PVPANIC,
    CFG_MMIO_KIND_COUNT,
};

/* An emulated region. INV-MMIO-HOLE: no stage-2 mapping exists inside it. */
struct cfg_mmio {
    uint64_t ipa;
    uint64_t size;
    uint16_t kind;     /* enum cfg_mmio_kind */
    uint16_t instance; /* GICD, GICR, GICC: the VM; others: in the table of that device */
};

struct cfg_pl011 {
    uint16_t vm;
    uint16_t intid;   /* virtual INTID >= 32 */
    uint16_t console; /* console source id */
};

struct cfg_pl031 {
    uint16_t vm;
    uint16_t intid; /* virtual INTID >= 32 */
};

struct cfg_sp805 {
    uint16_t vm;
    uint16_t intid; /* virtual INTID >= 32 */
};

struct cfg_pvpanic {
    uint16_t vm;
};

/* A physical SPI owned by one VM, HW-linked. Sorted by vm, then pintid. INV-IRQ-ONE-OWNER */
struct cfg_irq {
    uint16_t pintid; /* physical INTID, 32..1019 */
    uint16_t vm;
    uint16_t vintid; /* virtual INTID that the guest sees, 32.. */
    uint8_t edge;    /* 1: edge, 0: level */
};

/* --- health ----------------------------------------------------------------------------- */

/* The classes of what can go wrong with a VM. */
enum cfg_fault {
    CFG_FAULT_MEMORY,      /* an access that no window permits and no device answers */
    CFG_FAULT_INSTRUCTION, /* an instruction or register that is not there */
    CFG_FAULT_SERROR,      /* an asynchronous error while the VM ran */
    CFG_FAULT_DEVICE,      /* an access that an emulated device refuses */
    CFG_FAULT_SMC,         /* an SMC that is neither answered nor allowed */
    CFG_FAULT_WATCHDOG,    /* its SP805 ran out, or its heartbeat stayed away */
    CFG_FAULT_OVERRUN,     /* it still ran at the end of its time window */
    CFG_FAULT_IMAGE,       /* what was loaded has not the hash of the image */
    CFG_FAULT_PANIC,       /* its pvpanic says so */
    CFG_FAULT_STORM,       /* more interrupts of its devices than declared */
    CFG_FAULT_COUNT
};

enum cfg_action {
    CFG_ACTION_IGNORE,
    CFG_ACTION_INJECT,
    CFG_ACTION_RESTART,
    CFG_ACTION_STOP,
    CFG_ACTION_SWITCH_MODE,
    CFG_ACTION_RESET_SYSTEM,
};

/* What is done about a class of fault in a VM; at [vm * CFG_FAULT_COUNT + fault]. INV-HEALTH-EVERY */
struct cfg_health {
    uint8_t action; /* enum cfg_action */
    uint8_t then;   /* enum cfg_action: in place of a restart that would be one too many */
    uint16_t mode;  /* SWITCH_MODE, as action or then: index of cfg_modes; else CFG_NONE */
    /* RESTART: slice of what the runtime remembers of restarts, CFG_HEALTH_RESTART_COUNT in all.
     * INV-HEALTH-RESTARTS: the slices tile */
    uint16_t first_restart;
    uint16_t restart_count; /* RESTART: at most so many in any `period_ns`; > 0 */
    uint64_t period_ns;
};

/* How a VM is watched; at [vm]. */
struct cfg_watch {
    uint64_t heartbeat_ns;    /* its calls come at least so often; 0: none are expected */
    uint64_t interrupt_ns;    /* in so much time */
    uint32_t interrupt_count; /* so many interrupts of its devices at most; 0: no limit */
};

/* --- schedules -------------------------------------------------------------------------- */

/* A mode of the schedules. All CPUs have the same major frame and change modes at its end. */
struct cfg_mode {
    const char *name;
    uint64_t frame_ticks; /* > 0; ticks of the system counter, cfg_system.counter_hz a second */
};

/* A CPU in a mode; at [mode * CFG_CPU_COUNT + cpu]. */
struct cfg_cpu_schedule {
    uint16_t first_slot; /* slice of cfg_slots, sorted by start. INV-SLOT-SORTED: disjoint, and */
    uint16_t slot_count; /* inside the frame. 0: the CPU's only vCPU has it always */
};

/* A time window of a CPU: from `start` to `end`, exclusive, ticks from the start of the frame. Its
 * vCPUs take turns; one that waits for an interrupt is passed over. */
struct cfg_slot {
    uint64_t start;
    uint64_t end;
    uint64_t quantum;      /* ticks after which the next one has its turn; > 0 */
    uint16_t first_member; /* slice of cfg_slot_members. INV-SLOT-MEMBERS: vCPUs of this CPU, each */
    uint16_t member_count; /* once, >= 1. */
    uint16_t spare_count;  /* the last of them, which run only while none of the others can */
};

/* Arrays: each has at least one element (an unused zeroed one when the count is 0). */
extern const struct cfg_system cfg_system;
extern const struct cfg_range cfg_ram[];      /* CFG_RAM_COUNT: RAM that the board must have */
extern const struct cfg_cpu cfg_cpus[];       /* CFG_CPU_COUNT, dense, devicetree order */
extern const struct cfg_vm cfg_vms[];         /* CFG_VM_COUNT */
extern const struct cfg_vcpu cfg_vcpus[];     /* CFG_VCPU_COUNT, by VM then index */
extern const struct cfg_window cfg_windows[]; /* CFG_WINDOW_COUNT */
extern const struct cfg_load cfg_loads[];     /* CFG_LOAD_COUNT */
extern const struct cfg_load cfg_boot_loads[];/* CFG_BOOT_LOAD_COUNT: shared memory, once at boot */
extern const struct cfg_mmio cfg_mmios[];     /* CFG_MMIO_COUNT */
extern const struct cfg_pl011 cfg_pl011s[];   /* CFG_PL011_COUNT */
extern const struct cfg_pl031 cfg_pl031s[];   /* CFG_PL031_COUNT */
extern const struct cfg_sp805 cfg_sp805s[];   /* CFG_SP805_COUNT */
extern const struct cfg_pvpanic cfg_pvpanics[]; /* CFG_PVPANIC_COUNT */
extern const struct cfg_health cfg_healths[];   /* CFG_HEALTH_COUNT; 0: the usual is done */
extern const struct cfg_watch cfg_watches[];    /* CFG_WATCH_COUNT */
extern const struct cfg_irq cfg_irqs[];       /* CFG_IRQ_COUNT, by vm then pintid */
/* cfg_irq_of_intid[i - 32]: index into cfg_irqs of physical INTID i, or CFG_NONE;
 * CFG_INTID_LIMIT - 32 entries, CFG_INTID_LIMIT == cfg_system.spi_limit. */
extern const uint16_t cfg_irq_of_intid[];
extern const uint32_t cfg_smcs[]; /* CFG_SMC_COUNT */
extern const uint16_t cfg_controls[]; /* CFG_CONTROL_COUNT: VM ids. INV-CONTROL */
extern const struct cfg_follower cfg_followers[]; /* CFG_FOLLOWER_COUNT */
extern const uint16_t cfg_residents[];    /* CFG_RESIDENT_COUNT: vCPU ids, by CPU then id */
extern const struct cfg_mode cfg_modes[]; /* CFG_MODE_COUNT; 0 is in force at boot */
extern const struct cfg_cpu_schedule cfg_cpu_schedules[]; /* CFG_MODE_COUNT * CFG_CPU_COUNT */
extern const struct cfg_slot cfg_slots[];                 /* CFG_SLOT_COUNT, by mode then CPU */
extern const uint16_t cfg_slot_members[];                 /* CFG_SLOT_MEMBER_COUNT: vCPU ids */
extern const char *const cfg_console_names[]; /* CFG_CONSOLE_COUNT: label of each source */

/* config_sizes.h also defines CFG_CHECKS_IMAGES (1: images are hashed before a start),
 * CFG_HAS_CONSOLE (1: EL2 has the board's UART, on which it draws its
 * log and the VMs' consoles; 0: it says nothing, and no VM has a PL011 of ours), CFG_SPI_TOTAL (sum
 * of spi_count over VMs, multiple of 32), CFG_VM_SPI_MAX and CFG_VM_VCPU_MAX (the largest spi_count
 * and vcpu_count of a VM), CFG_AUTOSTART_COUNT (VMs with CFG_VM_AUTOSTART),
 * CFG_SCHEDULED (1: there are schedules, 0: every vCPU has its CPU for itself),
 * CFG_CPU_RESIDENT_MAX, CFG_CPU_SLOT_MAX, CFG_SLOT_MEMBER_MAX (the largest resident_count of a CPU,
 * slot_count of a schedule and member_count of a slot; each at least 1),
 * CFG_HEALTH_RESTART_COUNT, CFG_HEALTH_ACTIONS_ANY (bit n: some VM's fault is answered by action n),
 * CFG_HEARTBEAT_COUNT and CFG_INTERRUPT_LIMIT_COUNT (VMs that have one),
 * CFG_NAME_WIDTH (characters of the longest console label, at least that of "bulkhead") and
 * CFG_VM_FLAGS_ANY (the flags of all VMs together). */

/* Has the VM this flag? Constant, and false, where no VM has it: then the code for it is not in the
 * image. */
static inline bool cfg_vm_has(uint16_t vm, uint16_t flag)
{
    return (CFG_VM_FLAGS_ANY & flag) != 0U && (cfg_vms[vm].flags & flag) != 0U;
}

#endif
