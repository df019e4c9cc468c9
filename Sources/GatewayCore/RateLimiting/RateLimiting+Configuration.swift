package import Settings

/// What a tenant of this plan may use.
package struct PlanConfiguration: Sendable, Hashable {
    /// The name that tenants refer to.
    package let name: String
    /// The limits, all of which a request must be within.
    package let limits: [LimitConfiguration]

    /// Reads an entry of `plans`.
    package init(name: String, reading section: SettingsSection) {
        self.name = name
        limits = LimitConfiguration.list(
            in: section, allowing: LimitDimension.allCases,
            "The limits; a request must be within all of them.")
    }
}

/// One limit: so many requests in a time or at once, kept by something.
package struct LimitConfiguration: Sendable, Hashable {
    /// What it counts.
    package enum Measure: Sendable, Hashable {
        /// Requests granted per `period`, and so many at once after a pause.
        case rate(requests: Int, period: Duration, burst: Int)
        /// Requests of a day or month, as the clocks of a time zone count them.
        case quota(requests: Int, period: QuotaPeriod, timeZone: String)
        /// Requests at once.
        case concurrent(Int)
    }

    /// The name shown in `RateLimit`, logs and metrics.
    package let name: String
    /// What the limit is kept by, in the order written; each combination of values has its own bucket.
    package let dimensions: [LimitDimension]
    /// What it counts.
    package let measure: Measure
    /// Whether it holds anybody [enforced].
    package let mode: LimitMode

    /// Most limits of a plan with those of a route.
    package static let maximumCount = 8

    /// Reads a list of limits under the key `limits`; names are unique within it.
    package static func list(
        in section: SettingsSection, allowing dimensions: [LimitDimension], _ sentence: String
    ) -> [LimitConfiguration] {
        var names: Set<String> = []
        return section.list("limits", count: 0...maximumCount, sentence) { limit in
            let configuration = LimitConfiguration(reading: limit, allowing: dimensions)
            if !names.insert(configuration.name).inserted {
                limit.mistake("name", "another limit here is called so; allowed: a name of its own")
            }
            return configuration
        }
    }

    private init(reading section: SettingsSection, allowing allowed: [LimitDimension]) {
        name = section.required("name", .name, "The name shown in RateLimit fields, logs and metrics.")
        dimensions = section.required(
            "by", .list(of: .choice, count: 1...LimitDimension.allCases.count),
            "What the limit is kept by; each combination of values has its own bucket.")
        let count = 1...1_000_000_000
        let requests = section.optional(
            "requests", .integer(in: count), "Requests granted per time; not beside `concurrent`.")
        let period = section.optional(
            "per", .limitPeriod,
            "The time in which they are granted; `day` and `month` make a quota that begins anew at midnight."
        )
        let burst = section.optional(
            "burst", .integer(in: count),
            "Requests granted at once after a pause; left out, as many as `requests`. Not for quotas.")
        let timeZone = section.value(
            "time_zone", .timeZone, default: "UTC", "Whose midnight a quota begins anew at.")
        let concurrent = section.optional(
            "concurrent", .integer(in: count), "Requests that may wait for the upstream at once.")
        mode = section.value(
            "mode", SettingsKind<LimitMode>.choice, default: .enforced,
            "`shadow`: the limit is counted and reported, and refuses nobody.")
        switch (period, concurrent) {
        case (_, .some(let concurrent)): measure = .concurrent(concurrent)
        case (.calendar(let period), nil):
            measure = .quota(requests: requests ?? 1, period: period, timeZone: timeZone)
        case (.time(let period), nil):
            measure = .rate(requests: requests ?? 1, period: period, burst: burst ?? requests ?? 1)
        case (nil, nil): measure = .concurrent(1)
        }
        checkMeasure(section)
        checkBounds(section)
        for dimension in dimensions where !allowed.contains(dimension) {
            let words = allowed.map(\.rawValue).joined(separator: ", ")
            section.mistake("by", "an open route knows no \(dimension.rawValue); allowed: \(words)")
        }
    }

    /// Most tokens that a request may cost here; `nil` where cost plays no part.
    package var maximumCost: Int? {
        switch measure {
        case .rate(_, _, let burst): burst
        case .quota(let requests, _, _): requests
        case .concurrent: nil
        }
    }

    /// Whether what is given goes together.
    private func checkMeasure(_ section: SettingsSection) {
        if section.isGiven("concurrent") {
            for key in ["requests", "per", "burst", "time_zone"] where section.isGiven(key) {
                section.mistake(key, "a limit of requests at once has none; allowed: without concurrent")
            }
            return
        }
        guard section.isGiven("requests"), section.isGiven("per") else {
            let missing = section.isGiven("requests") ? "per" : "requests"
            section.mistake(missing, "this is missing; allowed: requests and per, or concurrent")
            return
        }
        guard !section.isFaulty("per") else { return }
        switch measure {
        case .quota:
            if section.isGiven("burst") {
                section.mistake("burst", "a quota has no burst; allowed: with a time such as 1s in per")
            }
        case .rate:
            if section.isGiven("time_zone") {
                section.mistake("time_zone", "only days and months have one; allowed: with per day or month")
            }
        case .concurrent: break
        }
    }

    /// What passes here makes a `LimitPolicy`: at least 1 000 ns per request, and a bucket that refills
    /// within a year, a day below the policy's bound, since rounding up the interval adds up to a thousandth.
    private func checkBounds(_ section: SettingsSection) {
        guard case .rate(let requests, let period, let burst) = measure, !section.isFaulty("requests"),
            !section.isFaulty("per"), section.isGiven("requests")
        else { return }
        if period < .microseconds(requests) {
            section.mistake(
                "requests",
                "more than a million a second; allowed: up to \(Int(period / .microseconds(1))) here"
            )
        }
        let refill = period * (Double(burst) / Double(requests))
        if !section.isFaulty("burst"), refill > .seconds(365 * 86_400) {
            section.mistake(
                section.isGiven("burst") ? "burst" : "requests",
                "an empty bucket takes over a year to fill; allowed: burst × per ÷ requests up to 365d")
        }
    }
}

