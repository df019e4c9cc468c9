package import HTTPModel

/// Walks over JSON (RFC 8259) without making anything of it.
///
/// Every verb takes the whole text, looks at the position and moves it behind what it found; `false` or `nil`
/// for a text that is not JSON there, after which the walk is over. Bounded: nesting is kept in one word.
/// About five instructions a byte for objects of short members, half as many inside long strings; for a text
/// that is looked at ahead four in all, and the processor waits less.
package struct JSONWalker {
    /// The next byte to look at.
    package private(set) var position = 0

    // Where the quotes of a plain text are; empty for one that is looked at as the walk goes on.
    private let quotes: [UInt64]
    // Of a plain text, the first quote that the walk has not come to. None before the position is left.
    private var next = QuotePlace()
    /// Whether all bytes of the text are known to be ASCII.
    let isASCII: Bool

    /// How deep values may lie inside each other.
    static let maximumDepth = 60

    /// A walk from the start.
    package init() {
        quotes = []
        isASCII = false
    }

    /// A walk from the start of one text, which is looked at ahead.
    init(_ text: Span<UInt8>) {
        let map = QuoteMap(text)
        quotes = map.isPlain ? map.words : []
        isASCII = map.isASCII
    }

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
        if !quotes.isEmpty { return plainString(text) }
        guard let end = Self.endOfString(text, from: position) else { return nil }
        let start = position + 1
        position = end
        return ByteRange(from: start, to: end - 1)
    }

    /// Moves over a string that has no escapes and gives what stands between its quotes.
    mutating func plainString(_ text: Span<UInt8>) -> ByteRange? {
        let start = position
        var next = self.next
        guard let end = endOfPlainString(text, &next) else { return nil }
        self.next = next
        position = end
        return ByteRange(from: start + 1, to: end - 1)
    }

    /// Moves over the name of a member, if it has no escapes, and over its colon right behind it; gives the
    /// name.
    mutating func plainName(_ text: Span<UInt8>) -> ByteRange? {
        let start = position
        var next = self.next
        guard let end = endOfPlainString(text, &next), Self.byte(text, end) == UInt8(ascii: ":") else {
            return nil
        }
        self.next = next
        position = end + 1
        return ByteRange(from: start + 1, to: end - 1)
    }

    /// The offset behind the string without escapes at the position; moves `next` there.
    @inline(__always)
    private func endOfPlainString(_ text: Span<UInt8>, _ next: inout QuotePlace) -> Int? {
        guard byte(text) == 0x22 else { return nil }
        if !quotes.isEmpty { return next.endOfString(quotes.span) }
        let end = Self.special(in: text, from: position + 1)
        return Self.byte(text, end) == 0x22 ? end + 1 : nil
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
        var next = self.next
        guard let end = endOfValue(text, &next) else { return false }
        self.next = next
        position = end
        return true
    }

    /// The offset behind the value at the position; moves `next` there.
    @inline(__always)
    private func endOfValue(_ text: Span<UInt8>, _ next: inout QuotePlace) -> Int? {
        let quotes = self.quotes.span
        if quotes.isEmpty {
            return Self.endOfValue(text, from: position) { Self.endOfString(text, from: $0) }
        }
        return Self.endOfValue(text, from: position) { _ in next.endOfString(quotes) }
    }

    // What follows works on plain offsets, which the compiler keeps in registers: most of a page is walked
    // over here.

    /// The offset behind the value that begins at `start`; `endOfString` gives the one behind the string
    /// whose first quote stands at its argument.
    @inline(__always)
    private static func endOfValue(
        _ text: Span<UInt8>, from start: Int, _ endOfString: (Int) -> Int?
    ) -> Int? {
        // No value begins with a blank; from here on one may stand wherever the walk comes to this loop.
        guard byte(text, start) > 0x20 else { return nil }
        var next = start
        // One bit for each container that is open, the innermost lowest, set for an object; above them a one.
        var containers: UInt64 = 1
        // Whether a member's name stands next, and not a value.
        var isName = false
        while true {
            let first = byte(text, next)
            if first == 0x22 {
                // From string to string, as long as what lies between is of the usual kind.
                var step = 0
                repeat {
                    guard let end = endOfString(next &+ step) else { return nil }
                    next = end
                    step = stepToString(text, from: next, &isName, &containers)
                } while step > 0
                if isName {
                    guard let value = behindColon(text, next) else { return nil }
                    next = value
                    isName = false
                    continue
                }
            } else if first <= 0x20 {
                let end = skipBlanks(text, next)
                guard end > next else { return nil }
                next = end
                continue
            } else if isName {
                return nil
            } else if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
                guard containers >> maximumDepth == 0 else { return nil }
                next &+= 1
                if byte(text, next) <= 0x20 { next = skipBlanks(text, next) }
                // The closing one of either is two above the opening one.
                if byte(text, next) == first &+ 2 {
                    next &+= 1
                } else {
                    isName = first == UInt8(ascii: "{")
                    containers = containers << 1 | (isName ? 1 : 0)
                    continue
                }
            } else if isWord(text, next, 0x6575_7274) || isWord(text, next, 0x6C6C_756E) {
                next &+= 4
            } else {
                guard let end = endOfScalar(text, first, from: next) else { return nil }
                next = end
            }
            // A value has ended: so may the containers around it.
            while true {
                if containers == 1 { return next }
                var last = byte(text, next)
                if last <= 0x20 {
                    next = skipBlanks(text, next)
                    last = byte(text, next)
                }
                next &+= 1
                let isObject = containers & 1 == 1
                if last == UInt8(ascii: ",") {
                    isName = isObject
                    break
                }
                guard last == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else { return nil }
                containers >>= 1
            }
        }
    }

    /// The offset behind a colon, and behind the blanks before it.
    @inline(__always)
    private static func behindColon(_ text: Span<UInt8>, _ start: Int) -> Int? {
        if byte(text, start) == UInt8(ascii: ":") { return start &+ 1 }
        let colon = skipBlanks(text, start)
        return byte(text, colon) == UInt8(ascii: ":") ? colon &+ 1 : nil
    }

    /// What mostly stands between a string and the next one in JSON without blanks, in one look: how many
    /// bytes that is, and what it does to the walk; zero for everything else, which is then looked at byte by
    /// byte.
    @inline(__always)
    private static func stepToString(
        _ text: Span<UInt8>, from end: Int, _ isName: inout Bool, _ containers: inout UInt64
    ) -> Int {
        guard end <= text.count &- 8 else { return 0 }
        let word = text.word(at: end)
        if isName {
            if word & 0xFFFF == 0x223A {  // :"
                isName = false
                return 1
            }
            if word & 0xFF_FFFF == 0x227B3A, containers >> maximumDepth == 0 {  // :{"
                containers = containers << 1 | 1
                return 2
            }
            return word & 0xFF_FFFF_FFFF_FFFF == 0x22_2C65_7572_743A ? 6 : 0  // :true,"
        }
        if word & 0xFFFF == 0x222C, containers > 1 {  // ,"
            isName = containers & 1 == 1
            return 1
        }
        // An object inside another container ends.
        guard word & 0xFF_FFFF == 0x222C7D, containers > 3, containers & 1 == 1 else { return 0 }  // },"
        containers >>= 1
        isName = containers & 1 == 1
        return 2
    }

    /// Whether these four letters stand at `offset`, the first one lowest; may miss them among the last eight
    /// bytes.
    @inline(__always)
    private static func isWord(_ text: Span<UInt8>, _ offset: Int, _ letters: UInt32) -> Bool {
        offset <= text.count &- 8 && UInt32(truncatingIfNeeded: text.word(at: offset)) == letters
    }

    /// The offset behind a string with its quotes.
    @inline(__always)
    private static func endOfString(_ text: Span<UInt8>, from start: Int) -> Int? {
        guard byte(text, start) == 0x22 else { return nil }
        let end = special(in: text, from: start &+ 1)
        if byte(text, end) == 0x22 { return end &+ 1 }
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
    @inline(never)
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
        UInt(bitPattern: offset) < UInt(bitPattern: text.count) ? text[offset] : 0
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
