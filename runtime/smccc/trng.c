/* TRNG firmware interface 1.0 for guests [DEN0098]; smccc/services.h.
 *
 * Entropy is the CPU's own (RNDRRS, FEAT_RNG) or else that of EL3's TRNG; without either, or
 * without the VM's grant, the service does not exist. Numbers never come from anything
 * predictable, and none is given twice: nothing is kept here. A VM that has no grant but EL3's
 * calls on its allow list reaches EL3 directly.
 *
 * @req CPU-5 */
#include "lib/loop.h"
#include "smccc/services.h"

#include "arch/cpu_features.h"
#include "arch/rng.h"
#include "arch/smc.h"
#include "smccc/smccc.h"

#define TRNG_VERSION 0x84000050U
#define TRNG_FEATURES 0x84000051U
#define TRNG_GET_UUID 0x84000052U
#define TRNG_RND_32 0x84000053U
#define TRNG_RND_64 0xC4000053U

#define TRNG_VERSION_1_0 0x10000
#define TRNG_INVALID_PARAMETERS ((uint64_t)-2)
#define TRNG_NO_ENTROPY ((uint64_t)-3)

#define RND_WORDS 3U     /* x1..x3, the least significant word last */
#define READ_ATTEMPTS 8U /* RNDRRS may fail for a while [DDI0487 D24.2, RNDRRS] */

enum trng_source { TRNG_SOURCE_NONE, TRNG_SOURCE_CPU, TRNG_SOURCE_EL3 };

/* Names our use of RNDRRS as a source, so that no guest takes it for another one:
 * 7e69d159-8586-48f2-8634-862925b7886e. */
static const uint32_t cpu_source_uuid[4] = {0x59d1697eU, 0xf2488685U, 0x29863486U, 0x6e88b725U};

static enum trng_source find_source(uint16_t vm)
{
    struct smc_regs r = {.x = {TRNG_VERSION}};

    if (!cfg_vm_has(vm, CFG_VM_TRNG)) {
        return TRNG_SOURCE_NONE;
    }
    if (cpu_has_rng()) {
        return TRNG_SOURCE_CPU;
    }
    arch_smc(&r);
    return ((int32_t)r.x[0] >= TRNG_VERSION_1_0) ? TRNG_SOURCE_EL3 : TRNG_SOURCE_NONE;
}

static uint64_t features(uint32_t id)
{
    const bool is_ours = (id >= TRNG_VERSION && id <= TRNG_RND_32) || id == TRNG_RND_64;

    return is_ours ? SMCCC_SUCCESS : SMCCC_NOT_SUPPORTED;
}

static enum exit_action return_uuid(struct vcpu *v)
{
    for (unsigned i = 0; i < ARRAY_COUNT(cpu_source_uuid); i++) {
        LOOP_BOUND(ARRAY_COUNT(cpu_source_uuid));
        v->x[i] = cpu_source_uuid[i];
    }
    return EXIT_SKIP;
}

static bool read_entropy(uint64_t *value)
{
    for (unsigned i = 0; i < READ_ATTEMPTS; i++) {
        if (rng_read(value)) {
            return true;
        }
        LOOP_BOUND(READ_ATTEMPTS);
    }
    return false;
}

/* Fills `words`, the least significant first, with `bits` of entropy, `word_bits` in each; what
 * lies above is 0. */
static bool fill_words(uint64_t words[RND_WORDS], unsigned bits, unsigned word_bits)
{
    for (unsigned i = 0; i < RND_WORDS; i++) {
        const unsigned first = i * word_bits;
        const unsigned missing = (bits > first) ? bits - first : 0U;

        words[i] = 0;
        if (missing != 0U) {
            if (!read_entropy(&words[i])) {
                return false;
            }
            words[i] &= FIELD(((missing < word_bits) ? missing : word_bits) - 1U, 0);
        }
        LOOP_BOUND(RND_WORDS);
    }
    return true;
}

/* TRNG_RND: x1 bits of entropy, right-aligned over x1:x2:x3. */
static enum exit_action rnd(struct vcpu *v, unsigned word_bits)
{
    const uint64_t bits = (word_bits == 32U) ? (uint32_t)v->x[1] : v->x[1];
    uint64_t words[RND_WORDS];

    if (bits == 0U || bits > RND_WORDS * word_bits) {
        return smccc_return(v, TRNG_INVALID_PARAMETERS);
    }
    const bool is_filled = fill_words(words, (unsigned)bits, word_bits);

    for (unsigned i = 0; i < RND_WORDS; i++) {
        LOOP_BOUND(RND_WORDS);
        v->x[RND_WORDS - i] = is_filled ? words[i] : 0U;
    }
    return smccc_return(v, is_filled ? SMCCC_SUCCESS : TRNG_NO_ENTROPY);
}

static enum exit_action answer_from_cpu(struct vcpu *v)
{
    switch (smccc_function_id(v)) {
    case TRNG_VERSION:
        return smccc_return(v, TRNG_VERSION_1_0);
    case TRNG_FEATURES:
        return smccc_return(v, features((uint32_t)v->x[1]));
    case TRNG_GET_UUID:
        return return_uuid(v);
    case TRNG_RND_32:
        return rnd(v, 32);
    case TRNG_RND_64:
        return rnd(v, 64);
    default:
        return smccc_return(v, SMCCC_NOT_SUPPORTED);
    }
}

enum exit_action trng_call(struct vcpu *v)
{
    switch (find_source(v->vm)) {
    case TRNG_SOURCE_CPU:
        return answer_from_cpu(v);
    case TRNG_SOURCE_EL3:
        return smccc_forward(v);
    case TRNG_SOURCE_NONE:
    default:
        return smccc_forward_allowed(v);
    }
}
