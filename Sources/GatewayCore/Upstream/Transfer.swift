package import HTTPModel

/// One fetch from the upstream: what its owner sees of it, and the bounded buffers in both directions.
///
/// Owned by the exchange that started it and by the client while it runs; confined to the worker. It changes
/// only inside calls to the client or to itself; afterwards `UpstreamClient.nextProgressed` names it. The
/// owner takes bytes from `received` and says so by `didConsume`, which is how back-pressure reaches the
/// upstream.
package final class Transfer {
    /// How far the fetch is.
    package enum Phase: Sendable, Hashable {
        /// Waits for one of the running transfers to end, or for its repetition; goes to `connecting` or
        /// `failed`.
        case queued
        /// Resolves, connects, shakes hands; goes to `waitingForHead` or `failed`.
        case connecting
        /// The request is on its way; goes to `receivingContent`, `complete` or `failed`.
        case waitingForHead
        /// The final head is there; goes to `complete` or `failed`.
        case receivingContent
        /// The answer is whole; `received` may still hold the rest of it. `untilClose` is never to be cached:
        /// nobody can tell a whole answer from a cut one.
        case complete(ContentFraming)
        /// There is no (whole) answer. With `head` set the client's answer has to be broken off; without, it
        /// is made from the failure.
        case failed(UpstreamFailure)
        /// The owner gave up.
        case cancelled
    }

    /// What became of offered content.
    package enum Offer: Sendable, Hashable {
        /// So many bytes from the front were taken; fewer than offered means full, and news will come once
        /// there is room.
        case accepted(byteCount: Int)
        /// Nobody needs the content any more: the transfer is over.
        case notWanted
    }

    /// What the owner called it by at the start.
    package let owner: UInt64
    /// How far the fetch is.
    package private(set) var phase = Phase.queued
    /// The final head without the fields of a single connection, once it is there.
    package private(set) var head: ResponseHead?
    /// How the content in `received` is framed, once the final head is there.
    package var framing: ContentFraming? { content?.framing }
    /// Content that has arrived and was not taken yet, without chunks and without the gzip that the gateway
    /// asked for, otherwise as it came.
    package var received = ByteBuffer()
    /// Whether the upstream sends the content in gzip, which is taken off it.
    package var isDecoded: Bool { content?.isGzip == true }
    /// Whether a pooled connection serves the request.
    package private(set) var reusesConnection = false

    /// Tells this transfer's descriptors from another's.
    let number: UInt64
    /// The request, kept until the end because it may have to be sent once more.
    let request: UpstreamRequest
    /// When everything must be over.
    let totalDeadline: MonotonicInstant
    /// When the final head must be there; from the moment the request has been sent until the head comes.
    private(set) var firstByteDeadline: MonotonicInstant?

    private let configuration: UpstreamClientConfiguration
    private let progress: ProgressList
    private let connections: ConnectionTable
    private var isNewsNoted = false
    private var interimHeads: [ResponseHead] = []
    private var reader: ResponseHeadReader
    // There once the final head is.
    private var content: ReceivedContent?
    /// Set at the first doubt; whatever libcurl reports later, this is why.
    private(set) var failure: UpstreamFailure?
    private(set) var hasReceivedBytes = false
    /// Whether any of it has been sent, on whichever connection.
    private var wasSent = false
    /// The right to be sent, until what came of it has been taken down.
    var pass: HealthTracker.Pass?
    /// How often it has been put off to be sent once more.
    private(set) var repetitionCount = 0

    /// The handle while the transfer runs.
    var handle: CurlEasy?
    private var isReceivingPaused = false
    private var isSendingPaused = false
    private var outgoing = ByteBuffer()
    private var upload: Upload
    private var offeredBytes: UInt64 = 0
    private var isRoomAwaited = false

    /// The state of the request's content.
    private enum Upload {
        /// More may be offered; goes to `offered` or `sent`.
        case open
        /// All has been offered, some not yet handed to libcurl; goes to `sent`.
        case offered
        /// All has been handed to libcurl, or there was none.
        case sent
    }

    /// What the connection attempt that just ended means for the request.
    private var attempt = Attempt()

    private struct Attempt {
        var openedConnection = false
        var beginCount = 0
        var refusal: SendRefusal?
        /// Whether the request has been tried again already.
        var isLast = false
    }

    /// Why a request was not sent on the connection libcurl chose.
    private enum SendRefusal {
        /// Something had arrived on the pooled connection; nothing was sent.
        case spoiledConnection
        /// libcurl was about to send the request a second time.
        case secondSending
    }

    /// Makes a transfer that waits for its turn; its total deadline counts from `progress.now`.
    init(
        request: consuming UpstreamRequest, owner: UInt64, number: UInt64,
        configuration: UpstreamClientConfiguration, progress: ProgressList, connections: ConnectionTable
    ) {
        self.owner = owner
        self.number = number
        self.configuration = configuration
        self.progress = progress
        self.connections = connections
        totalDeadline = progress.now.advanced(by: configuration.totalTimeout)
        reader = ResponseHeadReader(
            limits: .init(
                headBytes: configuration.maximumHeadBytes, fieldCount: configuration.maximumFieldCount,
                interimCount: configuration.maximumInterimCount),
            method: request.method)
        switch request.content {
        case .none, .length(0): upload = .sent
        case .length, .chunked: upload = .open
        }
        self.request = request
        progress.note(totalDeadline)
    }

    // MARK: what the owner asks

    /// Whether nothing will change any more.
    package var isOver: Bool {
        switch phase {
        case .queued, .connecting, .waitingForHead, .receivingContent: false
        case .complete, .failed, .cancelled: true
        }
    }

    /// The next interim head (103) that was not taken yet.
    package func takeInterimHead() -> ResponseHead? {
        interimHeads.isEmpty ? nil : interimHeads.removeFirst()
    }

    /// Says that bytes were consumed from `received`: below half of the mark, the upstream is read again.
    package func didConsume() {
        guard isReceivingPaused, received.count <= configuration.receiveBufferBytes / 2 else { return }
        isReceivingPaused = false
        applyPause()
    }

    /// How many bytes `offerContent` would take now. At zero, news will come once there is room.
    package var contentRoomBytes: Int {
        let room = max(0, configuration.sendBufferBytes - outgoing.count)
        if room == 0 { isRoomAwaited = true }
        return room
    }

    /// Offers the next bytes of the request's content, at any time after the start.
    ///
    /// More than announced, or anything behind the end, gives the request up: it could only become the next
    /// request's begin.
    package func offerContent(_ bytes: Span<UInt8>) -> Offer {
        if isOver { return .notWanted }
        guard case .open = upload else {
            if !bytes.isEmpty { abortContent() }
            return .notWanted
        }
        let room = max(0, configuration.sendBufferBytes - outgoing.count)
        let count = min(room, bytes.count)
        isRoomAwaited = count < bytes.count
        offeredBytes += UInt64(count)
        if case .length(let announced) = request.content, offeredBytes > announced {
            abortContent()
            return .notWanted
        }
        outgoing.append(bytes.extracting(0..<count))
        if count > 0 { resumeSending() }
        return .accepted(byteCount: count)
    }

    /// Says that all content was offered. Less than the announced length gives the request up: libcurl would
    /// send it short, and the upstream would take the next request for the rest (swift-notes §6, hazard 2).
    package func finishContent() {
        guard !isOver, case .open = upload else { return }
        if case .length(let announced) = request.content, offeredBytes < announced {
            abortContent()
            return
        }
        upload = .offered
        resumeSending()
    }

    /// Says that the client's content broke off. The request is given up and its connection closed.
    package func abortContent() {
        if isOver { return }
        refuse(.uploadAborted)
    }

    // MARK: what the client does

    /// Marks the begin of work on the request, the first or a repeated one.
    func begin(on handle: CurlEasy) {
        self.handle = handle
        phase = .connecting
    }

    /// Waits, after an attempt that failed without a byte of an answer, to be begun once more.
    func putOff() {
        handle = nil
        phase = .queued
        repetitionCount += 1
        attempt = Attempt()
        reusesConnection = false
        firstByteDeadline = nil
    }

    /// Ends the transfer; `nil` failure means that the owner cancelled it.
    func end(_ phase: Phase) {
        handle = nil
        self.phase = phase
        firstByteDeadline = nil
        outgoing.release()
        if case .cancelled = phase { received.release() } else { noteNews() }
    }

    /// Whether the request can and may be begun once more on a new connection; asked when libcurl is done.
    func shallBeginAgain() -> Bool {
        guard failure == nil, !attempt.isLast, !hasReceivedBytes else { return false }
        switch attempt.refusal {
        case .spoiledConnection: break
        case .secondSending: if !request.mayBeRepeated { return false }
        case nil: return false
        }
        attempt = Attempt(isLast: true)
        firstByteDeadline = nil
        return true
    }

    /// What libcurl's result means. `result` is a CURLcode.
    func outcome(_ result: CurlResult) -> Phase {
        if let failure { return .failed(failure) }
        if attempt.refusal != nil { return .failed(.connectionClosed) }
        guard result.isOK else {
            let failure = result.failure(isAnswerBegun: head != nil)
            // libcurl looks by itself for another connection when a pooled one ends without an answer. That
            // it finds none does not undo that the request was sent.
            return .failed(wasSent && failure.isBeforeSending ? .connectionClosed : failure)
        }
        guard let framing else { return .failed(.connectionClosed) }
        return content?.isComplete == true ? .complete(framing) : .failed(.responseIncomplete)
    }

    /// Which deadline has passed, if any.
    func expired(at now: MonotonicInstant) -> UpstreamFailure? {
        if totalDeadline <= now { return .totalTimeout }
        if let deadline = firstByteDeadline, deadline <= now { return .firstByteTimeout }
        return nil
    }

    /// The transfer's next deadline.
    var nextDeadline: MonotonicInstant {
        guard let deadline = firstByteDeadline else { return totalDeadline }
        return min(deadline, totalDeadline)
    }

    /// Whether the answer is whole although libcurl does not think so: it goes on sending an upload that the
    /// upstream answered before its end, or waits for ever while that is paused (swift-notes §6, hazard 10);
    /// and it waits for content after the head that answers a HEAD request with content.
    var isAnsweredEarly: Bool { isAnswerWhole && libcurlWaitsBehindAnswer }

    private var libcurlWaitsBehindAnswer: Bool {
        if request.method == .head && request.content != .none { return true }
        if case .sent = upload { return false }
        return true
    }

    /// Whether the final head is all there is of the answer.
    private var isEndedByHead: Bool { wireFraming == ContentFraming.none || wireFraming == .length(0) }

    private var wireFraming: ContentFraming? { content?.wireFraming }

    /// Whether libcurl ends the answer by counting, so that it alone sees bytes behind its end.
    var endsByLength: Bool {
        switch wireFraming {
        case ContentFraming.none?, .length?: true
        case .chunked?, .untilClose?, nil: false
        }
    }

    /// Bytes came behind the end of the answer, in one read with it. Content that goes on behind its length
    /// is not the content that was meant; where there is none, nothing is wrong with the answer itself.
    func excessFound() {
        if !isEndedByHead { refuse(.responseInvalid(.bytesAfterEnd)) }
    }

    /// Lets libcurl see the end of an answer although the content of the request is paused.
    func unblockAnswer() { resumeSending() }

    /// The news have been taken.
    func newsTaken() { isNewsNoted = false }

    private func noteNews() {
        if isNewsNoted { return }
        isNewsNoted = true
        progress.noteNews(of: self)
    }

    /// Whether the answer is complete by its own framing.
    private var isAnswerWhole: Bool { content?.isWhole == true }

    private func refuse(_ failure: UpstreamFailure) {
        if self.failure == nil { self.failure = failure }
        progress.noteAttention(to: self)
    }

    private func resumeSending() {
        guard isSendingPaused else { return }
        isSendingPaused = false
        applyPause()
    }

    private func applyPause() {
        guard let handle else { return }
        let result = handle.setPause(receiving: isReceivingPaused, sending: isSendingPaused)
        // libcurl delivers what it kept while paused inside this call, and forgets a refusal of it.
        if !result.isOK { refuse(result.failure(isAnswerBegun: head != nil)) }
    }

    // MARK: what libcurl's callbacks record

    /// libcurl opened a connection for this request.
    func connectionOpened() { attempt.openedConnection = true }

    /// libcurl has chosen a connection with this local port; whether the request may be sent on it.
    ///
    /// libcurl sends any request again, a POST too, when a pooled connection ends without an answer. Only one
    /// sending per attempt is let through here; whether there is a second attempt is for `shallBeginAgain`.
    func mayBeSent(localPort: UInt16) -> Bool {
        attempt.beginCount += 1
        if attempt.beginCount > 1 {
            attempt.refusal = .secondSending
            return false
        }
        reusesConnection = !attempt.openedConnection
        if attempt.openedConnection { connections.established(localPort: localPort, by: number) }
        if reusesConnection && !connections.isSafeToReuse(localPort: localPort, by: number) {
            attempt.refusal = .spoiledConnection
            return false
        }
        wasSent = true
        phase = .waitingForHead
        armFirstByteDeadline()
        noteNews()
        return true
    }

    private func armFirstByteDeadline() {
        guard case .sent = upload, head == nil else { return }
        let deadline = progress.now.advanced(by: configuration.firstByteTimeout)
        firstByteDeadline = deadline
        progress.note(deadline)
    }

    /// Takes a line of a head; `false` ends the transfer.
    func takeHeadLine(_ line: Span<UInt8>) -> Bool {
        if failure != nil { return false }
        hasReceivedBytes = true
        switch reader.consume(line) {
        case .more: return true
        case .interim(let head):
            interimHeads.append(head)
            noteNews()
            return true
        case .final(let head, let framing):
            takeFinalHead(head, framing)
            return true
        case .refused(let failure):
            refuse(failure)
            return false
        }
    }

    private func takeFinalHead(_ head: ResponseHead, _ framing: ContentFraming) {
        let isGzip = request.decodesGzip && framing != .none && framing != .length(0) && head.saysGzip
        self.head = isGzip ? head.decoded() : head
        content = ReceivedContent(framing: framing, isGzip: isGzip)
        phase = .receivingContent
        firstByteDeadline = nil
        noteNews()
        guard libcurlWaitsBehindAnswer else { return }
        progress.noteAttention(to: self)
        if framing == .untilClose { progress.noteEndsWithClose(self) }
    }

    /// What libcurl shall do after it has handed over content.
    enum ContentAnswer { case taken, pause, stop }

    /// Takes content. When asked to pause, libcurl comes again with the same bytes, so nothing is taken then.
    func takeContent(_ bytes: Span<UInt8>) -> ContentAnswer {
        if failure != nil { return .stop }
        guard let wireFraming, wireFraming != .none else {
            refuse(.responseInvalid(head == nil ? .notHTTP : .bytesAfterEnd))
            return .stop
        }
        if received.count >= configuration.receiveBufferBytes {
            isReceivingPaused = true
            return .pause
        }
        if let defect = content?.take(bytes, into: &received) {
            refuse(.responseInvalid(defect))
            return .stop
        }
        noteNews()
        if isAnsweredEarly { progress.noteAttention(to: self) }
        return .taken
    }

    /// What libcurl gets when it asks for content.
    enum ContentSupply {
        /// So many bytes from the front of what was offered.
        case bytes(Int)
        /// There is none now.
        case pause
        /// There is none any more.
        case end
        /// The transfer has been given up.
        case stop
    }

    /// What there is to send, at most `maximumBytes` (above zero).
    func nextContent(maximumBytes: Int) -> ContentSupply {
        if failure != nil { return .stop }
        if !outgoing.isEmpty { return .bytes(min(maximumBytes, outgoing.count)) }
        guard case .open = upload else {
            noteSent()
            return .end
        }
        isSendingPaused = true
        return .pause
    }

    /// Lends the bytes to send and drops them.
    func sendContent(_ count: Int, _ body: (Span<UInt8>) -> Void) {
        outgoing.withBytes { body($0.extracting(0..<count)) }
        outgoing.consume(count)
        if isRoomAwaited && outgoing.count <= configuration.sendBufferBytes / 2 {
            isRoomAwaited = false
            noteNews()
        }
        // libcurl stops to ask once an announced length has been handed over.
        if case .length(offeredBytes) = request.content, outgoing.isEmpty { noteSent() }
    }

    private func noteSent() {
        upload = .sent
        armFirstByteDeadline()
    }
}
