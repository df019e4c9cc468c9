// GNU-only calls, exposed as plain functions. No policy here.
#include "gateway_platform.h"
#include <pthread.h>
#include <sched.h>

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
