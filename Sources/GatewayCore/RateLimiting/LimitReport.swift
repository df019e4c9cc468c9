import HTTPModel

/// What the limits of a plan had left after a take, for the `RateLimit` field.
///
/// Of fixed size, so that a worker keeps one and fills it for each request without allocation.
package struct LimitReport: Sendable {
    /// What one limit had left.
    package struct Entry: Sendable, Hashable {
        /// Tokens left; never more than the burst.
        package var remaining: UInt64 = 0
        /// Seconds until more is there (a refusal) or all is there (otherwise), rounded up, at least one.
        package var resetSeconds: UInt64 = 1
    }

    /// Number of limits reported.
    package private(set) var count = 0
    private var entries = InlineArray<8, Entry>(repeating: Entry())

    /// A report on nothing.
    package init() {}

    /// What the limit at `index` of the plan had left.
    package subscript(index: Int) -> Entry {
        precondition(index < count, "limit \(index) of \(count) reported")
        return entries[index]
    }

    mutating func removeAll() { count = 0 }

    /// Notes what a bucket has, given when it will be full.
    @inline(__always)
    mutating func note(_ bucket: TokenBucket, at index: Int, fullAt: UInt64, now: UInt64) {
        let missing = fullAt > now ? fullAt - now : 0
        entries[index].remaining = bucket.tokens(fullAt: fullAt, now: now)
        entries[index].resetSeconds = Self.seconds(missing)
        count = max(count, index + 1)
    }

    /// Notes that a bucket has no token before `waitNanoseconds` from now.
    mutating func noteExceeded(at index: Int, waitNanoseconds: UInt64) {
        entries[index].remaining = 0
        entries[index].resetSeconds = Self.seconds(waitNanoseconds)
        count = max(count, index + 1)
    }

    /// Appends the two fields, each with its line end: `RateLimit-Policy` as the plan says it, and
    /// `RateLimit: "tenant";r=199;t=1, "token";r=99;t=1` (draft-ietf-httpapi-ratelimit-headers-11 §3, §4).
    /// Appends nothing when nothing was reported.
    package func appendFields(_ plan: LimitPlan, into buffer: inout ByteBuffer) {
        guard count > 0 else { return }
        let (prefix, policies) = (plan.fieldsPrefix, plan.policies)
        buffer.append(prefix.span)
        assert(count <= policies.count, "\(count) limits reported of \(policies.count)")
        for index in 0..<count {
            if index > 0 { buffer.append(", ") }
            let member = policies[index].fieldPrefix
            buffer.append(member.span)
            buffer.append(decimal: entries[index].remaining)
            buffer.append(";t=")
            buffer.append(decimal: entries[index].resetSeconds)
        }
        buffer.append("\r\n")
    }

    @inline(__always)
    private static func seconds(_ nanoseconds: UInt64) -> UInt64 {
        nanoseconds <= 1_000_000_000 ? 1 : (nanoseconds - 1) / 1_000_000_000 + 1
    }
}
