/* The ID registers of a VM: this CPU's, field by field, through a whitelist.
 *
 * A field is shown only if it stands here, and never above the value here: a feature that is
 * newer than this table stays hidden, with all the state that EL2 would have to know of.
 * Features that hang on a grant (cfg_vm.flags) show their `hidden` value without it. Left out on
 * purpose, as EL2 would have to back them: EL2, EL3, RAS, AMU, MPAM, SEL2, RME, NV, FGT, ECV, HCX,
 * TWED, EVT, FWB, LORegions, SPE, trace, BRBE, NMI, GCS, TME, MOPS, LS64, FPMR, and the
 * registers of FEAT_S1PIE, S1POE, TCR2, SCTLR2, AIE, D128. LPA2, LVA and small translation tables
 * are left out so that EL2 can walk the guest's tables (vm/guest_mem.h). vm/vcpu_regs.c makes
 * what is hidden here trap, as far as a trap exists. Each CPU keeps
 * its last answers. [DDI0487 D24.2, ID_*]
 *
 * @req CORE-3, CORE-8 */
#include "sysreg/id_registers.h"

#include "arch/cpu_features.h"
#include "config/config.h"
#include "core/percpu.h"
#include "gic/gic.h"
#include "lib/loop.h"

enum field_kind {
    FIELD_UNSIGNED, /* the smaller of the CPU's value and `max` */
    FIELD_SIGNED,   /* the same, but 8..15 are "not implemented" and shown as they are */
    FIELD_BITS,     /* four one-bit fields; those of the mask `max` */
    FIELD_FIXED,    /* `max` itself */
    FIELD_PMU,      /* unsigned, but 15 is a PMU outside the architecture: none */
    FIELD_PARANGE,  /* no more address bits than stage 2 translates */
};

/* Four bits from `low` up. Visible if all flags of `grant` are granted, else `hidden`. */
struct id_field {
    uint8_t low;
    uint8_t kind; /* enum field_kind */
    uint8_t max;
    uint8_t hidden;
    uint16_t grant;
};

#define SHOW(bit, limit)                                                                           \
    {                                                                                              \
        .low = (bit), .kind = FIELD_UNSIGNED, .max = (limit)                                       \
    }
#define SHOW_SIGNED(bit, limit)                                                                    \
    {                                                                                              \
        .low = (bit), .kind = FIELD_SIGNED, .max = (limit)                                         \
    }
#define FIX(bit, value)                                                                            \
    {                                                                                              \
        .low = (bit), .kind = FIELD_FIXED, .max = (value)                                          \
    }
#define GRANTED(bit, limit, flag, otherwise)                                                       \
    {                                                                                              \
        .low = (bit), .kind = FIELD_UNSIGNED, .max = (limit), .grant = (flag),                     \
        .hidden = (otherwise)                                                                      \
    }

#define SME_BITS(bit, mask)                                                                        \
    {                                                                                              \
        .low = (bit), .kind = FIELD_BITS, .max = (mask), .grant = CFG_VM_SME                       \
    }

static const struct id_field pfr0_fields[] = {
    SHOW(0, 2),                    /* EL0: AArch32 too, if the CPU has it */
    FIX(4, 1),                     /* EL1: AArch64 only, HCR_EL2.RW is 1 */
    SHOW_SIGNED(16, 1),            /* FP, with half precision */
    SHOW_SIGNED(20, 1),            /* AdvSIMD */
    FIX(24, GIC_ID_AA64PFR0_GIC),  /* what the vGIC has, whatever the CPU could */
    GRANTED(32, 1, CFG_VM_SVE, 0), /* SVE */
    SHOW(48, 1),                   /* DIT */
    SHOW(56, 3),                   /* CSV2 */
    SHOW(60, 1),                   /* CSV3 */
};

