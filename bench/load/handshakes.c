// New TLS connections, each with one request:   handshakes PORT TARGET TOKEN full|resumed SECONDS THREADS
//
// A connection counts when its handshake completed, the request was answered with 200 and, of resumed ones, when the
// server really resumed. Prints one line of JSON.
#include "client.h"
#include <pthread.h>

enum { maximumThreads = 32, maximumSamples = 1 << 20 };
static int port, resume;
static char *request;
static double deadline;
static SSL_CTX *context;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static float *samples;
static size_t completed, failed, notResumed;

// One session per thread; the newest ticket replaces it, as a single use of each is what TLS 1.3 asks for.
static __thread SSL_SESSION *session;
static int keepSession(SSL *ssl, SSL_SESSION *fresh) {
    (void)ssl;
    if (session) SSL_SESSION_free(session);
    session = fresh;
    return 1;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void connectOnce(void) {
    double start = now();
    int fd = connectTo(port), status = 0, reused = 0;
    if (fd >= 0) {
        SSL *ssl = SSL_new(context);
        SSL_set_fd(ssl, fd);
        int offered = resume && session != NULL;
        if (offered) SSL_set_session(ssl, session);
        if (SSL_connect(ssl) == 1) status = ask(ssl, request);
        reused = SSL_session_reused(ssl);
        SSL_shutdown(ssl);
        SSL_free(ssl);
        close(fd);
        ERR_clear_error();
        // The first one of a thread brings the session for the next.
        if (resume && !offered && status == 200) return;
    }
    double took = now() - start;
    pthread_mutex_lock(&lock);
    if (status != 200) failed++;
    else if (resume && !reused) notResumed++;
    else if (completed < maximumSamples) samples[completed++] = (float)took;
    pthread_mutex_unlock(&lock);
}

static void *loop(void *unused) {
    while (now() < deadline && failed < 100 && notResumed < 100 && completed < maximumSamples) connectOnce();
    if (session) SSL_SESSION_free(session);
    return unused;
}

static int byTime(const void *one, const void *two) {
    return (*(const float *)one > *(const float *)two) - (*(const float *)one < *(const float *)two);
}

int main(int count, char **words) {
    if (count != 7) { fprintf(stderr, "handshakes PORT TARGET TOKEN full|resumed SECONDS THREADS\n"); return 64; }
    port = atoi(words[1]);
    request = requestFor(words[2], words[3]);
    resume = strcmp(words[4], "resumed") == 0;
    double seconds = atof(words[5]);
    int threads = atoi(words[6]);
    if (threads < 1 || threads > maximumThreads || seconds <= 0 || seconds > 600) return 64;
    samples = malloc(sizeof(float) * maximumSamples);
    context = clientContext();
    if (resume) {
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(context, keepSession);
    }
    double start = now();
    deadline = start + seconds;
    pthread_t ids[maximumThreads];
    for (int index = 0; index < threads; index++) pthread_create(&ids[index], NULL, loop, NULL);
    for (int index = 0; index < threads; index++) pthread_join(ids[index], NULL);
    double took = now() - start;
    qsort(samples, completed, sizeof *samples, byTime);
    printf("{\"requests\": %zu, \"failed\": %zu, \"not_resumed\": %zu, \"seconds\": %.3f, \"p50_us\": %.1f, \"p99_us\": %.1f}\n",
           completed, failed, notResumed, took, completed ? samples[completed / 2] * 1e6 : 0,
           completed ? samples[completed * 99 / 100] * 1e6 : 0);
    return failed || notResumed || !completed;
}
