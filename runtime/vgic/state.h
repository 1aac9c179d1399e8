/* State of the virtual GICs: what the files of this folder share.
 *
 * One interrupt is one bit in a struct vgic_word of 32. While it is not listed, the word holds
 * its whole state. While it is listed, its state is in a list register of one CPU, its holder,
 * which alone can read and write it; then `latch` and `active` mean "set this in addition" and
 * `drop_…` "take this away", and the holder merges them when it next reads the list register.
 * All is written under the VM's lock; list registers and lr_… only by their own CPU.
 * [IHI0069 4.1.2 states, 12.4.6 list registers] */
#ifndef VGIC_STATE_H
#define VGIC_STATE_H

#include "arch/spinlock.h"
#include "gic/gich.h"
#include "vm/vcpu.h"

enum { VGIC_PRIVATE_COUNT = 32, VGIC_SGI_COUNT = 16 };

struct vgic_word {
    uint32_t enabled;
    uint32_t grouped; /* its group is enabled in GICD_CTLR: word_group() keeps it so */
    uint32_t latch;   /* pending by an edge, a message, an SGI or GICD_ISPENDR */
    uint32_t line;    /* input level of the interrupts that are not `hw` */
    uint32_t message; /* level-sensitive: asserted by GICD_SETSPI, beside its line */
    uint32_t active;
    uint32_t edge;  /* configuration; level-sensitive otherwise */
    uint32_t group; /* 1: Group 1 */
    uint32_t hw;    /* a physical interrupt stands behind it: its state is latched there */
    uint32_t listed;
    uint32_t lr_pending; /* of listed ones: state in the list register when last seen */
    uint32_t lr_active;
    uint32_t lr_latch; /* level-sensitive: `latch` was set when it was listed as pending */
    uint32_t drop_pending;
    uint32_t drop_active;
} __attribute__((aligned(64)));

/* What a CPU has to do to its list registers before its guest sees the truth again. */
enum vgic_stale {
    VGIC_FRESH,
    VGIC_SGIS,   /* SGIs latched by other CPUs are to be listed, and nothing else */
    VGIC_FILL,   /* something new is to be listed */
    VGIC_RELIST, /* what is listed has to be read back and decided anew */
};

/* A redistributor with the virtual CPU interface behind it; one for each vCPU, by vCPU id. */
struct vgic_redist {
    struct vgic_word word; /* INTIDs 0..31 */
    uint8_t priority[VGIC_PRIVATE_COUNT];
    uint16_t lr_intid[GICH_LR_MAX]; /* of the list registers in lr_used */
    uint32_t lr_used;
    uint32_t lr_all;                   /* one bit for each that the CPU has */
    uint8_t lr_of[VGIC_PRIVATE_COUNT]; /* of the listed ones of `word` */
    union {
        struct {
            uint8_t stale;     /* enum vgic_stale */
            bool is_asleep;    /* GICR_WAKER.ProcessorSleep */
            bool has_overflow; /* not everything fitted in the list registers */
        };
        uint32_t hindrances; /* all of these: 0 when one more interrupt can simply be listed */
    };
    bool is_online;       /* the vCPU is on: it has a CPU interface */
    bool is_loaded;       /* of such: it is the CPU's now; else all state is in memory */
    uint16_t vcpu;        /* id: index into cfg_vcpus */
    uint64_t typer;       /* GICR_TYPER, which never changes */
    uint64_t sgi_cluster; /* Aff3, RS, Aff2, Aff1 as ICC_SGI1R_EL1 has them for this vCPU */
    uint32_t sgi_bit;     /* and its place in the target list */
    uint32_t published;   /* vgic_vm.sequence when all list registers were last read back */
    const struct vgic_word *asked_word; /* what this vCPU's guest waits to read, or NULL */
    uint32_t asked;                     /* vgic_vm.sequence when it asked */
} __attribute__((aligned(256)));

