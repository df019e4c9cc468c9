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
    /// The status of the final head, once it is there.
    package var status: Status? { head?.status }
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

    private let limits: TransferLimits
    private let host: [UInt8]
    private let progress: ProgressList
    private var isNewsNoted = false
    private var interimHeads: [ResponseHead] = []
    private var reader: ResponseHeadReader
    // The begin of a line of the head whose end has not come.
    private var partialLine = ByteBuffer()
    // There once the final head is.
    private var content: ReceivedContent?
    // Something came behind the end of the answer, in one read with it.
    private var hasExcess = false
    /// Set at the first doubt: why there will be no answer, whatever else comes.
    private(set) var failure: UpstreamFailure?
    /// Whether any byte of an answer has come.
    private(set) var hasReceivedBytes = false
    // Whether any of it has been sent, on whichever connection.
    private var wasSent = false
    /// The right to be sent, until what came of it has been taken down.
    var pass: HealthTracker.Pass?
    /// How often it has been put off to be sent once more.
    private(set) var repetitionCount = 0

    /// Where it stands among those that run.
    var place = 0
    /// The connection, made or being made, while the transfer runs.
    private(set) var connection: UpstreamConnection?
    /// Whether the upstream is not read because the owner has too much to take already.
    private(set) var isReceivingPaused = false
    private var outgoing = ByteBuffer()
    private var isHeadSupplied = false
    private var upload: Upload
    private var offeredBytes: UInt64 = 0
    private var isRoomAwaited = false

    /// The state of the request's content.
    private enum Upload {
        /// More may be offered; goes to `offered` or `supplied`.
        case open
        /// All has been offered, some not yet handed to the connection; goes to `supplied`.
        case offered
        /// All has been handed to the connection, or there was none; goes to `sent`.
        case supplied
        /// The whole request is on its way.
        case sent
    }

    /// Makes a transfer that waits for its turn; its total deadline counts from `progress.now`. `host` is the
    /// authority of the origin.
    init(
        request: consuming UpstreamRequest, owner: UInt64, number: UInt64, host: [UInt8],
        limits: TransferLimits, progress: ProgressList
    ) {
        self.owner = owner
        self.number = number
        self.limits = limits
        self.progress = progress
        self.host = host
        totalDeadline = progress.now.advanced(by: limits.totalTimeout)
        reader = ResponseHeadReader(limits: limits.head, method: request.method)
        switch request.content {
        case .none, .length(0): upload = .supplied
        case .length, .chunked: upload = .open
        }
        self.request = request
        progress.note(totalDeadline)
    }

    deinit { progress.giveBack(&received) }

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
        guard isReceivingPaused, received.count <= limits.receiveBufferBytes / 2 else { return }
        isReceivingPaused = false
        progress.noteAttention(to: self)
    }

    /// How many bytes `offerContent` would take now. At zero, news will come once there is room.
    package var contentRoomBytes: Int {
        let room = max(0, limits.sendBufferBytes - outgoing.count)
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
        let room = max(0, limits.sendBufferBytes - outgoing.count)
        let count = min(room, bytes.count)
        isRoomAwaited = count < bytes.count
        offeredBytes += UInt64(count)
        if case .length(let announced) = request.content, offeredBytes > announced {
            abortContent()
            return .notWanted
        }
        outgoing.append(bytes.extracting(0..<count))
        if count > 0 { progress.noteAttention(to: self) }
        return .accepted(byteCount: count)
    }

    /// Says that all content was offered. Less than the announced length gives the request up: the
    /// upstream would take the next request for the rest.
    package func finishContent() {
        guard !isOver, case .open = upload else { return }
        if case .length(let announced) = request.content, offeredBytes < announced {
            abortContent()
            return
        }
        upload = .offered
        progress.noteAttention(to: self)
    }

    /// Says that the client's content broke off. The request is given up and its connection closed.
    package func abortContent() {
        if isOver { return }
        refuse(.uploadAborted)
    }

    // MARK: what the client does

    /// Begins the request, for the first time or once more.
    func begin(on connection: UpstreamConnection, isReused: Bool) {
        self.connection = connection
        reusesConnection = isReused
        isHeadSupplied = false
        // Only what has no content is begun once more.
        if case .sent = upload { upload = .supplied }
        firstByteDeadline = nil
        phase = .connecting
        connection.assign(self)
    }

    /// Waits, after an attempt that failed without a byte of an answer, to be begun once more.
    func putOff() {
        connection = nil
        phase = .queued
        repetitionCount += 1
        reusesConnection = false
        firstByteDeadline = nil
    }

    /// Ends the transfer.
    func end(_ phase: Phase) {
        connection = nil
        self.phase = phase
        firstByteDeadline = nil
        outgoing.release()
        partialLine.release()
        if case .cancelled = phase { received.release() } else { noteNews() }
    }

    /// Whether the request may be begun once more, on a new connection, now that its own is over: a pooled
    /// one may have been closed by the upstream before the request reached it. On a new one it is not again.
    var mayBeginAgain: Bool {
        failure == nil && reusesConnection && !hasReceivedBytes && request.mayBeRepeated
    }

    /// What an end of the connection leaves of the answer; `inDueForm`: the upstream has said that nothing
    /// follows.
    func outcome(ofEndInDueForm inDueForm: Bool) -> Phase {
        guard let framing else { return .failed(.connectionClosed) }
        let isWhole = inDueForm && framing == .untilClose && content?.isComplete == true
        return isWhole ? .complete(framing) : .failed(.responseIncomplete)
    }

    /// What it means that there is no connection. It does not undo that the request was sent on another one.
    func outcome(ofNoConnection failure: UpstreamFailure) -> UpstreamFailure {
        wasSent && failure.isBeforeSending ? .connectionClosed : failure
    }

    /// What the answer comes to, once nothing more is wanted of the upstream.
    var outcomeOfAnswer: Phase {
        if let failure { return .failed(failure) }
        guard let framing, content?.isComplete == true else { return .failed(.responseIncomplete) }
        return .complete(framing)
    }

    /// Whether the connection has nothing left on it of this exchange, in either direction, and the upstream
    /// keeps it too.
    var leavesConnectionClean: Bool {
        guard failure == nil, !hasExcess, content?.isWhole == true, reader.keepsConnection else {
            return false
        }
        if case .sent = upload { return true }
        return false
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

    /// The news have been taken.
    func newsTaken() { isNewsNoted = false }

    private func noteNews() {
        if isNewsNoted { return }
        isNewsNoted = true
        progress.noteNews(of: self)
    }

    private func refuse(_ failure: UpstreamFailure) {
        if self.failure == nil { self.failure = failure }
        progress.noteAttention(to: self)
    }

    // MARK: what the connection does

    /// Hands over the next bytes to send: the head, then so much of the content, framed.
    func supply(_ buffer: inout ByteBuffer, maximumBytes: Int) {
        if !isHeadSupplied {
            request.appendHead(to: &buffer, host: host)
            isHeadSupplied = true
        }
        switch upload {
        case .supplied, .sent: return
        case .open, .offered: break
        }
        let count = min(maximumBytes, outgoing.count)
        let isChunked = request.content == .chunked
        if count > 0 {
            if isChunked {
                buffer.append(hexadecimal: UInt64(count))
                buffer.append("\r\n")
            }
            outgoing.withBytes { buffer.append($0.extracting(0..<count)) }
            outgoing.consume(count)
            if isChunked { buffer.append("\r\n") }
            noteRoom()
        }
        guard outgoing.isEmpty, isContentOffered else { return }
        if isChunked { buffer.append("0\r\n\r\n") }
        upload = .supplied
    }

    private var isContentOffered: Bool {
        if case .offered = upload { return true }
        return request.content == .length(offeredBytes)
    }

    private func noteRoom() {
        guard isRoomAwaited && outgoing.count <= limits.sendBufferBytes / 2 else { return }
        isRoomAwaited = false
        noteNews()
    }

    /// Bytes have been sent; `isAll`: all that were supplied.
    func noteSending(isAll: Bool) {
        wasSent = true
        if case .connecting = phase { phase = .waitingForHead }
        guard isAll, case .supplied = upload else { return }
        upload = .sent
        guard head == nil else { return }
        let deadline = progress.now.advanced(by: limits.firstByteTimeout)
        firstByteDeadline = deadline
        progress.note(deadline)
    }

    /// Whether nothing is to be read now. Asked before each read: `didConsume` undoes it.
    func pausesReceiving() -> Bool {
        if received.count >= limits.receiveBufferBytes { isReceivingPaused = true }
        return isReceivingPaused
    }

    /// Whether there is more to come of an answer.
    enum Wish { case more, enough }

    /// Takes what has been received.
    func take(_ bytes: Span<UInt8>) -> Wish {
        if failure != nil { return .enough }
        hasReceivedBytes = true
        let headCount = head == nil ? takeHead(bytes) : 0
        if failure != nil { return .enough }
        guard head != nil else { return .more }
        takeContent(bytes.extracting(droppingFirst: headCount))
        return failure == nil && content?.isWhole != true ? .more : .enough
    }

    /// Takes the lines of the head, and says where its content begins.
    private func takeHead(_ bytes: Span<UInt8>) -> Int {
        var start = 0
        while head == nil, failure == nil {
            guard let end = bytes.indexOfLineFeed(from: start) else {
                keepPartialLine(bytes.extracting(start..<bytes.count))
                return bytes.count
            }
            let line = bytes.extracting(start..<(end + 1))
            start = end + 1
            if partialLine.isEmpty {
                note(reader.consume(line))
            } else {
                partialLine.append(line)
                let outcome = partialLine.withBytes { reader.consume($0) }
                partialLine.removeAll()
                note(outcome)
            }
        }
        return start
    }

    /// Keeps the begin of a line until its end comes; what cannot become one is refused at once.
    private func keepPartialLine(_ bytes: Span<UInt8>) {
        partialLine.append(bytes)
        if let failure = partialLine.withBytes({ reader.doubt(aboutBegin: $0) }) { refuse(failure) }
    }

    private func note(_ outcome: consuming ResponseHeadReader.Outcome) {
        switch consume outcome {
        case .more: break
        case .interim(let head):
            interimHeads.append(head)
            noteNews()
        case .final(let head, let framing): takeFinalHead(head, framing)
        case .refused(let failure): refuse(failure)
        }
    }

    private func takeFinalHead(_ head: consuming ResponseHead, _ framing: ContentFraming) {
        let isGzip = request.decodesGzip && framing != .none && framing != .length(0) && head.saysGzip
        if isGzip { head = head.decoded() }
        self.head = consume head
        content = ReceivedContent(framing: framing, isGzip: isGzip)
        phase = .receivingContent
        firstByteDeadline = nil
        partialLine.release()
        noteNews()
    }

    private func takeContent(_ bytes: Span<UInt8>) {
        if bytes.isEmpty { return }
        if content?.isWhole == true {
            // The head was all of it. Nothing is wrong with the answer itself.
            hasExcess = true
            return
        }
        // Content that goes on behind its length is not the content that was meant.
        if let expected = content?.expectedBytes, UInt64(bytes.count) > expected {
            refuse(.responseInvalid(.bytesAfterEnd))
            return
        }
        progress.lend(to: &received)
        if let defect = self.content?.take(bytes, into: &received) {
            refuse(.responseInvalid(defect))
            return
        }
        noteNews()
    }
}

extension Span where Element == UInt8 {
    /// Where the next line feed stands.
    fileprivate func indexOfLineFeed(from start: Int) -> Int? {
        var (index, isFound) = firstMark(from: start) { $0.marks(of: 0x0A) }
        if isFound { return index }
        while index < count {
            if self[index] == 0x0A { return index }
            index += 1
        }
        return nil
    }
}
