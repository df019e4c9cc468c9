import Foundation
import HTTPModel
import Settings
import Locking

@testable import GatewayCore

/// One worker of the gateway on a thread of its own, with an application that a test looks through: it sees
/// every request in the order of the worker, and what the worker holds whenever it is about to wait.
final class WorkerUnderTest: Sendable {
    /// A request as the worker hands it over.
    struct Request: Sendable {
        /// Which connection, by the order of their first requests.
        let connection: Int
        let target: String
    }

    /// What a worker holds while it waits.
    struct Holding: Sendable, Equatable {
        /// Bytes in what all connections share.
        var sharedBytes = 0
        /// Memory that connections own, in bytes, and their number.
        var ownedBytes = 0
        var connections = 0
    }

    let port: UInt16
    private let mailbox: Mailbox<WorkerMessage>
    private let ended = DispatchSemaphore(value: 0)
    private let observed: Observed

    /// What the application saw; written by the worker's thread, read by the test's.
    fileprivate final class Observed: Sendable {
        let requests = Lock<[Request]>([])
        /// The present holding, and the most shared bytes of any wait.
        let holding = Lock<(now: Holding, mostSharedBytes: Int)>((Holding(), 0))
    }

    /// Starts a worker. `answer` gives the size of the content for each request, on the worker's thread.
    init(
        policy: ListenerPolicy = ListenerPolicy(), tls: TLSFiles? = nil,
        answer: @escaping @Sendable (Request) -> Int
    ) throws {
        let mailbox = try Mailbox<WorkerMessage>()
        let observed = Observed()
        let start = Start()
        let ended = ended
        let paths = tls.map { ($0.certificate, $0.key) }
        Thread.detachNewThread {
            do {
                let worker = try Self.makeWorker(policy, paths, mailbox, ProbeApplication(observed, answer))
                start.tell(.success(worker.listeners[0].listener.address.port))
                worker.run()
            } catch {
                start.tell(.failure(GatewayUnderTest.Failure(description: "\(error)")))
            }
            ended.signal()
        }
        port = try start.wait().get()
        self.mailbox = mailbox
        self.observed = observed
    }

    /// Tells the worker to drain, in ten seconds at most.
    func beginDrain() { mailbox.post(.drain(until: MonotonicClock.now().advanced(by: .seconds(10)))) }

    deinit {
        mailbox.post(.drain(until: MonotonicClock.now()))
        _ = ended.wait(timeout: .now() + 30)
    }

    /// The requests so far, in the order in which the worker took them.
    var requests: [Request] { observed.requests.withLock { $0 } }

    /// What the worker held when it last waited.
    var holding: Holding { observed.holding.withLock { $0.now } }

    /// The most bytes that lay in shared buffers at any wait.
    var mostSharedBytes: Int { observed.holding.withLock { $0.mostSharedBytes } }

    private final class Start: Sendable {
        private let result = Lock<Result<UInt16, GatewayUnderTest.Failure>?>(nil)
        private let isStarted = DispatchSemaphore(value: 0)
        func tell(_ value: Result<UInt16, GatewayUnderTest.Failure>) {
            result.withLock { $0 = value }
            isStarted.signal()
        }
        func wait() -> Result<UInt16, GatewayUnderTest.Failure> {
            _ = isStarted.wait(timeout: .now() + 30)
            return result.withLock { $0 }
                ?? .failure(GatewayUnderTest.Failure(description: "the worker did not start within 30 s"))
        }
    }

    private static func makeWorker(
        _ policy: ListenerPolicy, _ tls: (certificate: String, key: String)?,
        _ mailbox: Mailbox<WorkerMessage>,
        _ application: Application
    ) throws -> Worker {
        let address = SocketAddress(address: IPAddress(ipv4: 0x7F00_0001), port: 0)
        var certificate: (() throws(TLSFailure) -> TLSContext)?
        if let tls {
            certificate = { () throws(TLSFailure) -> TLSContext in
                let keys = [UInt8](repeating: 7, count: TLSContext.ticketKeyBytes)
                return try TLSContext(
                    certificateChain: tls.certificate, privateKey: tls.key, ticketKeys: Secret(keys.span))
            }
        }
        let listener = try WorkerListener(
            listener: try Listener(address: address), policy: policy, certificate: certificate)
        return try Worker(index: 0, application: application, listeners: [listener], mailbox: mailbox)
    }
}

/// Answers every request with as much content as the test says, and looks around before each wait.
private final class ProbeApplication: Application {
    private let observed: WorkerUnderTest.Observed
    private let answer: (WorkerUnderTest.Request) -> Int
    private var connections: [Registration] = []

    init(
        _ observed: WorkerUnderTest.Observed, _ answer: @escaping (WorkerUnderTest.Request) -> Int
    ) {
        self.observed = observed
        self.answer = answer
    }

    override func handle(_ bytes: Span<UInt8>, _ downstream: Downstream, _ worker: Worker) -> Handling {
        let known = connections.firstIndex(of: downstream.registration)
        if known == nil { connections.append(downstream.registration) }
        let request = WorkerUnderTest.Request(
            connection: known ?? connections.count - 1,
            target: bytes.extracting(worker.head.path.range).text)
        observed.requests.withLock { $0.append(request) }
        let size = answer(request)
        ResponseEncoder.statusLine(.ok, into: &worker.outbound)
        ResponseEncoder.field("Content-Length", UInt64(size), into: &worker.outbound)
        ResponseEncoder.endHead(into: &worker.outbound)
        worker.outbound.append([UInt8](repeating: 0x2E, count: size).span)
        return .answered(downstream.isLast ? .close : .keep)
    }

    override func received(_ message: WorkerMessage, _ worker: Worker) {
        if case .drain(let deadline) = message { worker.drain(until: deadline) }
    }

    override func beforeWait(_ worker: Worker) {
        var holding = WorkerUnderTest.Holding()
        holding.sharedBytes = worker.inbound.count + worker.outbound.count
        if worker.pipe.hasInput || worker.pipe.hasOutput { holding.sharedBytes += 1 }
        holding.connections = worker.connectionCount
        for registration in connections {
            guard let connection = worker.connection(registration) else { continue }
            holding.ownedBytes += connection.input.capacity + connection.pendingOutput.capacity
        }
        observed.holding.withLock {
            $0 = (holding, max($0.mostSharedBytes, holding.sharedBytes))
        }
    }
}
