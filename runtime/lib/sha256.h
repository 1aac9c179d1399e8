/* SHA-256 [FIPS 180-4 6.2], block by block: whoever hashes decides how much at once. */
#ifndef LIB_SHA256_H
#define LIB_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32U
#define SHA256_BLOCK_BYTES 64U
/* Of one call. */
#define SHA256_BLOCKS_MAX 16U

#define SHA256_ROUNDS 64U
extern const uint32_t sha256_constants[SHA256_ROUNDS];

struct sha256 {
    uint32_t h[SHA256_BYTES / 4U];
};

void sha256_begin(struct sha256 *s);
/* Whole blocks, at most SHA256_BLOCKS_MAX, at any address. */
void sha256_blocks(struct sha256 *s, const uint8_t *data, size_t block_count);
/* The last bytes, fewer than a block, of a message of `total_bytes`: its padding in one or two
 * blocks, to be hashed as the others were. Returns how many. */
size_t sha256_padding(uint8_t padding[2U * SHA256_BLOCK_BYTES], const uint8_t *last,
                      uint64_t total_bytes);
void sha256_digest(const struct sha256 *s, uint8_t digest[SHA256_BYTES]);

#endif
