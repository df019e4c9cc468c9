import HTTPModel
import Locking

/// Where entries live: an index in 64 shards for look-ups, and one admission state for everything else.
///
/// Lock order: admission, then one shard, then the log of writes. A look-up takes its shard only, a search
/// for a page one of 16 more. Whatever puts in or takes out holds the admission lock, so the sums it keeps
/// are exact. Entries that leave are retired after the lock is given back (`Reclamation`).
final class CacheStore: Sendable {
    /// What admission did with an entry.
    enum Outcome: Sendable, Equatable {
        case stored
        case refused(StorageRefusal)
    }

    // Padded so that two workers' locks do not share a cache line.
    private struct Shard: ~Copyable {
        let state = Lock(CacheShard())
        private let padding = InlineArray<12, UInt64>(repeating: 0)
    }

    private struct PageShard: ~Copyable {
        let state = Lock(PageIndex())
        private let padding = InlineArray<12, UInt64>(repeating: 0)
    }

    private struct Admission {
        var queue: EvictionQueue
        var ghosts: GhostTable
        var expiry = ExpiryIndex()
        /// Memory of the tables of both indexes.
        var shardBytes = 0
        var counts = StoreCounts()

        /// All memory that counts against the bound, in bytes.
        var accountedBytes: Int {
            queue.bytes + shardBytes + ghosts.tableBytes + queue.nodeCapacity * CacheStore.nodeBytes
        }
    }

    private let memoryBytes: Int
    private let maximumEntryBytes: Int
    private let shards = InlineArray<64, Shard> { _ in Shard() }
    private let pages = InlineArray<16, PageShard> { _ in PageShard() }
    private let admission: Lock<Admission>
    /// What has left, and who may be reading it.
    let reclamation = Reclamation()

    /// Bytes of one node in the queues and the expiry index together.
    private static let nodeBytes = EvictionQueue.nodeBytes + ExpiryIndex.nodeBytes

    /// An empty store; the configuration was validated by whoever read it.
    init(configuration: CacheConfiguration) {
        memoryBytes = max(0, configuration.memoryBytes)
        maximumEntryBytes = min(configuration.maximumEntryBytes, 1 << 30)
        let share = Swift.min(100, Swift.max(1, configuration.tenantSharePercent))
        admission = Lock(
            Admission(
                queue: EvictionQueue(shareBytes: memoryBytes / 100 * share),
                ghosts: GhostTable(memoryBytes: memoryBytes)))
    }

    /// The entry under a key, fresh or not, unless a write can have changed it. For workers that read: it is
    /// there until the worker says that it has done with it.
    @inline(__always)
    func find(
        hash: UInt64, partition: CachePartition, route: UInt32, query: Span<UInt8>
    ) -> Borrowed<CacheEntry>? {
        let found = shards[Self.shardIndex(hash)].state.withLock { shard in
            shard.find(hash: hash, partition: partition, route: route, query: query)
        }
        guard let found, !found.read({ $0.isInvalidated }) else { return nil }
        return found
    }

    /// The same, for whoever wants to hold it.
    func entry(hash: UInt64, partition: CachePartition, route: UInt32, query: Span<UInt8>) -> CacheEntry? {
        let entry = shards[Self.shardIndex(hash)].state.withLock { shard in
            shard.find(hash: hash, partition: partition, route: route, query: query)?.object
        }
        guard let entry, !entry.isInvalidated else { return nil }
        return entry
    }

    /// The answer to a question about a list, read off a stored page; good as what `find` finds.
    func slice(
        _ ask: ListAsk, _ question: PageQuestion, _ target: Span<UInt8>, now: MonotonicInstant
    ) -> PageSlice? {
        let found = pages[Self.pageShardIndex(ask.hash)].state.withLock {
            $0.slice(ask, question, target, now: now)
        }
        return checked(found, ask)
    }

    /// One row of a list, read off a stored page; likewise.
    func row(
        _ ask: ListAsk, _ question: PageQuestion, _ list: Span<UInt8>, id: Span<UInt8>,
        lifetime: Duration, now: MonotonicInstant
    ) -> PageSlice? {
        let found = pages[Self.pageShardIndex(ask.hash)].state.withLock {
            $0.row(ask, question, list, id: id, lifetime: lifetime, now: now)
        }
        return checked(found, ask)
    }

    /// A page that answers is as useful as one that is asked for itself.
    private func checked(_ slice: PageSlice?, _ ask: ListAsk) -> PageSlice? {
        guard let slice else { return nil }
        precondition(
            ask.partition.read { slice.belongs(to: $0) }, "a page of another partition was found")
        slice.source.read { $0.countHit() }
        return slice
    }

