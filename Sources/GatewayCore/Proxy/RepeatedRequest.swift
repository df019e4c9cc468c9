import Cache
import HTTPModel

/// A request that its connection has carried before: the bytes of its head, and how it was judged.
///
/// Clients that poll send the same bytes again and again. A head that says byte for byte what an earlier one
/// on its connection said is the same request, and is judged alike for as long as what it was judged by is
/// the same: routes, tenants and tokens (one `ConfigurationSnapshot`), the client's address, and the dates of
/// its token. So it is not parsed, authorized and normalized once more. Limits, cache, dates and records are
/// asked and kept for each request as ever (docs/decisions/0017).
///
/// Kept by one connection for itself, so that nothing of one client ever meets another's. Its bytes hold the
/// client's token: they are compared without leaving early, and wiped when they are given up.
package final class RepeatedRequest {
    /// How a request was judged before its limits were looked at.
    enum Verdict {
        /// It may be answered from the cache.
        case admitted
        /// It may not be answered. Nothing changes that but another snapshot and the dates of its token.
        case refused(Refusal)

        var isAdmitted: Bool { if case .admitted = self { true } else { false } }
    }

    // What it was judged by. No reference: a connection that waits must not keep old secrets alive. An object
    // that came into the same place has another generation.
    private let generation: UInt64
    private let snapshot: ObjectIdentifier
    /// How it was judged.
    let verdict: Verdict
    /// What its token may do, if there is such a token.
    let shown: TokenGrant?
    /// Why that token was not good; so it is judged alike for as long as the same is true of its dates.
    let shownRefusal: AccessRefusal?
    /// Whether its token was good and may do what was asked.
    let isGranted: Bool
    /// Where it came from: the peer, or the client that a trusted proxy named in the same bytes.
    let address: IPAddress
    /// The positions of route and tenant, once they were known; so is everything of the next three.
    let routeIndex: Int?
    let tenantIndex: Int?
    /// The token, if it was real.
    let token: TokenID?
    /// The page size a list request asks for.
    let pageSize: Int?
    /// The canonical request target, which is the cache's key; of a refused request empty.
    let target: [UInt8]
    /// What it asks of stored pages, if they can answer it.
    let pageAsk: PageAsk?
    /// What its lines in the access log say of the request itself.
    let logFields: [UInt8]
    /// What every answer to it carries.
    let terms: AnswerTerms
    /// Which codings it accepts.
    let codings: AcceptedCodings
    /// What it says under `If-None-Match`, as one list; empty where it says nothing.
    let condition: [UInt8]
    /// Whether a refusal may be told as problem details (RFC 9457).
    let acceptsProblem: Bool
    private var head = ByteBuffer()

    /// Longest head that is kept. With it a connection that waits stays within its 16 KiB.
    package static let maximumHeadBytes = 1_024

    /// Keeps a request whose `head` was judged as `verdict` says.
    init(
        _ verdict: Verdict, _ shown: TokenGrant?, _ record: borrowing ExchangeRecord, head bytes: Span<UInt8>,
        target: [UInt8], pageAsk: PageAsk?, request: CacheRequest, condition: [UInt8],
        acceptsProblem: Bool, logFields: [UInt8]
    ) {
        self.verdict = verdict
        self.shown = shown
        var refusal: AccessRefusal?
        if case .refused(.access(let reason)) = verdict { refusal = reason }
        isGranted = shown != nil && refusal == nil
        shownRefusal = refusal?.isOfLife == true ? refusal : nil
        generation = record.snapshot.generation
        snapshot = ObjectIdentifier(record.snapshot)
        address = record.address
        routeIndex = record.routeIndex
        tenantIndex = record.tenantIndex
        token = record.token
        pageSize = record.pageSize
        terms = AnswerTerms(method: record.method, persistence: .keep, version: record.version)
        self.target = target
        self.pageAsk = pageAsk
        codings = request.codings
        self.condition = condition
        self.acceptsProblem = acceptsProblem
        self.logFields = logFields
        head.append(bytes)
    }

    deinit { head.consumeAndWipe(head.count) }

    /// Bytes of the head.
    package var headByteCount: Int { head.count }

    /// Whether unread bytes begin with this very head. Takes as long for any bytes of enough length.
    @inline(__always)
    package func isBegin(of bytes: Span<UInt8>) -> Bool {
        guard bytes.count >= head.count else { return false }
        return head.withBytes { $0.equalsWholly(bytes.extracting(first: $0.count)) }
    }

    /// Whether it was judged by this snapshot.
    @inline(__always)
    func isJudged(by other: ConfigurationSnapshot) -> Bool {
        ObjectIdentifier(other) == snapshot && other.generation == generation
    }
}

/// When a connection keeps a request to compare the next ones with: when it has seen others for a while, and
/// the more seldom the less often it helped. So one question among a few is kept, and a client that never
/// repeats itself pays for one request in 64.
package struct RepetitionWatch: Sendable {
    private var missed: UInt8 = 0
    private var patience: UInt8 = 1

    /// A connection that has carried nothing.
    package init() {}

    /// Whether the request at hand, which is not the one that is kept, is to be kept in its place. The first
    /// one never is: many connections carry only one.
    package mutating func misses() -> Bool {
        if missed < .max { missed += 1 }
        return missed > patience
    }

    /// The request at hand has been kept.
    package mutating func keeps() {
        missed = 0
        patience = min(patience * 2, 64)
    }

    /// The request at hand is the one that is kept.
    package mutating func matches() { missed = 0 }
}
