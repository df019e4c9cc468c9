import HTTPModel

/// The main thread's loop: the admin address, and the descriptors by which the process is controlled.
final class AdminApplication: Application {
    private let server: AdminServer
    private let controls: [Control]
    private let chores: [Chore]
    private var choresDue: [MonotonicInstant] = []

    /// A descriptor of the main thread, and what to do when it can be read.
    struct Control {
        let number: Int32
        let act: () -> Void
    }

    /// Something the main thread does now and then.
    struct Chore {
        let period: Duration
        let act: () -> Void
    }

    init(server: AdminServer, controls: [Control], chores: [Chore]) {
        self.server = server
        self.controls = controls
        self.chores = chores
    }

    override func attach(to worker: Worker) {
        choresDue = chores.map { worker.now.advanced(by: $0.period) }
        for control in controls { worker.watch(control.number, .readable, isNew: true) }
    }

    override func upstreamReady(_ number: Int, _ readiness: Readiness, _ worker: Worker) {
        for control in controls where Int(control.number) == number { control.act() }
    }

    override var nextDeadline: MonotonicInstant? { choresDue.min() }

    override func afterEvents(_ worker: Worker) {
        for (index, chore) in chores.enumerated() where choresDue[index] <= worker.now {
            choresDue[index] = worker.now.advanced(by: chore.period)
            chore.act()
        }
    }

    override func handle(_ bytes: Span<UInt8>, _ downstream: Downstream, _ worker: Worker) -> Handling {
        let request = server.read(worker.head, bytes, isLast: downstream.isLast)
        // Of content without a byte nobody would tell that it has ended.
        if request.takesContent && worker.head.framing != .none && worker.head.framing != .length(0) {
            if worker.head.expectsContinue && !downstream.contentHasArrived {
                ResponseEncoder.interim(.continue, fields: [UInt8]().span, into: &worker.outbound)
            }
            return .pending(AdminAnswer(request: request, server: server))
        }
        return .answered(server.answer(request, content: [], into: &worker.outbound))
    }

    override func refuse(_ refusal: MessageRefusal, _ downstream: Downstream, _ worker: Worker) {
        ResponseEncoder.statusLine(refusal.status, into: &worker.outbound)
        ResponseEncoder.field("Content-Length", UInt64(0), into: &worker.outbound)
        ResponseEncoder.field("Connection", "close", into: &worker.outbound)
        ResponseEncoder.endHead(into: &worker.outbound)
    }

    override func refuseLate(_ downstream: Downstream, _ worker: Worker) {
        ResponseEncoder.statusLine(.requestTimeout, into: &worker.outbound)
        ResponseEncoder.field("Content-Length", UInt64(0), into: &worker.outbound)
        ResponseEncoder.field("Connection", "close", into: &worker.outbound)
        ResponseEncoder.endHead(into: &worker.outbound)
    }
}

/// An admin request whose content is still coming.
final class AdminAnswer: PendingAnswer {
    private let request: AdminServer.Request
    private let server: AdminServer
    private var content: [UInt8] = []
    private var isComplete = false

    init(request: AdminServer.Request, server: AdminServer) {
        self.request = request
        self.server = server
        super.init()
    }

    override func offer(content bytes: Span<UInt8>) {
        // One byte above the bound is kept, so that the server sees that there was too much.
        let room = AdminServer.maximumContentBytes + 1 - content.count
        content.append(bytes.extracting(first: min(room, bytes.count)))
    }

    override func finishContent() { isComplete = true }

    override func produce(into output: inout ByteBuffer) -> Production {
        guard isComplete else { return .waiting }
        return .finished(server.answer(request, content: content, into: &output))
    }
}
