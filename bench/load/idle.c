// Idle TLS connections:   idle PORT TARGET TOKEN COUNT
//
// Opens COUNT connections, asks once on each, prints "open", and keeps them until its standard input ends.
#include "client.h"
#include <poll.h>

int main(int count, char **words) {
    if (count != 5) { fprintf(stderr, "idle PORT TARGET TOKEN COUNT\n"); return 64; }
    int wanted = atoi(words[4]);
    if (wanted < 1 || wanted > 20000) return 64;
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    SSL_CTX *context = clientContext();
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    char *request = requestFor(words[2], words[3]);
    SSL **open = calloc((size_t)wanted, sizeof *open);
    for (int index = 0; index < wanted; index++) {
        int fd = connectTo(atoi(words[1]));
        if (fd < 0) { perror("connect"); return 1; }
        open[index] = SSL_new(context);
        SSL_set_fd(open[index], fd);
        if (SSL_connect(open[index]) != 1 || ask(open[index], request) != 200) {
            fprintf(stderr, "connection %d was not answered\n", index);
            return 1;
        }
    }
    puts("open");
    fflush(stdout);
    // Whoever started this closes the other end; ten minutes at most.
    struct pollfd end = { .fd = 0, .events = POLLIN };
    poll(&end, 1, 600 * 1000);
    for (int index = 0; index < wanted; index++) SSL_shutdown(open[index]);
    return 0;
}
