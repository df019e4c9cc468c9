import Cache
import HTTPModel
import Locking
import Synchronization

/// What all workers share, and nothing else is (house rule 11).
final class SharedParts: Sendable {
    let cache: HTTPCache
    let limiter: RateLimiter
    /// Memory of the process in bytes, looked up by the first worker a few times a second.
    let residentBytes = Atomic<Int>(0)
    /// Attempts at showing a token, by address.
    let failedTokens: FailedTokenLimit
    /// Until when nothing is sent with which upstream credential.
    let pauses: CredentialPauses
    /// What is known of the upstream's health.
    let health: HealthTracker
    let registry = MetricRegistry()
    /// The main thread's counts.
    let metrics: WorkerMetrics
    /// Writes the access log; `nil` when it is off.
    let writer: LogWriter?
    /// What workers tell the main thread of upstream tokens.
    let reports: Mailbox<CredentialReport>
    /// The keys that seal TLS sessions, the same on all workers.
    let ticketKeys: Secret

    // Opened with the first configuration that has a quota, and kept: it is this gateway's then.
    private let openedQuotas = Lock<QuotaStore?>(nil)

    /// Makes everything; `cacheSeed` is for tests that must go the same way twice.
    init(
        _ configuration: GatewayConfiguration, cacheSeed: (UInt64, UInt64)? = nil
    ) throws(ServerFailure) {
        var randomness = SystemRandomness()
        cache = HTTPCache(
            configuration: configuration.cache, seed: cacheSeed ?? (randomness.next(), randomness.next()))
        let snapshot = Self.buckets(configuration)
        let hashKey = snapshot?.hashKey ?? SipHash.Key(randomness.next(), randomness.next())
        limiter = RateLimiter(maximumBuckets: configuration.limits.bucketCount, hashKey: hashKey)
        let moment = LimitMoment(MonotonicClock.now(), unixNanoseconds: WallClock.nowNanoseconds())
        if let snapshot { limiter.restore(snapshot, at: moment) }
        failedTokens = FailedTokenLimit(
            configuration.credentials.failedTokens, hashKey: SipHash.Key(randomness.next(), randomness.next())
        )
        pauses = CredentialPauses(maximum: configuration.upstream.maximumRetryAfter)
        health = HealthTracker(rule: configuration.upstream.circuit, retries: configuration.upstream.retries)
        metrics = registry.makeWorkerMetrics()
        do throws(SystemFailure) { reports = try Mailbox() } catch { throw .system(error) }
        var keys = (0..<TLSContext.ticketKeyBytes).map { _ in UInt8.random(in: 0...255, using: &randomness) }
        ticketKeys = Secret(keys.span)
        Secret.wipe(&keys)
        do throws(LogWriterFailure) {
            writer =
                switch configuration.log.access {
                case .off: nil
                case .stderr: try LogWriter(target: .standardError)
                case .stdout: try LogWriter(target: .standardOutput)
                case .file(let path): try LogWriter(target: .file(path: path))
                }
        } catch { throw .log(error) }
    }

    /// Where quotas are counted. Called by the main thread only.
    func quotas(_ configuration: GatewayConfiguration) throws(ServerFailure) -> QuotaStore {
        if let opened = openedQuotas.withLock({ $0 }) { return opened }
        var randomness = SystemRandomness()
        let key = SipHash.Key(randomness.next(), randomness.next())
        do throws(QuotaStoreFailure) {
            let store = try QuotaStore(
                path: configuration.quotasPath, minimumBuckets: configuration.limits.quotaCount,
                freshKey: key, unixNanoseconds: WallClock.nowNanoseconds())
            openedQuotas.withLock { $0 = store }
            return store
        } catch { throw .quotas(error) }
    }

    /// Buckets that a quota's count is in; zero while there is no quota.
    var quotaBucketCount: Int { openedQuotas.withLock { $0 }?.bucketCount ?? 0 }

    /// The buckets that a gateway before this one left; without a whole file all begin full, which is in
    /// favour of the tenants.
    private static func buckets(_ configuration: GatewayConfiguration) -> BucketSnapshot? {
        let file = AtomicFile(path: configuration.bucketsPath)
        let read = try? file.read(maximumBytes: BucketSnapshot.maximumBytes)
        return read.flatMap { BucketSnapshot($0.bytes) }
    }

    /// Leaves the buckets to the gateway after this one. Once no worker takes.
    func leaveBuckets(_ configuration: GatewayConfiguration) throws(AtomicFileFailure) {
        let moment = LimitMoment(MonotonicClock.now(), unixNanoseconds: WallClock.nowNanoseconds())
        let locked = try AtomicFile(path: configuration.bucketsPath).lock()
        try locked.replace(with: limiter.snapshot(at: moment).bytes.span)
    }
}
