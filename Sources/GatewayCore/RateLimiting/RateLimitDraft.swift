/// The generations of the draft by which clients are told of limits. None is a standard yet, clients of all
/// are about, and they cannot be told apart by their requests: so the operator chooses.
package enum RateLimitDraft: String, Sendable, Hashable, CaseIterable {
    /// Generations 8 to 11: two lists, `RateLimit-Policy` and `RateLimit`.
    case draft11 = "draft-11"
    /// Generation 7 only: `RateLimit-Policy`, and `RateLimit` with the tightest limit.
    case draft07 = "draft-07"
    /// Generations 3 to 6: `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset` of the tightest
    /// limit.
    case draft06 = "draft-06"
    /// No fields; `Retry-After` alone.
    case off
}