/// Whether a limit holds anybody.
package enum LimitMode: String, Sendable, Hashable, CaseIterable {
    /// Requests beyond it are refused.
    case enforced
    /// Requests beyond it are counted, for whoever wants to see what it would do.
    case shadow
}

/// The time of a limit: a length, or a part of the calendar.
package enum LimitPeriod: Sendable, Hashable {
    /// Tokens grow back all the time.
    case time(Duration)
    /// A count begins anew.
    case calendar(QuotaPeriod)
}

extension SettingsKind where Value == LimitPeriod {
    /// A duration, or `day` or `month`.
    package static var limitPeriod: SettingsKind {
        let range: ClosedRange<Duration> = .milliseconds(1) ... .seconds(90 * 86_400)
        return .written(
            as: "a time of a limit", allowed: "1ms to 90d, such as 250ms, 5s, 24h; or day, month",
            placeholder: .time(.seconds(1)),
            spell: { period in
                switch period {
                case .time(let duration): DurationText.text(duration)
                case .calendar(let period): period.rawValue
                }
            }
        ) { string, _ in
            if let period = QuotaPeriod(rawValue: string) { return .calendar(period) }
            return DurationText.parse(string).flatMap { range.contains($0) ? .time($0) : nil }
        }
    }
}

extension SettingsKind where Value == String {
    /// A zone of the system's time zone database, which must be there.
    package static var timeZone: SettingsKind {
        .written(
            as: "a time zone",
            allowed: "UTC, or a name below \(TimeZoneRules.folder) such as Europe/Vienna (package tzdata)",
            placeholder: "UTC", spell: { $0 }
        ) { string, place in
            if string == "UTC" { return string }
            let isThere =
                TimeZoneRules.isName(string)
                && place.world.whyUnreadable(TimeZoneRules.folder + string) == nil
            return isThere ? string : nil
        }
    }
}

extension LimitCost {
    /// Reads `cost` of a route.
    package init(reading section: SettingsSection) {
        let range = 0...1_000_000
        let miss = section.value(
            "miss", .integer(in: range), default: 1,
            "Tokens of a request that changes nothing and is not answered from the cache.")
        let hit = section.value(
            "hit", .integer(in: range), default: min(1, miss),
            "Tokens of a request that is answered from the cache; no more than `miss`.")
        let write = section.value(
            "write", .integer(in: range), default: 1, "Tokens of a request that may change something.")
        if hit > miss {
            section.mistake("hit", "\(hit) is more than a miss costs; allowed: 0 to \(miss)")
        }
        self.init(hit: UInt64(min(hit, miss)), miss: UInt64(miss), write: UInt64(write))
    }
}

/// Where limits are counted, and how clients are told of them.
package struct LimitsConfiguration: Sendable, Hashable {
    /// How clients are told [draft-11].
    package let draft: RateLimitDraft
    /// Buckets in memory, 16 bytes each [1000000].
    package let bucketCount: Int
    /// Where buckets that are not full outlast a restart; absent, beside the tenant store.
    package let bucketsPath: String?
    /// Buckets of quotas, 16 bytes each, in the file [65536].
    package let quotaCount: Int
    /// Where quotas are counted; absent, beside the tenant store.
    package let quotasPath: String?

    /// Buckets in memory unless told otherwise, taken from the system as they are used.
    package static let defaultBucketCount = 1_000_000

    /// Whether tables and files are the same: what stands as long as the process.
    package func isSettled(like other: LimitsConfiguration) -> Bool {
        bucketCount == other.bucketCount && bucketsPath == other.bucketsPath
            && quotaCount == other.quotaCount && quotasPath == other.quotasPath
    }

    /// Reads `limits`.
    package init(reading section: SettingsSection) {
        draft = section.value(
            "headers", SettingsKind<RateLimitDraft>.choice, default: .draft11,
            "The generation of the RateLimit fields that clients are sent.")
        bucketCount = section.value(
            "buckets", .integer(in: 1_000...67_108_864), default: Self.defaultBucketCount,
            "Buckets in memory at once, 16 bytes each; a request that finds no room for its own is 503.")
        bucketsPath = section.optional(
            "state", .path,
            "Where buckets outlast a restart; left out, beside the store with `.buckets` behind its name.")
        quotaCount = section.value(
            "quota_buckets", .integer(in: 1_000...16_777_216), default: 65_536,
            "Counts of quotas at once, 16 bytes each; a request that finds no room for its own is 503.")
        quotasPath = section.optional(
            "quotas", .path,
            "Where quotas are counted; left out, beside the store with `.quotas` behind its name.")
    }
}
