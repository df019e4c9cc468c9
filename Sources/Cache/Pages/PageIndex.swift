import HTTPModel

/// One part of the index of pages: for each list of a partition, the stored pages out of which other
/// questions can be answered.
///
/// An open-addressing table from the hash of a list to at most 16 pages. Guarded by its own mutex in
/// `CacheStore`; entries are put in and taken out with the store's own index, so a page is here only while
/// it is stored. Two lists with one hash would share their places and nothing else: every page is compared.
struct PageIndex {
    /// Most pages of one list that are kept in mind: what a search costs at most.
    static let maximumWindows = 16

    /// One list; free when it holds no pages.
    private struct Slot {
        var hash: UInt64 = 0
        var count = 0
    }

    private var slots: [Slot] = []
    // The pages of each slot at 16 places, those in use first. In an array of their own, so that looking at
    // one page touches no other.
    private var entries: [CacheEntry?] = []
    /// Number of lists that have pages here.
    private(set) var listCount = 0

    /// Bytes of one slot.
    static let slotBytes =
        MemoryLayout<Slot>.stride + maximumWindows * MemoryLayout<CacheEntry?>.stride

    /// Memory of the table, in bytes.
    var tableBytes: Int { slots.count * Self.slotBytes }

    /// Memory the table will gain if a page of this list goes in: it doubles beyond three quarters full.
    func growthBytes(for hash: UInt64) -> Int {
        if slotIndex(hash) != nil || (listCount + 1) * 4 <= slots.count * 3 { return 0 }
        return max(4, slots.count * 2) * Self.slotBytes - tableBytes
    }

    /// Puts in a page that is not there. Where the list has 16 already, one that a write made useless
    /// leaves, or else the one that dies first.
    mutating func insert(_ entry: CacheEntry, _ window: PageWindow) {
        let hash = window.listHash
        if growthBytes(for: hash) > 0 { grow() }
        guard let index = slotIndex(hash) else {
            let index = freeIndex(hash)
            slots[index] = Slot(hash: hash, count: 1)
            entries[Self.place(0, of: index)] = entry
            listCount += 1
            return
        }
        let count = slots[index].count
        if count < Self.maximumWindows {
            entries[Self.place(count, of: index)] = entry
            slots[index].count += 1
            return
        }
        var victim = 0
        var soonest = MonotonicInstant(nanoseconds: .max)
        for place in 0..<Self.maximumWindows {
            let held = page(place, of: index)
            if held.isInvalidated {
                victim = place
                break
            }
            if held.freshUntil < soonest {
                victim = place
                soonest = held.freshUntil
            }
        }
        entries[Self.place(victim, of: index)] = entry
    }

    /// Takes out a page, if it is there, and the list with its last page.
    mutating func remove(_ entry: CacheEntry, _ window: PageWindow) {
        guard let index = slotIndex(window.listHash) else { return }
        let last = slots[index].count - 1
        guard let place = (0...last).first(where: { entries[Self.place($0, of: index)] === entry }) else {
            return
        }
        entries.swapAt(Self.place(place, of: index), Self.place(last, of: index))
        entries[Self.place(last, of: index)] = nil
        slots[index].count = last
        if last == 0 { free(index) }
    }

    /// The answer to a question about a list, out of the freshest page that decides it.
    func slice(
        _ ask: ListAsk, _ question: PageQuestion, _ target: Span<UInt8>, now: MonotonicInstant
    ) -> PageSlice? {
        var best: PageSlice?
        var freshUntil = MonotonicInstant(nanoseconds: 0)
        forEachFresh(ask, now: now) { entry, window in
            if entry.freshUntil <= freshUntil { return }
            let derivation = entry.bytes.withSpan {
                PageDerivation(question, target, from: window, $0, bodyStart: Int(entry.body.start))
            }
            guard let derivation else { return }
            best = PageSlice(derivation, limit: question.limit, of: entry, window)
            freshUntil = entry.freshUntil
        }
        return best
    }

    /// The row with this id, out of the freshest page of its list that shows it, for an answer that may be
    /// at most `lifetime` old.
    func row(
        _ ask: ListAsk, _ question: PageQuestion, _ list: Span<UInt8>, id: Span<UInt8>,
        lifetime: Duration, now: MonotonicInstant
    ) -> PageSlice? {
        var best: PageSlice?
        var sourceFreshUntil = MonotonicInstant(nanoseconds: 0)
        forEachFresh(ask, now: now) { entry, window in
            if entry.freshUntil <= sourceFreshUntil { return }
            let freshUntil = min(entry.freshUntil, entry.receivedAt.advanced(by: lifetime))
            if now >= freshUntil { return }
            let row = entry.bytes.withSpan { bytes -> Int? in
                guard question.isFamily(of: window.question, list, otherTarget: bytes) else { return nil }
                return window.page.row(withID: id, bytes.extracting(entry.body.range))
            }
            guard let row else { return }
            best = PageSlice(
                row: row, isCut: window.question.includes, of: entry, window, freshUntil: freshUntil)
            sourceFreshUntil = entry.freshUntil
        }
        return best
    }

