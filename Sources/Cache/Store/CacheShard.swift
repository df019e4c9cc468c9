import HTTPModel

/// One part of the index: an open-addressing table from key to entry, with linear probing.
///
/// Guarded by its own mutex in `CacheStore`; look-ups take no other. Holds each entry with the number of its
/// node in the eviction queues, so that a replaced entry is found there at once.
struct CacheShard {
    /// A place in the table; free when `entry` is nil.
    struct Slot {
        var hash: UInt64 = 0
        var entry: CacheEntry?
        var node: UInt32 = 0
    }

    private var slots: [Slot] = []
    /// Number of entries held.
    private(set) var count = 0

    /// Bytes of one slot.
    static let slotBytes = MemoryLayout<Slot>.stride

    /// Memory of the table, in bytes.
    var tableBytes: Int { slots.count * Self.slotBytes }

    /// Memory the table will gain if one more entry goes in: it doubles beyond three quarters full.
    var growthBytes: Int {
        (count + 1) * 4 <= slots.count * 3 ? 0 : max(8, slots.count * 2) * Self.slotBytes - tableBytes
    }

    /// Finds the entry of a key and counts the hit. The entry is held here, and by whoever takes it out until
    /// nobody reads it.
    @inline(__always)
    func find(
        hash: UInt64, partition: CachePartition, route: UInt32, query: Span<UInt8>
    ) -> Borrowed<CacheEntry>? {
        if slots.isEmpty { return nil }
        return slots.withSpan { slots in
            let mask = slots.count - 1
            var index = Int(truncatingIfNeeded: hash) & mask
            // The table is never full, so the walk meets a free slot.
            while let held = slots[index].entry.map({ Borrowed($0) }) {
                if slots[index].hash == hash,
                    held.read({ $0.isFound(by: partition, route: route, query: query) })
                {
                    return held
                }
                index = (index + 1) & mask
            }
            return nil
        }
    }

    /// The node of the entry with this key; `nil` if there is none.
    func node(hash: UInt64, of entry: CacheEntry) -> UInt32? {
        guard let index = slotIndex(where: { $0.hash == hash && $0.entry?.hasKey(of: entry) == true }, hash)
        else { return nil }
        return slots[index].node
    }

    /// Puts in an entry whose key is not there.
    mutating func insert(_ entry: CacheEntry, node: UInt32) {
        if growthBytes > 0 { grow() }
        place(Slot(hash: entry.hash, entry: entry, node: node))
        count += 1
    }

    /// Takes out exactly this entry, which must be there, and closes the gap it leaves.
    mutating func remove(_ entry: CacheEntry) {
        guard var gap = slotIndex(where: { $0.entry === entry }, entry.hash) else {
            preconditionFailure("the queues hold an entry that the index does not")
        }
        let mask = slots.count - 1
        var index = (gap + 1) & mask
        while slots[index].entry != nil {
            let home = Int(truncatingIfNeeded: slots[index].hash) & mask
            // An entry may move back only to a slot between its home and where it stands.
            if (index - home) & mask >= (index - gap) & mask {
                slots[gap] = slots[index]
                gap = index
            }
            index = (index + 1) & mask
        }
        slots[gap] = Slot()
        count -= 1
    }

    /// All entries with their nodes, for purges and checks. Linear in the size of the table.
    func forEach(_ body: (CacheEntry, UInt32) -> Void) {
        for slot in slots {
            if let entry = slot.entry { body(entry, slot.node) }
        }
    }

    private func slotIndex(where matches: (Slot) -> Bool, _ hash: UInt64) -> Int? {
        if slots.isEmpty { return nil }
        let mask = slots.count - 1
        var index = Int(truncatingIfNeeded: hash) & mask
        while slots[index].entry != nil {
            if matches(slots[index]) { return index }
            index = (index + 1) & mask
        }
        return nil
    }

    private mutating func place(_ slot: Slot) {
        let mask = slots.count - 1
        var index = Int(truncatingIfNeeded: slot.hash) & mask
        while slots[index].entry != nil { index = (index + 1) & mask }
        slots[index] = slot
    }

    private mutating func grow() {
        let old = slots
        slots = Array(repeating: Slot(), count: max(8, old.count * 2))
        for slot in old where slot.entry != nil { place(slot) }
    }
}

extension CacheEntry {
    /// Whether this is the entry for these parts of a key; then that is a hit.
    @inline(__always)
    fileprivate func isFound(by partition: CachePartition, route: UInt32, query: Span<UInt8>) -> Bool {
        guard matches(partition: partition, route: route, query: query) else { return false }
        precondition(self.partition === partition, "an entry of another partition was found")
        countHit()
        return true
    }

    /// Whether another entry stands under the same key.
    func hasKey(of other: CacheEntry) -> Bool {
        let bytes = other.bytes
        return hash == other.hash
            && matches(
                partition: other.partition, route: other.route,
                query: bytes.span.extracting(first: Int(other.queryBytes)))
    }
}
