import HTTPModel

/// One limit of a plan: so many requests per time and at once, for each combination of what it is kept by.
///
/// The time in which one token grows back is rounded **up** to whole nanoseconds, and it is at least a
/// microsecond, so that the rate granted is never above the rate asked for and at most 0.1 % below.
package struct LimitPolicy: Sendable {
    /// The plan it belongs to; two plans never share a bucket.
    package let plan: String
    /// The limit's name, as it stands in the configuration, in `RateLimit` and in metrics.
    package let name: String
    /// What its buckets are kept by; at least one, none twice, in the order of declaration.
    package let dimensions: [LimitDimension]
    /// Tokens in a full bucket.
    package let burst: UInt64
    /// The arithmetic of its buckets.
    package let bucket: TokenBucket
    /// What tells its buckets from those of every other policy: a hash of plan, name, dimensions, rate and
    /// burst.
    ///
    /// A reload that changes none of them finds the same buckets again; one that changes any begins anew with
    /// full buckets, because the old numbers mean nothing at another rate.
    package let identity: UInt64
    /// `"name";r=`, the constant beginning of its member in the `RateLimit` field.
    let fieldPrefix: [UInt8]

    /// Longest name, in bytes: it is repeated in every answer.
    package static let maximumNameBytes = 64
    /// Most requests per time, and largest burst.
    package static let maximumRequests: UInt64 = 1_000_000_000
    /// Shortest time in which one token may grow back: a million requests per second.
    package static let minimumIntervalNanoseconds: UInt64 = 1_000

    /// Checks and derives; `per` is the time in which `requests` tokens grow back.
    package init(
        plan: String, name: String, by dimensions: [LimitDimension], rate: LimitRate
    ) throws(LimitPolicyFailure) {
        guard Self.isName(name) else { throw .malformedName }
        guard !dimensions.isEmpty else { throw .noDimension }
        for (index, dimension) in dimensions.enumerated() {
            guard !dimensions[..<index].contains(dimension) else { throw .repeatedDimension(dimension) }
        }
        guard (1...Self.maximumRequests).contains(rate.requests) else { throw .requestsOutOfBounds }
        guard (1...Self.maximumRequests).contains(rate.burst) else { throw .burstOutOfBounds }
        guard rate.per.nanoseconds > 0 else { throw .timeOutOfBounds }
        let perNanoseconds = UInt64(rate.per.nanoseconds)
        let interval = (perNanoseconds - 1) / rate.requests + 1
        guard perNanoseconds / rate.requests >= Self.minimumIntervalNanoseconds else { throw .tooFast }
        let (capacity, overflow) = interval.multipliedReportingOverflow(by: rate.burst)
        guard !overflow, capacity <= TokenBucket.maximumCapacityNanoseconds else { throw .tooLong }

        self.plan = plan
        self.name = name
        self.dimensions = LimitDimension.allCases.filter(dimensions.contains)
        self.burst = rate.burst
        self.bucket = TokenBucket(intervalNanoseconds: interval, capacityNanoseconds: capacity)
        self.fieldPrefix = Array("\"\(name)\";r=".utf8)
        // The key is constant: only operators write these words, and a snapshot must find them again.
        var hash = SipHash(key: SipHash.Key(0, 0))
        hash.absorb(part: Array(plan.utf8).span, rounds: 1)
        hash.absorb(part: Array(name.utf8).span, rounds: 1)
        hash.absorb(UInt64(self.dimensions.count), rounds: 1)
        for dimension in self.dimensions {
            hash.absorb(part: Array(dimension.rawValue.utf8).span, rounds: 1)
        }
        hash.absorb(interval, rounds: 1)
        hash.absorb(capacity, rounds: 1)
        self.identity = hash.finish(rounds: 3)
    }

    /// Seconds in which an empty bucket becomes full, rounded up: the `w` of `RateLimit-Policy`.
    package var windowSeconds: UInt64 { (bucket.capacityNanoseconds - 1) / 1_000_000_000 + 1 }

    /// Letters, digits, `.`, `_` and `-` only: the name stands between quotes in a structured field and as a
    /// label in metrics, and needs no escape in either.
    private static func isName(_ name: String) -> Bool {
        (1...maximumNameBytes).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                byte.asciiLowercased &- 0x61 < 26 || byte &- 0x30 < 10 || byte == 0x2D || byte == 0x2E
                    || byte == 0x5F
            }
    }
}

/// How fast tokens grow back, and how many there can be.
package struct LimitRate: Sendable, Hashable {
    /// Tokens that grow back in `per`.
    package let requests: UInt64
    /// The time in which `requests` tokens grow back.
    package let per: Duration
    /// Tokens in a full bucket: what can be taken at once.
    package let burst: UInt64

    /// Makes a rate from its parts; `LimitPolicy` checks them.
    package init(requests: UInt64, per: Duration, burst: UInt64) {
        self.requests = requests
        self.per = per
        self.burst = burst
    }
}

/// Why a limit cannot be used.
package enum LimitPolicyFailure: Error, Sendable, Hashable {
    /// A name is 1 to 64 letters, digits, dots, underscores and hyphens.
    case malformedName
    /// A limit is kept by at least one thing.
    case noDimension
    /// A limit is kept by a thing once.
    case repeatedDimension(LimitDimension)
    /// Requests per time are 1 to 1 000 000 000.
    case requestsOutOfBounds
    /// A burst is 1 to 1 000 000 000.
    case burstOutOfBounds
    /// The time is more than nothing.
    case timeOutOfBounds
    /// A limit grants at most 1 000 000 requests per second.
    case tooFast
    /// An empty bucket is full again within 366 days.
    case tooLong
    /// A plan has at most eight limits.
    case tooManyLimits
    /// The limits of a plan have different names.
    case repeatedName(String)

    /// What is wrong and what is allowed, as one sentence.
    package var sentence: String {
        switch self {
        case .malformedName: "a limit's name is 1 to 64 letters, digits, dots, underscores and hyphens"
        case .noDimension: "a limit is kept by at least one of tenant, token, route, address, credential"
        case .repeatedDimension(let dimension): "\(dimension.rawValue) is named twice"
        case .requestsOutOfBounds: "requests are 1 to 1000000000"
        case .burstOutOfBounds: "a burst is 1 to 1000000000"
        case .timeOutOfBounds: "the time of a limit is more than zero"
        case .tooFast: "a limit grants at most 1000000 requests per second"
        case .tooLong: "burst and rate let an empty bucket fill up within 366 days at most"
        case .tooManyLimits: "a plan has at most \(LimitPlan.maximumLimits) limits"
        case .repeatedName(let name): "two limits of the plan are called \(name)"
        }
    }
}
