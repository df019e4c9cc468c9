import CGatewayShims
import HTTPModel
import Synchronization

/// The workers' threads, their mailboxes and their sockets.
final class WorkerCrew {
    /// The addresses in use.
    let addresses: [SocketAddress]
    /// Wakes the main thread: a drain is asked for, or a worker has stopped.
    let stopRequest: StopRequest
    /// Number of workers.
    let count: Int
    private let mailboxes: [Mailbox<WorkerMessage>]
    private var threads: [ThreadBox] = []
    private let running: Running

    /// A thread in a place that containers can hold.
    private final class ThreadBox {
        var thread: PlatformThread?
        init(_ thread: consuming PlatformThread) { self.thread = consume thread }
        func join() { thread.take()?.join() }
    }

    /// How many workers still run, and how many have not been made yet.
    private final class Running: Sendable {
        let count: Atomic<Int>
        let unmadeCount: Atomic<Int>
        init(_ count: Int) {
            self.count = Atomic(count)
            unmadeCount = Atomic(count)
        }
    }

    /// How often the main thread looks whether the workers have been made, and how long it waits for them.
    private static let lookPeriod = Duration.microseconds(200)
    private static let startTimeout = Duration.seconds(30)

    /// Binds all addresses for all workers, then starts the threads. When it returns every worker has been
    /// made: each has read its certificate, so that a file which is replaced from now on stops nobody.
    init(
        _ configuration: GatewayConfiguration, shared: SharedParts, snapshot: ConfigurationSnapshot
    ) throws(ServerFailure) {
        let count = configuration.workers ?? Int(gw_available_processors())
        self.count = count
        let processors = Int(gw_available_processors())
        if configuration.workerPlacement == .bound, count > processors {
            throw .configuration(
                "worker_placement is bound, for at most as many workers as processors: there are \(count) workers"
                    + " and \(processors) processors")
        }
        var mailboxes: [Mailbox<WorkerMessage>] = []
        do throws(SystemFailure) {
            stopRequest = try StopRequest()
            for _ in 0..<count { mailboxes.append(try Mailbox()) }
        } catch { throw .system(error) }
        self.mailboxes = mailboxes
        running = Running(count)
        let (sockets, addresses) = try Self.bind(configuration.listeners, workers: count)
        self.addresses = addresses
        // Tried once here, so that a certificate that cannot be used stops the start and not a thread.
        for listener in configuration.listeners { _ = try Self.certificate(listener, shared) }
        let balances = configuration.listeners.map {
            ConnectionBalance(workerCount: count, maximumCount: $0.maximumConnections)
        }
        for index in 0..<count {
            let plan = WorkerPlan(
                index: index, workerCount: count, configuration: configuration, shared: shared,
                snapshot: snapshot,
                mailboxes: mailboxes, sockets: sockets[index], balances: balances)
            try start(plan)
        }
        let deadline = MonotonicClock.now().advanced(by: Self.startTimeout)
        while running.unmadeCount.load(ordering: .acquiring) > 0 {
            guard MonotonicClock.now() < deadline else {
                throw .configuration("the workers' threads did not start within \(Self.startTimeout)")
            }
            MonotonicClock.sleep(Self.lookPeriod)
        }
    }

    /// Tells every worker.
    func post(_ message: WorkerMessage) {
        for mailbox in mailboxes { mailbox.post(message) }
    }

    /// Calls `body` on the main thread's next occasion after the last worker has stopped.
    func whenStopped(_ body: @escaping () -> Void) {
        stopped = body
    }
    private var stopped: (() -> Void)?

    /// Looks whether all workers have stopped, for the main thread's loop.
    func checkStopped() {
        guard running.count.load(ordering: .acquiring) == 0, let stopped else { return }
        self.stopped = nil
        stopped()
    }

    /// Waits for all threads.
    func join() {
        for thread in threads { thread.join() }
    }

    private func start(_ plan: WorkerPlan) throws(ServerFailure) {
        let running = running
        let stopRequest = stopRequest
        do throws(SystemFailure) {
            let thread = try PlatformThread(name: "worker-\(plan.index)") {
                plan.run { running.unmadeCount.subtract(1, ordering: .releasing) }
                running.count.subtract(1, ordering: .releasing)
                stopRequest.wake()
            }
            threads.append(ThreadBox(thread))
        } catch { throw .system(error) }
    }

    /// One socket per listener and worker. A port chosen by the kernel for the first is taken by the others.
    private static func bind(
        _ listeners: [ListenerConfiguration], workers: Int
    ) throws(ServerFailure) -> ([ListenerSockets], [SocketAddress]) {
        let sockets = (0..<workers).map { _ in ListenerSockets() }
        var addresses: [SocketAddress] = []
        for listener in listeners {
            var address = listener.address
            for worker in 0..<workers {
                let socket = try Self.socket(address)
                address = socket.address
                sockets[worker].append(socket)
            }
            addresses.append(address)
        }
        return (sockets, addresses)
    }

    /// Makes a listener for the admin address.
    static func listener(
        _ address: SocketAddress, policy: ListenerPolicy, certificate: (() throws(TLSFailure) -> TLSContext)?
    ) throws(ServerFailure) -> WorkerListener {
        let socket = try Self.socket(address)
        do throws(TLSFailure) {
            return try WorkerListener(listener: socket, policy: policy, certificate: certificate)
        } catch { throw .tls(error) }
    }

    private static func socket(_ address: SocketAddress) throws(ServerFailure) -> Listener {
        do throws(SystemFailure) { return try Listener(address: address) } catch {
            throw .listen(address: address.text, error)
        }
    }

    /// Reads a certificate and its key as they are now.
    static func read(_ tls: TLSConfiguration, _ shared: SharedParts) throws(TLSFailure) -> TLSContext {
        try TLSContext(
            certificateChain: tls.certificateChainPath, privateKey: tls.privateKeyPath,
            ticketKeys: shared.ticketKeys)
    }

    /// How a listener's certificate is read, `nil` for a plain listener.
    static func certificate(
        _ listener: ListenerConfiguration, _ shared: SharedParts
    ) throws(ServerFailure) -> (() throws(TLSFailure) -> TLSContext)? {
        guard let tls = listener.tls else { return nil }
        let read = { () throws(TLSFailure) -> TLSContext in try Self.read(tls, shared) }
        do throws(TLSFailure) { _ = try read() } catch { throw .tls(error) }
        return read
    }
}
