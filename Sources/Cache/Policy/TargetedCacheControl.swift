import HTTPModel

extension CacheControl {
    /// Reads a targeted field (RFC 9213 §2.1), whose lines were joined with commas: a Structured Fields
    /// dictionary (RFC 9651 §3.2). `nil` if it is empty or does not parse, which means as good as absent.
    ///
    /// Later members win over earlier ones of the same name. A member of the wrong type is ignored, as the
    /// RFC asks: `max-age=1.5` or `no-store=1` says nothing.
    init?(targeted value: Span<UInt8>) {
        var reader = DictionaryReader()
        var members = 0
        while true {
            switch reader.next(in: value) {
            case .end:
                guard members > 0 else { return nil }
                return
            case .malformed: return nil
            case .member(let key, let item):
                members += 1
                take(key: value.extracting(key.range), item)
            }
        }
    }

    private mutating func take(key: Span<UInt8>, _ item: DictionaryReader.Item) {
        if key.equals("no-store") {
            noStore = item == .boolean(true)
        } else if key.equals("no-cache") {
            noCache = item == .boolean(true) || item == .other
        } else if key.equals("max-age") {
            maxAge = item.lifetime ?? maxAge
        } else if key.equals("s-maxage") {
            sharedMaxAge = item.lifetime ?? sharedMaxAge
        } else if key.equals("stale-while-revalidate") {
            staleWhileRevalidate = item.lifetime ?? staleWhileRevalidate
        } else if key.equals("stale-if-error") {
            staleIfError = item.lifetime ?? staleIfError
        } else if key.equals("must-revalidate") || key.equals("proxy-revalidate") {
            mustRevalidate = item == .boolean(true)
        }
    }
}

/// Walks over a Structured Fields dictionary and checks every byte of it; keeps only what cache directives
/// need.
private struct DictionaryReader {
    enum Item: Equatable {
        case boolean(Bool)
        case integer(Int64)
        /// A well-formed value of any other type.
        case other

        var lifetime: CacheControl.Lifetime? {
            guard case .integer(let seconds) = self else { return nil }
            return seconds < 0 ? .doubtful : .seconds(UInt32(min(seconds, 1 << 31)))
        }
    }

    enum Step {
        case member(ByteRange, Item)
        case end
        case malformed
    }

    private var index = 0
    private var isFirst = true

    /// The next member. Spaces and tabs may stand around commas; nothing may follow a last comma.
    mutating func next(in bytes: Span<UInt8>) -> Step {
        skipBlank(bytes)
        if index == bytes.count { return .end }
        if !isFirst {
            guard take(0x2C, bytes) else { return .malformed }
            skipBlank(bytes)
        }
        isFirst = false
        guard let key = key(bytes) else { return .malformed }
        var item = Item.boolean(true)
        if take(0x3D, bytes) {
            let value = take(0x28, bytes) ? innerList(bytes) : bareItem(bytes)
            guard let value else { return .malformed }
            item = value
        }
        return parameters(bytes) ? .member(key, item) : .malformed
    }

    private mutating func skipBlank(_ bytes: Span<UInt8>) {
        while index < bytes.count, bytes[index].isBlank { index += 1 }
    }

    private mutating func take(_ byte: UInt8, _ bytes: Span<UInt8>) -> Bool {
        guard index < bytes.count, bytes[index] == byte else { return false }
        index += 1
        return true
    }

    private mutating func key(_ bytes: Span<UInt8>) -> ByteRange? {
        let start = index
        guard index < bytes.count, bytes[index] == 0x2A || bytes[index] &- 0x61 < 26 else { return nil }
        while index < bytes.count, bytes[index].isKeyByte { index += 1 }
        return ByteRange(from: start, to: index)
    }

    private mutating func parameters(_ bytes: Span<UInt8>) -> Bool {
        while take(0x3B, bytes) {
            while take(0x20, bytes) {}
            guard key(bytes) != nil else { return false }
            if take(0x3D, bytes), bareItem(bytes) == nil { return false }
        }
        return true
    }

    private mutating func innerList(_ bytes: Span<UInt8>) -> Item? {
        while index < bytes.count {
            while take(0x20, bytes) {}
            if take(0x29, bytes) { return .other }
            guard bareItem(bytes) != nil, parameters(bytes), index < bytes.count,
                bytes[index] == 0x20 || bytes[index] == 0x29
            else { return nil }
        }
        return nil
    }

    private mutating func bareItem(_ bytes: Span<UInt8>) -> Item? {
        guard index < bytes.count else { return nil }
        switch bytes[index] {
        case 0x3F: return boolean(bytes)
        case 0x22: return delimited(bytes, by: 0x22)
        case 0x3A: return delimited(bytes, by: 0x3A)
        case 0x2D, 0x30...0x39: return number(bytes)
        case 0x2A, 0x41...0x5A, 0x61...0x7A: return token(bytes)
        // Dates and display strings (RFC 9651 §3.3.7, §3.3.8) appear in no cache directive: not understood.
        default: return nil
        }
    }

    private mutating func boolean(_ bytes: Span<UInt8>) -> Item? {
        index += 1
        if take(0x31, bytes) { return .boolean(true) }
        return take(0x30, bytes) ? .boolean(false) : nil
    }

    private mutating func delimited(_ bytes: Span<UInt8>, by delimiter: UInt8) -> Item? {
        index += 1
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if byte == delimiter { return .other }
            if delimiter == 0x3A {
                guard byte.isBase64Byte else { return nil }
            } else if byte == 0x5C {
                guard take(0x22, bytes) || take(0x5C, bytes) else { return nil }
            } else if byte < 0x20 || byte > 0x7E {
                return nil
            }
        }
        return nil
    }

    private mutating func token(_ bytes: Span<UInt8>) -> Item {
        while index < bytes.count, bytes[index].isTokenByte || bytes[index] == 0x3A || bytes[index] == 0x2F {
            index += 1
        }
        return .other
    }

    /// An integer of up to 15 digits, or a decimal of up to 12 and 3 (RFC 9651 §3.3.1, §3.3.2).
    private mutating func number(_ bytes: Span<UInt8>) -> Item? {
        let isNegative = take(0x2D, bytes)
        var value: Int64 = 0
        let start = index
        while index < bytes.count, bytes[index] &- 0x30 < 10, index - start < 15 {
            value = value * 10 + Int64(bytes[index] &- 0x30)
            index += 1
        }
        let digits = index - start
        guard digits > 0 else { return nil }
        guard take(0x2E, bytes) else {
            let isTooLong = index < bytes.count && bytes[index] &- 0x30 < 10
            return isTooLong ? nil : .integer(isNegative ? -value : value)
        }
        let fraction = index
        while index < bytes.count, bytes[index] &- 0x30 < 10 { index += 1 }
        return digits <= 12 && (1...3).contains(index - fraction) ? .other : nil
    }
}

extension UInt8 {
    fileprivate var isKeyByte: Bool {
        switch self {
        case 0x61...0x7A, 0x30...0x39, 0x5F, 0x2D, 0x2E, 0x2A: true
        default: false
        }
    }

    fileprivate var isBase64Byte: Bool {
        switch self {
        case 0x61...0x7A, 0x41...0x5A, 0x30...0x39, 0x2B, 0x2F, 0x3D: true
        default: false
        }
    }
}
