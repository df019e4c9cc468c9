import HTTPModel

/// How one worker speaks to the upstream.
package struct UpstreamClientConfiguration: Sendable, Hashable {
    /// The origin: `http://` or `https://`, host and optional port, nothing behind. Its authority becomes the
    /// Host field, the name in the TLS handshake and the name the certificate must carry.
    package var url: String
    /// Path of a PEM file with trust anchors in addition to the system's; `nil` for the system's alone.
    package var trustAnchorFile: String?
    /// Time for name resolution, connection and TLS handshake together [2s].
    package var connectTimeout: Duration = .seconds(2)
    /// Time from the request being sent to its final head [10s].
    package var firstByteTimeout: Duration = .seconds(10)
    /// Time for everything, waiting for a free connection included [30s].
    package var totalTimeout: Duration = .seconds(30)
    /// How long an idle connection may be used again: below the upstream's own keep-alive, so that it is us
    /// who give up first. Whole seconds [30s].
    package var idleTimeout: Duration = .seconds(30)
    /// How long any connection may be used again, so that a changed address is noticed. Whole seconds [10m].
    package var connectionLifetime: Duration = .seconds(600)
    /// How long the addresses of the upstream's name are believed before they are asked for anew. Whole
    /// seconds [30s].
    package var nameLifetime: Duration = .seconds(30)
    /// What requests on the cache's behalf accept [gzip].
    package var acceptedCoding = UpstreamCoding.gzip
    /// Which requests are sent once more.
    package var retries = RetryPolicy.never
    /// Tells the pauses of this worker's repetitions from those of others.
    package var jitterSeed: UInt64 = 0
    /// Transfers running at once, and idle connections kept, per worker [64].
    package var maximumConnectionCount = 64
    /// Transfers waiting for a connection, per worker; the next one is refused [256].
    package var maximumWaitingCount = 256
    /// Bytes of one head, its interim heads counted separately; more is refused [64 KiB].
    package var maximumHeadBytes = 65_536
    /// Field lines of one head; more is refused [200].
    package var maximumFieldCount = 200
    /// Interim heads (1xx) before a final one; more is refused [8].
    package var maximumInterimCount = 8
    /// Received bytes the client has not taken yet at which the upstream is no longer read; it is read again
    /// at half of it. One read (16 KiB) may come on top [256 KiB].
    package var receiveBufferBytes = 262_144
    /// Bytes of the client's content waiting for the upstream; more is not accepted [256 KiB].
    package var sendBufferBytes = 262_144

    /// The URL's authority: what Host says.
    package var authority: Substring {
        guard let mark = url.firstRange(of: "://") else { return url[...] }
        return url[mark.upperBound...]
    }

    /// The defaults for an origin.
    package init(url: String) { self.url = url }
}

/// What bounds a transfer: plain numbers out of the configuration, brought once into the form in which every
/// transfer reads them.
struct TransferLimits: Sendable {
    /// Time from the request being sent to its final head.
    let firstByteTimeout: TimeLimit
    /// Time for everything.
    let totalTimeout: TimeLimit
    /// How much of a head is taken.
    let head: ResponseHeadReader.Limits
    /// Received bytes at which the upstream is no longer read.
    let receiveBufferBytes: Int
    /// Bytes of the client's content waiting for the upstream.
    let sendBufferBytes: Int

    /// The limits that a configuration states.
    init(_ configuration: UpstreamClientConfiguration) {
        firstByteTimeout = TimeLimit(configuration.firstByteTimeout)
        totalTimeout = TimeLimit(configuration.totalTimeout)
        head = ResponseHeadReader.Limits(
            headBytes: configuration.maximumHeadBytes, fieldCount: configuration.maximumFieldCount,
            interimCount: configuration.maximumInterimCount)
        receiveBufferBytes = configuration.receiveBufferBytes
        sendBufferBytes = configuration.sendBufferBytes
    }
}
