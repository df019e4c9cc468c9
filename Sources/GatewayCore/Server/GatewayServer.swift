import Cache
import HTTPModel
import Logging
package import Settings

/// The whole gateway in one process: workers on their threads, the admin address and all control on the
/// thread that calls `run`.
///
/// Composes what the rooms offer and owns what workers share (house rule 11): cache, limiter, snapshots,
/// metrics.
package final class GatewayServer {
    /// What the process runs on; what a reload may change of it is in `builder` and `drainTimeout`.
    let started: GatewayConfiguration
    private var drainTimeout: Duration
    private let loadConfiguration: () throws(SettingsFailure) -> GatewayConfiguration
    let shared: SharedParts
    let events: Logger
    var builder: SnapshotBuilder
    var tokens: TokenStore
    var follower: StoreFollower
    private let signals: SignalDescriptor
    private let crew: WorkerCrew
    private(set) var generation: UInt64 = 1
    var snapshot: ConfigurationSnapshot
    private let startedAt = MonotonicClock.now()
    private let startedUnixSeconds = WallClock.nowSeconds()
    private var isDraining = false
    var storeFailure: String?
    /// Last uses that are not written yet, in seconds since 1970.
    var lastUses: [TokenID: Int64] = [:]
    /// Those that are.
    var writtenUses: [TokenID: Int64] = [:]
    var lastUseFailed = false
    /// What has been told of the upstream's health.
    var toldHealth = HealthReport()
    /// Watches for memory to give back.
    var memory = MemoryReturn()
    /// Snapshots that workers may still note uses in.
    var retiredAccess: [AccessSnapshot] = []
    /// First upstream tokens, by identity, whose place the second has taken.
    var refusedCredentials: Set<UInt64> = []
    /// When each tenant's upstream token last changed, or both were found refused.
    var takeoverAt: [UInt64: MonotonicInstant] = [:]
    private var adminWorker: Worker?
    private let adminListener: WorkerListener

    /// The addresses in use, in the order of the configuration, with the ports the kernel chose.
    package let addresses: [SocketAddress]
    /// The admin address in use.
    package let adminAddress: SocketAddress

    /// Reads everything, binds every address and starts the workers. Accepts connections when it returns.
    /// `loadConfiguration` reads the configuration, now and for each reload.
    package init(
        loadConfiguration: @escaping () throws(SettingsFailure) -> GatewayConfiguration
    ) throws(GatewayStartFailure) {
        self.loadConfiguration = loadConfiguration
        let configuration: GatewayConfiguration
        do throws(SettingsFailure) { configuration = try loadConfiguration() } catch {
            throw .settings(error)
        }
        started = configuration
        drainTimeout = configuration.drainTimeout
        do throws(ServerFailure) {
            signals = try Self.onSystem { () throws(SystemFailure) in try SignalDescriptor() }
            events = EventLog(level: Self.level(configuration.log.level)).logger("kayle-gateway")
            shared = try SharedParts(configuration)
            builder = try SnapshotBuilder(configuration, shared: shared)
            tokens = TokenStore(configuration.credentials, known: configuration.knownNames)
            let credentials = configuration.credentials
            // Before the first read, so that no change falls between the two.
            follower = try Self.onSystem { () throws(SystemFailure) in try StoreFollower(credentials) }
            let access = try Self.load(tokens, refused: [])
            snapshot = try builder.snapshot(access, generation: 1)
            for warning in access.warnings { events.warning("\(warning)") }
            crew = try WorkerCrew(configuration, shared: shared, snapshot: snapshot)
            addresses = crew.addresses
            adminListener = try WorkerCrew.listener(
                configuration.admin.address, policy: ListenerPolicy(), certificate: nil)
            adminAddress = adminListener.listener.address
        } catch {
            throw .server(error)
        }
    }

    /// Serves the admin address and follows signals and the tenant store, until told to stop and drained.
    package func run() throws(ServerFailure) {
        let token = try Self.adminToken(started)
        let server = AdminServer(
            token: token,
            reach: AdminServer.Reach(
                isReady: { [unowned self] in !isDraining }, metrics: { [unowned self] in metricsText() },
                status: { [unowned self] in statusDocument() },
                purge: { [unowned self] in purge($0) }))
        let application = AdminApplication(
            server: server,
            controls: [
                AdminApplication.Control(number: signals.number) { [unowned self] in takeSignals() },
                AdminApplication.Control(number: follower.descriptor) { [unowned self] in followStore() },
                AdminApplication.Control(number: shared.reports.number) { [unowned self] in takeReports() },
                AdminApplication.Control(number: crew.stopRequest.number) { [unowned self] in
                    crew.stopRequest.acknowledge()
                    if crew.stopRequest.isRequested { drain() }
                    crew.checkStopped()
                },
            ], chores: chores)
        let listener = adminListener
        let worker: Worker
        do throws(SystemFailure) {
            worker = try Worker(
                index: crew.count, application: application, listeners: [listener], mailbox: Mailbox())
        } catch { throw .system(error) }
        adminWorker = worker
        ServiceManager.tell("READY=1")
        worker.run()
        crew.join()
        writeLastUses()
        leaveBuckets()
        _ = shared.writer?.close()
        events.info("stopped")
    }

    /// How another thread has `run` drain and return.
    package var stopRequest: StopRequest { crew.stopRequest }

    /// What admin requests must carry, found where the configuration says; `nil` where they need nothing.
    package static func adminToken(_ configuration: GatewayConfiguration) throws(ServerFailure) -> Secret? {
        switch configuration.admin.token {
        case nil: return nil
        case .environment(let name):
            guard let value = EnvironmentVariable.value(name) else {
                throw .configuration("admin.token: the environment variable \(name) is not set")
            }
            return Secret(value)
        case .file(let path):
            do throws(AtomicFileFailure) { return try UpstreamToken.read(path) } catch {
                throw .configuration("admin.token: \(error)")
            }
        case .sealed(let text):
            let keys: AccessKeys?
            do throws(AccessFailure) {
                keys = try Pepper(configuration.credentials.pepper).load(for: TenantStore())
            } catch { throw .access(error) }
            let context = SealingContext(tenant: "", field: AdminConfiguration.tokenField)
            guard let sealed = Base64URL.decode(Array(text.utf8).span),
                let secret = keys?.open(sealed, for: context)
            else {
                throw .configuration(
                    "admin.token does not open; seal it again: kayle-gateway secret seal --field admin.token")
            }
            return secret
        }
    }

    private func takeSignals() {
        while let request = signals.next() {
            switch request {
            case .stop: drain()
            case .reload: reload()
            }
        }
    }

    private func drain() {
        guard !isDraining else { return }
        isDraining = true
        ServiceManager.tell("STOPPING=1")
        events.info("draining for at most \(DurationText.text(drainTimeout))")
        let deadline = MonotonicClock.now().advanced(by: drainTimeout)
        crew.post(.drain(until: deadline))
        // The admin address answers until the last worker has stopped, so that a prober sees "not ready".
        crew.whenStopped { [unowned self] in adminWorker?.drain(until: MonotonicClock.now()) }
    }

    func publish(_ next: ConfigurationSnapshot) {
        retiredAccess.append(snapshot.access)
        // Many changes within a minute must not pile up.
        if retiredAccess.count > 16 { gatherLastUses() }
        generation = next.generation
        snapshot = next
        crew.post(.snapshot(next))
    }

    /// SIGHUP: routes, plans, limits, tenants, certificates and the log file anew. Nothing is taken over
    /// until everything has been read. What waits for a restart is said (`RestartSettings`).
    private func reload() {
        do throws(GatewayStartFailure) {
            let next: GatewayConfiguration
            do throws(SettingsFailure) { next = try loadConfiguration() } catch { throw .settings(error) }
            do throws(ServerFailure) {
                let nextBuilder = try SnapshotBuilder(next, shared: shared)
                let nextTokens = TokenStore(
                    started.credentials, known: next.knownNames(with: started.credentials))
                let access = try Self.load(nextTokens, refused: refusedCredentials)
                publish(try nextBuilder.snapshot(access, generation: generation + 1))
                (builder, tokens) = (nextBuilder, nextTokens)
                for warning in access.warnings { events.warning("\(warning)") }
            } catch { throw .server(error) }
            storeFailure = nil
            drainTimeout = next.drainTimeout
            for name in RestartSettings.changed(from: started, to: next) {
                events.warning("\(RestartSettings.warning(name))")
            }
            shared.writer?.reopen()
            crew.post(.renewCertificates)
            shared.metrics.increment(
                MetricSeries(.reloads, shared.registry.names.value(.result, "configuration")))
            events.info("configuration read again, generation \(generation)")
        } catch {
            shared.metrics.increment(
                MetricSeries(.reloads, shared.registry.names.value(.result, "configuration_failed")))
            events.error("the configuration was not taken, the one before stays in use: \(error)")
        }
    }

    private func metricsText() -> String {
        var metrics = shared.registry.snapshot()
        let cache = shared.cache.statistics()
        let collapsing = shared.cache.collapser.statistics
        metrics.set(MetricSeries(.cacheFollowedLarger), to: Int64(clamping: collapsing.followedLarger))
        metrics.set(MetricSeries(.cacheOvertaken), to: Int64(clamping: collapsing.overtaken))
        metrics.set(MetricSeries(.cacheBytes), to: Int64(cache.accountedBytes))
        metrics.set(MetricSeries(.cacheRetiredBytes), to: Int64(cache.retiredBytes))
        metrics.set(MetricSeries(.cacheEntries), to: Int64(cache.entries))
        metrics.set(MetricSeries(.cacheEvictions), to: Int64(clamping: cache.counts.evicted))
        metrics.set(MetricSeries(.rateLimitBuckets), to: Int64(shared.limiter.bucketCount))
        metrics.set(MetricSeries(.residentBytes), to: Int64(ResidentMemory.bytes() ?? 0))
        metrics.set(MetricSeries(.quotaBuckets), to: Int64(shared.quotaBucketCount))
        metrics.set(MetricSeries(.rateLimitEvictions), to: Int64(clamping: shared.limiter.evictionCount))
        let health = shared.health.report()
        metrics.set(MetricSeries(.upstreamCircuit), to: health.circuit.rawValue)
        metrics.set(MetricSeries(.upstreamCredentialsOpen), to: Int64(health.openCredentialCount))
        for (metric, label, word, count) in [
            (Metric.upstreamCircuitsOpened, MetricLabel.reason, "upstream", health.openedCount),
            (.upstreamCircuitsOpened, .reason, "credential", health.openedForCredentialCount),
            (.upstreamProbes, .result, "good", health.goodProbeCount),
            (.upstreamProbes, .result, "bad", health.badProbeCount),
        ] {
            let value = shared.registry.names.value(label, word)
            metrics.set(MetricSeries(metric, value), to: Int64(clamping: count))
        }
        metrics.set(
            MetricSeries(.upstreamRetriesDenied), to: Int64(clamping: health.deniedRepetitionCount))
        metrics.set(
            MetricSeries(.accessLogLinesDropped), to: Int64(clamping: shared.writer?.droppedLineCount ?? 0))
        metrics.set(MetricSeries(.configurationGeneration), to: Int64(clamping: generation))
        metrics.set(MetricSeries(.startTime), to: startedUnixSeconds * 1_000_000_000)
        for (index, listener) in started.listeners.enumerated() {
            // A certificate that cannot be read any more is told by the reload that tried it.
            guard let tls = listener.tls,
                let expiry = (try? WorkerCrew.read(tls, shared))?.expiresAtUnixSeconds
            else { continue }
            let label = shared.registry.names.value(.listener, addresses[index].text)
            metrics.set(MetricSeries(.certificateExpiry, label), to: expiry * 1_000_000_000)
        }
        let version = shared.registry.names.value(.version, GatewayVersion.text)
        metrics.set(MetricSeries(.buildInfo, version), to: 1)
        return PrometheusText.render(metrics, names: shared.registry.names)
    }

    private func statusDocument() -> JSONValue {
        StatusDocument.make(
            snapshot: snapshot, shared: shared, crew: crew,
            uptimeSeconds: Int64(MonotonicClock.now().elapsed(since: startedAt).components.seconds),
            isDraining: isDraining, storeFailure: storeFailure, now: MonotonicClock.now())
    }

    private static func level(_ level: LogLevel) -> Logger.Level {
        switch level {
        case .debug: .debug
        case .info: .info
        case .warning: .warning
        case .error: .error
        }
    }

    static func load(
        _ tokens: TokenStore, refused: Set<UInt64>
    ) throws(ServerFailure) -> AccessSnapshot {
        do throws(AccessFailure) { return try tokens.load(refused: refused) } catch { throw .access(error) }
    }

    private static func onSystem<Value: ~Copyable>(
        _ body: () throws(SystemFailure) -> Value
    ) throws(ServerFailure) -> Value {
        do throws(SystemFailure) { return try body() } catch { throw .system(error) }
    }
}

/// Why the gateway cannot start.
package enum GatewayStartFailure: Error, Sendable, CustomStringConvertible {
    /// The configuration has mistakes.
    case settings(SettingsFailure)
    /// Something it names cannot be used.
    case server(ServerFailure)

    /// The failure in words.
    package var description: String {
        switch self {
        case .settings(let failure): "\(failure)"
        case .server(let failure): "\(failure)"
        }
    }
}
