// The TLS byte pipe (a BIO over memory that the worker owns) and typed wrappers for OpenSSL macros that Swift
// cannot import. No policy: which options are set is said in TLSContext.swift.
#pragma once
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stddef.h>
#include <stdint.h>

/// Ciphertext on its way between a socket and an SSL object. One per worker, used by one connection at a time.
typedef struct gw_pipe {
    /// Received ciphertext not yet taken by the SSL object.
    const uint8_t *input;
    size_t input_count;
    /// Ciphertext to send, in memory that grows up to `output_limit`.
    uint8_t *output;
    size_t output_count;
    size_t output_capacity;
    size_t output_limit;
} gw_pipe;

/// A BIO that reads from and writes to `pipe`; owned by the SSL object it is given to. NULL without memory.
BIO *gw_pipe_bio(gw_pipe *pipe);

static inline int gw_ssl_ctx_set_min_tls12(SSL_CTX *c) { return SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION); }
static inline int gw_ssl_ctx_set_max_tls13(SSL_CTX *c) { return SSL_CTX_set_max_proto_version(c, TLS1_3_VERSION); }
static inline long gw_ssl_ctx_set_mode(SSL_CTX *c, long mode) { return SSL_CTX_set_mode(c, mode); }
static inline long gw_ssl_ctx_session_cache_off(SSL_CTX *c) {
    return SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
}
static inline long gw_ssl_ctx_set_groups(SSL_CTX *c, const char *list) { return SSL_CTX_set1_groups_list(c, list); }
static inline long gw_ssl_ctx_set_ticket_keys(SSL_CTX *c, void *keys, long count) {
    return SSL_CTX_set_tlsext_ticket_keys(c, keys, count);
}
static inline uint64_t gw_ssl_op_no_compression(void) { return SSL_OP_NO_COMPRESSION; }
static inline uint64_t gw_ssl_op_no_renegotiation(void) { return SSL_OP_NO_RENEGOTIATION; }
static inline uint64_t gw_ssl_op_server_preference(void) { return SSL_OP_CIPHER_SERVER_PREFERENCE; }
/// When a certificate expires, in seconds since 1970; -1 for a date that is none.
int64_t gw_certificate_expiry(const X509 *certificate);

/// A fresh ECDSA key on P-256; NULL on failure. (EVP_EC_gen is a variadic macro.)
static inline EVP_PKEY *gw_generate_p256_key(void) { return EVP_EC_gen("P-256"); }
