import HTTPModel

/// One limit of a plan: a rate, a quota or a number of requests at once, for each combination of what it is
/// kept by.
///
/// Of a rate, the time in which one token grows back is rounded **up** to whole nanoseconds, and it is at
/// least a microsecond, so that the rate granted is never above the rate asked for and at most 0.1 % below.
package struct LimitPolicy: Sendable {
    /// The plan it belongs to; two plans never share a bucket.
    package let plan: String
    /// The limit's name, as it stands in the configuration, in `RateLimit` and in metrics.
    package let name: String
    /// The same in bytes, as every refusal repeats it.
    let nameBytes: [UInt8]
    /// What its buckets are kept by; at least one, none twice, in the order of declaration.
    package let dimensions: [LimitDimension]
    /// Tokens in a full bucket, requests at once, or what a window allows.
    package let maximum: UInt64
    /// The arithmetic of its buckets.
    package let rule: LimitRule
    /// The windows of a quota; other rules have none.
    package let calendar: QuotaCalendar?
    /// Whether it is only counted and told to the operator: no request is refused for it, and no client is
    /// told of it.
    package let isShadow: Bool
    /// What tells its buckets from those of every other policy: a hash of plan, name, dimensions and, of a
    /// rate, of rate and burst.
    ///
    /// A reload that changes none of them finds the same buckets again; a rate that changes begins anew with
    /// full buckets, because the old numbers mean nothing at another rate. What is under way, or used in a
    /// window, means the same under another maximum: such limits go on.
    package let identity: UInt64
    /// The name's number in metrics.
    package let label: LabelValue

    /// Longest name, in bytes: it is repeated in every answer.
    package static let maximumNameBytes = 64
    /// Most requests per time, and largest burst.
    package static let maximumRequests: UInt64 = 1_000_000_000
    /// Shortest time in which one token may grow back: a million requests per second.
    package static let minimumIntervalNanoseconds: UInt64 = 1_000

    /// Checks and derives.
    package init(
        plan: String, name: String, by dimensions: [LimitDimension], _ amount: LimitAmount,
        isShadow: Bool = false, label: LabelValue = .other
    ) throws(LimitPolicyFailure) {
        guard Self.isName(name) else { throw .malformedName }
        guard !dimensions.isEmpty else { throw .noDimension }
        for (index, dimension) in dimensions.enumerated() {
            guard !dimensions[..<index].contains(dimension) else { throw .repeatedDimension(dimension) }
        }
        self.plan = plan
        self.name = name
        nameBytes = Array(name.utf8)
        self.dimensions = LimitDimension.allCases.filter(dimensions.contains)
        self.isShadow = isShadow
        self.label = label
        // The key is constant: only operators write these words, and a snapshot must find them again.
        var hash = SipHash(key: SipHash.Key(0, 0))
        hash.absorb(part: Array(plan.utf8).span, rounds: 1)
        hash.absorb(part: Array(name.utf8).span, rounds: 1)
        hash.absorb(UInt64(self.dimensions.count), rounds: 1)
        for dimension in self.dimensions {
            hash.absorb(part: Array(dimension.rawValue.utf8).span, rounds: 1)
        }
        switch amount {
        case .rate(let rate):
            let bucket = try rate.bucket()
            maximum = rate.burst
            rule = .rate(bucket)
            calendar = nil
            hash.absorb(bucket.intervalNanoseconds, rounds: 1)
            hash.absorb(bucket.capacityNanoseconds, rounds: 1)
        case .concurrent(let requests):
            guard (1...Self.maximumRequests).contains(requests) else { throw .requestsOutOfBounds }
            maximum = requests
            rule = .concurrent(maximum: requests)
            calendar = nil
            hash.absorb(part: Array("concurrent".utf8).span, rounds: 1)
        case .quota(let requests, let calendar):
            guard (1...Self.maximumRequests).contains(requests) else { throw .requestsOutOfBounds }
            maximum = requests
            rule = .quota(maximum: requests)
            self.calendar = calendar
            hash.absorb(part: Array("quota \(calendar.name)".utf8).span, rounds: 1)
        }
        self.identity = hash.finish(rounds: 3)
    }

    /// Most tokens that one request may ever take; `nil` for as many as it likes to cost.
    package var maximumCost: UInt64? {
        switch rule {
        case .rate, .quota: maximum
        case .concurrent: nil
        }
    }

    /// Seconds of its window: those in which an empty bucket becomes full, rounded up, or the longest day or
    /// month; `nil` where there is no time. The `w` of `RateLimit-Policy`.
    package var windowSeconds: UInt64? {
        switch rule {
        case .rate(let bucket): (bucket.capacityNanoseconds - 1) / 1_000_000_000 + 1
        case .concurrent: nil
        case .quota: calendar?.period.seconds
        }
    }

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

/// Why a limit cannot be used.
package enum LimitPolicyFailure: Error, Sendable, Hashable {
    /// A name is 1 to 64 letters, digits, dots, underscores and hyphens.
    case malformedName
    /// A limit is kept by at least one thing.
    case noDimension
    /// A limit is kept by a thing once.
    case repeatedDimension(LimitDimension)
    /// Requests are 1 to 1 000 000 000.
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
    /// What a request costs is there at once in a full bucket.
    case costAboveMaximum(String)

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
        case .costAboveMaximum(let name): "a request costs more than the limit \(name) ever allows at once"
        }
    }
}
