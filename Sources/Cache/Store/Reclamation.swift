import Locking
import Synchronization

/// Frees the entries that have left the store, each as soon as no worker can be reading it any more.
///
/// A hit reads its entry without counting a reference to it (docs/decisions/0019): a worker that is about to
/// serve something says so, and thereby that it has done with whatever it found before (quiescent-state-based
/// reclamation; Hart, McKenney, Brown and Walpole, "Performance of memory reclamation for lockless
/// synchronization", 2007). What leaves is kept until every worker has said so once more, or rests.
///
/// Why that is enough: a worker says it before it looks, and looks under the lock of a shard; what leaves is
/// taken out under the same lock. So if the worker can have found it, what the worker has said is seen by
/// whoever retires it afterwards, and its number is not above that of the retirement.
final class Reclamation: Sendable {
    private struct Retired {
        // Gone once it has been let go.
        var entry: CacheEntry?
        let epoch: UInt64
    }

    private struct State {
        var readers: [CacheReader] = []
        // Oldest first, from `first` on.
        var retired: [Retired] = []
        var first = 0
        var bytes = 0
    }

    private let epoch = Atomic<UInt64>(1)
    private let state = Lock(State())

    /// A reader for one more worker.
    func makeReader() -> CacheReader {
        let reader = CacheReader(self)
        state.withLock { $0.readers.append(reader) }
        return reader
    }

    /// A worker that will never read again.
    fileprivate func forget(_ reader: CacheReader) {
        state.withLock { state in state.readers.removeAll { $0 === reader } }
    }

    /// The number under which a worker reads that begins to now.
    @inline(__always)
    var present: UInt64 { epoch.load(ordering: .acquiring) }

    /// Whether a reader is one of those that are waited for.
    func knows(_ reader: CacheReader) -> Bool {
        state.withLock { state in state.readers.contains { $0 === reader } }
    }

    /// Memory of what has left the store and has not been let go yet, in bytes.
    var retiredBytes: Int { state.withLock { $0.bytes } }

    /// Takes over entries that nobody can find any more, and lets go of all that nobody reads.
    func retire(_ entries: [CacheEntry]) {
        if !entries.isEmpty {
            state.withLock { state in
                let epoch = epoch.wrappingAdd(1, ordering: .sequentiallyConsistent).oldValue
                for entry in entries {
                    state.retired.append(Retired(entry: entry, epoch: epoch))
                    state.bytes += entry.accountedBytes
                }
            }
        }
        // One by one, so that each is released behind the lock and no list is made of them.
        while state.withLock({ Self.takeFree(&$0) }) != nil {}
    }

    /// Takes out the oldest entry, if nobody can be reading it.
    private static func takeFree(_ state: inout State) -> CacheEntry? {
        guard state.first < state.retired.count else { return nil }
        let oldest = state.readers.reduce(UInt64.max) { min($0, $1.epochOfReading) }
        let (entry, epoch) = (state.retired[state.first].entry, state.retired[state.first].epoch)
        guard let entry, epoch < oldest else { return nil }
        state.retired[state.first].entry = nil
        state.bytes -= entry.accountedBytes
        state.first += 1
        // Moved seldom enough to cost nothing.
        if state.first * 2 >= state.retired.count {
            state.retired.removeFirst(state.first)
            state.first = 0
            // A purge may have needed room for many.
            if state.retired.isEmpty, state.retired.capacity > 1_024 { state.retired = [] }
        }
        return entry
    }
}

/// What a worker says about its reading of the cache: one for each, used by its thread alone.
public final class CacheReader: Sendable {
    private let reclamation: Reclamation
    // The number of the present reading; the largest one while the worker rests.
    private let epoch = Atomic<UInt64>(.max)

    init(_ reclamation: Reclamation) { self.reclamation = reclamation }

    /// Begins to serve something: nothing that was found before is read any more.
    @inline(__always)
    public func begin() { epoch.store(reclamation.present, ordering: .releasing) }

    /// Reads nothing until it begins again: before it waits, and at its end.
    public func rest() { epoch.store(.max, ordering: .releasing) }

    /// Reads nothing any more, ever.
    public func leave() {
        rest()
        reclamation.forget(self)
    }

    /// Whether it may look for entries.
    @inline(__always)
    var isReading: Bool { epoch.load(ordering: .relaxed) != .max }

    /// The number under which it reads; the largest one if it rests.
    var epochOfReading: UInt64 { epoch.load(ordering: .acquiring) }
}
