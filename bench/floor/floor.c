// The yardstick: a minimal HTTP/1.1 server on epoll and OpenSSL, one thread, that answers canned bytes.
//
//   floor --table FILE [--certificate PEM --key PEM] [--ports PLAIN[,TLS]]
//
// A line of the table is `token target file`: to a request for the target (path and query, compared exactly) with
// this bearer token, the bytes of the file are the answer, head and body. A token `-` stands for every token that is
// not in the table, a target `*` for every target that is not. So the same program is the floor (one page per token,
// a refusal for strangers) and the upstream of all contenders (pages by token, whatever the query).
// `GET /count` without a token answers how many requests were served before, and counts for nothing itself.
//
// What it does per request is what nobody can leave out: find the end of the head, find the Authorization field,
// one hash look-up of the token with one comparison, copy the page into the batch, one write per batch.
// Prints `plain PORT` and `tls PORT` once it listens; ends by a signal.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    inputBytes = 64 * 1024,       // one read takes so much; a head must fit
    batchBytes = 1024 * 1024,     // answers of one read; more wait for the next turn
    maximumPages = 8,             // per token
    tableSlots = 4096,            // tokens, a power of two
    maximumConnections = 16384,
    eventsPerTurn = 256,
};

struct page { char *target; size_t targetCount; char *bytes; size_t count; };
struct owner { char *token; size_t tokenCount; int pageCount; struct page pages[maximumPages]; };
struct connection {
    SSL *ssl;
    char *input; size_t inputCount;    // an incomplete head, or requests that a full batch left over
    char *output; size_t outputCount, outputSent;    // what the socket did not take
    unsigned char waitsForWrite;
};

static struct owner *table[tableSlots];
static struct owner *strangers;
static struct connection *connections[maximumConnections];
static int epoll, plainListener = -1, tlsListener = -1;
static SSL_CTX *context;
static char input[inputBytes + 1], batch[batchBytes];
static uint64_t served;

static void fail(const char *what) { perror(what); exit(1); }

static uint64_t hash(const char *bytes, size_t count) {
    uint64_t value = 14695981039346656037u;    // FNV-1a
    for (size_t index = 0; index < count; index++) value = (value ^ (unsigned char)bytes[index]) * 1099511628211u;
    return value ^ (value >> 29);
}

static struct owner *find(const char *token, size_t count) {
    for (size_t slot = hash(token, count) & (tableSlots - 1); table[slot]; slot = (slot + 1) & (tableSlots - 1))
        if (table[slot]->tokenCount == count && memcmp(table[slot]->token, token, count) == 0) return table[slot];
    return strangers;
}

static char *readFile(const char *path, size_t *count) {
    FILE *file = fopen(path, "rb");
    if (!file) fail(path);
    fseek(file, 0, SEEK_END);
    *count = (size_t)ftell(file);
    rewind(file);
    char *bytes = malloc(*count ? *count : 1);
    if (!bytes || fread(bytes, 1, *count, file) != *count) fail(path);
    fclose(file);
    if (*count > batchBytes) { fprintf(stderr, "%s: larger than a batch\n", path); exit(1); }
    return bytes;
}

static void readTable(const char *path) {
    FILE *file = fopen(path, "r");
    if (!file) fail(path);
    char token[256], target[2048], name[4096];
    while (fscanf(file, "%255s %2047s %4095s", token, target, name) == 3) {
        int everyone = strcmp(token, "-") == 0;
        struct owner *owner = everyone ? strangers : find(token, strlen(token));
        if (!owner || (!everyone && owner == strangers)) {
            owner = calloc(1, sizeof *owner);
            if (!owner) fail("calloc");
            owner->token = strdup(token);
            owner->tokenCount = strlen(token);
            if (everyone) strangers = owner;
            else {
                size_t slot = hash(token, owner->tokenCount) & (tableSlots - 1);
                while (table[slot]) slot = (slot + 1) & (tableSlots - 1);
                table[slot] = owner;
            }
        }
        if (owner->pageCount == maximumPages) { fprintf(stderr, "too many pages for %s\n", token); exit(1); }
        struct page *page = &owner->pages[owner->pageCount++];
        page->target = strdup(target);
        page->targetCount = strlen(target);
        page->bytes = readFile(name, &page->count);
    }
    fclose(file);
    if (!strangers) { fprintf(stderr, "the table has no answer for strangers\n"); exit(1); }
}

static void closeConnection(int fd) {
    struct connection *connection = connections[fd];
    connections[fd] = NULL;
    if (connection->ssl) SSL_free(connection->ssl);
    free(connection->input);
    free(connection->output);
    free(connection);
    close(fd);
}

