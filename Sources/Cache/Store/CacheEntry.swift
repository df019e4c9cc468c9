public import HTTPModel
import Synchronization

/// One answer, whole, with everything needed to send it again.
///
/// One allocation of bytes, laid out as key, beginning of the head, body: an HTTP/1.1 hit copies `headStart`,
/// appends what changes with time, and copies the body. Immutable except for a counter that eviction reads,
/// what writes have made of it, and its end, which an order can bring nearer. Made for every collected
/// answer, stored or not, so that the leader answers by the same code as everybody else.
public final class CacheEntry: Sendable {
    // What a look-up reads comes first, so that it lies in the object's first cache line.

    /// All bytes; the ranges below point into them.
    public let bytes: [UInt8]
    let partition: CachePartition
    // How many writes the entry has been judged by; `judgedChanged` once one of them can have changed it.
    // Relaxed: a lost update costs a second look at the same writes.
    private let judged: Atomic<UInt64>
    // When the entry stops being fresh, in nanoseconds; zero once it was made stale by order. Relaxed: a
    // look-up beside the order may come before it.
    private let end: Atomic<UInt64>
    let route: UInt32
    let queryBytes: UInt32
    // Hits since the queue last looked, 0...3. Relaxed: a lost update costs one second chance, never
    // correctness.
    private let hits = Atomic<UInt8>(0)
    // When it was made stale by order; far off as long as it was not. Written before `end`.
    private let softenedAt = Atomic<UInt64>(.max)

    /// Status line, `Content-Length`, `ETag` and `fields`: the beginning of every answer from this entry.
    public let headStart: ByteRange
    /// The status of the answer.
    public let status: Status
    /// The strong entity tag with its quotes: the upstream's own if it sent a valid one, else made from the
    /// body. Empty for an answer that is passed on as it came, and for a 404.
    public let eTag: ByteRange
    /// The entity tag as the upstream sent it, strong or weak; empty if it sent none.
    let validator: ByteRange
    /// `Name: value\r\n` for each field line that is sent on. What the gateway states anew (Content-Length,
    /// Cache-Control, CDN-Cache-Control, Age, Expires, ETag, X-Request-Id, RateLimit) is left out where it
    /// does so; `Date` is always there.
    public let fields: ByteRange
    /// The body.
    public let body: ByteRange
    /// Whether it may be reused, for how long, or why not.
    public let decision: StorageDecision
    // Object, bytes, and what malloc adds.
    private let ownBytes: Int
    /// Whether it may be given in a coding.
    let isCodable: Bool
    /// The answer in other codings.
    let coded = CodedAnswers()
    let hash: UInt64
    /// Where the rows of the page are, if the answer is one that others can be read off.
    let window: PageWindow?

    /// The most a hit counter holds: enough to tell often from once (S3-FIFO uses two bits).
    static let maximumHits: UInt8 = 3

    init(
        key: CacheKey, judgedWrites: UInt64, answer: CollectedAnswer, body content: Span<UInt8>,
        decision: StorageDecision, window: PageWindow? = nil, isCodable: Bool = false
    ) {
        let rendered = RenderedAnswer(
            query: key.query, answer: answer, body: content, decision: decision,
            tag: window.map { PageTag($0.page).finish() }, variesByCoding: isCodable)
        self.isCodable = isCodable
        status = answer.head.status
        bytes = rendered.bytes
        headStart = rendered.headStart
        eTag = rendered.eTag
        validator = rendered.validator
        fields = rendered.fields
        body = rendered.body
        queryBytes = UInt32(key.query.count)
        end =
            switch decision {
            case .store(let freshness): Atomic(freshness.freshUntil.nanoseconds)
            case .notStored: Atomic(0)
            }
        self.decision = decision
        judged = Atomic(judgedWrites)
        partition = key.partition
        route = key.route
        hash = key.hash
        self.window = window
        ownBytes = Self.overheadBytes + rendered.bytes.capacity + (window.map { $0.accountedBytes } ?? 0)
    }

    /// An entry with the status and age of another and an answer of its own; it belongs to nobody's index.
    init(
        copying source: CacheEntry, bytes: [UInt8], eTag: ByteRange, fields: ByteRange, body: ByteRange,
        freshUntil: MonotonicInstant
    ) {
        status = source.status
        self.bytes = bytes
        headStart = ByteRange(from: 0, to: fields.end)
        self.eTag = eTag
        validator = .empty
        self.fields = fields
        self.body = body
        end = Atomic(freshUntil.nanoseconds)
        queryBytes = 0
        decision = source.freshness.map { .store($0.ending(at: freshUntil)) } ?? source.decision
        judged = Atomic(source.judged.load(ordering: .relaxed))
        partition = source.partition
        route = source.route
        hash = 0
        window = nil
        isCodable = false
        ownBytes = Self.overheadBytes + bytes.capacity
    }

    /// The first instant at which the entry is not fresh; long ago for one that is not reusable, which is
    /// never stored, and for one that was made stale by order.
    @inline(__always)
    var freshUntil: MonotonicInstant { MonotonicInstant(nanoseconds: end.load(ordering: .relaxed)) }

    /// How long it may be reused by now; `nil` for an answer that is not reusable.
    private var freshness: Freshness? {
        guard case .store(let freshness) = decision else { return nil }
        let softened = softenedAt.load(ordering: .relaxed)
        return softened == .max ? freshness : freshness.softened(at: softened)
    }

