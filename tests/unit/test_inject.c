/* sources: vm/inject.c */
/* Exceptions that the guest takes because of us, against the rules of AArch64.TakeException.
 * @req CORE-5 */
#include "arch/pstate.h"
#include "test.h"
#include "vm/esr.h"
#include "vm/inject.h"

#define VBAR 0xFFFF800010010000U
#define GUEST_PC 0xFFFF800012345678U

static struct vcpu guest; /* injection works on the registers of the CPU alone */

#define EC(n) ((uint64_t)(n) << 26)
#define IL (1ULL << 25)

/* Every extension that adds to PSTATE. */
static void cpu_with_everything(void)
{
    fake_sysreg_set_all("ID_AA64MMFR1_EL1", 1ULL << 20);                        /* PAN */
    fake_sysreg_set_all("ID_AA64PFR1_EL1", 2ULL << 4 | 2ULL << 8 | 1ULL << 36); /* SSBS MTE NMI */
}

static void guest_at(uint64_t pstate)
{
    fake_sysreg_set("ELR_EL2", GUEST_PC);
    fake_sysreg_set("SPSR_EL2", pstate);
    fake_sysreg_set("ESR_EL2", EC(ESR_EC_SYSREG) | IL);
    fake_sysreg_set("VBAR_EL1", VBAR);
}

static uint64_t reg(const char *name)
{
    return fake_sysreg_get(name);
}

TEST(undefined_at_each_mode_takes_its_vector)
{
    static const struct {
        uint64_t mode;
        uint64_t offset;
    } cases[] = {
        {PSTATE_M_EL1t, 0x000}, {PSTATE_M_EL1h, 0x200},
        {PSTATE_M_EL0t, 0x400}, {0x10, 0x600}, /* AArch32 User */
        {0x1F, 0x600},                         /* AArch32 with bits like those of EL1h */
    };

    for (unsigned i = 0; i < ARRAY_COUNT(cases); i++) {
        guest_at(cases[i].mode);
        inject_undefined(&guest);
        CHECK_EQ(vcpu_pc(), VBAR + cases[i].offset);
        CHECK_EQ(reg("ESR_EL1"), 0x02000000);
        CHECK_EQ(reg("ELR_EL1"), GUEST_PC);
        CHECK_EQ(reg("SPSR_EL1"), cases[i].mode);
        CHECK_EQ(vcpu_pstate(), 0x3C5);
    }
}

TEST(undefined_hvc_returns_to_the_hvc)
{
    guest_at(PSTATE_M_EL1h);
    fake_sysreg_set("ESR_EL2", EC(ESR_EC_HVC64) | IL | 1);
    inject_undefined(&guest);
    CHECK_EQ(reg("ELR_EL1"), GUEST_PC - 4);
    guest_at(PSTATE_M_EL1h);
    fake_sysreg_set("ESR_EL2", EC(ESR_EC_SMC64) | IL | 1);
    inject_undefined(&guest);
    CHECK_EQ(reg("ELR_EL1"), GUEST_PC);
}

/* FEAT_IDST: an ID register that is undefined is named; nothing else is. */
TEST(undefined_id_register_is_named_with_idst)
{
    const uint64_t smidr =
        EC(ESR_EC_SYSREG) | IL | 3ULL << 20 | 6ULL << 17 | 1ULL << 14 | 7 << 5 | 1;
    const uint64_t others[] = {
        smidr & ~1ULL,      /* a write */
        smidr | 1ULL << 10, /* CRn 1 */
        smidr | 8ULL << 1,  /* CRm 8 */
        smidr ^ 3ULL << 14, /* op1 2 */
        smidr | 4ULL << 14, /* op1 5 */
        smidr & ~(1ULL << 20), (smidr & ~EC(63)) | EC(ESR_EC_SMC64),
    };

    guest_at(PSTATE_M_EL1h);
    fake_sysreg_set("ESR_EL2", smidr);
    inject_undefined(&guest);
    CHECK_EQ(reg("ESR_EL1"), IL);
    fake_sysreg_set_all("ID_AA64MMFR2_EL1", 1ULL << 36);
    guest_at(PSTATE_M_EL1h);
    fake_sysreg_set("ESR_EL2", smidr);
    inject_undefined(&guest);
    CHECK_EQ(reg("ESR_EL1"), smidr);
    CHECK_EQ(reg("ELR_EL1"), GUEST_PC);
    for (unsigned i = 0; i < ARRAY_COUNT(others); i++) {
        guest_at(PSTATE_M_EL1h);
        fake_sysreg_set("ESR_EL2", others[i]);
        inject_undefined(&guest);
        CHECK_MSG(reg("ESR_EL1") == IL, "syndrome %u", i);
    }
}

TEST(spsr_keeps_all_of_pstate)
{
    const uint64_t pstate = 0xFFFFFFFFFFFFFFE0U | PSTATE_M_EL1h;

    guest_at(pstate & ~PSTATE_nRW);
    inject_undefined(&guest);
    CHECK_EQ(reg("SPSR_EL1"), pstate & ~PSTATE_nRW);
}