    /// Takes an entry in, in place of one with the same key, after making room for it. Refuses an entry
    /// whose partition was invalidated or purged since the fill began: this is checked under the lock that
    /// a purge takes, so no purge can miss it.
    func admit(_ entry: CacheEntry, begunUnder state: FillState) -> Outcome {
        guard entry.accountedBytes <= maximumEntryBytes else { return .refused(.tooLarge) }
        var gone: [CacheEntry] = []
        let outcome = admission.withLock { admission -> Outcome in
            guard entry.partition.admits(entry, begunUnder: state) else {
                return .refused(.generationPassed)
            }
            let old = shards[Self.shardIndex(entry.hash)].state.withLock {
                $0.node(hash: entry.hash, of: entry)
            }
            if let old { gone.append(remove(old, from: &admission)) }
            guard makeRoom(for: entry, in: &admission, evicted: &gone) else { return .refused(.noRoom) }
            insert(entry, into: &admission)
            return .stored
        }
        reclamation.retire(gone)
        return outcome
    }

    /// Keeps an answer in a coding with its entry, if that is still stored and others can make room.
    func keep(_ answer: CacheEntry, _ coding: ContentCoding, with entry: CacheEntry) -> Bool {
        var gone: [CacheEntry] = []
        let isKept = admission.withLock { admission -> Bool in
            let stored = shards[Self.shardIndex(entry.hash)].state.withLock {
                $0.node(hash: entry.hash, of: entry)
            }
            guard let node = stored, admission.queue.entry(of: node) === entry, entry.coded[coding] == nil,
                entry.accountedBytes + answer.accountedBytes <= maximumEntryBytes
            else { return false }
            while admission.accountedBytes + answer.accountedBytes > memoryBytes {
                // What is made smaller must not be what goes.
                guard let victim = admission.queue.nextVictim(), victim != node else { return false }
                gone.append(evict(victim, from: &admission))
            }
            entry.coded.keep(answer, coding)
            admission.queue.charge(node, answer.accountedBytes)
            return true
        }
        reclamation.retire(gone)
        return isKept
    }

    /// Drops at most `limit` entries that have expired by `now`; returns how many. Housekeeping calls it
    /// until it returns fewer than the limit.
    func reclaimExpired(now: MonotonicInstant, limit: Int) -> Int {
        var gone: [CacheEntry] = []
        admission.withLock { admission in
            while gone.count < limit, let node = admission.expiry.firstExpired(by: now) {
                gone.append(remove(node, from: &admission))
                admission.counts.expired += 1
            }
        }
        // Also what left before and was read then.
        reclamation.retire(gone)
        return gone.count
    }

    /// Takes out every entry of a partition, or of one of its routes, or makes it stale; returns how many of
    /// them could still have answered a request as fresh. What is of no use once it is stale is taken out in
    /// either case. One shard at a time, so no lock is held for long.
    func purge(
        _ partition: CachePartition, route: UInt32?, _ manner: PurgeManner, now: MonotonicInstant
    ) -> Int {
        // First of all, so that no fill of before slips in behind the walk.
        partition.refuseFillsOfBefore()
        var live = 0
        for index in 0..<64 {
            var gone: [CacheEntry] = []
            admission.withLock { admission in
                var nodes: [UInt32] = []
                shards[index].state.withLock { shard in
                    shard.forEach { entry, node in
                        guard entry.partition === partition, route == nil || entry.route == route else {
                            return
                        }
                        // In the same breath as it is counted, so that nothing is counted twice.
                        if now < entry.freshUntil, !entry.isInvalidated { live += 1 }
                        switch manner {
                        case .soft:
                            entry.soften(at: now)
                            if entry.keptUntil <= now { nodes.append(node) }
                        case .hard: nodes.append(node)
                        }
                    }
                }
                for node in nodes { gone.append(remove(node, from: &admission)) }
                admission.counts.purged += UInt64(nodes.count)
            }
            reclamation.retire(gone)
        }
        return live
    }

    /// The sums as they stand.
    func statistics() -> CacheStatistics {
        let retiredBytes = reclamation.retiredBytes
        return admission.withLock { admission in
            CacheStatistics(
                entries: admission.queue.count, accountedBytes: admission.accountedBytes,
                retiredBytes: retiredBytes, counts: admission.counts)
        }
    }

    /// Checks every structure against every other; linear, for tests.
    func checkInvariants() {
        admission.withLock { admission in
            admission.queue.checkInvariants()
            admission.expiry.checkInvariants()
            var (entries, shardBytes) = (0, 0)
            for index in 0..<64 {
                shards[index].state.withLock { shard in
                    entries += shard.count
                    shardBytes += shard.tableBytes
                    shard.forEach { entry, node in
                        precondition(admission.queue.entry(of: node) === entry, "node \(node)")
                        precondition(Self.shardIndex(entry.hash) == index, "entry in a foreign shard")
                    }
                }
            }
            for index in 0..<16 {
                pages[index].state.withLock { pages in
                    shardBytes += pages.tableBytes
                    pages.forEach { entry in
                        let isStored = shards[Self.shardIndex(entry.hash)].state.withLock {
                            $0.node(hash: entry.hash, of: entry).map(admission.queue.entry) === entry
                        }
                        precondition(isStored, "a page is indexed that is not stored")
                    }
                }
            }
            precondition(entries == admission.queue.count, "\(entries) entries indexed")
            precondition(admission.expiry.count == entries, "\(admission.expiry.count) entries will expire")
            precondition(shardBytes == admission.shardBytes, "\(shardBytes) bytes of index")
            precondition(
                entries == 0 || admission.accountedBytes <= memoryBytes,
                "\(admission.accountedBytes) of \(memoryBytes) bytes")
        }
    }

