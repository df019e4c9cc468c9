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
        return section.list("limits", count: 0...LimitPlan.maximumLimits, sentence) { limit in
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
        burst =
            section.optional(
                "burst", .integer(in: 1...1_000_000_000),
                "Requests granted at once after a pause; left out, as many as `requests`.") ?? requests
        checkBounds(section)
        for dimension in dimensions where !allowed.contains(dimension) {
            let words = allowed.map(\.rawValue).joined(separator: ", ")
            section.mistake("by", "an open route knows no \(dimension.rawValue); allowed: \(words)")
        }
    }

    /// What passes here makes a `LimitPolicy`: at least 1 000 ns per request, and a bucket that refills
    /// within a year, a day below the policy's bound, since rounding up the interval adds up to a thousandth.
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
