/// A point in monotonic time, in nanoseconds since an arbitrary start (on Linux: since boot).
///
/// Never derived from wall time, never compared across processes. Time always comes in as a parameter; only
/// the rooms that touch the world own a clock.
public struct MonotonicInstant: Sendable, Hashable, Comparable {
    /// Nanoseconds since the clock's start.
    public let nanoseconds: UInt64

    /// Makes an instant from nanoseconds since the clock's start.
    @inlinable public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    @inlinable public static func < (a: Self, b: Self) -> Bool { a.nanoseconds < b.nanoseconds }

    /// The instant `duration` later; saturates at the end of time, and at zero for negative durations.
    @inlinable
    public func advanced(by duration: Duration) -> MonotonicInstant {
        let delta = duration.nanoseconds
        if delta >= 0 {
            let (sum, overflow) = nanoseconds.addingReportingOverflow(UInt64(delta))
            return MonotonicInstant(nanoseconds: overflow ? .max : sum)
        }
        let (difference, overflow) = nanoseconds.subtractingReportingOverflow(delta.magnitude)
        return MonotonicInstant(nanoseconds: overflow ? 0 : difference)
    }

    /// The instant so much later; saturates at the end of time.
    @inlinable
    public func advanced(by limit: TimeLimit) -> MonotonicInstant {
        let (sum, overflow) = nanoseconds.addingReportingOverflow(limit.nanoseconds)
        return MonotonicInstant(nanoseconds: overflow ? .max : sum)
    }

    /// Time from `earlier` to this instant; zero when `earlier` is later.
    @inlinable
    public func elapsed(since earlier: MonotonicInstant) -> Duration {
        nanoseconds <= earlier.nanoseconds
            ? .zero : .nanoseconds(Int64(clamping: nanoseconds - earlier.nanoseconds))
    }

    /// Nanoseconds from `earlier` to this instant; zero when `earlier` is later.
    @inlinable
    public func nanosecondsElapsed(since earlier: MonotonicInstant) -> UInt64 {
        nanoseconds <= earlier.nanoseconds ? 0 : nanoseconds - earlier.nanoseconds
    }
}

/// How long something may take, as the hot path reads it: to bring a `Duration` to nanoseconds takes a
/// division of 128 bits, which is made here once.
public struct TimeLimit: Sendable, Hashable {
    /// The time in nanoseconds.
    public let nanoseconds: UInt64

    /// Takes nanoseconds.
    @inlinable public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    /// Takes a duration; a negative one is no time at all.
    @inlinable
    public init(_ duration: Duration) { nanoseconds = UInt64(max(0, duration.nanoseconds)) }
}

extension Duration {
    /// The duration in whole nanoseconds, clamped to what 64 bits hold (292 years).
    @inlinable
    public var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, carried) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        return carried ? (seconds < 0 ? .min : .max) : sum
    }
}
