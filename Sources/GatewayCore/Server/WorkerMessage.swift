import HTTPModel

/// What the main thread and other workers tell a worker.
enum WorkerMessage: Sendable {
    /// A connection that another worker has accepted, to live here; counted as this worker's.
    case connection(HandedConnection)
    /// News of a fetch that an exchange of this worker follows.
    case follower(FollowerMessage)
    /// What requests are judged by from now on.
    case snapshot(ConfigurationSnapshot)
    /// Read the certificates again, for connections from now on.
    case renewCertificates
    /// Stop in an orderly way, at the latest by this instant.
    case drain(until: MonotonicInstant)
}
