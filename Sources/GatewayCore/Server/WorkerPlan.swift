import Cache
import HTTPModel
import Synchronization

/// Sockets on their way to a worker's thread.
final class ListenerSockets: @unchecked Sendable {
    // Sendable without a lock: filled by the main thread before the worker's thread is started, and emptied
    // by that thread alone.
    private var sockets: [Box] = []

    private final class Box {
        var socket: Listener?
        init(_ socket: consuming Listener) { self.socket = consume socket }
    }

    func append(_ socket: consuming Listener) { sockets.append(Box(socket)) }

    /// Takes the sockets out, in the order of the configuration.
    func take(_ body: (_ index: Int, consuming Listener) -> Void) {
        for (index, box) in sockets.enumerated() {
            guard let socket = box.socket.take() else {
                preconditionFailure("socket \(index) was taken twice")
            }
            body(index, socket)
        }
        sockets = []
    }
}

/// What a worker's thread needs to build its worker: everything that is not shared is made on that thread.
struct WorkerPlan: Sendable {
    let index: Int
    let workerCount: Int
    let configuration: GatewayConfiguration
    let shared: SharedParts
    let snapshot: ConfigurationSnapshot
    let mailboxes: [Mailbox<WorkerMessage>]
    let sockets: ListenerSockets
    /// Of each listener, in the order of the configuration.
    let balances: [ConnectionBalance]

    /// Entries that one tick of housekeeping takes out of the cache at most.
    private static let reclaimedPerTick = 1_000

    /// Builds the worker, says so, and runs it until it is drained.
    func run(whenMade: () -> Void) {
        var listeners: [WorkerListener] = []
        // Where the kernel says no, the worker runs where it may.
        let processor =
            configuration.workerPlacement == .bound ? PlatformThread.bind(toProcessorAt: index) : nil
        sockets.take { index, socket in
            if let processor { socket.prefer(processor: processor) }
            let listener = configuration.listeners[index]
            do throws(ServerFailure) {
                let certificate = try WorkerCrew.certificate(listener, shared)
                do throws(TLSFailure) {
                    listeners.append(
                        try WorkerListener(
                            listener: socket, policy: policy(listener), balance: balances[index],
                            position: self.index, certificate: certificate))
                } catch { throw .tls(error) }
            } catch {
                // The same files were read a moment ago by the main thread.
                fatalError("worker \(index) cannot read its certificate: \(error)")
            }
        }
        let metrics = shared.registry.makeWorkerMetrics()
        let reach = UpstreamReach()
        let upstream = UpstreamClient(
            configuration: upstreamConfiguration, poller: reach.poller, health: shared.health)
        let recorder = ExchangeRecorder(
            metrics: metrics, names: shared.registry.names, writer: shared.writer,
            clock: { MonotonicClock.now() })
        let pipeline = RequestPipeline(parts(upstream, recorder), snapshot: snapshot)
        let application = GatewayApplication(
            pipeline: pipeline, upstream: upstream, recorder: recorder, metrics: metrics,
            housekeeping: index == 0 ? housekeeping : nil, prober: prober(upstream))
        do throws(SystemFailure) {
            let worker = try Worker(
                index: index, application: application, listeners: listeners, mailbox: mailboxes[index],
                crew: mailboxes)
            reach.worker = worker
            whenMade()
            worker.run()
        } catch {
            fatalError("worker \(index) cannot start: \(error)")
        }
    }

    /// One worker probes for all.
    private func prober(_ upstream: UpstreamClient) -> UpstreamProber? {
        guard index == 0, let rule = configuration.upstream.health else { return nil }
        return UpstreamProber(rule, client: upstream, tracker: shared.health, now: MonotonicClock.now())
    }

    private var housekeeping: Housekeeping {
        let shared = shared
        return Housekeeping { now in
            _ = shared.cache.reclaimExpired(now: now, limit: Self.reclaimedPerTick)
            shared.residentBytes.store(ResidentMemory.bytes() ?? 0, ordering: .relaxed)
        }
    }

    private func parts(_ upstream: UpstreamClient, _ recorder: ExchangeRecorder) -> PipelineParts {
        let mailboxes = mailboxes
        let reports = shared.reports
        let shared = shared
        var randomness = SystemRandomness()
        return PipelineParts(
            cache: shared.cache, limiter: shared.limiter, upstream: upstream, recorder: recorder,
            courier: FollowerCourier { worker, message in mailboxes[Int(worker)].post(.follower(message)) },
            failedTokens: shared.failedTokens,
            shedder: LoadShedder(configuration.overload, seed: randomness.next()),
            residentBytes: { shared.residentBytes.load(ordering: .relaxed) }, report: { reports.post($0) },
            workerIndex: UInt32(index), deployment: configuration.name, identifierPrefix: randomness.next())
    }

    private func policy(_ listener: ListenerConfiguration) -> ListenerPolicy {
        var policy = ListenerPolicy()
        policy.http1 = listener.requests
        policy.maximumRequestsPerConnection = UInt64(listener.connections.maximumRequestsPerConnection)
        policy.maximumConnections = listener.maximumConnections
        policy.timeouts.handshake = TimeLimit(listener.connections.handshakeTimeout)
        policy.timeouts.head = TimeLimit(listener.connections.headTimeout)
        policy.timeouts.content = TimeLimit(listener.connections.bodyTimeout)
        policy.timeouts.minimumContentBytesPerSecond =
            UInt64(listener.connections.minimumBodyRateBytesPerSecond)
        policy.timeouts.contentGrace = TimeLimit(listener.connections.minimumBodyRateGrace)
        policy.timeouts.idle = TimeLimit(listener.connections.idleTimeout)
        policy.timeouts.write = TimeLimit(listener.connections.writeTimeout)
        return policy
    }

    private var upstreamConfiguration: UpstreamClientConfiguration {
        let given = configuration.upstream
        var client = UpstreamClientConfiguration(url: given.origin.url)
        client.trustAnchorFile = given.trustAnchorsPath
        client.connectTimeout = given.connectTimeout
        client.firstByteTimeout = given.firstByteTimeout
        client.totalTimeout = given.totalTimeout
        client.idleTimeout = given.idleTimeout
        client.connectionLifetime = given.connectionLifetime
        client.nameLifetime = given.nameLifetime
        client.acceptedCoding = given.acceptedCoding
        client.retries = given.retries
        var randomness = SystemRandomness()
        client.jitterSeed = randomness.next()
        // The configuration speaks of the whole gateway; no worker is left without.
        client.maximumConnectionCount = max(1, given.maximumConnections / workerCount)
        client.maximumWaitingCount = max(1, given.maximumWaiting / workerCount)
        client.receiveBufferBytes = given.responseBufferBytes
        client.sendBufferBytes = given.requestBufferBytes
        return client
    }
}

/// How the upstream client reaches the epoll of a worker that is made after it.
private final class UpstreamReach {
    weak var worker: Worker?

    var poller: UpstreamPoller {
        // Held strongly: libcurl closes its sockets as late as when the client goes, after the worker.
        UpstreamPoller { [self] descriptor, change in
            switch change {
            case .add(let interest): worker?.watch(descriptor, Self.interest(interest), isNew: true)
            case .modify(let interest): worker?.watch(descriptor, Self.interest(interest), isNew: false)
            case .remove: worker?.watch(descriptor, nil, isNew: false)
            }
        }
    }

    private static func interest(_ interest: UpstreamInterest) -> Interest {
        switch interest {
        case .readable: .readable
        case .writable: .writable
        case .both: [.readable, .writable]
        }
    }
}