TEST(handler_keeps_flags_dit_and_pan_alone)
{
    const uint64_t kept = PSTATE_NZCV | PSTATE_DIT | PSTATE_PAN;

    for (unsigned bit = 0; bit < 64; bit++) {
        if (bit == 4 || (bit < 4)) {
            continue;
        }
        guest_at(PSTATE_M_EL1h | BIT(bit));
        inject_undefined(&guest);
        CHECK_MSG(vcpu_pstate() == (0x3C5 | (BIT(bit) & kept)), "PSTATE bit %u", bit);
    }
}

TEST(handler_pstate_of_each_extension)
{
    static const struct {
        uint64_t sctlr;
        uint64_t expected;
    } cases[] = {
        {0, PSTATE_PAN | PSTATE_TCO | PSTATE_ALLINT},
        {SCTLR_EL1_SPAN, PSTATE_TCO | PSTATE_ALLINT},
        {SCTLR_EL1_DSSBS, PSTATE_PAN | PSTATE_TCO | PSTATE_ALLINT | PSTATE_SSBS},
        {SCTLR_EL1_SPINTMASK, PSTATE_PAN | PSTATE_TCO},
        {~0ULL, PSTATE_TCO | PSTATE_SSBS},
    };

    for (unsigned i = 0; i < ARRAY_COUNT(cases); i++) {
        fake_sysreg_set("SCTLR_EL1", cases[i].sctlr);
        cpu_with_everything();
        guest_at(PSTATE_M_EL1h | PSTATE_SSBS | PSTATE_ALLINT);
        inject_undefined(&guest);
        CHECK_EQ(vcpu_pstate(), 0x3C5 | cases[i].expected);
        /* A CPU without them: nothing of SCTLR_EL1 matters. */
        fake_sysreg_set_all("ID_AA64MMFR1_EL1", 0);
        fake_sysreg_set_all("ID_AA64PFR1_EL1", 0);
        guest_at(PSTATE_M_EL1h);
        inject_undefined(&guest);
        CHECK_EQ(vcpu_pstate(), 0x3C5);
    }
}

TEST(pan_of_the_guest_survives_span)
{
    cpu_with_everything();
    fake_sysreg_set("SCTLR_EL1", SCTLR_EL1_SPAN);
    guest_at(PSTATE_M_EL0t | PSTATE_PAN);
    inject_undefined(&guest);
    CHECK((vcpu_pstate() & PSTATE_PAN) != 0);
}

TEST(data_abort_from_each_level)
{
    const uint64_t far = 0x123456789ABCDEFU;
    /* ISV, SAS, SRT, level and set bits of the stage-2 fault must not be passed on. */
    const uint64_t esr = EC(ESR_EC_DABT_LOW) | IL | 1ULL << 24 | 3ULL << 22 | 31ULL << 16 |
                         1ULL << 15 | 1ULL << 14 | 3ULL << 11 | 1ULL << 9 | 1ULL << 7 | 0x07;

    guest_at(PSTATE_M_EL1h);
    inject_external_abort(&guest, esr, far);
    CHECK_EQ(reg("ESR_EL1"), EC(0x25) | IL | 0x10);
    CHECK_EQ(reg("FAR_EL1"), far);
    CHECK_EQ(reg("ELR_EL1"), GUEST_PC);
    CHECK_EQ(vcpu_pc(), VBAR + 0x200);

    guest_at(PSTATE_M_EL0t);
    inject_external_abort(&guest, esr, far);
    CHECK_EQ(reg("ESR_EL1"), EC(0x24) | IL | 0x10);
    CHECK_EQ(vcpu_pc(), VBAR + 0x400);

    guest_at(0x10);
    inject_external_abort(&guest, esr & ~IL, far);
    CHECK_EQ(reg("ESR_EL1"), EC(0x24) | IL | 0x10); /* IL is 1 when ISV is 0 */
    CHECK_EQ(vcpu_pc(), VBAR + 0x600);
}

TEST(data_abort_says_what_the_access_was)
{
    static const uint64_t kept[] = {ESR_WNR, ESR_CM | ESR_WNR, ESR_FNV, ESR_FNV | ESR_CM};

    for (unsigned i = 0; i < ARRAY_COUNT(kept); i++) {
        guest_at(PSTATE_M_EL1t);
        inject_external_abort(&guest, EC(ESR_EC_DABT_LOW) | IL | kept[i] | 0x0F, 0);
        CHECK_EQ(reg("ESR_EL1"), EC(0x25) | IL | kept[i] | 0x10);
        CHECK_EQ(vcpu_pc(), VBAR);
    }
}

TEST(instruction_abort_has_no_write_bit)
{
    guest_at(PSTATE_M_EL1h);
    inject_external_abort(&guest, EC(ESR_EC_IABT_LOW) | IL | ESR_WNR | ESR_CM | ESR_FNV | 0x0F,
                          0x40);
    CHECK_EQ(reg("ESR_EL1"), EC(0x21) | IL | ESR_FNV | 0x10);
    guest_at(PSTATE_M_EL0t);
    inject_external_abort(&guest, EC(ESR_EC_IABT_LOW) | IL | 0x04, 0x40);
    CHECK_EQ(reg("ESR_EL1"), EC(0x20) | IL | 0x10);
    CHECK_EQ(reg("FAR_EL1"), 0x40);
}

TEST(undefined_leaves_the_fault_address_alone)
{
    fake_sysreg_set("FAR_EL1", 0x77);
    guest_at(PSTATE_M_EL1h);
    inject_undefined(&guest);
    CHECK_EQ(reg("FAR_EL1"), 0x77);
}
