import Cache
import HTTPModel

/// One request whose answer takes time: what it waits for, what has come of its answer, what it will be
/// recorded with. The one object with identity in the corridor; owned by its connection and found by number.
package final class Exchange: PendingAnswer {
    /// What the exchange waits for or gives.
    enum State {
        /// Somebody else's fetch; goes to delivering, passing, filling, streaming or refusing.
        case following(FollowTicket)
        /// Its own fetch on behalf of all, collected; goes to delivering, passing, sharing, streaming or
        /// refusing.
        case filling
        /// Its own fetch, too large to be stored, at the pace of its client, read along by those who had
        /// begun to.
        case sharing
        /// Its own fetch for itself, sent on as it comes. The framing is known once the head was sent.
        case passing(ContentFraming?)
        /// An entry; `sentBytes` of its content have been written, `nil` before its head has.
        case delivering(CacheEntry, sentBytes: Int?)
        /// What is left, or still comes, of a large answer; its flight is over.
        case streaming
        /// A refusal that has not been written yet.
        case refusing(Refusal)
        /// Nothing; the exchange is over.
        case ended
    }

    /// What the worker, the upstream client and the collapser know the exchange by.
    let number: UInt64
    private unowned let pipeline: RequestPipeline
    /// The connection that waits for the answer; `nil` once it has gone.
    var connection: Registration?
    /// What was rendered of the request.
    let texts: ExchangeTexts
    /// What will be written down.
    var record: ExchangeRecord
    // What it was judged by lives as long as the exchange does.
    private let snapshot: ConfigurationSnapshot
    var state = State.ended
    /// The fetch, once it was started.
    var transfer: Transfer?
    /// The right to fetch for all; held exactly in state `filling`.
    var permit: FetchPermit?
    /// What the cache needs to know of the request, on its way into the cache.
    private(set) var cacheRequest: CacheRequest?
    /// Whose part of the cache the answer goes to.
    private(set) var partition: CachePartition?
    /// What to ask the upstream on the cache's behalf.
    private(set) var fill: UpstreamRequest?
    /// The request, as long as it may have to be sent once more with the tenant's other upstream token.
    var repeatable: UpstreamRequest?
    /// Whether it was.
    var isRepeated = false
    /// Whether the answer may be kept, once its head is there.
    var decision: StorageDecision?
    /// What the client says it has: a list of entity tags; empty if it says nothing.
    var condition: [UInt8] = []
    /// An answer whose time is over, should the upstream fail.
    var stale: CacheEntry?
    /// What the upstream was asked to confirm.
    var revalidation: Revalidation?
    /// The head of what it confirmed.
    var confirmedHead: ResponseHead?
    /// The larger page that is asked for in place of what the client wants; `nil` if its own question is
    /// asked.
    private(set) var widening: Widening?
    /// Whether it fetches for the cache alone: no client waits, and none is written down.
    private(set) var isRefresh = false
    /// The large answer that it fetches, for all to read while it arrives.
    var arriving: ArrivingAnswer?
    /// The one that its client is given so, its own or somebody else's.
    var stream: Stream?
    /// Content collected for the cache and not sent.
    var collected: [UInt8] = []
    /// Whose request goes upstream by it; 0 for nobody's, `nil` while none does.
    var asks: UInt64?
    /// Its place among the requests under way, where a limit counts them.
    var underWay: UnderWay?
    /// What the request may change of what is stored.
    let write: WriteScope
    /// Whether that has been taken down, now that its answer is there.
    var writeIsSettled = false
    /// Whether content of the request is still to come.
    var contentIsOutstanding: Bool

    /// Makes the exchange of a request that has been judged.
    init(
        number: UInt64, pipeline: RequestPipeline, connection: Registration, texts: ExchangeTexts,
        record: ExchangeRecord, write: WriteScope, contentIsOutstanding: Bool
    ) {
        self.number = number
        self.pipeline = pipeline
        self.connection = connection
        self.texts = texts
        self.record = record
        snapshot = record.snapshot
        self.write = write
        self.contentIsOutstanding = contentIsOutstanding
    }

    /// Notes what a fetch for the cache needs.
    func prepareFill(request: CacheRequest, partition: CachePartition, _ fill: UpstreamRequest) {
        cacheRequest = request
        self.partition = partition
        self.fill = fill
    }

    /// Has a larger page asked for.
    func widen(_ widening: Widening) { self.widening = widening }

    /// Goes back to the client's own question, about which nothing is known yet.
    func narrow() {
        widening = nil
        stale = nil
        revalidation = nil
        confirmedHead = nil
        decision = nil
        collected = []
        arriving = nil
        transfer = nil
    }

    /// What is asked on the cache's behalf.
    var question: UpstreamRequest? { widening?.request ?? fill }

    /// By what its answer is read as a page; only pages of tenants are.
    var pageModel: PageModel? {
        record.sharing == .tenant ? record.route?.page : nil
    }

    /// Makes this the exchange of nobody: what it fetches is for those to come.
    func becomeRefresh() {
        isRefresh = true
        connection = nil
    }

    /// What may be given in place of a failure.
    func answerOnError(at now: MonotonicInstant) -> CacheEntry? {
        stale.flatMap { $0.mayAnswerOnError(at: now) ? $0 : nil }
    }

    /// Answers from an entry, which must be of this exchange's part of the cache.
    func deliver(_ entry: CacheEntry, role: ForwardRole) {
        guard let partition else { preconditionFailure("an entry for an exchange without a cache") }
        // The last line of defence: an entry that came through another worker's hands is checked once more.
        precondition(entry.belongs(to: partition), "an entry of another tenant reached exchange \(number)")
        setRole(role)
        state = .delivering(entry, sentBytes: nil)
    }

    /// Says in `Cache-Status` whose fetch it was, or why its answer was not stored.
    func setRole(_ role: ForwardRole, status: Status? = nil, detail: ForwardDetail? = nil) {
        guard case .forward(var forward) = record.cacheStatus else { return }
        forward.role = role
        forward.status = status
        forward.detail = detail ?? forward.detail
        record.cacheStatus = .forward(forward)
    }

    /// Whether bytes of the answer have been handed to the connection.
    package override var answerHasBegun: Bool {
        switch state {
        case .passing(let framing): framing != nil
        case .delivering(_, let sentBytes): sentBytes != nil
        case .following, .filling, .sharing, .streaming: stream?.sentBytes != nil
        case .refusing, .ended: false
        }
    }

    /// How much content of the request may be handed over now, in bytes; zero when the upstream is behind.
    /// Content that nobody wants any more is taken without bound, and dropped.
    package override var contentRoomBytes: Int {
        guard let transfer, !transfer.isOver else { return .max }
        return transfer.contentRoomBytes
    }

    /// Hands over content of the request, no more than there is room for.
    package override func offer(content: Span<UInt8>) {
        record.receivedBytes += UInt64(content.count)
        switch transfer?.offerContent(content) {
        case .accepted(let count):
            precondition(
                count == content.count, "\(count) of \(content.count) bytes were taken though there was room")
        case .notWanted, nil: break
        }
    }

    /// All content of the request has been handed over.
    package override func finishContent() {
        contentIsOutstanding = false
        transfer?.finishContent()
    }

    /// Appends what there is of the answer.
    package override func produce(into output: inout ByteBuffer) -> Production {
        pipeline.produce(self, into: &output)
    }

    /// The client has gone.
    package override func abandon() { pipeline.abandon(self) }
}

