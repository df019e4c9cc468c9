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

/// One limit: so many requests in a time, kept by something.
package struct LimitConfiguration: Sendable, Hashable {
    /// Most limits on one request; the limiter takes from all of their buckets at once.
    package static let maximumCount = 8

    /// The name shown in `RateLimit`, logs and metrics.
    package let name: String
    /// What the limit is kept by, in the order written; each combination of values has its own bucket.
    package let dimensions: [LimitDimension]
    /// Requests granted per `period`.
    package let requests: Int
    /// The time in which `requests` are granted.
    package let period: Duration
    /// Requests granted at once after a pause [`requests`].
    package let burst: Int

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
        requests = section.required(
            "requests", .integer(in: 1...1_000_000_000), "Requests granted per time.")
        period = section.required(
            "per", .duration(in: .milliseconds(1) ... .seconds(90 * 86_400)),
            "The time in which they are granted.")
        burst = section.value(
            "burst", .integer(in: 1...1_000_000_000), default: requests,
            "Requests granted at once after a pause; left out, as many as `requests`.")
        checkBounds(section)
        for dimension in dimensions where !allowed.contains(dimension) {
            let words = allowed.map(\.rawValue).joined(separator: ", ")
            section.mistake("by", "an open route knows no \(dimension.rawValue); allowed: \(words)")
        }
    }

    /// The limiter counts in nanoseconds per request, at least 1 000 of them so that rounding stays below a
    /// thousandth, and a full bucket must refill within a time that still means something.
    private func checkBounds(_ section: SettingsSection) {
        guard !section.isFaulty("requests"), !section.isFaulty("per"), section.isGiven("per") else { return }
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
