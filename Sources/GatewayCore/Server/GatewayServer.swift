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
    private let started: GatewayConfiguration
    private var drainTimeout: Duration
    private let loadConfiguration: () throws(SettingsFailure) -> GatewayConfiguration
    private let shared: SharedParts
    private let events: Logger
    private var builder: SnapshotBuilder
    private var tokens: TokenStore
    private var follower: StoreFollower
    private let signals: SignalDescriptor
    private let crew: WorkerCrew
    private var generation: UInt64 = 1
    private var snapshot: ConfigurationSnapshot
    private let startedAt = MonotonicClock.now()
    private let startedUnixSeconds = WallClock.nowSeconds()
    private var isDraining = false
    private var storeFailure: String?
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
            builder = try SnapshotBuilder(configuration, cache: shared.cache, names: shared.registry.names)
            let plans = configuration.plans.map(\.name)
            tokens = TokenStore(configuration.credentials, plans: plans)
            let credentials = configuration.credentials
            // Before the first read, so that no change falls between the two.
            follower = try Self.onSystem { () throws(SystemFailure) in try StoreFollower(credentials) }
            let access = try Self.load(tokens)
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
        let token = try Self.adminToken(started.admin)
        let server = AdminServer(
            token: token,
            reach: AdminServer.Reach(
                isReady: { [unowned self] in !isDraining }, metrics: { [unowned self] in metricsText() },
                status: { [unowned self] in statusDocument() },
                purge: { [unowned self] in purge(tenant: $0, route: $1) }))
        let application = AdminApplication(
            server: server,
            controls: [
                AdminApplication.Control(number: signals.number) { [unowned self] in takeSignals() },
                AdminApplication.Control(number: follower.descriptor) { [unowned self] in followStore() },
                AdminApplication.Control(number: crew.stopRequest.number) { [unowned self] in
                    crew.stopRequest.acknowledge()
                    if crew.stopRequest.isRequested { drain() }
                    crew.checkStopped()
                },
            ])
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
        _ = shared.writer?.close()
        events.info("stopped")
    }

    /// How another thread has `run` drain and return.
    package var stopRequest: StopRequest { crew.stopRequest }

    /// What admin requests must carry, found where the configuration says; `nil` where they need nothing.
    package static func adminToken(_ configuration: AdminConfiguration) throws(ServerFailure) -> Secret? {
        switch configuration.token {
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
        case .sealed: throw .configuration("admin.token: allowed: env or file")
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

    private func followStore() {
        guard follower.drain() == .changed else { return }
        renewTenants()
    }

    /// Reads the tenant store again. A store that cannot be read leaves the one in use, and says so.
    private func renewTenants() {
        do throws(ServerFailure) {
            let access = try Self.load(tokens)
            publish(try builder.snapshot(access, generation: generation + 1))
            storeFailure = nil
            shared.metrics.increment(MetricSeries(.reloads, shared.registry.names.value(.result, "store")))
            for warning in access.warnings { events.warning("\(warning)") }
            events.info("tenant store read: \(access.tenants.count) tenants")
        } catch {
            storeFailure = "\(error)"
            shared.metrics.increment(
                MetricSeries(.reloads, shared.registry.names.value(.result, "store_failed")))
            events.error("the tenant store was not taken, the one before stays in use: \(error)")
        }
    }

    private func publish(_ next: ConfigurationSnapshot) {
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
                let nextBuilder = try SnapshotBuilder(
                    next, cache: shared.cache, names: shared.registry.names)
                let nextTokens = TokenStore(started.credentials, plans: next.plans.map(\.name))
                let access = try Self.load(nextTokens)
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

    private func purge(tenant: String, route: String?) -> Int? {
        guard let context = snapshot.tenants.first(where: { $0.tenant.id == tenant }) else { return nil }
        var number: UInt32?
        if let route {
            guard let known = snapshot.routes.routes.first(where: { $0.name == route }) else { return nil }
            number = known.number
        }
        let count = shared.cache.purge(context.partition, route: number, now: MonotonicClock.now())
        events.info("purged \(count) entries of tenant \(tenant)\(route.map { ", route \($0)" } ?? "")")
        return count
    }

    private func metricsText() -> String {
        var metrics = shared.registry.snapshot()
        let cache = shared.cache.statistics()
        metrics.set(MetricSeries(.cacheBytes), to: Int64(cache.accountedBytes))
        metrics.set(MetricSeries(.cacheEntries), to: Int64(cache.entries))
        metrics.set(MetricSeries(.cacheEvictions), to: Int64(clamping: cache.counts.evicted))
        metrics.set(MetricSeries(.rateLimitBuckets), to: Int64(shared.limiter.bucketCount))
        metrics.set(MetricSeries(.rateLimitEvictions), to: Int64(clamping: shared.limiter.evictionCount))
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
            isDraining: isDraining, storeFailure: storeFailure)
    }

    private static func level(_ level: LogLevel) -> Logger.Level {
        switch level {
        case .debug: .debug
        case .info: .info
        case .warning: .warning
        case .error: .error
        }
    }

    private static func load(_ tokens: TokenStore) throws(ServerFailure) -> AccessSnapshot {
        do throws(AccessFailure) { return try tokens.load() } catch { throw .access(error) }
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
