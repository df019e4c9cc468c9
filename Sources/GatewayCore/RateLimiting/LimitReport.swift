import HTTPModel

/// What the limits of a plan had left after a take, and what was taken.
///
/// Of fixed size, so that a worker keeps one and fills it for each request without allocation.
package struct LimitReport: Sendable {
    /// What one limit had left.
    package struct Entry: Sendable, Hashable {
        /// Tokens, uses or requests left; never more than the limit's maximum.
        package var remaining: UInt64 = 0
        /// Seconds until more is there (a refusal) or all is there (otherwise), rounded up, at least one.
        package var resetSeconds: UInt64 = 1
    }

    /// Number of limits reported.
    package private(set) var count = 0
    /// Limits, by their positions as bits, that had no room; of those that are enforced, the request was
    /// refused for them.
    package internal(set) var exceeded: UInt8 = 0
    /// Limits, as bits, that count the request as under way.
    package internal(set) var underWay: UInt8 = 0
    private var entries = InlineArray<8, Entry>(repeating: Entry())

    /// A report on nothing.
    package init() {}

    /// What the limit at `index` of the plan had left.
    package subscript(index: Int) -> Entry {
        precondition(index < count, "limit \(index) of \(count) reported")
        return entries[index]
    }

    mutating func removeAll() {
        count = 0
        exceeded = 0
        underWay = 0
    }

    /// Notes what a bucket has.
    @inline(__always)
    mutating func note(_ rule: LimitRule, at index: Int, word: UInt64, _ moment: LimitMoment) {
        entries[index].remaining = rule.remaining(word: word, at: moment)
        entries[index].resetSeconds = Self.seconds(rule.nanosecondsUntilFull(word: word, at: moment))
        count = max(count, index + 1)
    }

    /// Notes that a bucket has no room before `waitNanoseconds` from now.
    mutating func noteExceeded(
        _ rule: LimitRule, at index: Int, word: UInt64, _ moment: LimitMoment, waitNanoseconds: UInt64
    ) {
        entries[index].remaining = rule.remaining(word: word, at: moment)
        entries[index].resetSeconds = Self.seconds(waitNanoseconds)
        exceeded |= 1 << UInt8(index)
        count = max(count, index + 1)
    }

    /// Whether the limit at `index` had no room.
    package func isExceeded(_ index: Int) -> Bool { exceeded & 1 << UInt8(index) != 0 }

    @inline(__always)
    private static func seconds(_ nanoseconds: UInt64) -> UInt64 {
        nanoseconds <= 1_000_000_000 ? 1 : (nanoseconds - 1) / 1_000_000_000 + 1
    }
}
