import HTTPModel

extension ResponseHead {
    /// Whether answers to other questions may be read off the body: it is JSON, and no field describes this
    /// body in particular, which a slice of it would then misdescribe.
    var allowsSlices: Bool {
        let bytes = self.bytes.span
        var isJSON = false
        for line in fields {
            switch line.known {
            case .contentType: isJSON = bytes.extracting(line.value.range).isJSONMediaType
            case .lastModified: return false
            case .other:
                let name = bytes.extracting(line.name.range)
                let describesBody =
                    name.equalsIgnoringCase("link") || name.equalsIgnoringCase("content-digest")
                    || name.equalsIgnoringCase("repr-digest") || name.equalsIgnoringCase("digest")
                    || name.equalsIgnoringCase("content-md5") || name.equalsIgnoringCase("content-location")
                    || name.equalsIgnoringCase("content-disposition")
                if describesBody { return false }
            default: break
            }
        }
        return isJSON
    }
}

extension Span where Element == UInt8 {
    /// Whether a `Content-Type` value is `application/json`, whatever parameters it has.
    fileprivate var isJSONMediaType: Bool {
        var end = 0
        while end < count, self[end] != UInt8(ascii: ";"), self[end] != 0x20, self[end] != 0x09 { end += 1 }
        return extracting(first: end).equalsIgnoringCase("application/json")
    }
}
