package import HTTPModel

/// Walks over JSON (RFC 8259) without making anything of it.
///
/// Every verb takes the whole text, looks at the position and moves it behind what it found; `false` or `nil`
/// for a text that is not JSON there, after which the walk is over. Bounded: nesting is kept in one word.
/// About five instructions a byte for objects of short members, half as many inside long strings.
package struct JSONWalker {
    /// The next byte to look at.
    package private(set) var position = 0

    /// How deep values may lie inside each other.
    static let maximumDepth = 60

    /// A walk from the start.
    package init() {}

    /// The byte at the position; zero at the end, which no token begins with.
    @inline(__always)
    package func byte(_ text: Span<UInt8>) -> UInt8 { Self.byte(text, position) }

    /// Moves over one certain byte.
    @inline(__always)
    package mutating func take(_ byte: UInt8, _ text: Span<UInt8>) -> Bool {
        guard self.byte(text) == byte else { return false }
        position += 1
        return true
    }

    /// Moves over a string and gives what stands between its quotes, escapes as they are.
    package mutating func string(_ text: Span<UInt8>) -> ByteRange? {
        guard let end = Self.endOfString(text, from: position) else { return nil }
        let start = position + 1
        position = end
        return ByteRange(from: start, to: end - 1)
    }

    /// Moves over a string that has no escapes and gives what stands between its quotes.
    mutating func plainString(_ text: Span<UInt8>) -> ByteRange? {
        guard take(0x22, text) else { return nil }
        let start = position
        position = Self.special(in: text, from: start)
        guard take(0x22, text) else { return nil }
        return ByteRange(from: start, to: position - 1)
    }

    /// Moves over one of the words `true`, `false` and `null`.
    @inline(__always)
    package mutating func word(_ word: StaticString, _ text: Span<UInt8>) -> Bool {
        let end = position + word.utf8CodeUnitCount
        guard end <= text.count, text.extracting(position..<end).equals(word) else { return false }
        position = end
        return true
    }

    /// Moves over any value, blanks inside it included; the value begins at the position.
    mutating func value(_ text: Span<UInt8>) -> Bool {
        guard let end = Self.endOfValue(text, from: position) else { return false }
        position = end
        return true
    }

    // What follows works on plain offsets, which the compiler keeps in registers: most of a page is walked
    // over here.

    /// The offset behind the value that begins at `start`.
    private static func endOfValue(_ text: Span<UInt8>, from start: Int) -> Int? {
        var next = start
        // One bit for each container that is open, the innermost lowest: set for an object.
        var containers: UInt64 = 0
        var depth = 0
        while true {
            let first = byte(text, next)
            if first == 0x22 {
                guard let end = endOfString(text, from: next) else { return nil }
                next = end
            } else if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
                guard depth < maximumDepth else { return nil }
                let isObject = first == UInt8(ascii: "{")
                next = skipBlanks(text, next + 1)
                if byte(text, next) == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                    next += 1
                } else {
                    containers = containers << 1 | (isObject ? 1 : 0)
                    depth += 1
                    if isObject {
                        guard let end = endOfName(text, from: next) else { return nil }
                        next = end
                    }
                    continue
                }
            } else {
                guard let end = endOfScalar(text, first, from: next) else { return nil }
                next = end
            }
            // A value has ended: so may the containers around it.
            while true {
                if depth == 0 { return next }
                next = skipBlanks(text, next)
                let isObject = containers & 1 == 1
                let last = byte(text, next)
                if last == UInt8(ascii: ",") {
                    next = skipBlanks(text, next + 1)
                    if isObject {
                        guard let end = endOfName(text, from: next) else { return nil }
                        next = end
                    }
                    break
                }
                guard last == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else { return nil }
                next += 1
                containers >>= 1
                depth -= 1
            }
        }
    }

    /// The offset behind a member's name, its colon, and the blanks around it.
    @inline(__always)
    private static func endOfName(_ text: Span<UInt8>, from start: Int) -> Int? {
        guard var next = endOfString(text, from: start) else { return nil }
        next = skipBlanks(text, next)
        guard byte(text, next) == UInt8(ascii: ":") else { return nil }
        return skipBlanks(text, next + 1)
    }

    /// The offset behind a string with its quotes.
    @inline(__always)
    private static func endOfString(_ text: Span<UInt8>, from start: Int) -> Int? {
        guard byte(text, start) == 0x22 else { return nil }
        let end = special(in: text, from: start + 1)
        if byte(text, end) == 0x22 { return end + 1 }
        return endOfEscapedString(text, from: end)
    }

    /// The same from the first escape on.
    @inline(never)
    private static func endOfEscapedString(_ text: Span<UInt8>, from escape: Int) -> Int? {
        var next = escape
        while byte(text, next) == 0x5C {
            guard let end = endOfEscape(text, from: next) else { return nil }
            next = special(in: text, from: end)
            if byte(text, next) == 0x22 { return next + 1 }
        }
        return nil
    }

    private static func endOfEscape(_ text: Span<UInt8>, from start: Int) -> Int? {
        switch byte(text, start + 1) {
        case 0x22, 0x5C, UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
            UInt8(ascii: "r"), UInt8(ascii: "t"):
            return start + 2
        case UInt8(ascii: "u"):
            guard start + 6 <= text.count else { return nil }
            for index in (start + 2)..<(start + 6) where !text[index].isHexDigit { return nil }
            return start + 6
        default: return nil
        }
    }

    /// The offset behind a word or a number that begins with `first`.
    @inline(__always)
    private static func endOfScalar(_ text: Span<UInt8>, _ first: UInt8, from start: Int) -> Int? {
        switch first {
        case UInt8(ascii: "t"): goesOn(text, from: start, "r", "u", "e") ? start + 4 : nil
        case UInt8(ascii: "n"): goesOn(text, from: start, "u", "l", "l") ? start + 4 : nil
        case UInt8(ascii: "f"):
            goesOn(text, from: start, "a", "l", "s") && byte(text, start + 4) == UInt8(ascii: "e")
                ? start + 5 : nil
        default: endOfNumber(text, from: start)
        }
    }

    /// Whether these three letters follow the byte at `start`.
    @inline(__always)
    private static func goesOn(
        _ text: Span<UInt8>, from start: Int, _ second: Unicode.Scalar, _ third: Unicode.Scalar,
        _ fourth: Unicode.Scalar
    ) -> Bool {
        byte(text, start + 1) == UInt8(ascii: second) && byte(text, start + 2) == UInt8(ascii: third)
            && byte(text, start + 3) == UInt8(ascii: fourth)
    }

    private static func endOfNumber(_ text: Span<UInt8>, from start: Int) -> Int? {
        var next = start
        if byte(text, next) == UInt8(ascii: "-") { next += 1 }
        // RFC 8259 §6: no zero in front of other digits.
        if byte(text, next) == UInt8(ascii: "0") {
            next += 1
        } else {
            guard let end = endOfDigits(text, from: next) else { return nil }
            next = end
        }
        if byte(text, next) == UInt8(ascii: ".") {
            guard let end = endOfDigits(text, from: next + 1) else { return nil }
            next = end
        }
        guard byte(text, next) | 0x20 == UInt8(ascii: "e") else { return next }
        next += 1
        if byte(text, next) == UInt8(ascii: "+") || byte(text, next) == UInt8(ascii: "-") { next += 1 }
        return endOfDigits(text, from: next)
    }

    /// The offset behind one digit or more.
    private static func endOfDigits(_ text: Span<UInt8>, from start: Int) -> Int? {
        var next = start
        while byte(text, next) &- 0x30 < 10 { next += 1 }
        return next > start ? next : nil
    }

    /// Moves over blanks.
    package mutating func skipBlanks(_ text: Span<UInt8>) { position = Self.skipBlanks(text, position) }

    @inline(__always)
    private static func skipBlanks(_ text: Span<UInt8>, _ start: Int) -> Int {
        var next = start
        while next < text.count, text[next] <= 0x20, text[next].isJSONBlank { next += 1 }
        return next
    }

    @inline(__always)
    private static func byte(_ text: Span<UInt8>, _ offset: Int) -> UInt8 {
        offset < text.count ? text[offset] : 0
    }

    /// The first byte from `start` on that does not stand for itself inside a string (RFC 8259 §7): a quote,
    /// a backslash, a control character; the end if there is none. Looks at eight bytes at a time.
    @inline(__always)
    private static func special(in text: Span<UInt8>, from start: Int) -> Int {
        var (index, isFound) = text.firstMark(from: start, specialMarks)
        if isFound { return index }
        while index < text.count, text[index] >= 0x20, text[index] != 0x22, text[index] != 0x5C { index += 1 }
        return index
    }

    /// The highest bit of each of eight bytes that does not stand for itself. The lowest such mark is right;
    /// above it there may be one too many, because what falls below zero borrows from the next byte.
    @inline(__always)
    private static func specialMarks(_ word: UInt64) -> UInt64 {
        let (ones, highs): (UInt64, UInt64) = (0x0101_0101_0101_0101, 0x8080_8080_8080_8080)
        let quotes = (word ^ (ones &* 0x22)) &- ones
        let escapes = (word ^ (ones &* 0x5C)) &- ones
        let control = word &- ones &* 0x20
        return (quotes | escapes | control) & ~word & highs
    }
}

extension UInt8 {
    /// A blank of JSON.
    var isJSONBlank: Bool { self == 0x20 || self == 0x0A || self == 0x0D || self == 0x09 }

    fileprivate var isHexDigit: Bool { self &- 0x30 < 10 || (self | 0x20) &- 0x61 < 6 }
}
