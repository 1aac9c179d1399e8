/* Filling a VM's memory; vm/loading.h.
 *
 * The loads of a VM cover its RAM (INV-LOAD-INSIDE, INV-LOAD-ONCE). What is copied has to have the
 * SHA-256 that the generator computed of what it packed (INV-LOAD-HASH): the image in memory is as
 * pristine as it was. The image is hashed, not the copy: that was cleaned out of the caches for a
 * guest that starts without them, and reading it would bring it back. A piece to be hashed is
 * smaller than one to be filled, since a byte of it takes longer.
 *
 * @req CPU-4 */
#include "vm/loading.h"

#include "arch/cpu_features.h"
#include "arch/memory.h"
#include "arch/sha256.h"
#include "arch/sysreg.h"
#include "config/config.h"
#include "core/log.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "lib/sha256.h"

#define HASH_PIECE_BYTES (SHA256_BLOCKS_MAX * SHA256_BLOCK_BYTES)

struct loading {
    uint16_t load;   /* of the VM's loads, the one under way */
    uint64_t filled; /* bytes of it */
    uint64_t hashed; /* of these; a multiple of a block but for the end */
    uint64_t ticks;
    struct sha256 hash;
};
static struct loading loadings[CFG_VM_COUNT];

void loading_begin(uint16_t vm)
{
    struct loading *const l = &loadings[vm];

    l->load = 0;
    l->filled = 0;
    l->hashed = 0;
    l->ticks = 0;
}

uint64_t loading_ticks(uint16_t vm)
{
    return loadings[vm].ticks;
}

/* Of times that no log shows nothing is left. */
static uint64_t now(void)
{
    return log_is_on(LOG_VM, LOG_INFO) ? SYSREG_READ(CNTPCT_EL0) : 0U;
}

static bool has_hash(const struct cfg_load *load)
{
    return CFG_CHECKS_IMAGES != 0U && load->src_pa != 0U;
}

static void fill(struct loading *l, const struct cfg_load *load)
{
    const uint64_t left = load->size - l->filled;
    const uint64_t part = (left < MEMORY_CHUNK_BYTES) ? left : MEMORY_CHUNK_BYTES;
    const pa_t to = pa_make(load->dst_pa + l->filled);

    if (load->src_pa == 0U) {
        memory_clear(to, part);
    } else {
        memory_copy(to, pa_make(load->src_pa + l->filled), part);
    }
    l->filled += part;
    if (CFG_CHECKS_IMAGES != 0U && !has_hash(load)) {
        l->hashed = l->filled;
    }
}

_Static_assert(SHA256_BLOCKS_MAX <= ARCH_SHA256_BLOCKS_MAX, "loop bound of arch/sha256.S");

static void hash_blocks(struct sha256 *s, const uint8_t *data, size_t block_count)
{
    if (block_count > 0U && cpu_has_sha256()) {
        arch_sha256_blocks(s->h, data, block_count, sha256_constants);
    } else {
        sha256_blocks(s, data, block_count);
    }
}

/* Whole blocks; the rest, with the padding, once all is filled. */
static void hash(struct loading *l, const struct cfg_load *load)
{
    const uint8_t *const data = memory_pointer(pa_make(load->src_pa + l->hashed));
    const uint64_t left = l->filled - l->hashed;
    const uint64_t part = (left < HASH_PIECE_BYTES) ? left : HASH_PIECE_BYTES;
    const size_t block_count = part / SHA256_BLOCK_BYTES;

    if (l->hashed == 0U) {
        sha256_begin(&l->hash);
    }
    hash_blocks(&l->hash, data, block_count);
    if (l->hashed + part == load->size) {
        uint8_t padding[2U * SHA256_BLOCK_BYTES];

        hash_blocks(&l->hash, padding,
                    sha256_padding(padding, &data[block_count * SHA256_BLOCK_BYTES], load->size));
    }
    l->hashed += part;
}

static bool is_as_packed(const struct loading *l, const struct cfg_load *load)
{
    uint8_t digest[SHA256_BYTES];

    sha256_digest(&l->hash, digest);
    LOOP_SIZE(SHA256_BYTES);
    return memcmp(digest, load->sha256, sizeof(digest)) == 0;
}

static enum loading_step next_load(struct loading *l, const struct cfg_load *load)
{
    const bool is_right = !has_hash(load) || is_as_packed(l, load);

    l->load++;
    l->filled = 0;
    l->hashed = 0;
    return is_right ? LOADING_MORE : LOADING_WRONG;
}

static enum loading_step advance(uint16_t vm)
{
    const struct cfg_vm *const cfg = &cfg_vms[vm];
    struct loading *const l = &loadings[vm];

    if (l->load == cfg->load_count) {
        return LOADING_DONE;
    }
    const struct cfg_load *const load = &cfg_loads[cfg->first_load + l->load];

    if (CFG_CHECKS_IMAGES != 0U && l->hashed < l->filled) {
        hash(l, load);
    } else {
        fill(l, load);
    }
    return (((CFG_CHECKS_IMAGES != 0U) ? l->hashed : l->filled) == load->size) ? next_load(l, load)
                                                                               : LOADING_MORE;
}

enum loading_step loading_step(uint16_t vm)
{
    const uint64_t before = now();
    const enum loading_step step = advance(vm);

    loadings[vm].ticks += now() - before;
    return step;
}

enum loading_step loading_all(uint16_t vm)
{
    const uint64_t before = now();
    enum loading_step step;

    do {
        step = advance(vm);
    } while (step == LOADING_MORE);
    loadings[vm].ticks += now() - before;
    return step;
}
