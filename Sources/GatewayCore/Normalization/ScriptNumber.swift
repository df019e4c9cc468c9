import HTTPModel

/// A text as the upstream's language turns it into a number (ECMAScript `Number(text)`).
///
/// Only asked about texts that are not plain digits, to tell a spelling that the upstream takes (left to
/// it, never cached) from one that it refuses as well.
enum ScriptNumber: Equatable {
    /// A whole number that a double represents exactly, negative zero included.
    case integer(Int)
    /// Not a number, not whole, or too large to be exact.
    case noInteger
    /// Longer than any number needs to be; not read.
    case tooLong

    /// Longest text that is read: a double is exact in 17 digits, with room for signs, zeros and white
    /// space. Converting a decimal costs more than linear time, and nobody writes such numbers by accident.
    static let maximumBytes = 64

    /// Reads a decoded value (ECMA-262 §7.1.4.1.1, StringToNumber).
    init(_ text: Span<UInt8>) {
        guard text.count <= Self.maximumBytes else {
            self = .tooLong
            return
        }
        let number = text.extracting(Self.trimmed(text))
        if number.isEmpty {
            self = .integer(0)
        } else if number.count > 2, number[0] == 0x30, let radix = Self.radix(number[1]) {
            self = Self.whole(number.extracting(droppingFirst: 2), radix: radix)
        } else if Self.isDecimalLiteral(number), let value = Double(number.text), value.isFinite {
            self = Int(exactly: value).map { .integer($0) } ?? .noInteger
        } else {
            self = .noInteger
        }
    }

    /// The base that the letter after a leading zero names.
    private static func radix(_ letter: UInt8) -> UInt8? {
        switch letter | 0x20 {
        case UInt8(ascii: "x"): 16
        case UInt8(ascii: "o"): 8
        case UInt8(ascii: "b"): 2
        default: nil
        }
    }

    /// Digits of a base; anything beyond 53 bits counts as no integer, since doubles stop being exact
    /// there.
    private static func whole(_ digits: Span<UInt8>, radix: UInt8) -> ScriptNumber {
        var value = 0
        for index in 0..<digits.count {
            guard let digit = PercentTriplet.digitValue(digits[index]), digit < radix else {
                return .noInteger
            }
            value = value * Int(radix) + Int(digit)
            guard value < 1 << 53 else { return .noInteger }
        }
        return .integer(value)
    }

    /// Whether the text is `[+-] digits [. digits] [e [+-] digits]` with a digit on one side of the point.
    private static func isDecimalLiteral(_ text: Span<UInt8>) -> Bool {
        var next = 0
        skipSign(text, &next)
        var digits = skipDigits(text, &next)
        if next < text.count, text[next] == 0x2E {
            next += 1
            digits += skipDigits(text, &next)
        }
        guard digits > 0 else { return false }
        if next < text.count, text[next] | 0x20 == UInt8(ascii: "e") {
            next += 1
            skipSign(text, &next)
            guard skipDigits(text, &next) > 0 else { return false }
        }
        return next == text.count
    }

    private static func skipSign(_ text: Span<UInt8>, _ next: inout Int) {
        if next < text.count, text[next] == 0x2B || text[next] == 0x2D { next += 1 }
    }

    private static func skipDigits(_ text: Span<UInt8>, _ next: inout Int) -> Int {
        let start = next
        while next < text.count, text[next] &- 0x30 < 10 { next += 1 }
        return next - start
    }

    /// The text without white space and line terminators at its ends.
    private static func trimmed(_ text: Span<UInt8>) -> Range<Int> {
        var start = 0
        var end = text.count
        while start < end {
            let length = whiteSpaceLength(text, at: start, before: end)
            guard length > 0 else { break }
            start += length
        }
        trailing: while end > start {
            for length in 1...3 where end - length >= start {
                if whiteSpaceLength(text, at: end - length, before: end) == length {
                    end -= length
                    continue trailing
                }
            }
            break
        }
        return start..<end
    }

    /// Bytes of the white-space character at `index` in UTF-8, zero if there is none (ECMA-262 §12.2,
    /// §12.3: tab, vertical tab, form feed, line ends, byte order mark and the Unicode space separators).
    private static func whiteSpaceLength(_ text: Span<UInt8>, at index: Int, before end: Int) -> Int {
        let first = text[index]
        if first == 0x20 || (0x09...0x0D).contains(first) { return 1 }
        if first == 0xC2 { return index + 1 < end && text[index + 1] == 0xA0 ? 2 : 0 }
        guard index + 2 < end else { return 0 }
        let isWhiteSpace =
            switch (first, text[index + 1], text[index + 2]) {
            case (0xE1, 0x9A, 0x80), (0xE2, 0x80, 0x80...0x8A), (0xE2, 0x80, 0xA8...0xA9), (0xE2, 0x80, 0xAF),
                (0xE2, 0x81, 0x9F), (0xE3, 0x80, 0x80), (0xEF, 0xBB, 0xBF):
                true
            default: false
            }
        return isWhiteSpace ? 3 : 0
    }
}
