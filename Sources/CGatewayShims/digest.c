// The low-level SHA-256 calls are deprecated in favour of EVP, which fetches the algorithm under locks or keeps
// mutable contexts; here they make a check cost two compressions of one block each, on a shared immutable key.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "gateway_digest.h"
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <string.h>

struct gw_digest_key {
    SHA256_CTX inner;
    SHA256_CTX outer;
};

gw_digest_key *gw_digest_key_new(const uint8_t *key, size_t count) {
    gw_digest_key *prepared = OPENSSL_malloc(sizeof(*prepared));
    if (prepared == NULL) return NULL;
    uint8_t block[SHA256_CBLOCK] = {0};
    // RFC 2104 §2: a key longer than a block is replaced by its hash.
    if (count > sizeof(block)) {
        SHA256(key, count, block);
    } else if (count > 0) {
        memcpy(block, key, count);
    }
    for (size_t i = 0; i < sizeof(block); i++) block[i] ^= 0x36;
    SHA256_Init(&prepared->inner);
    SHA256_Update(&prepared->inner, block, sizeof(block));
    for (size_t i = 0; i < sizeof(block); i++) block[i] ^= 0x36 ^ 0x5c;
    SHA256_Init(&prepared->outer);
    SHA256_Update(&prepared->outer, block, sizeof(block));
    OPENSSL_cleanse(block, sizeof(block));
    return prepared;
}

void gw_digest_key_free(gw_digest_key *key) { OPENSSL_clear_free(key, sizeof(*key)); }

void gw_digest(const gw_digest_key *key, const uint8_t *message, size_t count, uint8_t digest[32]) {
    // SHA256_Final wipes the block buffer of its copy, which is all that holds bytes of the message.
    SHA256_CTX state = key->inner;
    SHA256_Update(&state, message, count);
    SHA256_Final(digest, &state);
    state = key->outer;
    SHA256_Update(&state, digest, SHA256_DIGEST_LENGTH);
    SHA256_Final(digest, &state);
}

int gw_digest_matches(const gw_digest_key *key, const uint8_t *message, size_t count, const uint8_t expected[32]) {
    // Four words without a branch between them: constant time, at a tenth of a comparison byte by byte.
    uint64_t digest[4], known[4];
    gw_digest(key, message, count, (uint8_t *)digest);
    memcpy(known, expected, sizeof(known));
    uint64_t difference =
        (digest[0] ^ known[0]) | (digest[1] ^ known[1]) | (digest[2] ^ known[2]) | (digest[3] ^ known[3]);
    return difference == 0;
}
