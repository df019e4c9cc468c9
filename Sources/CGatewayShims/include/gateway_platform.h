// Wrappers for the system calls and constants that Swift cannot import from Glibc: epoll, eventfd, signalfd,
// inotify and the GNU-only calls. Inlines only; GNU-only calls live in platform.c, because _GNU_SOURCE must
// never be defined in a header (it breaks debug builds: two clang modules would see two shapes of fd_set).
#pragma once
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/types.h>

// Binds the calling thread to the processor with this place among those that the process may use. Returns the processor's number, or -1 if there
// is no such place or the kernel says no.
int gw_bind_to_processor(int place);


/// accept4 with SOCK_NONBLOCK and SOCK_CLOEXEC. `address` receives the peer.
int gw_accept(int listener, struct sockaddr_storage *address, socklen_t *length);
/// Names the calling thread (15 characters at most) for top, perf and core dumps.
int gw_name_thread(const char *name);
/// Number of processors this process may run on, at least 1.
int gw_available_processors(void);
/// Has the C library give memory that nobody uses back to the kernel.
void gw_give_memory_back(void);
/// Whether the kernel may write this process's memory into a core dump, and other processes of its user may
/// trace it; 0 on success.
int gw_set_dumpable(int isDumpable);
/// What was set: 0 or 1.
int gw_is_dumpable(void);
/// Which kinds of memory the kernel writes into a core dump of this process: the bits of core(5); 0 on success.
int gw_set_dump_filter(unsigned bits);
/// errno of the last failed call on this thread.
static inline int gw_errno(void) { return errno; }
/// Adds, changes or removes (`operation`) interest in a descriptor; `token` comes back with its events.
static inline int gw_epoll_ctl(int epoll, int operation, int fd, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data = {.u64 = token}};
    return epoll_ctl(epoll, operation, fd, &event);
}

/// Copies bytes that do not overlap, in pieces.
///
/// From 2,112 bytes on glibc copies with one instruction (`rep movsb`) where the processor calls it fast, as some
/// do although it takes thirty times as long when the two places lie badly to each other: 53 us for 100 KB instead
/// of 1.8 (docs/decisions/0018). Pieces below that are copied by vectors.
static inline void gw_copy(void *target, const void *source, size_t count) {
    const size_t piece = 2048;
    unsigned char *to = (unsigned char *)target;
    const unsigned char *from = (const unsigned char *)source;
    while (count > piece) {
        memcpy(to, from, piece);
        to += piece;
        from += piece;
        count -= piece;
    }
    memcpy(to, from, count);
}