static const struct id_field pfr1_fields[] = {
    SHOW(0, 1),                     /* BT */
    SHOW(4, 2),                     /* SSBS */
    GRANTED(8, 3, CFG_VM_MTE, 0),   /* MTE */
    GRANTED(24, 2, CFG_VM_SME, 0),  /* SME */
    SHOW(32, 2),                    /* CSV2_frac */
    GRANTED(40, 15, CFG_VM_MTE, 0), /* MTE_frac */
};

static const struct id_field zfr0_fields[] = {
    GRANTED(0, 2, CFG_VM_SVE, 0),  /* SVEver: SVE2.1 */
    GRANTED(4, 2, CFG_VM_SVE, 0),  /* AES */
    GRANTED(16, 1, CFG_VM_SVE, 0), /* BitPerm */
    GRANTED(20, 2, CFG_VM_SVE, 0), /* BF16 */
    GRANTED(24, 1, CFG_VM_SVE, 0), /* B16B16 */
    GRANTED(32, 1, CFG_VM_SVE, 0), /* SHA3 */
    GRANTED(40, 1, CFG_VM_SVE, 0), /* SM4 */
    GRANTED(44, 1, CFG_VM_SVE, 0), /* I8MM */
    GRANTED(52, 1, CFG_VM_SVE, 0), /* F32MM */
    GRANTED(56, 1, CFG_VM_SVE, 0), /* F64MM */
};

static const struct id_field smfr0_fields[] = {
    SME_BITS(32, 15),               /* F32F32, BI32I32, B16F32, F16F32 */
    GRANTED(36, 15, CFG_VM_SME, 0), /* I8I32 */
    SME_BITS(40, 12),               /* F16F16, B16B16 */
    GRANTED(44, 15, CFG_VM_SME, 0), /* I16I32 */
    SME_BITS(48, 1),                /* F64F64 */
    GRANTED(52, 15, CFG_VM_SME, 0), /* I16I64 */
    GRANTED(56, 2, CFG_VM_SME, 0),  /* SMEver: SME2.1 */
    SME_BITS(60, CFG_SCHEDULED ? 0 : 8), /* FA64 (vm/vcpu_regs.c) */
};

/* Without the grant, the least that the architecture allows: two breakpoints, one of them with
 * context, two watchpoints. Their registers then read as 0 and ignore writes. */
static const struct id_field dfr0_fields[] = {
    GRANTED(0, 9, CFG_VM_DEBUG, 6),                               /* DebugVer: Armv8.4, or Armv8 */
    {.low = 8, .kind = FIELD_PMU, .max = 6, .grant = CFG_VM_PMU}, /* PMUVer: PMUv3p5 */
    GRANTED(12, 15, CFG_VM_DEBUG, 1),                             /* BRPs */
    GRANTED(20, 15, CFG_VM_DEBUG, 1),                             /* WRPs */
    GRANTED(28, 15, CFG_VM_DEBUG, 0),                             /* CTX_CMPs */
    FIX(36, 15), /* DoubleLock: none, OSDLR_EL1 is RAZ/WI */
};

static const struct id_field isar0_fields[] = {
    SHOW(4, 2),  /* AES, PMULL */
    SHOW(8, 1),  /* SHA1 */
    SHOW(12, 2), /* SHA2: SHA256, SHA512 */
    SHOW(16, 1), /* CRC32 */
    SHOW(20, 2), /* Atomic: LSE */
    SHOW(28, 1), /* RDM */
    SHOW(32, 1), /* SHA3 */
    SHOW(36, 1), /* SM3 */
    SHOW(40, 1), /* SM4 */
    SHOW(44, 1), /* DP */
    SHOW(48, 1), /* FHM */
    SHOW(52, 2), /* TS: FlagM, FlagM2 */
    SHOW(56, 2), /* TLB: outer shareable, range */
    SHOW(60, 1), /* RNDR */
};