#define VGIC_SGI_BITS UINT32_C(0xFFFF)
#define VGIC_NO_VCPU 0xFFFFU

/* An SPI of some VM beside its bit; by cfg_vm.first_spi + INTID - 32. */
struct vgic_spi {
    uint64_t router; /* GICD_IROUTER */
    uint16_t target; /* vCPU index in the VM that `router` names, or VGIC_NO_VCPU */
    uint16_t holder; /* vCPU index whose list register holds it, or held it when it went active */
    uint16_t pintid; /* of those that are `hw` */
    uint8_t priority;
    uint8_t lr; /* of a listed one: the list register of `holder` */
};

struct vgic_vm {
    struct spinlock lock; /* lock order: before the physical distributor's */
    uint16_t id;
    uint16_t spi_words; /* words of 32 SPIs */
    uint16_t vcpu_count;
    uint32_t typer;              /* GICD_TYPER, which never changes */
    uint32_t ctlr;               /* EnableGrp0, EnableGrp1 */
    uint32_t ready;              /* bit n: SPI word n has something to be listed */
    uint32_t sequence;           /* counts questions about list registers of other CPUs */
    struct vgic_redist *own;     /* of the vCPU on the CPU that holds the lock, if on; else NULL */
    struct vgic_redist *redists; /* the VM's slices of the arrays below */
    struct vgic_word *words;     /* its SPIs */
    struct vgic_spi *spis;
    uint8_t priority_mask; /* bits of a priority that the virtual CPU interface implements */
} __attribute__((aligned(64)));

extern struct vgic_redist vgic_redists[CFG_VCPU_COUNT];
extern struct vgic_word vgic_spi_words[CFG_SPI_TOTAL / 32];
extern struct vgic_spi vgic_spis[CFG_SPI_TOTAL];

enum { GICD_CTLR_EnableGrp0 = 1U << 0, GICD_CTLR_EnableGrp1 = 1U << 1 };

/* GICD_TYPER of `vm`, and GICR_TYPER of its vCPU `index`. */
uint32_t vgic_gicd_typer(uint16_t vm);
uint64_t vgic_gicr_typer(uint16_t vm, unsigned index);

/* Takes the lock of `vm`. What it returns is the proof, and is passed to all who need it held. */
struct vgic_vm *vgic_acquire(uint16_t vm);
/* Brings this CPU's list registers up to date if they are stale, then releases the lock. */
void vgic_release(struct vgic_vm *g);

static inline const struct cfg_vm *vgic_cfg(const struct vgic_vm *g)
{
    return &cfg_vms[g->id];
}

static inline struct vgic_redist *vgic_redist_at(const struct vgic_vm *g, unsigned vcpu_index)
{
    return &g->redists[vcpu_index];
}

static inline unsigned vgic_index_of(const struct vgic_vm *g, const struct vgic_redist *r)
{
    return (unsigned)(r - g->redists);
}

/* SPI word `n` (0: INTIDs 32..63) of the VM. */
static inline struct vgic_word *vgic_spi_word(const struct vgic_vm *g, unsigned n)
{
    return &g->words[n];
}

/* `intid` is 32 .. 31 + spi_count. */
static inline struct vgic_spi *vgic_spi_of(const struct vgic_vm *g, unsigned intid)
{
    return &g->spis[intid - VGIC_PRIVATE_COUNT];
}

static inline bool vgic_has_intid(const struct vgic_vm *g, unsigned intid)
{
    return intid < (unsigned)VGIC_PRIVATE_COUNT + 32U * g->spi_words;
}

/* The word that `intid` lies in: the redistributor's own or one of the VM's. */
static inline struct vgic_word *vgic_word_of(const struct vgic_vm *g, struct vgic_redist *r,
                                             unsigned intid)
{
    return (intid < VGIC_PRIVATE_COUNT) ? &r->word : vgic_spi_word(g, intid / 32U - 1U);
}

#endif
