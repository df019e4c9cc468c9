import CGatewayShims
import Glibc

/// What a read or write on a non-blocking descriptor came to.
package enum TransferOutcome: Sendable, Equatable {
    /// So many bytes were moved, at least one.
    case moved(Int)
    /// Nothing can be moved now; epoll will say when.
    case wouldBlock
    /// The peer ended its side; reads only.
    case ended
    /// The connection is lost.
    case lost(SystemFailure)
}

/// The error number of a failed system call.
package struct SystemFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// The call that failed.
    package let call: StaticString
    /// The error number (errno).
    package let number: Int32

    /// Makes a failure from the errno of the call that has just failed on this thread.
    init(_ call: StaticString) {
        self.call = call
        number = gw_errno()
    }

    /// Makes a failure from an error number that the call returned.
    init(_ call: StaticString, number: Int32) {
        self.call = call
        self.number = number
    }

    package static func == (a: Self, b: Self) -> Bool { a.number == b.number }
    package func hash(into hasher: inout Hasher) { hasher.combine(number) }

    /// The call and the system's words for the error.
    package var description: String { "\(call): \(unsafe String(cString: strerror(number)))" }
}

/// The one funnel for system calls on descriptors: EINTR is retried here and nowhere else, "would block" is a
/// value, and an error that only our own bug can cause stops the program before it does harm.
package enum SystemCall {
    /// Runs a call until it is not interrupted. Bounded by the signals the process receives: workers block
    /// all.
    static func retrying(_ call: () -> Int) -> Int {
        while true {
            let result = call()
            if result >= 0 || gw_errno() != EINTR { return result }
        }
    }

    /// Reads at most `maximum` bytes to the end of `buffer`.
    package static func read(
        _ descriptor: borrowing FileDescriptor, into buffer: inout ByteBuffer, maximum: Int
    ) -> TransferOutcome {
        read(descriptor.number, into: &buffer, maximum: maximum)
    }

    /// The same for a descriptor that a library owns and lends.
    package static func read(
        _ number: Int32, into buffer: inout ByteBuffer, maximum: Int
    ) -> TransferOutcome {
        var result = 0
        unsafe buffer.fill(minimum: maximum) { room in
            // `room` has at least `maximum` bytes, and the kernel writes no more than told.
            result = retrying { unsafe Glibc.read(number, room.baseAddress, maximum) }
            return max(result, 0)
        }
        if result > 0 { return .moved(result) }
        return result == 0 ? .ended : outcome(of: "read")
    }

    /// Writes as much of `buffer` as the descriptor takes and consumes it.
    package static func write(
        _ descriptor: borrowing FileDescriptor, from buffer: inout ByteBuffer
    ) -> TransferOutcome {
        let outcome = send(descriptor.number, buffer)
        if case .moved(let count) = outcome { buffer.consume(count) }
        return outcome
    }

    /// The same for a socket that a library owns and lends, and what is consumed is wiped: it may be a
    /// secret.
    package static func writeAndWipe(_ number: Int32, from buffer: inout ByteBuffer) -> TransferOutcome {
        let outcome = send(number, buffer)
        if case .moved(let count) = outcome { buffer.consumeAndWipe(count) }
        return outcome
    }

    private static func send(_ number: Int32, _ buffer: borrowing ByteBuffer) -> TransferOutcome {
        let result = unsafe buffer.withUnsafeBytes { bytes in
            // MSG_NOSIGNAL: a peer that has gone must not raise SIGPIPE.
            retrying { unsafe Glibc.send(number, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL)) }
        }
        return result >= 0 ? .moved(result) : outcome(of: "write")
    }

    private static func outcome(of call: StaticString) -> TransferOutcome {
        let failure = SystemFailure(call)
        switch failure.number {
        case EAGAIN: return .wouldBlock
        case EBADF, EFAULT, EINVAL, ENOTSOCK:
            preconditionFailure("\(call) with a wrong descriptor or pointer: errno \(failure.number)")
        default: return .lost(failure)
        }
    }
}