static const struct id_field isar1_fields[] = {
    SHOW(0, 2),                      /* DPB: DC CVAP, CVADP */
    GRANTED(4, 5, CFG_VM_PAUTH, 0),  /* APA */
    GRANTED(8, 5, CFG_VM_PAUTH, 0),  /* API */
    SHOW(12, 1),                     /* JSCVT */
    SHOW(16, 1),                     /* FCMA */
    SHOW(20, 3),                     /* LRCPC */
    GRANTED(24, 1, CFG_VM_PAUTH, 0), /* GPA */
    GRANTED(28, 1, CFG_VM_PAUTH, 0), /* GPI */
    SHOW(32, 1),                     /* FRINTTS */
    SHOW(36, 1),                     /* SB */
    SHOW(40, 1),                     /* SPECRES: CFP, DVP, CPP RCTX */
    SHOW(44, 2),                     /* BF16 */
    SHOW(48, 1),                     /* DGH */
    SHOW(52, 1),                     /* I8MM */
    SHOW(56, 1),                     /* XS */
};

static const struct id_field isar2_fields[] = {
    SHOW(0, 2),                      /* WFxT */
    SHOW(4, 1),                      /* RPRES */
    GRANTED(8, 1, CFG_VM_PAUTH, 0),  /* GPA3 */
    GRANTED(12, 5, CFG_VM_PAUTH, 0), /* APA3 */
    SHOW(20, 1),                     /* BC */
    GRANTED(24, 1, CFG_VM_PAUTH, 0), /* PAC_frac */
    SHOW(28, 1),                     /* CLRBHB */
    SHOW(48, 1),                     /* RPRFM */
    SHOW(52, 1),                     /* CSSC */
};

static const struct id_field mmfr0_fields[] = {
    {.low = 0, .kind = FIELD_PARANGE}, /* PARange */
    SHOW(4, 2),                        /* ASIDBits */
    SHOW(8, 1),                        /* BigEnd */
    SHOW(12, 1),                       /* SNSMem */
    SHOW(16, 1),                       /* BigEndEL0 */
    SHOW(20, 1),                       /* TGran16, 48 bits */
    SHOW_SIGNED(24, 0),                /* TGran64 */
    SHOW_SIGNED(28, 0),                /* TGran4, 48 bits */
    SHOW(44, 1),                       /* ExS */
};

static const struct id_field mmfr1_fields[] = {
    SHOW(0, 2),  /* HAFDBS: access flag and dirty state */
    SHOW(12, 2), /* HPDS */
    SHOW(20, 3), /* PAN */
    SHOW(36, 2), /* ETS */
    SHOW(44, 1), /* AFP */
    SHOW(48, 1), /* nTLBPA */
    SHOW(52, 1), /* TIDCP1 */
    SHOW(56, 1), /* CMOW */
    SHOW(60, 1), /* ECBHB */
};

static const struct id_field mmfr2_fields[] = {
    SHOW(0, 1),  /* CnP */
    SHOW(4, 1),  /* UAO */
    SHOW(8, 1),  /* LSM */
    SHOW(20, 1), /* CCIDX: the format of CCSIDR_EL1, which is the CPU's */
    SHOW(32, 1), /* AT: LSE2 */
    SHOW(36, 1), /* IDS */
    SHOW(48, 1), /* TTL */
    SHOW(52, 2), /* BBM */
    SHOW(60, 1), /* E0PD */
};

struct id_register {
    uint8_t crm;
    uint8_t op2;
    uint8_t field_count;
    const struct id_field *fields;
    uint64_t (*read)(void);
};

#define READER(name)                                                                               \
    static uint64_t read_##name(void)                                                              \
    {                                                                                              \
        return SYSREG_READ(name);                                                                  \
    }

READER(ID_AA64PFR0_EL1)
READER(ID_AA64PFR1_EL1)
READER(ID_AA64ZFR0_EL1)
READER(ID_AA64SMFR0_EL1)
READER(ID_AA64DFR0_EL1)
READER(ID_AA64ISAR0_EL1)
READER(ID_AA64ISAR1_EL1)
READER(ID_AA64ISAR2_EL1)
READER(ID_AA64MMFR0_EL1)
READER(ID_AA64MMFR1_EL1)
READER(ID_AA64MMFR2_EL1)

