import HTTPModel

/// Decodes names and values of a query as the upstream does: `+` is a space, triplets are decoded once.
///
/// Shared reading is a safety property: a query that upstream and gateway read differently could put one
/// filter's page under another filter's cache key.
enum FormDecoding {
    /// Replaces the contents of `decoded` by the decoded text.
    ///
    /// An adjoining run of triplets that is not valid UTF-8 stays literal as a whole, and so does a `%`
    /// without two digits: the upstream's decoder gives up on exactly these. The result of a query of ASCII
    /// bytes is valid UTF-8. Linear.
    static func decode(_ text: Span<UInt8>, into decoded: inout [UInt8]) {
        decoded.removeAll(keepingCapacity: true)
        var next = 0
        while next < text.count {
            let byte = text[next]
            if byte == 0x25, PercentTriplet.byte(at: next, of: text) != nil {
                next = decodeRun(of: text, from: next, into: &decoded)
            } else {
                decoded.append(byte == 0x2B ? 0x20 : byte)
                next += 1
            }
        }
    }

    /// Decodes the adjoining triplets that begin at `start`; returns where they end.
    private static func decodeRun(of text: Span<UInt8>, from start: Int, into decoded: inout [UInt8]) -> Int {
        let mark = decoded.count
        var next = start
        var isASCII = true
        while let byte = PercentTriplet.byte(at: next, of: text) {
            decoded.append(byte)
            if byte >= 0x80 { isASCII = false }
            next += PercentTriplet.byteCount
        }
        if !isASCII && !isUTF8(decoded.span.extracting(mark..<decoded.count)) {
            decoded.removeLast(decoded.count - mark)
            for index in start..<next { decoded.append(text[index]) }
        }
        return next
    }

    private static func isUTF8(_ bytes: Span<UInt8>) -> Bool {
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: bytes)
            return true
        } catch {
            return false
        }
    }
}
