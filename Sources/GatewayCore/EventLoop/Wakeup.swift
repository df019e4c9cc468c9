import CGatewayShims
import Glibc

/// A way to wake a loop from another thread: an eventfd that its epoll watches.
package final class Wakeup: Sendable {
    private let descriptor: FileDescriptor

    /// Makes one; fails when the process is out of descriptors.
    package init() throws(SystemFailure) {
        let number = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        guard number >= 0 else { throw SystemFailure("eventfd") }
        descriptor = FileDescriptor(owning: number)
    }

    /// The descriptor to watch for reading.
    package var number: Int32 { descriptor.number }

    /// Wakes the loop; any thread. Several calls before it wakes count as one.
    package func signal() {
        // EAGAIN means that the counter is full: the loop is being woken already.
        _ = SystemCall.retrying { Int(eventfd_write(descriptor.number, 1)) }
    }

    /// Takes note of having been woken; the loop's thread.
    package func acknowledge() {
        var count: eventfd_t = 0
        _ = SystemCall.retrying { unsafe Int(eventfd_read(descriptor.number, &count)) }
    }
}
