// The TLS byte pipe: a BIO whose two ends are memory of the worker, so that one read(2) serves many records and
// many records leave in one write(2). No policy here.
#include "gateway_tls.h"
#include "gateway_platform.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int pipe_read(BIO *bio, char *target, size_t wanted, size_t *taken) {
    gw_pipe *pipe = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (pipe->input_count == 0) {
        BIO_set_retry_read(bio);
        *taken = 0;
        return 0;
    }
    size_t count = wanted < pipe->input_count ? wanted : pipe->input_count;
    gw_copy(target, pipe->input, count);
    pipe->input += count;
    pipe->input_count -= count;
    *taken = count;
    return 1;
}

static int pipe_write(BIO *bio, const char *source, size_t count, size_t *written) {
    gw_pipe *pipe = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    size_t needed = pipe->output_count + count;
    *written = 0;
    if (needed > pipe->output_limit) {
        BIO_set_retry_write(bio);
        return 0;
    }
    if (needed > pipe->output_capacity) {
        size_t capacity = pipe->output_capacity ? pipe->output_capacity : 65536;
        while (capacity < needed) capacity *= 2;
        uint8_t *grown = realloc(pipe->output, capacity);
        if (!grown) return 0;
        pipe->output = grown;
        pipe->output_capacity = capacity;
    }
    gw_copy(pipe->output + pipe->output_count, source, count);
    pipe->output_count = needed;
    *written = count;
    return 1;
}

static long pipe_control(BIO *bio, int command, long number, void *pointer) {
    (void)bio, (void)number, (void)pointer;
    // A flush that answers 0 fails the handshake; there is nothing to do for it, the worker writes by itself.
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static BIO_METHOD *method;
static pthread_once_t method_once = PTHREAD_ONCE_INIT;

static void make_method(void) {
    method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "kayle-gateway pipe");
    if (!method) return;
    BIO_meth_set_read_ex(method, pipe_read);
    BIO_meth_set_write_ex(method, pipe_write);
    BIO_meth_set_ctrl(method, pipe_control);
}

BIO *gw_pipe_bio(gw_pipe *pipe) {
    pthread_once(&method_once, make_method);
    BIO *bio = method ? BIO_new(method) : NULL;
    if (!bio) return NULL;
    BIO_set_data(bio, pipe);
    BIO_set_init(bio, 1);
    return bio;
}

int64_t gw_certificate_expiry(const X509 *certificate) {
    struct tm time = {0};
    const ASN1_TIME *expiry = X509_get0_notAfter(certificate);
    if (!expiry || ASN1_TIME_to_tm(expiry, &time) != 1) return -1;
    return (int64_t)timegm(&time);
}
