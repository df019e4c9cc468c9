import CGatewayShims
import Glibc

/// An open file descriptor, closed exactly once: when its owner goes, or earlier by `close()`.
package struct FileDescriptor: ~Copyable {
    /// The descriptor's number, for system calls and epoll; never outlives the owner.
    package let number: Int32

    /// Takes ownership of an open descriptor.
    package init(owning number: Int32) {
        precondition(number >= 0, "descriptor \(number) is not open")
        self.number = number
    }

    deinit { FileDescriptor.closeNumber(number) }

    /// Closes now rather than at the end of the owner's life.
    package consuming func close() {}

    /// Ends the sending direction: the peer reads the rest and then the end.
    package borrowing func endSending() { _ = shutdown(number, Int32(SHUT_WR)) }

    /// Makes the coming close send a reset instead of an orderly end, so that a peer can tell a broken answer
    /// from a complete one.
    package borrowing func resetOnClose() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        _ = unsafe setsockopt(
            number, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
    }

    /// Turns on a socket option of type int; failure is of no consequence for the callers' options.
    package borrowing func enable(level: Int32, option: Int32) {
        var one: Int32 = 1
        _ = unsafe setsockopt(number, level, option, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Sets a socket option of type int; failure is of no consequence for the callers' options.
    package borrowing func set(level: Int32, option: Int32, _ value: Int32) {
        var value = value
        _ = unsafe setsockopt(number, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    private static func closeNumber(_ number: Int32) {
        // After EINTR the descriptor is closed on Linux; closing again would hit a stranger's.
        if Glibc.close(number) != 0 {
            precondition(gw_errno() != EBADF, "descriptor \(number) was closed twice")
        }
    }
}
