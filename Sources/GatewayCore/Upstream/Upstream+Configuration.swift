package import Settings

/// The API behind the gateway, and how long it may take. Certificate checks cannot be switched off.
package struct UpstreamConfiguration: Sendable, Hashable {
    /// Scheme, host and port of every upstream request.
    package let origin: UpstreamOrigin
    /// Path of further trust anchors in PEM, besides those of the system.
    package let trustAnchorsPath: String?
    /// How long a connection may take to open, TLS included [2s].
    package let connectTimeout: Duration
    /// From the start of a transfer to the answer's head [10s].
    package let firstByteTimeout: Duration
    /// From the start of a transfer to the end of the answer [30s].
    package let totalTimeout: Duration
    /// How long an unused connection is kept; below what the upstream keeps it [30s].
    package let idleTimeout: Duration
    /// How long any connection is used, however busy: then its address is looked up anew [10m].
    package let connectionLifetime: Duration
    /// How long the addresses of the upstream's name are believed [30s].
    package let nameLifetime: Duration
    /// When the upstream is left alone.
    package let circuit: CircuitRule
    /// What is sent once more.
    package let retries: RetryPolicy
    /// How its health is probed; `nil`: it is not.
    package let health: HealthProbeRule?
    /// Connections of the whole gateway; workers share them evenly [64].
    package let maximumConnections: Int
    /// Transfers of the whole gateway that wait for a connection; more is 503 [1024].
    package let maximumWaiting: Int
    /// Bytes of an answer held for a slow client before the upstream is paused; it goes on below half
    /// [256KiB].
    package let responseBufferBytes: Int
    /// Bytes of a request body held for a slow upstream before the client is paused [256KiB].
    package let requestBufferBytes: Int
    /// What the cache's own requests accept [gzip].
    package let acceptedCoding: UpstreamCoding
    /// How long at most nothing is sent with a credential after the upstream answered 429 [1m].
    package let maximumRetryAfter: Duration

    /// Reads `upstream`.
    package init(reading section: SettingsSection) {
        let wait: ClosedRange<Duration> = .milliseconds(10) ... .seconds(600)
        let buffer = 16_384...16_777_216
        origin = section.required("url", .upstreamOrigin, "Where every request goes: scheme, host and port.")
        trustAnchorsPath = section.optional(
            "ca_file", .readableFile, "Further trust anchors in PEM, besides those of the system.")
        connectTimeout = section.value(
            "connect_timeout", .duration(in: wait), default: .seconds(2),
            "How long a connection may take to open, TLS included.")
        firstByteTimeout = section.value(
            "first_byte_timeout", .duration(in: wait), default: .seconds(10),
            "From the start of a transfer to the head of the answer; later is 504.")
        totalTimeout = section.value(
            "total_timeout", .duration(in: .milliseconds(10) ... .seconds(86_400)), default: .seconds(30),
            "From the start of a transfer to the end of the answer; later is 504, or breaks the answer off.")
        idleTimeout = section.value(
            "idle_timeout", .duration(in: .seconds(1) ... .seconds(3_600)), default: .seconds(30),
            "How long an unused connection is kept; set it below what the upstream keeps it.")
        connectionLifetime = section.value(
            "connection_lifetime", .duration(in: .seconds(1) ... .seconds(86_400)), default: .seconds(600),
            "How long any connection is used, however busy; so that a changed address is noticed.")
        nameLifetime = section.value(
            "name_lifetime", .duration(in: .seconds(1) ... .seconds(3_600)), default: .seconds(30),
            "How long the addresses of the upstream's name are believed before they are looked up anew.")
        maximumConnections = section.value(
            "max_connections", .integer(in: 1...65_536), default: 64,
            "Connections of the whole gateway; the workers share them evenly.")
        maximumWaiting = section.value(
            "max_waiting", .integer(in: 0...1_000_000), default: 1_024,
            "Transfers of the whole gateway that wait for a connection; more is 503.")
        responseBufferBytes = section.value(
            "response_buffer", .size(in: buffer), default: 262_144,
            "Bytes of an answer held for a slow client before the upstream is paused; it goes on below half.")
        requestBufferBytes = section.value(
            "request_buffer", .size(in: buffer), default: 262_144,
            "Bytes of a request body held for a slow upstream before the client is paused.")
        acceptedCoding = section.value(
            "accept_encoding", .choice, default: .gzip,
            "How answers for the cache may come from the upstream; clients see no difference.")
        maximumRetryAfter = section.value(
            "retry_after_maximum", .duration(in: .zero ... .seconds(3_600)), default: .seconds(60),
            "How long at most nothing is sent with a credential after a 429 of the upstream; `0s` takes no notice."
        )
        // No transfer lives longer, so a trial that is not over by then has been forgotten.
        let trialTime = totalTimeout
        circuit = section.section("circuit", "When the upstream is left alone for a moment.") {
            CircuitRule(reading: $0, trialTime: trialTime)
        }
        retries = section.section("retry", "Which requests are sent once more after a failure.") {
            RetryPolicy(reading: $0)
        }
        health = section.section("health", "A request of the gateway's own that looks how the upstream is.") {
            HealthProbeRule.read($0)
        }
        checkOrder(section)
    }

    private func checkOrder(_ section: SettingsSection) {
        guard !section.isFaulty("total_timeout") else { return }
        let parts = [("connect_timeout", connectTimeout), ("first_byte_timeout", firstByteTimeout)]
        for (key, timeout) in parts where timeout > totalTimeout {
            // Whoever wrote only the total finds the mistake there.
            section.mistake(
                section.isGiven(key) ? key : "total_timeout",
                "\(key) is \(DurationText.text(timeout)), total_timeout \(DurationText.text(totalTimeout));"
                    + " allowed: \(key) up to total_timeout")
        }
    }
}

