public import HTTPModel

extension CacheEntry {
    /// The same answer in a coding, with a tag of its own; it belongs to nobody's index.
    public convenience init(_ coding: ContentCoding, body: consuming [UInt8], of source: CacheEntry) {
        let held = source.bytes
        let span = held.span
        var bytes: [UInt8] = []
        bytes.reserveCapacity(
            RenderedAnswer.statusByteCount + Int(source.eTag.count) + Int(source.fields.count) + body.count)
        bytes.append("HTTP/1.1 200 OK\r\nContent-Length: ")
        bytes.append(decimal: Int64(body.count))
        bytes.append("\r\nETag: ")
        let tagStart = bytes.count
        if source.eTag.count >= 2 {
            bytes.append(span.extracting(source.eTag.range.dropLast()))
            bytes.append(coding.tagEnd)
        }
        let eTag = ByteRange(from: tagStart, to: bytes.count)
        bytes.append("\r\nContent-Encoding: ")
        bytes.append(coding.token)
        bytes.append("\r\n")
        let fieldsStart = bytes.count
        bytes.append(span.extracting(source.fields.range))
        let fields = ByteRange(from: fieldsStart, to: bytes.count)
        let bodyStart = bytes.count
        bytes.append(contentsOf: body)
        self.init(
            copying: source, bytes: bytes, eTag: eTag, fields: fields,
            body: ByteRange(from: bodyStart, to: bytes.count), freshUntil: source.lifetimeEnd)
    }

    /// What a client that accepts codings is given: the answer in the coding it likes best of those that are
    /// there, which this entry holds. `wanted` is the one it would like best of those that can be made, if
    /// that is not it.
    public func inCoding(
        _ accepted: AcceptedCodings, of codings: ContentCodings
    ) -> (answer: Borrowed<CacheEntry>, wanted: ContentCoding?) {
        guard isCodable, let preferred = accepted.preferred(among: codings) else {
            return (Borrowed(self), nil)
        }
        if let answer = coded[preferred] { return (answer, nil) }
        for coding in ContentCoding.allCases where coding != preferred {
            let quality = accepted.quality(of: coding)
            if quality > 0, quality >= accepted.plainQuality, let answer = coded[coding] {
                return (answer, preferred)
            }
        }
        return (Borrowed(self), preferred)
    }

    /// Notes that a hit could have used a coding; whether the caller is to make it now.
    public func wants(_ coding: ContentCoding) -> Bool { coded.want(coding) }

    /// The coding that was wanted could not be begun.
    public func postpone(_ coding: ContentCoding) { coded.postpone(coding) }

    /// The coding that was wanted is of no use: it would not be smaller, or does not fit.
    public func giveUp(_ coding: ContentCoding) { coded.finish(coding) }
}