    /// All pages held, for checks.
    func forEach(_ body: (CacheEntry) -> Void) {
        for index in slots.indices {
            for place in 0..<slots[index].count { body(page(place, of: index)) }
        }
    }

    private func forEachFresh(
        _ ask: ListAsk, now: MonotonicInstant, _ body: (CacheEntry, PageWindow) -> Void
    ) {
        guard let index = slotIndex(ask.hash) else { return }
        for place in 0..<slots[index].count {
            borrow(place, of: index).read { entry in
                // Partition and route are compared with every look: the hash alone decides nothing.
                guard let window = entry.window.map({ Borrowed($0) }),
                    ask.partition.read({ entry.partition === $0 }), entry.route == ask.route,
                    now < entry.freshUntil, !entry.isInvalidated
                else { return }
                window.read { body(entry, $0) }
            }
        }
    }

    private func slotIndex(_ hash: UInt64) -> Int? {
        if slots.isEmpty { return nil }
        let mask = slots.count - 1
        var index = Int(truncatingIfNeeded: hash) & mask
        // The table is never full, so the walk meets a free slot.
        while slots[index].count > 0 {
            if slots[index].hash == hash { return index }
            index = (index + 1) & mask
        }
        return nil
    }

    /// A free slot for a list that has none; there is room.
    private func freeIndex(_ hash: UInt64) -> Int {
        let mask = slots.count - 1
        var index = Int(truncatingIfNeeded: hash) & mask
        while slots[index].count > 0 { index = (index + 1) & mask }
        return index
    }

    /// Where a page of a slot stands.
    @inline(__always)
    private static func place(_ place: Int, of slot: Int) -> Int { slot * maximumWindows + place }

    /// A page of a slot that is in use at this place.
    private func page(_ place: Int, of slot: Int) -> CacheEntry {
        guard let entry = entries[Self.place(place, of: slot)] else {
            preconditionFailure("a gap among the pages of a list")
        }
        return entry
    }

    /// The same for a look at it.
    @inline(__always)
    private func borrow(_ place: Int, of slot: Int) -> Borrowed<CacheEntry> {
        guard let entry = entries[Self.place(place, of: slot)].map({ Borrowed($0) }) else {
            preconditionFailure("a gap among the pages of a list")
        }
        return entry
    }

    /// Puts the pages of one slot into another, which holds none.
    private mutating func move(_ source: Int, to target: Int) {
        slots[target] = slots[source]
        for place in 0..<slots[source].count {
            entries.swapAt(Self.place(place, of: source), Self.place(place, of: target))
        }
        slots[source] = Slot()
    }

    /// Empties a slot and closes the gap it leaves.
    private mutating func free(_ start: Int) {
        let mask = slots.count - 1
        var gap = start
        var index = (gap + 1) & mask
        while slots[index].count > 0 {
            let home = Int(truncatingIfNeeded: slots[index].hash) & mask
            // A slot may move back only to a place between its home and where it stands.
            if (index - home) & mask >= (index - gap) & mask {
                move(index, to: gap)
                gap = index
            }
            index = (index + 1) & mask
        }
        listCount -= 1
    }

    private mutating func grow() {
        var grown = PageIndex()
        grown.slots = Array(repeating: Slot(), count: max(4, slots.count * 2))
        grown.entries = Array(repeating: nil, count: grown.slots.count * Self.maximumWindows)
        grown.listCount = listCount
        for index in slots.indices where slots[index].count > 0 {
            let target = grown.freeIndex(slots[index].hash)
            grown.slots[target] = slots[index]
            for place in 0..<slots[index].count {
                grown.entries[Self.place(place, of: target)] = entries[Self.place(place, of: index)]
            }
        }
        self = grown
    }
}

/// Whose list is asked about: what every page must agree with before it is looked at.
struct ListAsk {
    let partition: Borrowed<CachePartition>
    let route: UInt32
    /// The hash of partition, route and list, by `KeyHasher`.
    let hash: UInt64
}
