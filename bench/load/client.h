// One blocking TLS client: connect, shake hands, ask once, read the whole answer.
#pragma once
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

// The groups are fixed, so that every server computes the same key exchange.
static SSL_CTX *clientContext(void) {
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set1_groups_list(context, "X25519");
    return context;
}

// A connected socket with a limit on every wait, or -1.
static int connectTo(int port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct timeval limit = { .tv_sec = 10 };
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
    close(fd);
    return -1;
}

// Sends the request and reads the answer to its end by Content-Length. Gives its status, or 0.
static int ask(SSL *ssl, const char *request) {
    static __thread char answer[256 * 1024];
    if (SSL_write(ssl, request, (int)strlen(request)) <= 0) return 0;
    size_t count = 0, expected = sizeof answer;
    while (count < expected) {
        int result = SSL_read(ssl, answer + count, (int)(sizeof answer - 1 - count));
        if (result <= 0) return 0;
        count += (size_t)result;
        answer[count] = 0;
        char *end = strstr(answer, "\r\n\r\n"), *length = strcasestr(answer, "\r\ncontent-length:");
        if (end && length && length < end) expected = (size_t)(end + 4 - answer) + strtoul(length + 17, NULL, 10);
        if (expected >= sizeof answer && end) return 0;
    }
    return atoi(answer + 9);
}

static char *requestFor(const char *target, const char *token) {
    char *request = NULL;
    if (asprintf(&request, "GET %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n\r\n", target, token) < 0)
        exit(1);
    return request;
}
