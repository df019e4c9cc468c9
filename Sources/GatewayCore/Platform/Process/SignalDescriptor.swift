import CGatewayShims
import Glibc

/// The signals a process is controlled by, as a descriptor of the main thread's loop.
///
/// Boundary file for sigprocmask and signalfd. Made before any other thread, which inherits the mask: so no
/// call of a worker is ever interrupted by a signal.
package struct SignalDescriptor: ~Copyable {
    /// What an operator or a supervisor asks for.
    package enum Request: Sendable, Hashable {
        case stop, reload
    }

    private let descriptor: FileDescriptor

    /// Blocks SIGTERM, SIGINT, SIGHUP and SIGPIPE for this thread and those it starts, and takes the first
    /// three.
    package init() throws(SystemFailure) {
        var mask = sigset_t()
        unsafe sigemptyset(&mask)
        for signal in [SIGTERM, SIGINT, SIGHUP] { unsafe sigaddset(&mask, signal) }
        var blocked = mask
        unsafe sigaddset(&blocked, SIGPIPE)
        guard unsafe pthread_sigmask(SIG_BLOCK, &blocked, nil) == 0 else {
            throw SystemFailure("pthread_sigmask")
        }
        let number = unsafe signalfd(-1, &mask, Int32(SFD_NONBLOCK | SFD_CLOEXEC))
        guard number >= 0 else { throw SystemFailure("signalfd") }
        descriptor = FileDescriptor(owning: number)
    }

    /// The descriptor to watch for reading.
    package var number: Int32 { descriptor.number }

    /// Takes the next signal; `nil` when there is none.
    package func next() -> Request? {
        var info = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        let count = SystemCall.retrying { unsafe read(descriptor.number, &info, size) }
        guard count == size else { return nil }
        return Int32(info.ssi_signo) == SIGHUP ? .reload : .stop
    }
}
