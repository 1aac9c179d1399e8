/* Trapped system registers and instructions; vm/sysreg_trap.h. Lives above vm/ because writes of
 * ICC_SGI* and ICC_DIR_EL1 go to the vGIC.
 *
 * One const row per range of encodings, sorted, in a table for each op0. A register in no row does
 * not exist for the VM: it takes an Undefined Instruction exception, and the log names the
 * encoding; so does a write of a read-only register and a read of a write-only one. That covers
 * what vm/vcpu_regs.c traps to hide it: PMU, SPE, trace, LORegions, RAS, AMU, MPAM, IMPLEMENTATION
 * DEFINED registers.
 *
 * Debug without the grant: the registers that a kernel touches whatever ID_AA64DFR0_EL1 says are
 * RAZ/WI, as Armv8 has no value for "no debug". OS lock and double lock are here for every VM,
 * since they trap for every VM.
 *
 * Set/way maintenance by a guest: as DC CISW on the set and way that it names, whatever the
 * instruction. Clean and invalidate loses no data of anyone, and software that flushes its cache
 * so before it turns it off gets what it would get from this CPU's caches without us.
 *
 * On the vCPU's CPU. [DDI0487 C5.3, D24.2, D24.3; ISS encoding for EC 0x18]
 *
 * @req CORE-5, CORE-8 */
#include "vm/sysreg_trap.h"
#include "lib/loop.h"

#include "arch/barrier.h"
#include "arch/cpu_features.h"
#include "core/log.h"
#include "sysreg/id_registers.h"
#include "vgic/vgic.h"
#include "vm/esr.h"
#include "vm/vcpu_regs.h"

/* The encoding as one number, in the order of op0, op1, CRn, CRm, op2. */
#define ENCODE(op0, op1, crn, crm, op2)                                                            \
    ((uint16_t)(((op0) << 14) | ((op1) << 11) | ((crn) << 7) | ((crm) << 3) | (op2)))

struct sysreg_access {
    uint16_t encoding;
    bool is_write;
    uint64_t value; /* written, or to be read */
};

enum sysreg_direction { SYSREG_RO = 1, SYSREG_WO = 2, SYSREG_RW = 3 };

/* Answers whether the access is one that exists; false: UNDEFINED, and nothing was done, again. */
typedef bool (*sysreg_function)(struct vcpu *v, struct sysreg_access *a);

struct sysreg_row {
    uint16_t first; /* encodings first..last, inclusive */
    uint16_t last;
    uint8_t direction; /* enum sysreg_direction */
    sysreg_function access;
};

static unsigned crm_of(const struct sysreg_access *a)
{
    return (unsigned)bits_get(a->encoding, 6, 3);
}

static unsigned op2_of(const struct sysreg_access *a)
{
    return (unsigned)bits_get(a->encoding, 2, 0);
}

static bool raz_wi(struct vcpu *v, struct sysreg_access *a)
{
    (void)v;
    a->value = 0;
    return true;
}

static bool set_way(struct vcpu *v, struct sysreg_access *a)
{
    (void)v;
    SYSREG_WRITE(DC_CISW, a->value);
    return true;
}

/* The tag and data-and-tag forms exist with MTE only. */
static bool set_way_tags(struct vcpu *v, struct sysreg_access *a)
{
    return cfg_vm_has(v->vm, CFG_VM_MTE) && set_way(v, a);
}

static bool id_register(struct vcpu *v, struct sysreg_access *a)
{
    a->value = id_register_read(v->vm, crm_of(a), op2_of(a));
    return true;
}

static bool revidr(struct vcpu *v, struct sysreg_access *a)
{
    (void)v;
    a->value = SYSREG_READ(REVIDR_EL1);
    return true;
}

static bool aidr(struct vcpu *v, struct sysreg_access *a)
{
    (void)v;
    a->value = SYSREG_READ(AIDR_EL1);
    return true;
}

static bool smidr(struct vcpu *v, struct sysreg_access *a)
{
    if (!vcpu_has_sme(v->vm)) {
        return false;
    }
    a->value = SYSREG_READ(SMIDR_EL1);
    return true;
}

/* The lock of this CPU holds back debug exceptions of this CPU's guest only, so it is the
 * guest's, granted or not. */
static bool os_lock_access(struct vcpu *v, struct sysreg_access *a)
{
    (void)v;
    SYSREG_WRITE(OSLAR_EL1, a->value & 1U);
    return true;
}

static bool os_lock_status(struct vcpu *v, struct sysreg_access *a)
{
    (void)v;
    a->value = SYSREG_READ(OSLSR_EL1);
    return true;
}

