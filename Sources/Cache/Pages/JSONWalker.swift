package import HTTPModel

/// Walks over JSON (RFC 8259) byte by byte, without making anything of it.
///
/// Every verb takes the whole text, looks at the position and moves it behind what it found; `false` or `nil`
/// for a text that is not JSON there, after which the walk is over. Bounded: nesting is kept in one word.
package struct JSONWalker {
    /// The next byte to look at.
    package private(set) var position = 0

    /// How deep values may lie inside each other.
    static let maximumDepth = 60

    /// A walk from the start.
    package init() {}

    /// The byte at the position; zero at the end, which no token begins with.
    package func byte(_ text: Span<UInt8>) -> UInt8 { position < text.count ? text[position] : 0 }

    /// Moves over one certain byte.
    package mutating func take(_ byte: UInt8, _ text: Span<UInt8>) -> Bool {
        guard position < text.count, text[position] == byte else { return false }
        position += 1
        return true
    }

    /// Moves over a string and gives what stands between its quotes, escapes as they are.
    package mutating func string(_ text: Span<UInt8>) -> ByteRange? {
        guard take(0x22, text) else { return nil }
        let start = position
        while position < text.count {
            skipPlain(text)
            guard position < text.count else { return nil }
            switch text[position] {
            case 0x22:
                position += 1
                return ByteRange(from: start, to: position - 1)
            case 0x5C: guard skipEscape(text) else { return nil }
            case 0..<0x20: return nil
            default: position += 1
            }
        }
        return nil
    }

    /// Moves over a string that has no escapes and gives what stands between its quotes.
    mutating func plainString(_ text: Span<UInt8>) -> ByteRange? {
        guard let range = string(text) else { return nil }
        for index in range.range where text[index] == 0x5C { return nil }
        return range
    }

    /// Moves over one of the words `true`, `false` and `null`.
    package mutating func word(_ word: StaticString, _ text: Span<UInt8>) -> Bool {
        let end = position + word.utf8CodeUnitCount
        guard end <= text.count, text.extracting(position..<end).equals(word) else { return false }
        position = end
        return true
    }

    /// Moves over any value, blanks inside it included; the value begins at the position.
    mutating func value(_ text: Span<UInt8>) -> Bool {
        // One bit for each container that is open, the innermost lowest: set for an object.
        var containers: UInt64 = 0
        var depth = 0
        while true {
            switch byte(text) {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                let isObject = text[position] == UInt8(ascii: "{")
                guard depth < Self.maximumDepth else { return false }
                position += 1
                skipBlanks(text)
                if !take(isObject ? UInt8(ascii: "}") : UInt8(ascii: "]"), text) {
                    containers = containers << 1 | (isObject ? 1 : 0)
                    depth += 1
                    if isObject, !name(text) { return false }
                    continue
                }
            case 0x22: guard string(text) != nil else { return false }
            case UInt8(ascii: "t"): guard word("true", text) else { return false }
            case UInt8(ascii: "f"): guard word("false", text) else { return false }
            case UInt8(ascii: "n"): guard word("null", text) else { return false }
            default: guard number(text) else { return false }
            }
            // A value has ended: so may the containers around it.
            while true {
                if depth == 0 { return true }
                skipBlanks(text)
                let isObject = containers & 1 == 1
                if take(UInt8(ascii: ","), text) {
                    skipBlanks(text)
                    if isObject, !name(text) { return false }
                    break
                }
                guard take(isObject ? UInt8(ascii: "}") : UInt8(ascii: "]"), text) else { return false }
                containers >>= 1
                depth -= 1
            }
        }
    }

    /// Moves over a member's name, its colon, and the blanks around it.
    private mutating func name(_ text: Span<UInt8>) -> Bool {
        guard string(text) != nil else { return false }
        skipBlanks(text)
        guard take(UInt8(ascii: ":"), text) else { return false }
        skipBlanks(text)
        return true
    }

    private mutating func number(_ text: Span<UInt8>) -> Bool {
        _ = take(UInt8(ascii: "-"), text)
        // RFC 8259 §6: no zero in front of other digits.
        if !take(UInt8(ascii: "0"), text), !digits(text) { return false }
        if take(UInt8(ascii: "."), text), !digits(text) { return false }
        if take(UInt8(ascii: "e"), text) || take(UInt8(ascii: "E"), text) {
            if !take(UInt8(ascii: "+"), text) { _ = take(UInt8(ascii: "-"), text) }
            return digits(text)
        }
        return true
    }

    private mutating func digits(_ text: Span<UInt8>) -> Bool {
        let start = position
        while byte(text) &- 0x30 < 10 { position += 1 }
        return position > start
    }

    /// Moves over blanks.
    package mutating func skipBlanks(_ text: Span<UInt8>) {
        while position < text.count, text[position].isJSONBlank { position += 1 }
    }

    private mutating func skipEscape(_ text: Span<UInt8>) -> Bool {
        guard position + 1 < text.count else { return false }
        switch text[position + 1] {
        case 0x22, 0x5C, UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
            UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 2
            return true
        case UInt8(ascii: "u"):
            guard position + 6 <= text.count else { return false }
            for index in (position + 2)..<(position + 6) where !text[index].isHexDigit { return false }
            position += 6
            return true
        default: return false
        }
    }

    /// Moves over bytes that only stand for themselves, eight at a time.
    private mutating func skipPlain(_ text: Span<UInt8>) {
        let (ones, highs): (UInt64, UInt64) = (0x0101_0101_0101_0101, 0x8080_8080_8080_8080)
        while position + 8 <= text.count {
            let word = text.word(at: position)
            let quotes = word ^ (ones &* 0x22)
            let escapes = word ^ (ones &* 0x5C)
            // A byte below 0x20, or one that became zero, borrows into its own highest bit. A borrow can
            // also mark a neighbour above it, so only the first mark counts.
            let control = (word &- ones &* 0x20) & ~word
            let special = control | (quotes &- ones) & ~quotes | (escapes &- ones) & ~escapes
            position += (special & highs).trailingZeroBitCount / 8
            if special & highs != 0 { return }
        }
    }
}

extension UInt8 {
    /// A blank of JSON.
    var isJSONBlank: Bool { self == 0x20 || self == 0x0A || self == 0x0D || self == 0x09 }

    fileprivate var isHexDigit: Bool { self &- 0x30 < 10 || (self | 0x20) &- 0x61 < 6 }
}