    /// When its lifetime is over, by itself or by order; long ago for an answer that is not reusable.
    var lifetimeEnd: MonotonicInstant { freshness?.freshUntil ?? MonotonicInstant(nanoseconds: 0) }

    /// Makes the entry stale from now on, by order: nobody is given it as fresh any more, whatever a worker's
    /// clock reads, and the time for which it may be given stale begins now.
    func soften(at now: MonotonicInstant) {
        guard softenedAt.load(ordering: .relaxed) == .max else { return }
        softenedAt.store(now.nanoseconds, ordering: .relaxed)
        end.store(0, ordering: .releasing)
    }

    /// The value of `Age` at this moment, in seconds; zero for an answer that is not reusable.
    public func ageSeconds(now: MonotonicInstant) -> Int64 {
        switch decision {
        case .store(let freshness): freshness.ageSeconds(at: now)
        case .notStored: 0
        }
    }

    /// Seconds of freshness left, negative when stale; -1 for an answer that is not reusable.
    public func remainingLifetimeSeconds(now: MonotonicInstant) -> Int64 {
        guard case .store(let freshness) = decision else { return -1 }
        let softened = softenedAt.load(ordering: .relaxed)
        // Part of every hit: nothing is copied unless there was an order.
        if softened == .max { return freshness.remainingSeconds(at: now) }
        return freshness.softened(at: softened).remainingSeconds(at: now)
    }

    /// Memory held while stored, that of its codings included, in bytes. Changes under the lock of admission
    /// only.
    public var accountedBytes: Int { ownBytes + coded.bytes }

    /// Whether it came after another answer.
    public func isNewer(than other: CacheEntry) -> Bool { receivedAt > other.receivedAt }

    /// When the answer came; long ago for one that is not reusable.
    var receivedAt: MonotonicInstant {
        switch decision {
        case .store(let freshness): freshness.receivedAt
        case .notStored: MonotonicInstant(nanoseconds: 0)
        }
    }

    /// When the entry is of no use at all any more, fresh or stale.
    var keptUntil: MonotonicInstant {
        guard let freshness else { return freshUntil }
        let kept = max(freshness.servedWhileRevalidatingUntil, freshness.servedOnErrorUntil)
        // What can be confirmed without being sent again is worth keeping a little longer.
        return validator.isEmpty ? kept : max(kept, freshness.freshUntil.advanced(by: Self.revalidationSpan))
    }

    /// How long an answer with a validator is kept for being confirmed after its lifetime. [1 min]
    static let revalidationSpan = Duration.seconds(60)

    /// Whether it may be given although its lifetime is over, because somebody fetches a new one.
    public func mayAnswerWhileRevalidating(at now: MonotonicInstant) -> Bool {
        guard let freshness else { return false }
        return now < freshness.servedWhileRevalidatingUntil && !isInvalidated
    }

    /// Whether it may be given in place of a failure of the upstream.
    public func mayAnswerOnError(at now: MonotonicInstant) -> Bool {
        guard let freshness else { return false }
        return now < freshness.servedOnErrorUntil && !isInvalidated
    }

    /// Whether the entry is of this partition: what must hold wherever an entry meets a request.
    public func belongs(to partition: CachePartition) -> Bool { self.partition === partition }

    /// The object itself (about 240 bytes), the header of its bytes (32), and malloc's rounding of both.
    static let overheadBytes = 320

    /// Whether this is the entry for these parts of a key.
    @inline(__always)
    func matches(partition: CachePartition, route: UInt32, query: Span<UInt8>) -> Bool {
        guard self.partition === partition, self.route == route else { return false }
        return bytes.withSpan { $0.extracting(first: Int(queryBytes)).equalsWholly(query) }
    }

    private static let judgedChanged = UInt64.max

    /// Whether a write can have changed what the entry answers. One comparison unless something was written
    /// since the last time.
    @inline(__always)
    var isInvalidated: Bool {
        judged.load(ordering: .relaxed) == partition.writes.count ? false : isChanged()
    }

    @inline(never)
    private func isChanged() -> Bool {
        let seen = judged.load(ordering: .relaxed)
        if seen == Self.judgedChanged { return true }
        let now = partition.writes.spares(self, since: seen)
        judged.store(now ?? Self.judgedChanged, ordering: .relaxed)
        return now == nil
    }

    /// Counts a hit. Writes nothing once the counter is full, so hot entries stay shared between cores.
    @inline(__always)
    func countHit() {
        let seen = hits.load(ordering: .relaxed)
        if seen < Self.maximumHits { hits.store(seen + 1, ordering: .relaxed) }
    }

    /// Hits since the queue last looked.
    var hitCount: UInt8 { hits.load(ordering: .relaxed) }

    /// What eviction does when it passes by: forget some of the hits.
    func setHitCount(_ count: UInt8) {
        hits.store(count, ordering: .relaxed)
    }
}

extension Freshness {
    /// The same, made stale by order at an instant.
    fileprivate func softened(at nanoseconds: UInt64) -> Freshness {
        ending(at: min(MonotonicInstant(nanoseconds: nanoseconds), freshUntil))
    }
}

/// An answer that was collected whole, but for its body: its head, and when that came.
struct CollectedAnswer {
    let head: ResponseHead
    let receivedUnixSeconds: Int64
}
