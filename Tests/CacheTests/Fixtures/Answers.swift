import HTTPModel
import Locking

@testable import Cache

/// Seconds after an arbitrary start, as an instant.
func at(_ seconds: Double) -> MonotonicInstant {
    MonotonicInstant(nanoseconds: UInt64(1_000_000_000_000 + Int64(seconds * 1_000_000_000)))
}

/// The wall clock second that belongs to `at(0)`: Mon, 23 Nov 2026 12:00:00 GMT.
let wallStart: Int64 = 1_795_435_200

/// A response head from `Name: value` lines.
func response(_ status: UInt16 = 200, _ lines: [String] = []) -> ResponseHead {
    var head = ResponseHead(status: Status(rawValue: status))
    for line in lines {
        let colon = line.firstIndex(of: ":") ?? line.endIndex
        let value = line[colon...].dropFirst().drop { $0 == " " }
        head.append(name: Array(line[..<colon].utf8).span, value: Array(value.utf8).span)
    }
    return head
}

/// What the cache sees of a request with these field lines.
func request(_ method: Method = .get, _ lines: [String] = [], framing: ContentFraming = .none) -> CacheRequest
{
    let parsed = response(200, lines)
    var head = RequestHead()
    head.method = method
    head.framing = framing
    head.fields = parsed.fields
    return CacheRequest(head, bytes: parsed.bytes.span)
}

/// Timing of an answer that came at once.
let promptly = FetchTiming(requestedAt: at(0), receivedAt: at(0), receivedUnixSeconds: wallStart)

/// An unlimited-looking freshness from `at(start)`.
func fresh(from start: Double = 0, seconds: Double = 60) -> StorageDecision {
    .store(
        Freshness(
            receivedAt: at(start), initialAgeNanoseconds: 0, freshUntil: at(start + seconds)))
}

/// A small random generator with a printable seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

/// A cache with a fixed key and a small memory.
func smallCache(
    memoryBytes: Int = 1 << 20, maximumEntryBytes: Int = 1 << 18, sharePercent: Int = 50
) -> HTTPCache {
    var configuration = CacheConfiguration()
    configuration.memoryBytes = memoryBytes
    configuration.maximumEntryBytes = maximumEntryBytes
    configuration.tenantSharePercent = sharePercent
    return HTTPCache(configuration: configuration, seed: (1, 2))
}

/// The readers of tests, by the cache they read.
private let lastingReaders = Lock<[ObjectIdentifier: CacheReader]>([:])

extension HTTPCache {
    /// A reader that began once and never ends: what a test has found stays.
    var lastingReader: CacheReader {
        lastingReaders.withLock { readers in
            if let known = readers[ObjectIdentifier(self)], reads(as: known) { return known }
            let reader = makeReader()
            reader.begin()
            readers[ObjectIdentifier(self)] = reader
            return reader
        }
    }

    /// Looks up text, and holds what it finds.
    func lookUp(_ partition: CachePartition, _ query: String, route: UInt32 = 1, now: Double = 0) -> Found {
        lookUp(partition, query, route: route, now: now, as: lastingReader)
    }

    /// The same as a reader that may rest.
    func lookUp(
        _ partition: CachePartition, _ query: String, route: UInt32 = 1, now: Double = 0,
        as reader: CacheReader
    ) -> Found {
        switch lookUp(partition, route: route, query: Array(query.utf8).span, now: at(now), as: reader) {
        case .fresh(let entry): .fresh(entry.object)
        case .stale(let entry): .stale(entry.object)
        case .miss: .miss
        }
    }

    /// Joins for text.
    func join(
        _ partition: CachePartition, _ query: String, token: UInt64 = 0, route: UInt32 = 1, now: Double = 0
    ) -> JoinDecision {
        join(
            partition, route: route, query: Array(query.utf8).span, waiter: Waiter(worker: 0, token: token),
            now: at(now))
    }

    /// Leads, or `nil` if somebody else does.
    func permit(_ partition: CachePartition, _ query: String, route: UInt32 = 1) -> FetchPermit? {
        switch join(partition, query, route: route) {
        case .lead(let permit): return permit
        case .follow: return nil
        case .alone: return nil
        case .fresh: return nil
        }
    }

    /// Fetches and stores; `nil` if it could not lead.
    @discardableResult
    func fill(
        _ partition: CachePartition, _ query: String, body: [UInt8], route: UInt32 = 1,
        decision: StorageDecision = fresh()
    ) -> Admission? {
        guard let permit = permit(partition, query, route: route) else { return nil }
        return admit(
            permit, head: response(200, ["Content-Type: application/json"]), body: body, decision: decision,
            receivedUnixSeconds: wallStart)
    }
}

/// What a look-up found, held.
enum Found {
    case fresh(CacheEntry)
    case stale(CacheEntry)
    case miss

    /// The entry if it is fresh.
    var freshEntry: CacheEntry? {
        switch self {
        case .fresh(let entry): entry
        case .stale, .miss: nil
        }
    }

    /// The entry if its time is over.
    var staleEntry: CacheEntry? {
        switch self {
        case .stale(let entry): entry
        case .fresh, .miss: nil
        }
    }

    /// Whether nothing was found.
    var isMiss: Bool {
        switch self {
        case .miss: true
        case .fresh, .stale: false
        }
    }
}

extension CacheEntry {
    /// A part of the entry as text.
    func text(_ range: ByteRange) -> String {
        String(decoding: bytes[range.range], as: UTF8.self)
    }
}