static void watch(int fd, uint32_t events) {
    struct epoll_event event = { .events = events, .data.fd = fd };
    if (epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event) != 0) fail("epoll_ctl");
}

// Hands the bytes to the socket; keeps what it does not take. False if the connection broke.
static int deliver(int fd, const char *bytes, size_t count) {
    struct connection *connection = connections[fd];
    size_t sent = 0;
    while (sent < count) {
        ssize_t result;
        if (connection->ssl) {
            result = SSL_write(connection->ssl, bytes + sent, (int)(count - sent));
            if (result <= 0) {
                int error = SSL_get_error(connection->ssl, (int)result);
                if (error == SSL_ERROR_WANT_WRITE) break;
                ERR_clear_error();
                return 0;
            }
        } else {
            result = write(fd, bytes + sent, count - sent);
            if (result < 0) {
                if (errno == EAGAIN) break;
                if (errno == EINTR) continue;
                return 0;
            }
        }
        sent += (size_t)result;
    }
    if (sent == count) return 1;
    if (bytes == connection->output) return 1;
    connection->output = malloc(count - sent);
    if (!connection->output) fail("malloc");
    memcpy(connection->output, bytes + sent, count - sent);
    connection->outputCount = count - sent;
    connection->outputSent = 0;
    connection->waitsForWrite = 1;
    watch(fd, EPOLLOUT);
    return 1;
}

static size_t appendCount(char *to) {
    char body[32];
    int count = snprintf(body, sizeof body, "%llu", (unsigned long long)served);
    return (size_t)sprintf(to, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", count, body);
}

// Appends the answer to the request in bytes[0..<count], its head without a body; gives the answer's bytes.
static size_t answer(const char *head, size_t count, char *to, size_t room) {
    const char *end = head + count;
    const char *target = memchr(head, ' ', count);
    if (!target) return 0;
    target++;
    const char *targetEnd = memchr(target, ' ', (size_t)(end - target));
    if (!targetEnd) return 0;
    size_t targetCount = (size_t)(targetEnd - target);
    struct owner *owner = strangers;
    for (const char *line = memchr(targetEnd, '\n', (size_t)(end - targetEnd)); line && line + 1 < end;
         line = memchr(line + 1, '\n', (size_t)(end - line - 1))) {
        const char *name = line + 1;
        if ((*name | 0x20) != 'a' || end - name < 24 || strncasecmp(name, "authorization: bearer ", 22) != 0) continue;
        const char *token = name + 22, *tokenEnd = memchr(token, '\r', (size_t)(end - token));
        if (tokenEnd) owner = find(token, (size_t)(tokenEnd - token));
        break;
    }
    if (owner == strangers && targetCount == 6 && memcmp(target, "/count", 6) == 0) return appendCount(to);
    served++;
    for (int index = 0; index < owner->pageCount; index++) {
        struct page *page = &owner->pages[index];
        if ((page->targetCount == targetCount && memcmp(page->target, target, targetCount) == 0)
            || (page->targetCount == 1 && page->target[0] == '*')) {
            if (page->count > room) { served--; return 0; }
            memcpy(to, page->bytes, page->count);
            return page->count;
        }
    }
    static const char none[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    if (sizeof none > room) { served--; return 0; }
    memcpy(to, none, sizeof none - 1);
    return sizeof none - 1;
}

// Answers every whole request in bytes; gives how many bytes of requests were used, -1 if the connection broke.
static ssize_t answerAll(int fd, const char *bytes, size_t count) {
    size_t used = 0, filled = 0;
    while (used < count) {
        const char *end = memmem(bytes + used, count - used, "\r\n\r\n", 4);
        if (!end) break;
        size_t headCount = (size_t)(end - bytes) + 4 - used;
        size_t added = answer(bytes + used, headCount, batch + filled, batchBytes - filled);
        if (added == 0) {
            if (filled == 0) return -1;
            if (!deliver(fd, batch, filled)) return -1;
            filled = 0;
            if (connections[fd]->waitsForWrite) break;
            continue;
        }
        filled += added;
        used += headCount;
    }
    if (filled && !deliver(fd, batch, filled)) return -1;
    return (ssize_t)used;
}

static void readAndAnswer(int fd) {
    struct connection *connection = connections[fd];
    for (;;) {
        size_t kept = connection->inputCount;
        if (kept) {
            memcpy(input, connection->input, kept);
            free(connection->input);
            connection->input = NULL;
            connection->inputCount = 0;
        }
        ssize_t result;
        if (connection->ssl) {
            result = SSL_read(connection->ssl, input + kept, (int)(inputBytes - kept));
            if (result <= 0) {
                int error = SSL_get_error(connection->ssl, (int)result);
                if (error != SSL_ERROR_WANT_READ) { ERR_clear_error(); closeConnection(fd); return; }
                result = -1;
            }
        } else {
            result = read(fd, input + kept, inputBytes - kept);
            if (result == 0 || (result < 0 && errno != EAGAIN && errno != EINTR)) { closeConnection(fd); return; }
        }
        size_t count = kept + (result > 0 ? (size_t)result : 0);
        ssize_t used = result > 0 || kept ? answerAll(fd, input, count) : 0;
        if (used < 0 || (count - (size_t)used == inputBytes)) { closeConnection(fd); return; }
        if ((size_t)used < count) {
            connection->inputCount = count - (size_t)used;
            connection->input = malloc(connection->inputCount);
            if (!connection->input) fail("malloc");
            memcpy(connection->input, input + used, connection->inputCount);
        }
        if (result <= 0 || connection->waitsForWrite) return;
        // Whatever is left in the socket wakes epoll again; what OpenSSL holds would not.
        if (!connection->ssl || !SSL_has_pending(connection->ssl)) return;
    }
}

static void writeRest(int fd) {
    struct connection *connection = connections[fd];
    while (connection->outputSent < connection->outputCount) {
        const char *bytes = connection->output + connection->outputSent;
        size_t count = connection->outputCount - connection->outputSent;
        ssize_t result = connection->ssl ? SSL_write(connection->ssl, bytes, (int)count) : write(fd, bytes, count);
        if (result <= 0) {
            int wait = connection->ssl ? SSL_get_error(connection->ssl, (int)result) == SSL_ERROR_WANT_WRITE
                                       : errno == EAGAIN || errno == EINTR;
            if (wait) return;
            ERR_clear_error();
            closeConnection(fd);
            return;
        }
        connection->outputSent += (size_t)result;
    }
    free(connection->output);
    connection->output = NULL;
    connection->waitsForWrite = 0;
    watch(fd, EPOLLIN);
    readAndAnswer(fd);
}

static void acceptAll(int listener) {
    for (int turn = 0; turn < 64; turn++) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) return;
        if (fd >= maximumConnections) { close(fd); continue; }
        int one = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct connection *connection = calloc(1, sizeof *connection);
        if (!connection) fail("calloc");
        if (listener == tlsListener) {
            connection->ssl = SSL_new(context);
            if (!connection->ssl) fail("SSL_new");
            SSL_set_fd(connection->ssl, fd);
            SSL_set_accept_state(connection->ssl);
        }
        connections[fd] = connection;
        struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll_ctl");
    }
}

