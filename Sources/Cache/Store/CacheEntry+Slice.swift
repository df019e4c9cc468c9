import HTTPModel

extension CacheEntry {
    /// The answer of a slice with bytes of its own, to be given piece by piece; never stored.
    public convenience init(_ slice: PageSlice, bodyByteCount: Int) {
        let source = slice.source
        let held = source.bytes
        let span = held.span
        var bytes: [UInt8] = []
        bytes.reserveCapacity(ContentDigest.eTagByteCount + Int(source.fields.count) + 2 + bodyByteCount)
        slice.appendETag(to: &bytes)
        let eTag = ByteRange(from: 0, to: bytes.count)
        bytes.append(span.extracting(source.fieldsAndEnd.range))
        let fields = ByteRange(from: eTag.end, to: bytes.count - 2)
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
