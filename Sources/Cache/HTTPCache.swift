public import HTTPModel
import Locking

/// The cache of the gateway: the one door to look up, to fetch together, to store, to invalidate and to
/// purge.
///
/// Shared by all workers. A look-up takes one of 64 short locks, allocates nothing and counts no reference:
/// what it finds is there for as long as its reader reads. Nothing here waits, calls back or reads a clock.
public final class HTTPCache: Sendable {
    /// The requests under way, for what concerns a permit or ticket directly: ending, handing over,
    /// leaving.
    public let collapser: RequestCollapser

    private let configuration: CacheConfiguration
    private let store: CacheStore
    private let hasher: KeyHasher
    private let registry = Lock(PartitionRegistry())

    /// An empty cache. `seed` are 128 random bits that no client may know: they keep clients from choosing
    /// keys that collide.
    public init(configuration: CacheConfiguration, seed: (UInt64, UInt64)) {
        self.configuration = configuration
        store = CacheStore(configuration: configuration)
        collapser = RequestCollapser(configuration: configuration)
        hasher = KeyHasher(seed: seed)
    }

    /// The partition of a tenant and an upstream credential, given by its fingerprint. For snapshots, never
    /// for requests; the same give the same partition, so entries survive a reload. Tenants of one
    /// `organization` upstream see each other's writes, and nothing else of each other.
    public func partition(
        tenant: String, credential: UInt64, organization: String? = nil
    ) -> CachePartition {
        registry.withLock {
            $0.partition(tenant: tenant, credential: credential, organization: organization)
        }
    }

    /// A reader for one more worker, to look up with.
    public func makeReader() -> CacheReader { store.reclamation.makeReader() }

    /// The largest answer that is stored, in bytes: nothing larger needs to be collected.
    public var maximumEntryBytes: Int { configuration.maximumEntryBytes }

    /// The smallest answer that is passed on while it arrives, in bytes.
    public var streamedBytes: Int { configuration.streamedBytes }

    /// Looks for an answer to a canonical query. `route` must name the same route across reloads. What is
    /// found is good until `reader` begins to serve something else, or rests.
    public func lookUp(
        _ partition: CachePartition, route: UInt32, query: Span<UInt8>, now: MonotonicInstant,
        as reader: CacheReader
    ) -> LookUp {
        precondition(reader.isReading, "a look-up by a worker that rests")
        let hash = hasher.hash(partition: partition, route: route, query: query)
        guard let found = store.find(hash: hash, partition: partition, route: route, query: query) else {
            return .miss
        }
        return found.read { now < $0.freshUntil } ? .fresh(found) : .stale(found)
    }

    /// After a look-up that found nothing fresh: the same answer, read off a stored page that answered
    /// another question. `nil` where that is not certain. Good for as long as what a look-up finds.
    public func slice(
        _ partition: CachePartition, route: UInt32, query: Span<UInt8>, _ question: ListQuestion,
        now: MonotonicInstant, as reader: CacheReader
    ) -> PageSlice? {
        precondition(reader.isReading, "a look-up by a worker that rests")
        return store.slice(
            ListAsk(partition: Borrowed(partition), route: route, hash: question.hash), question.question,
            query, now: now)
    }

    /// What a canonical query asks of a list, for asking it more than once; `nil` if it is no question.
    public func question(
        _ partition: CachePartition, route: UInt32, query: Span<UInt8>, model: PageModel
    ) -> ListQuestion? {
        guard let question = PageQuestion(query, model: model) else { return nil }
        return ListQuestion(
            question: question,
            hash: hasher.hash(partition: partition, route: route, list: question, query))
    }

    /// What a row by its id asks of its list.
    public func question(_ partition: CachePartition, ofRowsIn list: ListAddress) -> ListQuestion? {
        list.path.withSpan { question(partition, route: list.route, query: $0, model: list.model) }
    }

    /// One row of a list alone, read off a stored page that shows it, and at most `lifetime` old. That no
    /// page shows it means nothing.
    public func row(
        _ partition: CachePartition, of list: ListAddress, _ question: ListQuestion, id: Span<UInt8>,
        lifetime: Duration, now: MonotonicInstant, as reader: CacheReader
    ) -> PageSlice? {
        precondition(reader.isReading, "a look-up by a worker that rests")
        return list.path.withSpan { path in
            store.row(
                ListAsk(partition: Borrowed(partition), route: list.route, hash: question.hash),
                question.question, path, id: id, lifetime: lifetime, now: now)
        }
    }