/// How answers that the gateway fetches for its cache may be coded on their way.
package enum UpstreamCoding: String, Sendable, Hashable, CaseIterable {
    /// As gzip, a tenth of the bytes of a large page.
    case gzip
    /// As they are.
    case identity
}

extension CircuitRule {
    /// Reads `upstream.circuit`.
    fileprivate init(reading section: SettingsSection, trialTime: Duration) {
        self.init()
        failures = section.value(
            "failures", .integer(in: 0...1_000), default: failures,
            "Failures in a row that open the circuit, of the upstream or of one credential; 0: never.")
        openTime = section.value(
            "open_time", .duration(in: .milliseconds(100) ... .seconds(600)), default: openTime,
            "How long it stays open before one request tries again.")
        self.trialTime = trialTime
    }
}

extension RetryPolicy {
    /// Reads `upstream.retry`.
    fileprivate init(reading section: SettingsSection) {
        self.init()
        maximumRetries = section.value(
            "count", .integer(in: 0...5), default: maximumRetries,
            "How often a GET or HEAD that found no connection, or no answer, is sent once more.")
        budgetPercent = section.value(
            "budget_percent", .integer(in: 0...100), default: budgetPercent,
            "What such requests may add to all others.")
        pause = section.value(
            "pause", .duration(in: .milliseconds(1) ... .seconds(1)), default: pause,
            "The longest pause before the first repetition; doubled for each further one, 1s at most.")
    }
}

extension HealthProbeRule {
    /// Reads `upstream.health`; without a path nothing is probed.
    fileprivate static func read(_ section: SettingsSection) -> HealthProbeRule? {
        let path = section.optional(
            "path", .probePath, "What is asked with GET, without a token; absent: nothing is probed.")
        var rule = HealthProbeRule(path: path ?? "/")
        rule.interval = section.value(
            "interval", .duration(in: .milliseconds(250) ... .seconds(3_600)), default: rule.interval,
            "From the end of one probe to the next, to a quarter of a second.")
        rule.timeout = section.value(
            "timeout", .duration(in: .milliseconds(250) ... .seconds(60)), default: rule.timeout,
            "How long the answer may take; a status of 200 to 399 is good.")
        rule.unhealthyAfter = section.value(
            "unhealthy_after", .integer(in: 1...100), default: rule.unhealthyAfter,
            "Bad probes in a row that open the circuit.")
        rule.healthyAfter = section.value(
            "healthy_after", .integer(in: 1...100), default: rule.healthyAfter,
            "Good probes in a row that let a request try again.")
        return path == nil ? nil : rule
    }
}

extension SettingsKind where Value == String {
    /// A path with or without a query, as it is sent.
    fileprivate static var probePath: SettingsKind {
        .written(as: "a path", allowed: "visible ASCII that begins with /", placeholder: "/", spell: { $0 }) {
            text, _ in
            let isPath =
                text.utf8.first == 0x2F && text.utf8.count <= 1_024
                && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x23 }
            return isPath ? text : nil
        }
    }
}
