// HMAC-SHA-256 with its two key blocks hashed in advance. No policy: what is digested is said in Digest.swift.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// A key as the two SHA-256 states after its inner and its outer block. Immutable, so threads may share it.
typedef struct gw_digest_key gw_digest_key;

/// Prepares a key; NULL without memory. Freed with gw_digest_key_free.
gw_digest_key *gw_digest_key_new(const uint8_t *key, size_t count);
/// Wipes and frees a key.
void gw_digest_key_free(gw_digest_key *key);
/// The HMAC-SHA-256 (RFC 2104) of a message. Allocates nothing.
void gw_digest(const gw_digest_key *key, const uint8_t *message, size_t count, uint8_t digest[32]);
/// 1 if the message's digest is `expected`, compared in constant time.
int gw_digest_matches(const gw_digest_key *key, const uint8_t *message, size_t count, const uint8_t expected[32]);