    /// The answer to a question, read off the page that somebody else's fetch brought; `nil` if it turned out
    /// to be no page that decides it, or one whose time is over. Good for as long as the caller holds it.
    public func slice(
        of entry: CacheEntry, answering question: [UInt8], model: PageModel, now: MonotonicInstant
    ) -> PageSlice? {
        let target = question.span
        guard now < entry.freshUntil, let window = entry.window,
            let asked = PageQuestion(target, model: model)
        else { return nil }
        let held = entry.bytes
        return PageDerivation(
            asked, target, from: window, held.span, bodyStart: Int(entry.body.start)
        ).map { PageSlice($0, limit: asked.limit, of: entry, window) }
    }

    /// After a look-up that found nothing fresh: lead, follow or go alone. Looks once more when it would
    /// lead, because a fetch may have ended between the look-up and now; then there may be somebody to wake
    /// already. With a model, fetches of larger pages that will decide the question are followed too.
    public func join(
        _ partition: CachePartition, route: UInt32, query: Span<UInt8>, model: PageModel? = nil,
        waiter: Waiter, now: MonotonicInstant
    ) -> JoinDecision {
        let hash = hasher.hash(partition: partition, route: route, query: query)
        let key = CacheKey(partition: partition, route: route, query: query.array, hash: hash)
        let page = model.flatMap { pageFlight(key, $0) }
        switch collapser.join(key, page: page, waiter: waiter, now: now) {
        case .alone: return .alone
        case .follow(let ticket): return .follow(ticket)
        case .lead(let permit):
            let entry = store.entry(hash: hash, partition: partition, route: route, query: query)
            guard let entry, now < entry.freshUntil else { return .lead(permit) }
            return .fresh(entry, collapser.end(permit, .entry(entry)))
        }
    }

    /// Whether an answer may be stored, as soon as its head is there.
    public func decide(
        _ subject: StoragePolicy.Subject, routeLifetime: Duration, staleness: Staleness = .none
    ) -> StorageDecision {
        StoragePolicy.decide(
            subject, routeLifetime: routeLifetime, staleness: staleness,
            maximumEntryBytes: configuration.maximumEntryBytes)
    }

    /// The right to fetch a key anew while its last answer is still given; `nil` if somebody does so already,
    /// or too much is being fetched.
    public func refresh(
        _ partition: CachePartition, route: UInt32, query: Span<UInt8>, model: PageModel? = nil,
        now: MonotonicInstant
    ) -> FetchPermit? {
        let hash = hasher.hash(partition: partition, route: route, query: query)
        let key = CacheKey(partition: partition, route: route, query: query.array, hash: hash)
        return collapser.lead(key, page: model.flatMap { pageFlight(key, $0) }, now: now)
    }

    /// What the fetch of a key is to smaller pages; `nil` if it is none of a page.
    private func pageFlight(_ key: CacheKey, _ model: PageModel) -> PageFlight? {
        let target = key.query.span
        guard let question = PageQuestion(target, model: model) else { return nil }
        return PageFlight(
            question: question,
            listHash: hasher.hash(
                partition: key.partition, route: key.route, beginOf: question, target))
    }

    /// Takes in an answer that was collected whole, stores it if that was decided, and ends the fetch.
    ///
    /// The entry is made in any case, so that the leader answers from it. Followers get it whenever policy
    /// allowed storing: that it then found no room, or came after a write, does not make it wrong for
    /// requests that all began before that write was answered.
    ///
    /// With a model, the answer is read as a page, so that others can be read off it.
    public func admit(
        _ permit: consuming FetchPermit, head: ResponseHead, body: Span<UInt8>,
        decision: StorageDecision, receivedUnixSeconds: Int64, model: PageModel? = nil
    ) -> Admission {
        let fillState = permit.fillState
        let window = window(
            head, body, permit.key, decision, receivedUnixSeconds: receivedUnixSeconds, model: model)
        let decision = window?.shortened(decision, receivedUnixSeconds: receivedUnixSeconds) ?? decision
        var isCodable = false
        if case .store = decision {
            isCodable = configuration.compression.covers(head, byteCount: body.count)
        }
        let entry = CacheEntry(
            key: permit.key, judgedWrites: fillState.writes,
            answer: CollectedAnswer(head: head, receivedUnixSeconds: receivedUnixSeconds), body: body,
            decision: decision, window: window, isCodable: isCodable)
        switch decision {
        case .notStored(let refusal):
            return Admission(entry: entry, refusal: refusal, wakeup: collapser.end(permit, .goAlone))
        case .store:
            // Stored before the flight ends: whoever comes in between finds one or the other.
            let refusal: StorageRefusal? =
                switch store.admit(entry, begunUnder: fillState) {
                case .stored: nil
                case .refused(let refusal): refusal
                }
            return Admission(entry: entry, refusal: refusal, wakeup: collapser.end(permit, .entry(entry)))
        }
    }

    /// Keeps a stored answer in a coding, after making room for it; whether it did.
    public func keep(_ answer: CacheEntry, _ coding: ContentCoding, with entry: CacheEntry) -> Bool {
        let isKept = store.keep(answer, coding, with: entry)
        entry.coded.finish(coding)
        return isKept
    }

