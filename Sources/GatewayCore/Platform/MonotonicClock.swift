import Glibc
package import HTTPModel

/// The monotonic clock of the machine (CLOCK_MONOTONIC): the one place where the time of day plays no part.
package enum MonotonicClock {
    /// The current instant. About 20 ns: a vDSO call, no system call.
    package static func now() -> MonotonicInstant {
        var time = timespec()
        let result = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        precondition(result == 0, "CLOCK_MONOTONIC is missing")
        return MonotonicInstant(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
    }
}

extension MonotonicClock {
    /// Waits on the calling thread. For commands; never on a worker.
    package static func sleep(_ duration: Duration) {
        let nanoseconds = max(0, duration.nanoseconds)
        var rest = timespec(
            tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        var left = rest
        // Goes on with what is left after a signal.
        while unsafe nanosleep(&rest, &left) != 0 && errno == EINTR { rest = left }
    }
}

/// The wall clock (CLOCK_REALTIME): for dates in messages, logs, certificates and the life of a token only.
package enum WallClock {
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    package static func nowNanoseconds() -> Int64 {
        var time = timespec()
        let result = unsafe clock_gettime(CLOCK_REALTIME, &time)
        precondition(result == 0, "CLOCK_REALTIME is missing")
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Whole seconds since 1970-01-01T00:00:00Z.
    package static func nowSeconds() -> Int64 { nowNanoseconds() / 1_000_000_000 }
}