static bool icc_dir(struct vcpu *v, struct sysreg_access *a)
{
    return vgic_dir_write(v, a->value);
}

static bool icc_sgi1r(struct vcpu *v, struct sysreg_access *a)
{
    return vgic_sgi_write(v, VGIC_SGI1R, a->value);
}

static bool icc_asgi1r(struct vcpu *v, struct sysreg_access *a)
{
    return vgic_sgi_write(v, VGIC_ASGI1R, a->value);
}

static bool icc_sgi0r(struct vcpu *v, struct sysreg_access *a)
{
    return vgic_sgi_write(v, VGIC_SGI0R, a->value);
}

#define RANGE(a, b, direction_, function)                                                          \
    {                                                                                              \
        a, b, (direction_), (function)                                                             \
    }
#define ONE(a, direction_, function)                                                               \
    {                                                                                              \
        a, a, (direction_), (function)                                                             \
    }

/* op0 1: instructions. */
static const struct sysreg_row instruction_rows[] = {
    ONE(ENCODE(1, 0, 7, 6, 2), SYSREG_WO, set_way),       /* DC ISW */
    ONE(ENCODE(1, 0, 7, 6, 4), SYSREG_WO, set_way_tags),  /* DC IGSW */
    ONE(ENCODE(1, 0, 7, 6, 6), SYSREG_WO, set_way_tags),  /* DC IGDSW */
    ONE(ENCODE(1, 0, 7, 10, 2), SYSREG_WO, set_way),      /* DC CSW */
    ONE(ENCODE(1, 0, 7, 10, 4), SYSREG_WO, set_way_tags), /* DC CGSW */
    ONE(ENCODE(1, 0, 7, 10, 6), SYSREG_WO, set_way_tags), /* DC CGDSW */
    ONE(ENCODE(1, 0, 7, 14, 2), SYSREG_WO, set_way),      /* DC CISW */
    ONE(ENCODE(1, 0, 7, 14, 4), SYSREG_WO, set_way_tags), /* DC CIGSW */
    ONE(ENCODE(1, 0, 7, 14, 6), SYSREG_WO, set_way_tags), /* DC CIGDSW */
};

/* op0 2: debug. */
static const struct sysreg_row debug_rows[] = {
    ONE(ENCODE(2, 0, 0, 0, 2), SYSREG_RW, raz_wi),                          /* OSDTRRX_EL1 */
    RANGE(ENCODE(2, 0, 0, 0, 4), ENCODE(2, 0, 0, 0, 7), SYSREG_RW, raz_wi), /* point 0 */
    RANGE(ENCODE(2, 0, 0, 1, 4), ENCODE(2, 0, 0, 1, 7), SYSREG_RW, raz_wi), /* point 1 */
    ONE(ENCODE(2, 0, 0, 2, 0), SYSREG_RW, raz_wi),                          /* MDCCINT_EL1 */
    ONE(ENCODE(2, 0, 0, 2, 2), SYSREG_RW, raz_wi),                          /* MDSCR_EL1 */
    ONE(ENCODE(2, 0, 0, 3, 2), SYSREG_RW, raz_wi),                          /* OSDTRTX_EL1 */
    ONE(ENCODE(2, 0, 0, 6, 2), SYSREG_RW, raz_wi),                          /* OSECCR_EL1 */
    ONE(ENCODE(2, 0, 1, 0, 0), SYSREG_RO, raz_wi),         /* MDRAR_EL1: no debug ROM */
    ONE(ENCODE(2, 0, 1, 0, 4), SYSREG_WO, os_lock_access), /* OSLAR_EL1 */
    ONE(ENCODE(2, 0, 1, 1, 4), SYSREG_RO, os_lock_status), /* OSLSR_EL1 */
    ONE(ENCODE(2, 0, 1, 3, 4), SYSREG_RW, raz_wi),         /* OSDLR_EL1: no double lock */
    ONE(ENCODE(2, 0, 1, 4, 4), SYSREG_RW, raz_wi),         /* DBGPRCR_EL1: no power request */
    ONE(ENCODE(2, 0, 7, 8, 6), SYSREG_RW, raz_wi),         /* DBGCLAIMSET_EL1 */
    ONE(ENCODE(2, 0, 7, 9, 6), SYSREG_RW, raz_wi),         /* DBGCLAIMCLR_EL1 */
    ONE(ENCODE(2, 0, 7, 14, 6), SYSREG_RO, raz_wi),        /* DBGAUTHSTATUS_EL1 */
    ONE(ENCODE(2, 3, 0, 1, 0), SYSREG_RO, raz_wi),         /* MDCCSR_EL0 */
    ONE(ENCODE(2, 3, 0, 4, 0), SYSREG_RW, raz_wi),         /* DBGDTR_EL0 */
    ONE(ENCODE(2, 3, 0, 5, 0), SYSREG_RW, raz_wi),         /* DBGDTRRX_EL0, DBGDTRTX_EL0 */
};

