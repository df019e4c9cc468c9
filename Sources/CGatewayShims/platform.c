// GNU-only calls, exposed as plain functions. No policy here.
#include "gateway_platform.h"
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

int gw_accept(int listener, struct sockaddr_storage *address, socklen_t *length) {
    *length = sizeof(*address);
    return accept4(listener, (struct sockaddr *)address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int gw_name_thread(const char *name) { return pthread_setname_np(pthread_self(), name); }

int gw_available_processors(void) {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
    int count = CPU_COUNT(&set);
    return count < 1 ? 1 : count;
}

int gw_set_dumpable(int isDumpable) { return prctl(PR_SET_DUMPABLE, isDumpable, 0, 0, 0); }

int gw_set_dump_filter(unsigned bits) {
    char text[16];
    int count = snprintf(text, sizeof text, "0x%x", bits);
    int file = open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC);
    if (file < 0) return -1;
    ssize_t written = write(file, text, (size_t)count);
    int failure = errno;
    close(file);
    errno = failure;
    return written == count ? 0 : -1;
}

void gw_give_memory_back(void) { malloc_trim(0); }

int gw_is_dumpable(void) { return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0); }

int gw_bind_to_processor(int place) {
    cpu_set_t allowed, one;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return -1;
    for (int number = 0; number < CPU_SETSIZE; number++) {
        if (!CPU_ISSET(number, &allowed) || place-- > 0) continue;
        CPU_ZERO(&one);
        CPU_SET(number, &one);
        return sched_setaffinity(0, sizeof one, &one) == 0 ? number : -1;
    }
    return -1;
}
