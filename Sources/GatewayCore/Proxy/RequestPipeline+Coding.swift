import Cache
import HTTPModel

/// Stage 13 for clients that accept codings: which form of a stored answer they get, and when it is made.
extension RequestPipeline {
    /// The form of a stored answer that is given. The second hit that could use one that is not there has it
    /// made, for those to come. The plain one holds all others.
    func coded(_ entry: CacheEntry, _ codings: AcceptedCodings) -> Borrowed<CacheEntry> {
        if codings.isUnsaid { return Borrowed(entry) }
        let (answer, wanted) = entry.inCoding(codings, of: cache.compression.codings)
        if let wanted, entry.wants(wanted), !compression.add(entry, wanted) { entry.postpone(wanted) }
        return answer
    }

    /// Whether stored answers wait to be made smaller.
    package var isCompressing: Bool { !compression.isEmpty }

    /// Encodes one slice of one answer; once a turn of the loop.
    package func compress() {
        guard let outcome = compression.advance() else { return }
        switch outcome {
        case .useless(let entry, let coding):
            entry.giveUp(coding)
            recorder.compressed("useless")
        case .encoded(let entry, let coding, let body):
            let isKept = cache.keep(CacheEntry(coding, body: body, of: entry), coding, with: entry)
            recorder.compressed(isKept ? "\(coding.token)" : "dropped")
        }
    }

    /// Says in `tag` which form of an answer the client has, if it has one that it would accept now; the
    /// plain one's tag is `plain`.
    func findHeld(_ plain: Span<UInt8>, _ codings: AcceptedCodings, _ has: (Span<UInt8>) -> Bool) -> Bool {
        tag.removeAll()
        if codings.plainQuality > 0, has(plain) {
            tag.append(plain)
            return true
        }
        if codings.isUnsaid { return false }
        guard plain.count >= 2 else { return false }
        for coding in ContentCoding.allCases where codings.quality(of: coding) > 0 {
            tag.removeAll()
            tag.append(plain.extracting(first: plain.count - 1))
            tag.append(coding.tagEnd)
            if tag.withBytes({ has($0) }) { return true }
        }
        return false
    }
}
