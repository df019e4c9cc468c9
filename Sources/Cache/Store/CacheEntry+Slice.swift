import HTTPModel

extension CacheEntry {
    /// The answer to a question, read off this very entry, fresh or not, for as long as the caller holds it;
    /// `nil` if it does not decide it.
    public func slice(answering query: Span<UInt8>, model: PageModel) -> PageSlice? {
        guard let window, let question = PageQuestion(query, model: model) else { return nil }
        let held = bytes
        guard
            let derivation = PageDerivation(
                question, query, from: window, held.span, bodyStart: Int(body.start))
        else { return nil }
        return PageSlice(derivation, limit: question.limit, of: self, window)
    }

    /// The answer of a slice with bytes of its own, to be given piece by piece; never stored.
    public convenience init(_ slice: PageSlice, bodyByteCount: Int) {
        let source = slice.source.object
        let held = source.bytes
        let span = held.span
        var bytes: [UInt8] = []
        bytes.reserveCapacity(
            RenderedAnswer.statusByteCount + ContentDigest.eTagByteCount + Int(source.fields.count)
                + bodyByteCount)
        bytes.append("HTTP/1.1 200 OK\r\nContent-Length: ")
        bytes.append(decimal: Int64(bodyByteCount))
        bytes.append("\r\nETag: ")
        let tagStart = bytes.count
        let tag = slice.eTag
        bytes.append(tag.span)
        let eTag = ByteRange(from: tagStart, to: bytes.count)
        bytes.append("\r\n")
        let fieldsStart = bytes.count
        bytes.append(span.extracting(source.fields.range))
        let fields = ByteRange(from: fieldsStart, to: bytes.count)
        let bodyStart = bytes.count
        slice.forEachPiece { piece in
            switch piece {
            case .source(let range): bytes.append(span.extracting(range.range))
            case .number(let number): bytes.append(decimal: Int64(number))
            case .word(let word): bytes.append(word)
            case .byte(let byte): bytes.append(byte)
            }
        }
        self.init(
            copying: source, bytes: bytes, eTag: eTag, fields: fields,
            body: ByteRange(from: bodyStart, to: bytes.count), freshUntil: slice.freshUntil)
    }
}
