import Cache

/// What a worker's pipeline needs of the rest: the parts all workers share, and those of its own.
struct PipelineParts {
    let cache: HTTPCache
    let limiter: RateLimiter
    let upstream: UpstreamClient
    let recorder: ExchangeRecorder
    let courier: FollowerCourier
    let failedTokens: FailedTokenLimit
    let shedder: LoadShedder
    /// Memory of the process in bytes, as somebody looked it up a moment ago.
    let residentBytes: () -> Int
    /// Tells the main thread of a refused upstream token; must not wait.
    let report: (CredentialReport) -> Void
    let workerIndex: UInt32
    /// The name in `Proxy-Status`.
    let deployment: String
    /// Begins the identifiers of requests; drawn at random.
    let identifierPrefix: UInt64
}