/// A larger page, asked for so that the next questions find their answers at hand.
struct Widening {
    /// The client's own question: its canonical target.
    let key: [UInt8]
    /// What the upstream is asked in its place.
    let request: UpstreamRequest
}

/// What an exchange that waits keeps of the texts that the worker's buffers held when its request was judged.
///
/// One piece of memory with a range for each.
struct ExchangeTexts {
    /// All of them.
    let bytes: [UInt8]
    /// The identifier of the request.
    let identifier: Range<Int>
    /// The gateway's own fields of its answer.
    let ownFields: Range<Int>
    /// The canonical path.
    let path: Range<Int>
    /// What the client calls itself, as much of it as is written down.
    let userAgent: Range<Int>

    /// Copies the texts.
    init(identifier: Span<UInt8>, ownFields: Span<UInt8>, path: Span<UInt8>, userAgent: Span<UInt8>) {
        self.identifier = 0..<identifier.count
        self.ownFields = identifier.count..<(identifier.count + ownFields.count)
        self.path = self.ownFields.upperBound..<(self.ownFields.upperBound + path.count)
        self.userAgent = self.path.upperBound..<(self.path.upperBound + userAgent.count)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(self.userAgent.upperBound)
        bytes.append(identifier)
        bytes.append(ownFields)
        bytes.append(path)
        bytes.append(userAgent)
        self.bytes = bytes
    }
}

/// The exchanges of a worker that have no answer yet, by number.
package struct ExchangeTable {
    private var slab = Slab<Exchange>()

    /// An empty table.
    init() {}

    /// Number of exchanges under way.
    package var count: Int { slab.count }

    /// Whether no client waits: fetches for the cache alone keep nobody.
    package var isQuiet: Bool { slab.all.allSatisfy { $0.isRefresh } }

    /// Puts in the exchange that `make` builds for its number.
    mutating func insert(_ make: (UInt64) -> Exchange) -> Exchange {
        slab.insert { index, generation in make(UInt64(generation) << 32 | UInt64(index)) }
    }

    /// All exchanges, for rare work on everything. Allocates.
    var all: [Exchange] { slab.all }

    /// The exchange with this number, unless it is over.
    package func find(_ number: UInt64) -> Exchange? {
        slab.find(index: Int(number & 0xFFFF_FFFF), generation: UInt32(number >> 32))
    }

    /// Takes out an exchange, which must be there.
    mutating func remove(_ exchange: Exchange) {
        slab.remove(index: Int(exchange.number & 0xFFFF_FFFF), generation: UInt32(exchange.number >> 32))
    }
}
