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
    /// Connections of the whole gateway; workers share them evenly [64].
    package let maximumConnections: Int
    /// Transfers of the whole gateway that wait for a connection; more is 503 [1024].
    package let maximumWaiting: Int
    /// Bytes of an answer held for a slow client before the upstream is paused; it goes on below half
    /// [256KiB].
    package let responseBufferBytes: Int
    /// Bytes of a request body held for a slow upstream before the client is paused [256KiB].
    package let requestBufferBytes: Int
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
        maximumRetryAfter = section.value(
            "retry_after_maximum", .duration(in: .zero ... .seconds(3_600)), default: .seconds(60),
            "How long at most nothing is sent with a credential after a 429 of the upstream; `0s` takes no notice."
        )
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
