import HTTPModel
import Synchronization

/// An answer in other codings: each made once, kept with the answer, and gone with it.
///
/// A coding is wanted by the first hit that could use it, made from the second on, and then there for all
/// workers. Read without a lock.
struct CodedAnswers: ~Copyable, Sendable {
    /// How far a coding has come; only ever goes on, or back from `made` to `wanted` when nobody could make
    /// it.
    private enum Stage: UInt8 {
        case unused, wanted, inWork, made
    }

    // Each is held by the one and found by the other, which counts no reference.
    private let heldZstd = AtomicLazyReference<CacheEntry>()
    private let heldGzip = AtomicLazyReference<CacheEntry>()
    private let zstd = Atomic<Borrowed<CacheEntry>?>(nil)
    private let gzip = Atomic<Borrowed<CacheEntry>?>(nil)
    private let zstdStage = Atomic<UInt8>(0)
    private let gzipStage = Atomic<UInt8>(0)
    // Written under the lock of admission only.
    private let byteCounter = Atomic<Int>(0)

    /// Memory of all of them, in bytes.
    var bytes: Int { byteCounter.load(ordering: .relaxed) }

    /// The answer in a coding, if it is there; held here for good.
    subscript(coding: ContentCoding) -> Borrowed<CacheEntry>? {
        switch coding {
        case .zstd: zstd.load(ordering: .acquiring)
        case .gzip: gzip.load(ordering: .acquiring)
        }
    }

    /// Takes an answer in a coding in. The caller holds the lock of admission and has made room.
    func keep(_ answer: CacheEntry, _ coding: ContentCoding) {
        switch coding {
        case .zstd: zstd.store(Borrowed(heldZstd.storeIfNil(answer)), ordering: .releasing)
        case .gzip: gzip.store(Borrowed(heldGzip.storeIfNil(answer)), ordering: .releasing)
        }
        byteCounter.add(answer.accountedBytes, ordering: .relaxed)
    }

    /// Notes that a hit could have used a coding; whether the caller is to make it now. Exactly one is told
    /// so.
    func want(_ coding: ContentCoding) -> Bool {
        switch Stage(rawValue: stage(coding)) {
        case .unused:
            // One of two first hits at once may count for both.
            _ = advance(coding, from: .unused, to: .wanted)
            return false
        case .wanted: return advance(coding, from: .wanted, to: .inWork)
        case .inWork, .made, nil: return false
        }
    }

    /// The work is over, whether it was of use or not.
    func finish(_ coding: ContentCoding) { _ = advance(coding, from: .inWork, to: .made) }

    /// The work was not begun: the next hit may ask for it again.
    func postpone(_ coding: ContentCoding) { _ = advance(coding, from: .inWork, to: .wanted) }

    private func stage(_ coding: ContentCoding) -> UInt8 {
        switch coding {
        case .zstd: zstdStage.load(ordering: .relaxed)
        case .gzip: gzipStage.load(ordering: .relaxed)
        }
    }

    private func advance(_ coding: ContentCoding, from old: Stage, to new: Stage) -> Bool {
        switch coding {
        case .zstd:
            zstdStage.compareExchange(
                expected: old.rawValue, desired: new.rawValue, ordering: .relaxed
            ).exchanged
        case .gzip:
            gzipStage.compareExchange(
                expected: old.rawValue, desired: new.rawValue, ordering: .relaxed
            ).exchanged
        }
    }
}