static int listenOn(int port, const char *name) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t count = sizeof address;
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 4096) != 0
        || getsockname(fd, (struct sockaddr *)&address, &count) != 0) fail(name);
    struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll_ctl");
    printf("%s %d\n", name, ntohs(address.sin_port));
    return fd;
}

static void prepareTLS(const char *certificate, const char *key) {
    context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE
                              | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    // Tickets need no memory here; a session cache would.
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1
        || SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
        ERR_print_errors_fp(stderr);
        exit(1);
    }
}

int main(int count, char **words) {
    const char *tablePath = NULL, *certificate = NULL, *key = NULL;
    int plainPort = 0, tlsPort = 0;
    for (int index = 1; index + 1 < count; index += 2) {
        if (strcmp(words[index], "--table") == 0) tablePath = words[index + 1];
        else if (strcmp(words[index], "--certificate") == 0) certificate = words[index + 1];
        else if (strcmp(words[index], "--key") == 0) key = words[index + 1];
        else if (strcmp(words[index], "--ports") == 0) sscanf(words[index + 1], "%d,%d", &plainPort, &tlsPort);
        else { fprintf(stderr, "unknown option %s\n", words[index]); return 64; }
    }
    if (!tablePath) { fprintf(stderr, "--table FILE is needed\n"); return 64; }
    signal(SIGPIPE, SIG_IGN);
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    readTable(tablePath);
    if ((epoll = epoll_create1(EPOLL_CLOEXEC)) < 0) fail("epoll_create1");
    plainListener = listenOn(plainPort, "plain");
    if (certificate) {
        prepareTLS(certificate, key);
        tlsListener = listenOn(tlsPort, "tls");
    }
    fflush(stdout);
    for (;;) {
        static struct epoll_event events[eventsPerTurn];
        int ready = epoll_wait(epoll, events, eventsPerTurn, -1);
        if (ready < 0 && errno != EINTR) fail("epoll_wait");
        for (int index = 0; index < ready; index++) {
            int fd = events[index].data.fd;
            if (fd == plainListener || fd == tlsListener) acceptAll(fd);
            else if (connections[fd]->waitsForWrite) writeRest(fd);
            else readAndAnswer(fd);
        }
    }
}
