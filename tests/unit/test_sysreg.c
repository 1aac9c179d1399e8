/* sources: sysreg/sysreg_trap.c sysreg/id_registers.c fake/percpu.c */
/* Trapped system registers: every encoding in both directions, and what each row does.
 * @req CORE-5, CORE-8 */
#include "fake/core.h"
#include "test.h"
#include "vgic/vgic.h"
#include "vm/sysreg_trap.h"

#define LINUX0 (&vcpus[0]) /* no grant */

static const struct vcpu *sgi_vcpu;
static enum vgic_sgi_kind sgi_kind;
static uint64_t sgi_value;
static unsigned sgi_count;
static bool gic_has_registers;

bool vgic_sgi_write(struct vcpu *v, enum vgic_sgi_kind kind, uint64_t value)
{
    sgi_vcpu = v;
    sgi_kind = kind;
    sgi_value = value;
    sgi_count++;
    return gic_has_registers;
}

static uint64_t dir_value;

bool vgic_dir_write(struct vcpu *v, uint64_t value)
{
    sgi_vcpu = v;
    dir_value = value;
    return gic_has_registers;
}

TEST_SETUP()
{
    sgi_count = 0;
    gic_has_registers = true;
}

struct encoding {
    unsigned op0;
    unsigned op1;
    unsigned crn;
    unsigned crm;
    unsigned op2;
};

#define REG(...) ((struct encoding){__VA_ARGS__})

static uint64_t syndrome(struct encoding e, unsigned rt, bool is_read)
{
    return 0x18ULL << 26 | 1ULL << 25 | (uint64_t)e.op0 << 20 | (uint64_t)e.op2 << 17 |
           (uint64_t)e.op1 << 14 | (uint64_t)e.crn << 10 | (uint64_t)rt << 5 |
           (uint64_t)e.crm << 1 | (is_read ? 1U : 0U);
}

static uint64_t read_reg(struct vcpu *v, struct encoding e)
{
    v->x[7] = 0xBAD0BAD0BAD0BAD0U;
    CHECK_EQ(sysreg_trap(v, syndrome(e, 7, true)), EXIT_SKIP);
    return v->x[7];
}

static void write_reg(struct vcpu *v, struct encoding e, uint64_t value)
{
    v->x[9] = value;
    CHECK_EQ(sysreg_trap(v, syndrome(e, 9, false)), EXIT_SKIP);
    CHECK_EQ(v->x[9], value);
}

static bool is(struct encoding e, unsigned op0, unsigned op1, unsigned crn, unsigned crm,
               unsigned op2)
{
    return e.op0 == op0 && e.op1 == op1 && e.crn == crn && e.crm == crm && e.op2 == op2;
}

static bool is_debug_read_write(struct encoding e)
{
    return is(e, 2, 0, 0, 0, 2) || is(e, 2, 0, 0, 2, 0) || is(e, 2, 0, 0, 2, 2) ||
           is(e, 2, 0, 0, 3, 2) || is(e, 2, 0, 0, 6, 2) ||
           (e.op0 == 2 && e.op1 == 0 && e.crn == 0 && e.crm < 2 && e.op2 >= 4) ||
           is(e, 2, 0, 1, 3, 4) || is(e, 2, 0, 1, 4, 4) || is(e, 2, 0, 7, 8, 6) ||
           is(e, 2, 0, 7, 9, 6) || is(e, 2, 3, 0, 4, 0) || is(e, 2, 3, 0, 5, 0);
}

/* What a VM without any grant may read and write of all that can trap. */
static bool may_read(struct encoding e)
{
    return is_debug_read_write(e) || is(e, 2, 0, 1, 0, 0) || is(e, 2, 0, 1, 1, 4) ||
           is(e, 2, 0, 7, 14, 6) || is(e, 2, 3, 0, 1, 0) || is(e, 3, 0, 0, 0, 6) ||
           (e.op0 == 3 && e.op1 == 0 && e.crn == 0 && e.crm >= 1 && e.crm <= 7) ||
           is(e, 3, 0, 1, 0, 1) || is(e, 3, 1, 0, 0, 7);
}

static bool may_write(struct encoding e)
{
    return is_debug_read_write(e) || is(e, 2, 0, 1, 0, 4) || is(e, 3, 0, 1, 0, 1) ||
           is(e, 1, 0, 7, 6, 2) || is(e, 1, 0, 7, 10, 2) || is(e, 1, 0, 7, 14, 2) ||
           (e.op0 == 3 && e.op1 == 0 && e.crn == 12 && e.crm == 11 && (e.op2 >= 5 || e.op2 == 1));
}

TEST(every_encoding_both_ways)
{
    for (unsigned i = 0; i < 0x10000; i++) {
        const struct encoding e = {i >> 14, (i >> 11) & 7, (i >> 7) & 15, (i >> 3) & 15, i & 7};

        for (unsigned is_read = 0; is_read < 2; is_read++) {
            const bool exists = is_read ? may_read(e) : may_write(e);
            const unsigned logged = fake_log_guest_count;
            const enum exit_action action = sysreg_trap(LINUX0, syndrome(e, 3, is_read != 0));

            CHECK_MSG(action == (exists ? EXIT_SKIP : EXIT_UNDEF), "%s of S%u_%u_C%u_C%u_%u",
                      is_read ? "read" : "write", e.op0, e.op1, e.crn, e.crm, e.op2);
            CHECK_EQ(fake_log_guest_count - logged, exists ? 0 : 1);
        }
    }
}

