/* SHA-256; lib/sha256.h. Names are those of the standard [FIPS 180-4 4.1.2, 4.2.2, 6.2.2].
 * @req CPU-4 */
#include "lib/sha256.h"

#include "lib/loop.h"
#include "lib/mem.h"
#include "lib/types.h"

#define SCHEDULE_WORDS 16U
#define LENGTH_BYTES 8U

static const uint32_t initial[8] = {0x6a09e667U, 0xbb67ae85U, 0x3c6ef372U, 0xa54ff53aU,
                                    0x510e527fU, 0x9b05688cU, 0x1f83d9abU, 0x5be0cd19U};

const uint32_t sha256_constants[SHA256_ROUNDS] = {
    0x428a2f98U, 0x71374491U, 0xb5c0fbcfU, 0xe9b5dba5U, 0x3956c25bU, 0x59f111f1U, 0x923f82a4U,
    0xab1c5ed5U, 0xd807aa98U, 0x12835b01U, 0x243185beU, 0x550c7dc3U, 0x72be5d74U, 0x80deb1feU,
    0x9bdc06a7U, 0xc19bf174U, 0xe49b69c1U, 0xefbe4786U, 0x0fc19dc6U, 0x240ca1ccU, 0x2de92c6fU,
    0x4a7484aaU, 0x5cb0a9dcU, 0x76f988daU, 0x983e5152U, 0xa831c66dU, 0xb00327c8U, 0xbf597fc7U,
    0xc6e00bf3U, 0xd5a79147U, 0x06ca6351U, 0x14292967U, 0x27b70a85U, 0x2e1b2138U, 0x4d2c6dfcU,
    0x53380d13U, 0x650a7354U, 0x766a0abbU, 0x81c2c92eU, 0x92722c85U, 0xa2bfe8a1U, 0xa81a664bU,
    0xc24b8b70U, 0xc76c51a3U, 0xd192e819U, 0xd6990624U, 0xf40e3585U, 0x106aa070U, 0x19a4c116U,
    0x1e376c08U, 0x2748774cU, 0x34b0bcb5U, 0x391c0cb3U, 0x4ed8aa4aU, 0x5b9cca4fU, 0x682e6ff3U,
    0x748f82eeU, 0x78a5636fU, 0x84c87814U, 0x8cc70208U, 0x90befffaU, 0xa4506cebU, 0xbef9a3f7U,
    0xc67178f2U};

static inline uint32_t rotr(uint32_t x, unsigned n)
{
    return (x >> n) | (x << (32U - n));
}

static inline uint32_t sigma0(uint32_t x)
{
    return rotr(x, 7) ^ rotr(x, 18) ^ (x >> 3);
}

static inline uint32_t sigma1(uint32_t x)
{
    return rotr(x, 17) ^ rotr(x, 19) ^ (x >> 10);
}

/* One round on the working variables a..h, which then are h, a..g. */
static inline void compress(uint32_t v[8], uint32_t wt_kt)
{
    const uint32_t e = v[4];
    const uint32_t a = v[0];
    const uint32_t ch = (e & v[5]) ^ (~e & v[6]);
    const uint32_t maj = (a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]);
    const uint32_t t1 = v[7] + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) + ch + wt_kt;
    const uint32_t t2 = (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + maj;

    v[7] = v[6];
    v[6] = v[5];
    v[5] = e;
    v[4] = v[3] + t1;
    v[3] = v[2];
    v[2] = v[1];
    v[1] = a;
    v[0] = t1 + t2;
}

/* Words are big-endian, and may lie anywhere. */
static inline uint32_t word_at(const uint8_t *data)
{
    return (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8 | data[3];
}

static void put_word(uint8_t *data, uint32_t word)
{
    data[0] = (uint8_t)(word >> 24);
    data[1] = (uint8_t)(word >> 16);
    data[2] = (uint8_t)(word >> 8);
    data[3] = (uint8_t)word;
}

/* The message schedule needs its last 16 words alone. */
static void add_block(struct sha256 *s, const uint8_t *data)
{
    uint32_t w[SCHEDULE_WORDS];
    struct sha256 v = *s;

    for (unsigned t = 0; t < SHA256_ROUNDS; t++) {
        LOOP_BOUND(SHA256_ROUNDS);
        uint32_t *const wt = &w[t % SCHEDULE_WORDS];

        *wt = (t < SCHEDULE_WORDS)
                  ? word_at(&data[4U * t])
                  : *wt + sigma0(w[(t + 1U) % SCHEDULE_WORDS]) + w[(t + 9U) % SCHEDULE_WORDS] +
                        sigma1(w[(t + 14U) % SCHEDULE_WORDS]);
        compress(v.h, *wt + sha256_constants[t]);
    }
    for (unsigned i = 0; i < 8U; i++) {
        LOOP_BOUND(8);
        s->h[i] += v.h[i];
    }
}

void sha256_begin(struct sha256 *s)
{
    (void)memcpy(s->h, initial, sizeof(initial));
}

void sha256_blocks(struct sha256 *s, const uint8_t *data, size_t block_count)
{
    for (size_t i = 0; i < block_count; i++) {
        LOOP_BOUND(SHA256_BLOCKS_MAX);
        add_block(s, &data[i * SHA256_BLOCK_BYTES]);
    }
}

size_t sha256_padding(uint8_t padding[2U * SHA256_BLOCK_BYTES], const uint8_t *last,
                      uint64_t total_bytes)
{
    const size_t left = total_bytes % SHA256_BLOCK_BYTES;
    const size_t count = (left < SHA256_BLOCK_BYTES - LENGTH_BYTES) ? 1U : 2U;
    const uint64_t bits = total_bytes * 8U;
    uint8_t *const length = &padding[count * SHA256_BLOCK_BYTES - LENGTH_BYTES];

    (void)memset(padding, 0, 2U * SHA256_BLOCK_BYTES);
    LOOP_SIZE(SHA256_BLOCK_BYTES);
    (void)memcpy(padding, last, left);
    padding[left] = 0x80U;
    put_word(length, (uint32_t)(bits >> 32));
    put_word(&length[4], (uint32_t)bits);
    return count;
}

void sha256_digest(const struct sha256 *s, uint8_t digest[SHA256_BYTES])
{
    for (unsigned i = 0; i < ARRAY_COUNT(s->h); i++) {
        LOOP_BOUND(SHA256_BYTES / 4U);
        put_word(&digest[4U * i], s->h[i]);
    }
}
