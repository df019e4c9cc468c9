import Cache
import HTTPModel

/// What all workers share, and nothing else is (house rule 11).
final class SharedParts: Sendable {
    let cache: HTTPCache
    let limiter: RateLimiter
    /// Attempts at showing a token, by address.
    let failedTokens: FailedTokenLimit
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

    init(_ configuration: GatewayConfiguration) throws(ServerFailure) {
        var randomness = SystemRandomness()
        cache = HTTPCache(configuration: configuration.cache, seed: (randomness.next(), randomness.next()))
        limiter = RateLimiter(hashKey: SipHash.Key(randomness.next(), randomness.next()))
        failedTokens = FailedTokenLimit(
            configuration.credentials.failedTokens, hashKey: SipHash.Key(randomness.next(), randomness.next())
        )
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
}