#define ROW(crm_, op2_, fields_, name)                                                             \
    {                                                                                              \
        .crm = (crm_), .op2 = (op2_), .fields = (fields_), .field_count = ARRAY_COUNT(fields_),    \
        .read = read_##name                                                                        \
    }

/* All its fields are 0 without the grant `flag`: where no VM has it there are none. */
#define ROW_GRANTED(flag, crm_, op2_, fields_, name)                                               \
    {                                                                                              \
        .crm = (crm_), .op2 = (op2_),                                                              \
        .fields = ((CFG_VM_FLAGS_ANY & (flag)) != 0U) ? (fields_) : NULL,                          \
        .field_count = ((CFG_VM_FLAGS_ANY & (flag)) != 0U) ? ARRAY_COUNT(fields_) : 0U,            \
        .read = read_##name                                                                        \
    }

static const struct id_register id_registers[] = {
    ROW(4, 0, pfr0_fields, ID_AA64PFR0_EL1),
    ROW(4, 1, pfr1_fields, ID_AA64PFR1_EL1),
    ROW_GRANTED(CFG_VM_SVE, 4, 4, zfr0_fields, ID_AA64ZFR0_EL1),
    ROW_GRANTED(CFG_VM_SME, 4, 5, smfr0_fields, ID_AA64SMFR0_EL1),
    ROW(5, 0, dfr0_fields, ID_AA64DFR0_EL1),
    ROW(6, 0, isar0_fields, ID_AA64ISAR0_EL1),
    ROW(6, 1, isar1_fields, ID_AA64ISAR1_EL1),
    ROW(6, 2, isar2_fields, ID_AA64ISAR2_EL1),
    ROW(7, 0, mmfr0_fields, ID_AA64MMFR0_EL1),
    ROW(7, 1, mmfr1_fields, ID_AA64MMFR1_EL1),
    ROW(7, 2, mmfr2_fields, ID_AA64MMFR2_EL1),
};

/* By CRm and op2: one more than the row above; 0: none. */
static const uint8_t row_numbers[8][8] = {
    [4] = {[0] = 1, [1] = 2, [4] = 3, [5] = 4},
    [5] = {[0] = 5},
    [6] = {[0] = 6, [1] = 7, [2] = 8},
    [7] = {[0] = 9, [1] = 10, [2] = 11},
};

/* The largest ID_AA64MMFR0_EL1.PARange whose addresses VTCR_EL2.T0SZ lets stage 2 translate. */
static uint64_t stage2_parange(void)
{
    static const uint8_t parange_bits[] = {32, 36, 40, 42, 44, 48, 52};
    const uint64_t ipa_bits = 64U - bits_get(cfg_system.vtcr_el2, 5, 0);
    uint64_t parange = 0;

    for (unsigned i = 0; i < ARRAY_COUNT(parange_bits); i++) {
        LOOP_BOUND(ARRAY_COUNT(parange_bits));
        if (parange_bits[i] <= ipa_bits) {
            parange = i;
        }
    }
    return parange;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return (a < b) ? a : b;
}

static uint64_t field_value(const struct id_field *f, uint64_t value)
{
    switch ((enum field_kind)f->kind) {
    case FIELD_BITS:
        return value & f->max;
    case FIELD_FIXED:
        return f->max;
    case FIELD_SIGNED:
        return (value >= 8U) ? value : smaller(value, f->max);
    case FIELD_PMU:
        return (value == 15U) ? 0U : smaller(value, f->max);
    case FIELD_PARANGE:
        return smaller(value, stage2_parange());
    case FIELD_UNSIGNED:
    default:
        return smaller(value, f->max);
    }
}

