/// The arithmetic of one token bucket, kept as a single number: its *full time*.
///
/// A bucket is described by the instant at which it will be full again if nobody takes from it (the
/// theoretical arrival time of the generic cell rate algorithm). A token takes `intervalNanoseconds` to grow
/// back, so a take moves the full time that much further away; a take that would move it more than
/// `capacityNanoseconds` ahead of now finds no token. Hence the promise: every take raises the full time by
/// at least one interval, from no less than the first take's now, to no more than the last take's now +
/// capacity, so that `n` takes need `n × interval <= capacity + elapsed`. Pure; about 2 ns.
package struct TokenBucket: Sendable, Hashable {
    /// Nanoseconds in which one token grows back.
    package let intervalNanoseconds: UInt64
    /// Nanoseconds in which an empty bucket becomes full: burst × interval.
    package let capacityNanoseconds: UInt64

    /// Largest capacity, 366 days, so that no sum below leaves 63 bits for 250 years of uptime.
    package static let maximumCapacityNanoseconds: UInt64 = 366 * 86_400 * 1_000_000_000
    /// Largest instant the arithmetic takes: 146 years of uptime.
    package static let maximumInstantNanoseconds: UInt64 = 1 << 62

    /// Makes a bucket from its two times; `LimitPolicy` derives and checks them.
    package init(intervalNanoseconds: UInt64, capacityNanoseconds: UInt64) {
        precondition(
            intervalNanoseconds > 0 && intervalNanoseconds <= capacityNanoseconds
                && capacityNanoseconds <= Self.maximumCapacityNanoseconds,
            "a bucket of \(capacityNanoseconds) ns with a token each \(intervalNanoseconds) ns")
        self.intervalNanoseconds = intervalNanoseconds
        self.capacityNanoseconds = capacityNanoseconds
    }

    /// What a take would do.
    package enum Outcome: Sendable, Hashable {
        /// They are there; with them gone the bucket is full at this instant.
        case within(fullAtNanoseconds: UInt64)
        /// They are not there before so many nanoseconds from now, and they are then if nobody else takes
        /// any.
        case exceeded(waitNanoseconds: UInt64)
    }

    /// Whether a bucket that is full at `fullAt` has so many tokens at `now`; changes nothing. No more tokens
    /// than the burst are asked for: a larger request could never succeed.
    @inline(__always)
    package func outcome(fullAt: UInt64, now: UInt64, tokens: UInt64 = 1) -> Outcome {
        let after = max(fullAt, now) + intervalNanoseconds * tokens
        let latest = now + capacityNanoseconds
        return after <= latest
            ? .within(fullAtNanoseconds: after) : .exceeded(waitNanoseconds: after - latest)
    }

    /// Whole tokens in a bucket that is full at `fullAt`; at most the burst.
    @inline(__always)
    package func tokens(fullAt: UInt64, now: UInt64) -> UInt64 {
        let missing = fullAt > now ? fullAt - now : 0
        return missing >= capacityNanoseconds ? 0 : (capacityNanoseconds - missing) / intervalNanoseconds
    }
}
