public import HTTPModel
import Synchronization

/// A part of the cache that nobody else sees: one per tenant and upstream credential.
///
/// The request pipeline finds it in the tenant's snapshot and passes it along; identity is the object itself,
/// and every hit checks that the entry belongs to it. Older things vanish without being touched: each entry
/// knows how many writes it has been judged by, and each fill how many purges and writes there were when it
/// began.
public final class CachePartition: Sendable {
    /// A number of its own, never reused in this process; part of every key.
    public let id: UInt64
    /// The writes of the organization that the tenant is, or shares, upstream.
    let writes: WriteLog
    private let purgeCounter = Atomic<UInt64>(0)
    // From when on larger pages may be asked for than clients want, in nanoseconds. Relaxed: it concerns
    // nothing else.
    private let widensFrom = Atomic<UInt64>(0)

    init(id: UInt64, writes: WriteLog = WriteLog()) {
        self.id = id
        self.writes = writes
    }

    /// What a fill starts under.
    var fillState: FillState {
        FillState(purges: purgeCounter.load(ordering: .acquiring), writes: writes.count)
    }

    /// Whether nothing at all was written or purged since a fill began.
    func isCurrent(_ state: FillState) -> Bool { fillState == state }

    /// Whether what a fill has fetched may be stored: nothing was purged since it began, and nothing written
    /// that can have changed it.
    func admits(_ entry: CacheEntry, begunUnder state: FillState) -> Bool {
        purgeCounter.load(ordering: .acquiring) == state.purges && !entry.isInvalidated
    }

    /// How long small questions are asked as they are after a larger one had no use. [1 min]
    static let wideningRest = Duration.seconds(60)

    /// Whether larger pages may be asked for than clients want.
    public func mayWiden(at now: MonotonicInstant) -> Bool {
        now.nanoseconds >= widensFrom.load(ordering: .relaxed)
    }

    /// Takes down that a larger page did not answer the question it was fetched for.
    public func restFromWidening(at now: MonotonicInstant) {
        widensFrom.store(now.advanced(by: Self.wideningRest).nanoseconds, ordering: .relaxed)
    }

    /// Takes a write down: every entry and every fill of before that it can have changed is unusable from
    /// now on.
    func invalidate(_ effect: WriteEffect) {
        writes.record(effect)
    }

    /// Makes every fill of before unusable and leaves entries alone.
    func refuseFillsOfBefore() {
        purgeCounter.add(1, ordering: .sequentiallyConsistent)
    }
}

/// How many purges and writes there were when a fill began. Flights of another state are not joined.
struct FillState: Sendable, Hashable {
    /// Purges of the partition.
    let purges: UInt64
    /// Writes of the organization.
    let writes: UInt64
}

/// Finds the partition of a tenant and credential. Asked when a configuration snapshot is made, never by a
/// request.
struct PartitionRegistry {
    private struct Owner: Hashable {
        let tenant: String
        let credential: UInt64
        let organization: String?
    }

    private var logs: [String: WriteLog] = [:]
    private var partitions: [Owner: CachePartition] = [:]
    private var nextID: UInt64 = 1
    private var pruneAt = 64

    /// The partition of these; the same object as long as anybody holds it or an entry of it. Tenants of one
    /// organization see each other's writes; a tenant without one is alone.
    mutating func partition(
        tenant: String, credential: UInt64, organization: String? = nil
    ) -> CachePartition {
        let owner = Owner(tenant: tenant, credential: credential, organization: organization)
        if let known = partitions[owner] { return known }
        if partitions.count >= pruneAt { prune() }
        let made = CachePartition(id: nextID, writes: log(of: organization))
        nextID += 1
        partitions[owner] = made
        return made
    }

    private mutating func log(of organization: String?) -> WriteLog {
        guard let organization else { return WriteLog() }
        if let known = logs[organization] { return known }
        let made = WriteLog()
        logs[organization] = made
        return made
    }

    /// All partitions of a tenant that are known.
    func partitions(of tenant: String) -> [CachePartition] {
        partitions.filter { $0.key.tenant == tenant }.map(\.value)
    }

    /// Number of partitions kept.
    var count: Int { partitions.count }

    /// Forgets partitions that only the registry knows: neither a snapshot nor an entry can reach them, so
    /// nothing is lost. Runs each time the table has doubled, which makes it cheap on average.
    private mutating func prune() {
        var kept: [Owner: CachePartition] = [:]
        for owner in Array(partitions.keys) {
            guard var partition = partitions.removeValue(forKey: owner) else { continue }
            if !isKnownUniquelyReferenced(&partition) { kept[owner] = partition }
        }
        partitions = kept
        let used = Set(kept.keys.compactMap(\.organization))
        logs = logs.filter { used.contains($0.key) }
        pruneAt = max(64, kept.count * 2)
    }
}