SLOW_PATH static uint64_t compute(const struct id_register *r, uint64_t real, uint16_t granted)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < r->field_count; i++) {
        LOOP_BOUND(16);
        const struct id_field *f = &r->fields[i];
        const bool is_visible = (granted & f->grant) == f->grant;
        const uint64_t field = bits_get(real, f->low + 3U, f->low);

        value |= (is_visible ? field_value(f, field) : f->hidden) << f->low;
    }
    return value;
}

/* What this CPU last computed for each register, and from what: a guest that reads its ID
 * registers often need not wait for it each time. It is what compute() gives, always. */
struct answer {
    uint64_t real;
    uint64_t value;
    uint16_t granted;
    bool is_known;
};
static struct answer answers[CFG_CPU_COUNT][ARRAY_COUNT(id_registers)];

static uint64_t shown(unsigned row, uint16_t granted)
{
    struct answer *const a = &answers[this_cpu()->id][row];
    const struct id_register *const r = &id_registers[row];
    const uint64_t real = r->read();

    if (!a->is_known || a->real != real || a->granted != granted) {
        *a = (struct answer){real, compute(r, real, granted), granted, true};
    }
    return a->value;
}

#define AARCH32(crm, op2, name, mask)                                                              \
    case (crm) << 3 | (op2):                                                                       \
        value = SYSREG_READ(name) & (mask);                                                        \
        break

/* AArch32 registers are 32 bits, shown through a mask, only where EL0 can be AArch32. */
SLOW_PATH static uint64_t aarch32_register(unsigned crm, unsigned op2)
{
    uint64_t value = 0;

    if (!cpu_has_aarch32_el0()) {
        return 0;
    }
    switch (crm << 3 | op2) {
    default:
        break;
        AARCH32(1, 0, ID_PFR0_EL1, 0x0F0FFFFFU); /* without RAS and AMU */
        /* Without Security and Virtualization; GIC at most 1. */
        AARCH32(1, 1, ID_PFR1_EL1, 0x100F0F0FU);
        AARCH32(1, 2, ID_DFR0_EL1, 0x0000000FU); /* CopDbg alone: no PMU or trace by AArch32 */
        AARCH32(1, 4, ID_MMFR0_EL1, 0xFFFFFFFFU);
        AARCH32(1, 5, ID_MMFR1_EL1, 0xFFFFFFFFU);
        AARCH32(1, 6, ID_MMFR2_EL1, 0xFFFFFFFFU);
        AARCH32(1, 7, ID_MMFR3_EL1, 0xFFFFFFFFU);
        AARCH32(2, 0, ID_ISAR0_EL1, 0xFFFFFFFFU);
        AARCH32(2, 1, ID_ISAR1_EL1, 0xFFFFFFFFU);
        AARCH32(2, 2, ID_ISAR2_EL1, 0xFFFFFFFFU);
        AARCH32(2, 3, ID_ISAR3_EL1, 0xFFFFFFFFU);
        AARCH32(2, 4, ID_ISAR4_EL1, 0xFFFFFFFFU);
        AARCH32(2, 5, ID_ISAR5_EL1, 0xFFFFFFFFU);
        AARCH32(2, 6, ID_MMFR4_EL1, 0x0FFFFFFFU); /* without EVT */
        AARCH32(2, 7, ID_ISAR6_EL1, 0xFFFFFFFFU);
        AARCH32(3, 0, MVFR0_EL1, 0xFFFFFFFFU);
        AARCH32(3, 1, MVFR1_EL1, 0xFFFFFFFFU);
        AARCH32(3, 2, MVFR2_EL1, 0xFFFFFFFFU);
        AARCH32(3, 4, ID_PFR2_EL1, 0x000000FFU); /* CSV3 and SSBS */
    }
    return value;
}

uint64_t id_register_read(uint16_t vm, unsigned crm, unsigned op2)
{
    const unsigned row = row_numbers[crm % 8U][op2 % 8U];

    return (row != 0U) ? shown(row - 1U, cfg_vms[vm].flags) : aarch32_register(crm, op2);
}
