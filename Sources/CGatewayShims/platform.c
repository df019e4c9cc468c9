// GNU-only calls, exposed as plain functions. No policy here.
#include "gateway_platform.h"
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>

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

int gw_is_dumpable(void) { return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0); }
