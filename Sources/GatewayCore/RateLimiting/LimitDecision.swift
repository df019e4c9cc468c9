/// The answer to a take over all limits of a plan.
package enum LimitDecision: Sendable, Hashable {
    /// Every limit that is enforced had room, and what the request costs was taken.
    case within
    /// At least one limit had no room, and nothing was taken. The index names the limit with
    /// the longest wait; a client that waits so long succeeds if nobody else takes meanwhile.
    case exceeded(policyIndex: Int, retryAfterNanoseconds: UInt64)
    /// The table has no room for another bucket, so that nobody can say whether the limit is exceeded.
    /// Nothing was taken; the gateway is short, not the client over its limit: 503, not 429.
    case noRoom(retryAfterNanoseconds: UInt64)

    /// The value of `Retry-After`: whole seconds, rounded up, at least one; zero when nothing was refused.
    package var retryAfterSeconds: UInt64 {
        switch self {
        case .within: 0
        case .exceeded(_, let nanoseconds), .noRoom(let nanoseconds):
            max(1, nanoseconds / 1_000_000_000 + (nanoseconds % 1_000_000_000 == 0 ? 0 : 1))
        }
    }
}
