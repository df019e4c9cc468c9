package import Cache
import HTTPModel

/// The answers that a worker makes smaller, one after the other and a slice at a time, so that no turn of its
/// loop takes long (docs/decisions/0013).
package struct CompressionQueue: ~Copyable {
    /// Bytes of an answer that are encoded in one turn of the loop: about a millisecond at zlib's level 6.
    package static let sliceBytes = 32_768
    /// Answers that may wait; one more is asked for again by a later hit.
    package static let maximumWaiting = 8

    /// An answer that is to be encoded.
    private struct Job {
        let entry: CacheEntry
        let coding: ContentCoding
        /// How much of its body has been encoded.
        var doneBytes = 0
        var output: [UInt8] = []
    }

    /// What became of an answer.
    package enum Outcome: Sendable {
        /// Its body in the coding.
        case encoded(CacheEntry, ContentCoding, [UInt8])
        /// It would not have been smaller, or could not be encoded.
        case useless(CacheEntry, ContentCoding)
    }

    private let policy: CompressionPolicy
    private var jobs: [Job] = []
    // Made when first needed, kept for the next.
    private var gzip: GzipEncoder?
    private var zstd: ZstdEncoder?

    /// An empty queue.
    package init(_ policy: CompressionPolicy) {
        self.policy = policy
    }

    /// Whether nothing is to be done.
    package var isEmpty: Bool { jobs.isEmpty }

    /// Takes an answer in; `false` if too many wait.
    package mutating func add(_ entry: CacheEntry, _ coding: ContentCoding) -> Bool {
        guard jobs.count < Self.maximumWaiting else { return false }
        jobs.append(Job(entry: entry, coding: coding))
        return true
    }

    /// Encodes the next slice of the first answer; what became of it, once that is known.
    package mutating func advance() -> Outcome? {
        guard !jobs.isEmpty else { return nil }
        let (entry, coding) = (jobs[0].entry, jobs[0].coding)
        let total = Int(entry.body.count)
        let start = Int(entry.body.start) + jobs[0].doneBytes
        let count = min(Self.sliceBytes, total - jobs[0].doneBytes)
        let isLast = jobs[0].doneBytes + count == total
        let held = entry.bytes
        let slice = held.span.extracting(start..<(start + count))
        var output = jobs[0].output
        jobs[0].output = []
        let isEncoded =
            (jobs[0].doneBytes > 0 || begin(coding, byteCount: total))
            && encode(slice, coding, isLast: isLast, into: &output)
        jobs[0].doneBytes += count
        // An eighth less is the least for which a client should have the work of decoding.
        guard isEncoded, output.count <= total - total / 8 else {
            jobs.removeFirst()
            return .useless(entry, coding)
        }
        guard isLast else {
            jobs[0].output = output
            return nil
        }
        jobs.removeFirst()
        return .encoded(entry, coding, output)
    }

    private mutating func begin(_ coding: ContentCoding, byteCount: Int) -> Bool {
        switch coding {
        case .gzip:
            if gzip == nil { gzip = GzipEncoder(level: policy.gzipLevel) }
            return gzip?.begin() ?? false
        case .zstd:
            if zstd == nil { zstd = ZstdEncoder(level: policy.zstdLevel) }
            return zstd?.begin(byteCount: byteCount) ?? false
        }
    }

    private mutating func encode(
        _ slice: Span<UInt8>, _ coding: ContentCoding, isLast: Bool, into output: inout [UInt8]
    ) -> Bool {
        switch coding {
        case .gzip: gzip?.encode(slice, isLast: isLast, into: &output) ?? false
        case .zstd: zstd?.encode(slice, isLast: isLast, into: &output) ?? false
        }
    }
}
