import Locking
import Synchronization

/// What a write through the gateway may have changed of what is stored.
public enum WriteEffect: Sendable {
    /// Anything: who wrote what is not known, or its answer was lost.
    case everything
    /// One row of a list.
    case row(RowWrite)
}

/// The writes of all tenants that share one organization upstream, in their order: by it every stored answer
/// knows whether it is still one.
///
/// A write costs one number and, if it is known what it wrote, one place among the last 32; nothing is walked
/// over. An answer remembers the number up to which it has been looked at: as long as no write has come, that
/// is one comparison, and after one a look at the few since then. An answer that missed more than is kept is
/// taken for changed.
final class WriteLog: Sendable {
    /// How many writes are told apart. A burst of more than these between two looks at an answer costs a
    /// fetch, and never a wrong answer.
    static let maximumKept = 32

    private struct Kept {
        var number: UInt64 = 0
        var write: RowWrite?
    }

    private struct Recent {
        var kept = [Kept](repeating: Kept(), count: WriteLog.maximumKept)
        /// The number of the last write that may have changed anything.
        var everything: UInt64 = 0
    }

    private let counter = Atomic<UInt64>(0)
    private let recent = Lock(Recent())

    /// A log without writes.
    init() {}

    /// How many writes there were. Acquiring: whoever sees a write's effects elsewhere after it was recorded
    /// also sees it here.
    @inline(__always)
    var count: UInt64 { counter.load(ordering: .acquiring) }

    /// Takes a write down.
    func record(_ effect: WriteEffect) {
        recent.withLock { recent in
            // Only written under the lock, so its own value needs no ordering.
            let number = counter.load(ordering: .relaxed) + 1
            switch effect {
            case .everything: recent.everything = number
            case .row(let write):
                recent.kept[Int(number % UInt64(Self.maximumKept))] = Kept(number: number, write: write)
            }
            counter.store(number, ordering: .releasing)
        }
    }

    /// Whether no write after `seen` can have changed an answer; if so, the number of writes it has been
    /// looked at for now. At most 32 writes are looked at.
    func spares(_ entry: CacheEntry, since seen: UInt64) -> UInt64? {
        recent.withLock { recent in
            let last = counter.load(ordering: .relaxed)
            guard seen >= recent.everything, seen <= last, last - seen <= UInt64(Self.maximumKept) else {
                return nil
            }
            var number = seen
            while number < last {
                number += 1
                let kept = recent.kept[Int(number % UInt64(Self.maximumKept))]
                guard kept.number == number, let write = kept.write, !write.mayChange(entry) else {
                    return nil
                }
            }
            return last
        }
    }
}
