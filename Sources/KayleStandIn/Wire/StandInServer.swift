import Dispatch
import FlyingSocks
import Glibc
import Locking

/// The listening socket and its connections, on FlyingFox's sockets and event queue.
///
/// FlyingFox's own `HTTPServer` cannot serve as evidence: it keeps one value per field name, upper-cases
/// methods, sorts answer fields, cannot break an answer off, and reads each request in a task of the shared
/// pool. So the stand-in takes its sockets from the package and reads and writes HTTP itself.
final class StandInServer: Sendable {
    private let listener: Socket
    private let pool: SocketPool<ePoll>
    private let executor = StandInExecutor()
    private let responder: StandInResponder
    private let open: Lock<OpenSockets>
    private let finished = DispatchSemaphore(value: 0)

    private struct OpenSockets {
        var isStopping = false
        var descriptors: Set<Int32> = []
    }

    /// How long `stop()` waits for connections to end.
    private static let stopSeconds = 5

    /// Listens on 127.0.0.1; 0 as `port` lets the kernel choose.
    init(port: UInt16, responder: StandInResponder) throws {
        self.responder = responder
        listener = try Socket(domain: AF_INET, type: .stream)
        try listener.setValue(true, for: .localAddressReuse)
        try listener.bind(to: sockaddr_in.inet(ip4: "127.0.0.1", port: port))
        try listener.listen()
        open = Lock(OpenSockets(descriptors: [listener.file.rawValue]))
        pool = SocketPool(
            queue: ePoll(maxEvents: 256), dispatchQueue: DispatchQueue(label: "kayle-stand-in.events"),
            logger: .disabled)
    }

    /// The port it listens on.
    var port: UInt16 {
        get throws {
            switch try listener.sockname() {
            case .ip4(_, let port), .ip6(_, let port): port
            case .unix: 0
            }
        }
    }

    /// Begins to accept; connections made before wait in the kernel.
    func run() {
        let pool = pool
        let executor = executor
        Task(executorPreference: executor) {
            defer { self.finished.signal() }
            guard (try? await pool.prepare()) != nil else { return self.close(self.listener) }
            let events = Task(executorPreference: executor) { try await pool.run() }
            await self.acceptConnections()
            self.close(self.listener)
            events.cancel()
        }
    }

    /// Ends all connections and frees the port. Waits until that is done, five seconds at most.
    func stop() {
        // Under the lock that closing takes too, so that no descriptor is shut down after the kernel has
        // given its number to somebody else; shutdown never blocks.
        open.withLock { open in
            open.isStopping = true
            for descriptor in open.descriptors { _ = Glibc.shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
        guard finished.wait(timeout: .now() + .seconds(Self.stopSeconds)) == .success else { return }
        finished.signal()
    }

    private func acceptConnections() async {
        await withDiscardingTaskGroup { group in
            guard let listening = try? AsyncSocket(socket: listener, pool: pool) else { return }
            while !open.withLock({ $0.isStopping }) {
                // Failing to accept (no descriptors left, a peer already gone) passes with time or with
                // `stop()`.
                guard let socket = try? await listening.accept() else {
                    await executor.pause(milliseconds: 10)
                    continue
                }
                let isAdmitted = open.withLock { open in
                    if !open.isStopping { open.descriptors.insert(socket.socket.file.rawValue) }
                    return !open.isStopping
                }
                guard isAdmitted else {
                    close(socket.socket)
                    return
                }
                group.addTask {
                    await StandInConnection(
                        socket: socket, responder: self.responder, executor: self.executor
                    ).serve()
                    self.close(socket.socket)
                }
            }
        }
    }

    private func close(_ socket: Socket) {
        open.withLock { open in
            open.descriptors.remove(socket.file.rawValue)
            // A failing close has freed the descriptor all the same.
            try? socket.close()
        }
    }
}