/* op0 3: the rest. */
static const struct sysreg_row system_rows[] = {
    ONE(ENCODE(3, 0, 0, 0, 6), SYSREG_RO, revidr),
    RANGE(ENCODE(3, 0, 0, 1, 0), ENCODE(3, 0, 0, 7, 7), SYSREG_RO, id_register),
    ONE(ENCODE(3, 0, 1, 0, 1), SYSREG_RW, raz_wi), /* ACTLR_EL1 */
    ONE(ENCODE(3, 0, 12, 11, 1), SYSREG_WO, icc_dir),
    ONE(ENCODE(3, 0, 12, 11, 5), SYSREG_WO, icc_sgi1r),
    ONE(ENCODE(3, 0, 12, 11, 6), SYSREG_WO, icc_asgi1r),
    ONE(ENCODE(3, 0, 12, 11, 7), SYSREG_WO, icc_sgi0r),
    ONE(ENCODE(3, 1, 0, 0, 6), SYSREG_RO, smidr),
    ONE(ENCODE(3, 1, 0, 0, 7), SYSREG_RO, aidr),
};

/* By op0. */
static const struct {
    const struct sysreg_row *rows;
    unsigned count;
} tables[4] = {
    [1] = {instruction_rows, ARRAY_COUNT(instruction_rows)},
    [2] = {debug_rows, ARRAY_COUNT(debug_rows)},
    [3] = {system_rows, ARRAY_COUNT(system_rows)},
};

/* Of one table. */
#define ROWS_MAX                                                                                   \
    (ARRAY_COUNT(instruction_rows) + ARRAY_COUNT(debug_rows) + ARRAY_COUNT(system_rows))

static const struct sysreg_row *find_row(uint16_t encoding)
{
    const unsigned op0 = (unsigned)bits_get(encoding, 15, 14);
    const struct sysreg_row *row = tables[op0].rows;

    for (unsigned left = tables[op0].count; left > 0U; left--, row++) {
        LOOP_BOUND(ROWS_MAX);
        if (encoding <= row->last) {
            return (encoding >= row->first) ? row : NULL;
        }
    }
    return NULL;
}

static bool may(const struct sysreg_row *row, bool is_write)
{
    return (row->direction & (is_write ? SYSREG_WO : SYSREG_RO)) != 0U;
}

static uint16_t encoding_of(uint64_t esr)
{
    return ENCODE(bits_get(esr, 21, 20), bits_get(esr, 16, 14), bits_get(esr, 13, 10),
                  bits_get(esr, 4, 1), bits_get(esr, 19, 17));
}

SLOW_PATH static void report_undefined(const struct vcpu *v, const struct sysreg_access *a)
{
    log_guest(v->vm, "vCPU %u: undefined %s of S%u_%u_C%u_C%u_%u at PC %p", v->index,
              a->is_write ? "write" : "read", (unsigned)bits_get(a->encoding, 15, 14),
              (unsigned)bits_get(a->encoding, 13, 11), (unsigned)bits_get(a->encoding, 10, 7),
              crm_of(a), op2_of(a), (void *)(uintptr_t)vcpu_pc());
}

/* Makes the access, if the register exists; false: nothing has happened. */
static bool perform(struct vcpu *v, uint64_t esr, struct sysreg_access *a)
{
    const unsigned rt = esr_sysreg_register(esr);
    const struct sysreg_row *row = find_row(a->encoding);

    a->value = a->is_write ? vcpu_x(v, rt) : 0U;
    if (row == NULL || !may(row, a->is_write) || !row->access(v, a)) {
        return false;
    }
    if (!a->is_write) {
        vcpu_set_x(v, rt, a->value);
    }
    return true;
}

enum exit_action sysreg_trap(struct vcpu *v, uint64_t esr)
{
    struct sysreg_access a = {.encoding = encoding_of(esr), .is_write = !bit_is_set(esr, 0)};

    if (!perform(v, esr, &a)) {
        report_undefined(v, &a);
        return EXIT_UNDEF;
    }
    return EXIT_SKIP;
}

enum exit_action sysreg_trap_short(struct vcpu *v, uint64_t esr)
{
    if (!vcpu_has_short(esr_sysreg_register(esr))) {
        return EXIT_IN_FULL;
    }
    struct sysreg_access a = {.encoding = encoding_of(esr), .is_write = !bit_is_set(esr, 0)};

    return perform(v, esr, &a) ? EXIT_SKIP : EXIT_IN_FULL;
}
