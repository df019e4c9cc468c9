/// What a request takes from the limits it must keep to.
package struct LimitCharge: Sendable, Hashable {
    /// Tokens, and uses of a quota.
    package let tokens: UInt64
    /// Whether it counts as one of the requests at once from now on, until `RateLimiter.release`.
    package let isUnderWay: Bool

    /// Makes a charge.
    package init(tokens: UInt64, isUnderWay: Bool = false) {
        self.tokens = tokens
        self.isUnderWay = isUnderWay
    }

    /// Whether a rule has part in it. What has not is only reported on.
    @inline(__always)
    func concerns(_ rule: LimitRule) -> Bool {
        switch rule {
        case .rate, .quota: tokens > 0
        case .concurrent: isUnderWay
        }
    }
}

/// What requests of a route cost, by what they cost the upstream.
package struct LimitCost: Sendable, Hashable {
    /// Tokens of a request that is answered from the cache [1].
    package let hit: UInt64
    /// Tokens of a request that changes nothing and is not answered from the cache [1]; no less than a hit's.
    package let miss: UInt64
    /// Tokens of a request that may change something [1].
    package let write: UInt64

    /// Makes a cost; a hit is found out first, so it costs no more than a miss.
    package init(hit: UInt64 = 1, miss: UInt64 = 1, write: UInt64 = 1) {
        precondition(hit <= miss, "a hit costs \(hit), a miss \(miss)")
        self.hit = hit
        self.miss = miss
        self.write = write
    }

    /// The most that a request can cost.
    var greatest: UInt64 { max(miss, write) }
}
