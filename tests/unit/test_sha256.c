/* sources: lib/sha256.c lib/mem.c */
/* SHA-256: the examples of the standard's authors [FIPS 180-4; NIST, "Examples with Intermediate
 * Values", SHA-256; NIST CAVP, SHA256ShortMsg], and every length around a block's end.
 * @req CPU-4 */
#include "lib/sha256.h"

#include "test.h"

static void hash(const uint8_t *data, size_t bytes, uint8_t digest[SHA256_BYTES])
{
    struct sha256 s;
    uint8_t padding[2 * SHA256_BLOCK_BYTES];
    const size_t count = bytes / SHA256_BLOCK_BYTES;

    sha256_begin(&s);
    for (size_t i = 0; i < count; i += SHA256_BLOCKS_MAX) {
        sha256_blocks(&s, &data[i * SHA256_BLOCK_BYTES],
                      count - i < SHA256_BLOCKS_MAX ? count - i : SHA256_BLOCKS_MAX);
    }
    sha256_blocks(&s, padding, sha256_padding(padding, &data[count * SHA256_BLOCK_BYTES], bytes));
    sha256_digest(&s, digest);
}

static void check(const char *text, size_t bytes, const char *expected)
{
    uint8_t digest[SHA256_BYTES];
    char hex[2 * SHA256_BYTES + 1];

    hash((const uint8_t *)text, bytes, digest);
    for (unsigned i = 0; i < SHA256_BYTES; i++) {
        snprintf(&hex[2 * i], 3, "%02x", digest[i]);
    }
    CHECK_STR(hex, expected);
}

TEST(examples)
{
    static char million[1000000];

    check("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    check("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopq"
          "klmnopqrlmnopqrsmnopqrstnopqrstu",
          112, "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
    check("\xd3", 1, "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1");
    memset(million, 'a', sizeof(million));
    check(million, sizeof(million),
          "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* A chain through all lengths to three blocks, at every alignment of a word: each digest is part of
 * the next message. Expected: Python's hashlib. */
TEST(every_length)
{
    uint8_t message[3 * SHA256_BLOCK_BYTES + 8] = {0};
    uint8_t digest[SHA256_BYTES] = {0};

    for (size_t bytes = 0; bytes <= 3 * SHA256_BLOCK_BYTES; bytes++) {
        uint8_t *const at = &message[bytes % 8];

        for (size_t i = 0; i < bytes; i++) {
            at[i] = (uint8_t)(digest[i % SHA256_BYTES] + i);
        }
        hash(at, bytes, digest);
    }
    check((const char *)digest, sizeof(digest), "e1bc2752ba7063e1e6e57d15110568ec328cb253740ff537e22b98cbb5d987a8");
}
