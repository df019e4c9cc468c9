import Synchronization

/// A part of the cache that nobody else sees: one per tenant and upstream credential.
///
/// The request pipeline finds it in the tenant's snapshot and passes it along; identity is the object itself,
/// and every hit checks that the entry belongs to it. Two counters make older things vanish without touching
/// them.
public final class CachePartition: Sendable {
    /// A number of its own, never reused in this process; part of every key.
    public let id: UInt64

    // Invalidation bumps `generation` first and `epoch` second; a fill reads them the other way round. So a
    // fill that saw the new epoch also saw the new generation, and a torn pair only ever refuses to store.
    private let generationCounter = Atomic<UInt64>(0)
    private let epochCounter = Atomic<UInt64>(0)

    init(id: UInt64) {
        self.id = id
    }

    /// The generation a look-up requires of an entry. Acquiring: whoever sees a write's effects elsewhere
    /// after its invalidation also sees the invalidation.
    @inline(__always)
    var generation: UInt64 { generationCounter.load(ordering: .acquiring) }

    /// What a fill starts under.
    var fillState: FillState {
        let epoch = epochCounter.load(ordering: .acquiring)
        return FillState(epoch: epoch, generation: generation)
    }

    /// Whether nothing was invalidated or purged since a fill began.
    func admits(_ state: FillState) -> Bool {
        epochCounter.load(ordering: .acquiring) == state.epoch && generation == state.generation
    }

    /// Makes every entry and every fill of before unusable.
    func invalidate() {
        generationCounter.add(1, ordering: .sequentiallyConsistent)
        epochCounter.add(1, ordering: .sequentiallyConsistent)
    }

    /// Makes every fill of before unusable and leaves entries alone.
    func refuseFillsOfBefore() {
        epochCounter.add(1, ordering: .sequentiallyConsistent)
    }
}

/// The two counters of a partition as a fill found them when it began.
struct FillState: Sendable, Hashable {
    /// Changes with every invalidation and purge; flights of another epoch are not joined.
    let epoch: UInt64
    /// Changes with every invalidation; entries of another generation are not served.
    let generation: UInt64
}

/// Finds the partition of a tenant and credential. Asked when a configuration snapshot is made, never by a
/// request.
struct PartitionRegistry {
    private struct Owner: Hashable {
        let tenant: String
        let credential: UInt64
    }

    private var partitions: [Owner: CachePartition] = [:]
    private var nextID: UInt64 = 1
    private var pruneAt = 64

    /// The partition of these two; the same object as long as anybody holds it or an entry of it.
    mutating func partition(tenant: String, credential: UInt64) -> CachePartition {
        let owner = Owner(tenant: tenant, credential: credential)
        if let known = partitions[owner] { return known }
        if partitions.count >= pruneAt { prune() }
        let made = CachePartition(id: nextID)
        nextID += 1
        partitions[owner] = made
        return made
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
        pruneAt = max(64, kept.count * 2)
    }
}