    /// Which stored answers are given in a coding.
    public var compression: CompressionPolicy { configuration.compression }

    /// The page in an answer, if it is one and may be read off.
    private func window(
        _ head: ResponseHead, _ body: Span<UInt8>, _ key: CacheKey, _ decision: StorageDecision,
        receivedUnixSeconds: Int64, model: PageModel?
    ) -> PageWindow? {
        guard case .store = decision, let model, head.allowsSlices else { return nil }
        let target = key.query.span
        return PageWindow(
            body, answering: target, model: model, receivedUnixSeconds: receivedUnixSeconds
        ) { question in
            hasher.hash(partition: key.partition, route: key.route, list: question, target)
        }
    }

    /// Takes a write down: from now on nothing is answered, in any partition of the organization, that it can
    /// have changed, and nothing of that kind is stored by a fetch that is under way. The memory comes back
    /// by expiry and eviction.
    public func invalidate(_ partition: CachePartition, _ effect: WriteEffect = .everything) {
        partition.invalidate(effect)
    }

    /// Takes out what a partition holds, of one route or of all, or makes it stale; returns how many entries
    /// could still have answered as fresh. Fetches under way are not stored. Walks the whole index in 64
    /// steps.
    public func purge(
        _ partition: CachePartition, route: UInt32?, _ manner: PurgeManner = .hard, now: MonotonicInstant
    ) -> Int {
        store.purge(partition, route: route, manner, now: now)
    }

    /// The same for all that a tenant has, whatever upstream credential it was fetched with.
    public func purge(
        tenant: String, route: UInt32?, _ manner: PurgeManner, now: MonotonicInstant
    ) -> Int {
        registry.withLock { $0.partitions(of: tenant) }
            .reduce(0) { $0 + purge($1, route: route, manner, now: now) }
    }

    /// Drops at most `limit` expired entries; returns how many. For housekeeping, until it returns fewer.
    public func reclaimExpired(now: MonotonicInstant, limit: Int) -> Int {
        store.reclaimExpired(now: now, limit: limit)
    }

    /// Entries, bytes and counts for metrics and `/status`.
    public func statistics() -> CacheStatistics { store.statistics() }

    /// Whether a reader is one of this cache.
    func reads(as reader: CacheReader) -> Bool { store.reclamation.knows(reader) }

    /// Checks all structures against each other; linear, for tests.
    func checkInvariants() { store.checkInvariants() }
}

/// What a canonical query asks of a list, and where its pages are looked for: good with the partition, the
/// route and the bytes it was read with. With others it finds nothing that is not theirs: every page is
/// compared.
public struct ListQuestion: Sendable {
    let question: PageQuestion
    let hash: UInt64
}

/// Where a list is found: the route whose answers are its pages, the path they are asked at, and what they
/// look like. Immutable; a class, so that whoever looks counts no reference to its parts.
public final class ListAddress: Sendable {
    /// The list's route.
    public let route: UInt32
    /// The canonical path of the list.
    public let path: [UInt8]
    /// What its pages look like.
    public let model: PageModel

    /// Puts the parts together.
    public init(route: UInt32, path: [UInt8], model: PageModel) {
        self.route = route
        self.path = path
        self.model = model
    }
}

/// What a look-up found, for as long as its reader reads.
public enum LookUp: Sendable {
    case fresh(Borrowed<CacheEntry>)
    /// Kept, but out of time: to be replaced.
    case stale(Borrowed<CacheEntry>)
    case miss

    /// What is kept although its time is over, to be held.
    public var staleEntry: CacheEntry? {
        switch self {
        case .stale(let entry): entry.object
        case .fresh, .miss: nil
        }
    }

    /// Why a request goes on for which nothing fresh was found.
    public var forwardReason: ForwardReason {
        switch self {
        case .stale: .stale
        case .fresh, .miss: .uriMiss
        }
    }
}

/// What a request that found nothing fresh is to do.
public enum JoinDecision: ~Copyable {
    /// Fetch, on behalf of all who come meanwhile.
    case lead(FetchPermit)
    /// Wait to be woken, at most until the ticket's deadline.
    case follow(FollowTicket)
    /// Fetch for yourself and do not store: too many wait already.
    case alone
    /// A fetch has just ended: answer from this entry, and wake whoever joined meanwhile.
    case fresh(CacheEntry, Wakeup)
}

/// What became of a collected answer.
public struct Admission: Sendable {
    /// What the leader answers from.
    public let entry: CacheEntry
    /// Why it was not stored; `nil` if it was.
    public let refusal: StorageRefusal?
    /// Whom to wake and what to tell them.
    public let wakeup: Wakeup
}
