import CGatewayShims
package import HTTPModel

/// What a registration wants to be told about.
package struct Interest: OptionSet, Sendable, Hashable {
    /// epoll's bits.
    package let rawValue: UInt32
    /// Takes epoll's bits.
    package init(rawValue: UInt32) { self.rawValue = rawValue }
    /// The descriptor can be read, or the peer ended its side.
    package static let readable = Interest(rawValue: EPOLLIN.rawValue | EPOLLRDHUP.rawValue)
    /// The peer ended its side; nothing is read.
    package static let peerClosed = Interest(rawValue: EPOLLRDHUP.rawValue)
    /// The descriptor can be written.
    package static let writable = Interest(rawValue: EPOLLOUT.rawValue)
}

/// What epoll has to say about a descriptor.
package struct Readiness: Sendable, Hashable {
    /// epoll's bits.
    let bits: UInt32

    /// Something can be read, or the peer ended its side.
    package var isReadable: Bool { bits & (EPOLLIN.rawValue | EPOLLRDHUP.rawValue) != 0 }
    /// The peer ended its side.
    package var hasPeerEnded: Bool { bits & EPOLLRDHUP.rawValue != 0 }
    /// Something can be written.
    package var isWritable: Bool { bits & EPOLLOUT.rawValue != 0 }
    /// The connection is broken or both sides are closed.
    package var isBroken: Bool { bits & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 }
}

/// An epoll instance and the batch of events it last gave.
///
/// Boundary to epoll_create1, epoll_ctl and epoll_wait. Level-triggered: work that is left undone for the
/// sake of others is reported again. Confined to one thread.
@safe
package struct Epoll: ~Copyable {
    private let descriptor: FileDescriptor
    private let events: UnsafeMutableBufferPointer<epoll_event>

    /// Events taken per wait. Further ones come with the next wait; 256 keeps a batch under a few
    /// milliseconds.
    private static let batchSize = 256

    /// Makes an instance; fails when the process is out of descriptors.
    package init() throws(SystemFailure) {
        let number = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard number >= 0 else { throw SystemFailure("epoll_create1") }
        descriptor = FileDescriptor(owning: number)
        unsafe events = .allocate(capacity: Self.batchSize)
        unsafe events.initialize(repeating: epoll_event())
    }

    deinit { unsafe events.deallocate() }

    /// Begins to watch a descriptor; `token` comes back with its events.
    package func add(_ number: Int32, _ interest: Interest, token: UInt64) {
        control(EPOLL_CTL_ADD, number, interest, token)
    }

    /// Changes what a watched descriptor is watched for.
    package func modify(_ number: Int32, _ interest: Interest, token: UInt64) {
        control(EPOLL_CTL_MOD, number, interest, token)
    }

    /// Stops watching a descriptor that stays open. Closing a descriptor stops it too.
    package func remove(_ number: Int32) {
        control(EPOLL_CTL_DEL, number, [], 0)
    }

    /// Waits for events until `deadline` (`nil`: until there is one) and gives how many came.
    package func wait(until deadline: MonotonicInstant?, now: MonotonicInstant) -> Int {
        var timeoutMilliseconds: Int32 = -1
        if let deadline {
            // Rounded up: waking a moment late costs nothing, waking early costs another turn.
            let nanoseconds = deadline.nanosecondsElapsed(since: now)
            timeoutMilliseconds = Int32(
                clamping: nanoseconds / 1_000_000 + (nanoseconds % 1_000_000 == 0 ? 0 : 1))
        }
        let count = unsafe epoll_wait(
            descriptor.number, events.baseAddress, Int32(Self.batchSize), timeoutMilliseconds)
        if count < 0 {
            precondition(gw_errno() == EINTR, "epoll_wait failed: errno \(gw_errno())")
            return 0
        }
        return Int(count)
    }

    /// Event `index` of the last batch: the token of its registration and what is ready.
    package func event(_ index: Int) -> (token: UInt64, readiness: Readiness) {
        let event = unsafe events[index]
        return unsafe (event.data.u64, Readiness(bits: event.events))
    }

    /// Stops watching a descriptor of a library that may have closed it already, which the kernel calls
    /// unknown.
    package func forget(_ number: Int32) {
        _ = gw_epoll_ctl(descriptor.number, EPOLL_CTL_DEL, number, 0, 0)
    }

    private func control(_ operation: Int32, _ number: Int32, _ interest: Interest, _ token: UInt64) {
        let result = gw_epoll_ctl(descriptor.number, operation, number, interest.rawValue, token)
        // Only our own bookkeeping can make this fail: an unknown, closed or doubly added descriptor. Running
        // on would mean a connection that is never served again. ENOMEM and ENOSPC are the machine's end.
        precondition(result == 0, "epoll_ctl \(operation) on \(number): errno \(gw_errno())")
    }
}