    private static func shardIndex(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash >> 58) }

    private static func pageShardIndex(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash >> 60) }

    /// Evicts until the entry and what the tables grow by for it fit; false if they never will.
    private func makeRoom(
        for entry: CacheEntry, in admission: inout Admission, evicted: inout [CacheEntry]
    ) -> Bool {
        while true {
            let growth =
                admission.queue.growthNodes * Self.nodeBytes
                + shards[Self.shardIndex(entry.hash)].state.withLock { $0.growthBytes }
                + pageGrowthBytes(for: entry)
            if admission.accountedBytes + entry.accountedBytes + growth <= memoryBytes { return true }
            guard let victim = admission.queue.nextVictim() else { return false }
            evicted.append(evict(victim, from: &admission))
        }
    }

    /// Takes out an entry for room.
    private func evict(_ victim: UInt32, from admission: inout Admission) -> CacheEntry {
        let isUseless = admission.queue.entry(of: victim).isInvalidated
        if admission.queue.isSmall(victim), !isUseless {
            admission.ghosts.remember(admission.queue.entry(of: victim).hash)
        }
        if isUseless { admission.counts.invalidated += 1 } else { admission.counts.evicted += 1 }
        return remove(victim, from: &admission)
    }

    /// What the index of pages grows by for an entry.
    private func pageGrowthBytes(for entry: CacheEntry) -> Int {
        guard let window = entry.window else { return 0 }
        return pages[Self.pageShardIndex(window.listHash)].state.withLock {
            $0.growthBytes(for: window.listHash)
        }
    }

    private func insert(_ entry: CacheEntry, into admission: inout Admission) {
        let growthNodes = admission.queue.growthNodes
        if growthNodes > 0 {
            admission.queue.grow(by: growthNodes)
            admission.expiry.reserve(admission.queue.nodeCapacity)
        }
        let isKnown = admission.ghosts.recall(entry.hash)
        let node = admission.queue.insert(entry, stage: isKnown ? .main : .small)
        admission.expiry.insert(node, at: entry.keptUntil)
        shards[Self.shardIndex(entry.hash)].state.withLock { shard in
            admission.shardBytes += shard.growthBytes
            shard.insert(entry, node: node)
        }
        if let window = entry.window {
            pages[Self.pageShardIndex(window.listHash)].state.withLock { pages in
                admission.shardBytes += pages.growthBytes(for: window.listHash)
                pages.insert(entry, window)
            }
        }
        admission.counts.admitted += 1
        if isKnown { admission.counts.readmitted += 1 }
    }

    private func remove(_ node: UInt32, from admission: inout Admission) -> CacheEntry {
        let entry = admission.queue.remove(node)
        admission.expiry.remove(node)
        shards[Self.shardIndex(entry.hash)].state.withLock { $0.remove(entry) }
        if let window = entry.window {
            pages[Self.pageShardIndex(window.listHash)].state.withLock { $0.remove(entry, window) }
        }
        return entry
    }
}

/// What an order to purge makes of answers.
public enum PurgeManner: Sendable, Hashable {
    /// They are gone.
    case hard
    /// They are stale: what may be done with an answer whose time is over may be done with them.
    case soft
}

/// What the store has done since start, in entries.
public struct StoreCounts: Sendable, Hashable {
    /// Stored.
    public var admitted: UInt64 = 0
    /// Stored again soon after leaving the small queue, straight into the main one.
    public var readmitted: UInt64 = 0
    /// Left for room.
    public var evicted: UInt64 = 0
    /// Left out of time.
    public var expired: UInt64 = 0
    /// Left for room after a write had made them useless.
    public var invalidated: UInt64 = 0
    /// Left by order.
    public var purged: UInt64 = 0
}

/// The state of the cache for metrics and `/status`.
public struct CacheStatistics: Sendable, Hashable {
    /// Entries held, useless ones included until they are reclaimed.
    public let entries: Int
    /// Memory that counts against the bound: entries, index, queues, in bytes.
    public let accountedBytes: Int
    /// Memory of what has left and may still be read by a worker, in bytes: gone with its next event.
    public let retiredBytes: Int
    /// What has happened so far.
    public let counts: StoreCounts
}
