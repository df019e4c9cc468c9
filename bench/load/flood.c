// A client that pipelines as fast as it can:   flood PORT TARGET TOKEN SECONDS
//
// One plain connection: one thread writes requests without waiting, another takes the answers and throws them away.
// Prints how many bytes it was sent.
#include "client.h"
#include <errno.h>
#include <pthread.h>

static int fd;
static double deadline;
static char *request;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void *writeAll(void *unused) {
    static char batch[256 * 1024];
    size_t one = strlen(request), count = 0;
    while (count + one <= sizeof batch) { memcpy(batch + count, request, one); count += one; }
    size_t sent = 0;
    while (now() < deadline) {
        ssize_t result = send(fd, batch + sent, count - sent, MSG_NOSIGNAL);
        if (result < 0) {
            if (errno == EAGAIN || errno == EINTR) continue;
            break;
        }
        sent = (sent + (size_t)result) % count;
    }
    shutdown(fd, SHUT_RDWR);
    return unused;
}

int main(int count, char **words) {
    if (count != 5) { fprintf(stderr, "flood PORT TARGET TOKEN SECONDS\n"); return 64; }
    double seconds = atof(words[4]);
    if (seconds <= 0 || seconds > 600) return 64;
    if ((fd = connectTo(atoi(words[1]))) < 0) { perror("connect"); return 1; }
    request = requestFor(words[2], words[3]);
    deadline = now() + seconds;
    pthread_t writer;
    pthread_create(&writer, NULL, writeAll, NULL);
    static char answers[256 * 1024];
    unsigned long long received = 0;
    ssize_t result;
    while ((result = recv(fd, answers, sizeof answers, 0)) > 0) received += (unsigned long long)result;
    pthread_join(writer, NULL);
    printf("%llu\n", received);
    return received == 0;
}
