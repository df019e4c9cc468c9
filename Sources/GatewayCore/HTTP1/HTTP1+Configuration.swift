package import Settings

extension HTTP1Limits {
    /// Reads the limits of a request's size from the `limits` of a listener.
    package init(reading section: SettingsSection) {
        self.init()
        maximumRequestLineBytes = section.value(
            "maximum_request_line", .size(in: 256...49_152), default: maximumRequestLineBytes,
            "Bytes of a request line; more is 414.")
        // RequestHead counts in 16 bits, so 63 KiB is the largest round size below.
        maximumHeadBytes = section.value(
            "maximum_head", .size(in: 1_024...64_512), default: maximumHeadBytes,
            "Bytes of a request head with its request line; more is 431.")
        maximumFieldCount = section.value(
            "maximum_fields", .integer(in: 8...1_000), default: maximumFieldCount,
            "Field lines of a request head; more is 431.")
        let bodyBytes = section.value(
            "maximum_body", .size(in: 0...(1 << 40)), default: Int(maximumContentBytes),
            "Bytes of a request body; more is 413.")
        maximumContentBytes = UInt64(bodyBytes)
        if maximumRequestLineBytes > maximumHeadBytes {
            section.mistake(
                section.isGiven("maximum_request_line") ? "maximum_request_line" : "maximum_head",
                "a request line is part of the head; allowed: maximum_request_line up to maximum_head")
        }
    }
}

/// How slow and how long-lived a client's connection may be.
package struct ConnectionLimits: Sendable, Hashable {
    /// From accepting to the end of the TLS handshake; later the connection is closed [10s].
    package let handshakeTimeout: Duration
    /// From the first byte of a request to the end of its head; later is 408 [10s].
    package let headTimeout: Duration
    /// From the end of a head to the end of its body; later is 408 [1m].
    package let bodyTimeout: Duration
    /// Bytes per second that a body must bring on average; slower is 408; 0 turns it off [128B].
    package let minimumBodyRateBytesPerSecond: Int
    /// How long a body may be slower at its start [5s].
    package let minimumBodyRateGrace: Duration
    /// How long a connection may stay without a request [1m].
    package let idleTimeout: Duration
    /// How long a client may take nothing of an answer [30s].
    package let writeTimeout: Duration
    /// Requests served on one connection, the last one with `Connection: close` [10000].
    package let maximumRequestsPerConnection: Int

    /// Reads the limits of a connection's time from the `limits` of a listener.
    package init(reading section: SettingsSection) {
        handshakeTimeout = section.value(
            "handshake_timeout", .duration(in: Self.patience), default: .seconds(10),
            "From accepting a connection to the end of its TLS handshake; later it is closed.")
        headTimeout = section.value(
            "head_timeout", .duration(in: Self.patience), default: .seconds(10),
            "From the first byte of a request to the end of its head; later is 408.")
        bodyTimeout = section.value(
            "body_timeout", .duration(in: .milliseconds(100) ... .seconds(86_400)), default: .seconds(60),
            "From the end of a request's head to the end of its body; later is 408.")
        minimumBodyRateBytesPerSecond = section.value(
            "minimum_body_rate", .size(in: 0...(1 << 20)), default: 128,
            "Bytes per second that a request body must bring on average; slower is 408; `0B` turns it off.")
        minimumBodyRateGrace = section.value(
            "minimum_body_rate_grace", .duration(in: Self.patience), default: .seconds(5),
            "How long a request body may be slower at its start.")
        idleTimeout = section.value(
            "idle_timeout", .duration(in: .milliseconds(100) ... .seconds(3_600)), default: .seconds(60),
            "How long a connection may stay open without a request.")
        writeTimeout = section.value(
            "write_timeout", .duration(in: Self.patience), default: .seconds(30),
            "How long a client may take nothing of an answer before the connection is closed.")
        maximumRequestsPerConnection = section.value(
            "requests_per_connection", .integer(in: 1...1_000_000_000), default: 10_000,
            "Requests on one connection; the last one's answer closes it.")
    }

    private static let patience: ClosedRange<Duration> = .milliseconds(100) ... .seconds(300)
}