TEST(undefined_is_logged_with_its_encoding)
{
    vcpus[1].x[5] = 0x77;
    vcpu_set_pc(0xFFFF000012340000U);
    CHECK_EQ(sysreg_trap(&vcpus[1], syndrome(REG(3, 3, 9, 12, 0), 5, true)), EXIT_UNDEF);
    CHECK_STR(fake_log_last, "vCPU 1: undefined read of S3_3_C9_C12_0 at PC 0xffff000012340000");
    CHECK_EQ(fake_log_guest_vm, VM_LINUX0);
    CHECK_EQ(vcpus[1].x[5], 0x77);
    CHECK_EQ(sysreg_trap(&vcpus[1], syndrome(REG(3, 0, 15, 2, 7), 5, false)), EXIT_UNDEF);
    CHECK_STR(fake_log_last, "vCPU 1: undefined write of S3_0_C15_C2_7 at PC 0xffff000012340000");
}

TEST(zero_register_reads_0_and_takes_nothing)
{
    struct vcpu before;

    fake_sysreg_set_all("REVIDR_EL1", 0x55);
    before = *LINUX0;
    CHECK_EQ(sysreg_trap(LINUX0, syndrome(REG(3, 0, 0, 0, 6), 31, true)), EXIT_SKIP);
    CHECK(memcmp(&before, LINUX0, sizeof(before)) == 0);
    CHECK_EQ(sysreg_trap(LINUX0, syndrome(REG(3, 0, 12, 11, 5), 31, false)), EXIT_SKIP);
    CHECK_EQ(sgi_value, 0);
}

TEST(each_general_register_is_reached)
{
    fake_sysreg_set_all("REVIDR_EL1", 0x55);
    for (unsigned rt = 0; rt < 31; rt++) {
        CHECK_EQ(sysreg_trap(LINUX0, syndrome(REG(3, 0, 0, 0, 6), rt, true)), EXIT_SKIP);
        CHECK_EQ(LINUX0->x[rt], 0x55);
        LINUX0->x[rt] = 0x100 + rt;
        CHECK_EQ(sysreg_trap(LINUX0, syndrome(REG(3, 0, 12, 11, 5), rt, false)), EXIT_SKIP);
        CHECK_EQ(sgi_value, 0x100 + rt);
    }
}

TEST(sgi_registers_go_to_the_vgic)
{
    write_reg(&vcpus[1], REG(3, 0, 12, 11, 5), 0x1111);
    CHECK(sgi_vcpu == &vcpus[1]);
    CHECK_EQ(sgi_kind, VGIC_SGI1R);
    CHECK_EQ(sgi_value, 0x1111);
    write_reg(LINUX0, REG(3, 0, 12, 11, 6), 0x2222);
    CHECK_EQ(sgi_kind, VGIC_ASGI1R);
    CHECK_EQ(sgi_value, 0x2222);
    write_reg(LINUX0, REG(3, 0, 12, 11, 7), 0x3333);
    CHECK_EQ(sgi_kind, VGIC_SGI0R);
    CHECK_EQ(sgi_value, 0x3333);
    CHECK_EQ(sgi_count, 3);
}

TEST(deactivation_goes_to_the_vgic)
{
    write_reg(&vcpus[2], REG(3, 0, 12, 11, 1), 0x2A);
    CHECK(sgi_vcpu == &vcpus[2]);
    CHECK_EQ(dir_value, 0x2A);
    CHECK_EQ(sgi_count, 0);
}

TEST(registers_that_the_guests_gic_does_not_have_are_undefined)
{
    gic_has_registers = false;
    for (unsigned op2 = 1; op2 <= 7; op2 += (op2 == 1) ? 4 : 1) {
        CHECK_EQ(sysreg_trap(LINUX0, syndrome(REG(3, 0, 12, 11, op2), 9, false)), EXIT_UNDEF);
    }
}

TEST(set_way_never_only_invalidates)
{
    static const unsigned crm[] = {6, 10, 14};

    for (unsigned i = 0; i < 3; i++) {
        write_reg(LINUX0, REG(1, 0, 7, crm[i], 2), 0x42 + i);
        CHECK_EQ(fake_sysreg_get("DC_CISW"), 0x42 + i);
        CHECK_EQ(fake_sysreg_find("DC_CISW")->writes[0], i + 1);
    }
}

TEST(os_lock_is_the_cpus)
{
    write_reg(LINUX0, REG(2, 0, 1, 0, 4), 0xFFFFFFFF00000001U);
    CHECK_EQ(fake_sysreg_get("OSLAR_EL1"), 1);
    write_reg(LINUX0, REG(2, 0, 1, 0, 4), 0xFFFFFFFE);
    CHECK_EQ(fake_sysreg_get("OSLAR_EL1"), 0);
    fake_sysreg_set_all("OSLSR_EL1", 0xA);
    CHECK_EQ(read_reg(LINUX0, REG(2, 0, 1, 1, 4)), 0xA);
}

TEST(hidden_debug_registers_read_0_and_ignore_writes)
{
    static const struct encoding registers[] = {
        {2, 0, 0, 2, 2}, {2, 0, 0, 0, 4}, {2, 0, 0, 1, 7}, {2, 0, 1, 3, 4}, {3, 0, 1, 0, 1},
    };

    for (unsigned i = 0; i < ARRAY_COUNT(registers); i++) {
        write_reg(LINUX0, registers[i], UINT64_MAX);
        CHECK_EQ(read_reg(LINUX0, registers[i]), 0);
    }
}

TEST(implementation_ids_are_the_cpus)
{
    fake_sysreg_set_all("REVIDR_EL1", 0x1234);
    fake_sysreg_set_all("AIDR_EL1", 0x5678);
    CHECK_EQ(read_reg(LINUX0, REG(3, 0, 0, 0, 6)), 0x1234);
    CHECK_EQ(read_reg(LINUX0, REG(3, 1, 0, 0, 7)), 0x5678);
}
