import HTTPModel

/// Text and time as they stand in log lines: JSON strings that hold only what a log may hold.
package enum LogText {
    /// Appends bytes as the inside of a JSON string (RFC 8259 §7), whoever they come from.
    ///
    /// Always valid UTF-8 on one line: quotes, backslashes and controls are escaped, and what is not UTF-8
    /// becomes U+FFFD, so that a client can neither forge a line nor reach the terminal of whoever reads it
    /// (the C1 controls and the Unicode line ends are escaped as well). Plain text costs one look per byte.
    package static func append(escaping bytes: Span<UInt8>, to buffer: inout ByteBuffer) {
        if isPlain(bytes) { buffer.append(bytes) } else { appendPieces(bytes, to: &buffer) }
    }

    /// The inside of a JSON string, for texts that are known long before they are logged. Allocates.
    package static func escaped(_ text: String) -> [UInt8] {
        var buffer = ByteBuffer()
        append(escaping: Array(text.utf8).span, to: &buffer)
        return buffer.withBytes { $0.array }
    }

    /// Whether nothing needs an escape: looks at eight bytes at a time, the last eight perhaps twice.
    @inline(__always)
    private static func isPlain(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.count >= 8 else {
            for index in bytes.indices where !isPlain(bytes[index]) { return false }
            return true
        }
        var special = specialBits(bytes.word(at: bytes.count - 8))
        var index = 0
        while index + 8 < bytes.count {
            special |= specialBits(bytes.word(at: index))
            index += 8
        }
        return special == 0
    }

    /// A word that is zero exactly if all eight bytes are plain. A difference may borrow from the byte above,
    /// but only where the byte below is special already.
    @inline(__always)
    private static func specialBits(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quotes = word ^ (ones &* 0x22)
        let backslashes = word ^ (ones &* 0x5C)
        let controls = (word &- ones &* 0x20) & ~word
        let equals = ((quotes &- ones) & ~quotes) | ((backslashes &- ones) & ~backslashes)
        return (controls | equals | (word &+ ones) | word) & (ones &* 0x80)
    }

    /// Appends runs of plain bytes as they are and escapes what is between them.
    private static func appendPieces(_ bytes: Span<UInt8>, to buffer: inout ByteBuffer) {
        var plainStart = 0
        var index = 0
        while index < bytes.count {
            if isPlain(bytes[index]) {
                index += 1
                continue
            }
            if index > plainStart { buffer.append(bytes.extracting(plainStart..<index)) }
            index += appendSpecial(bytes, at: index, to: &buffer)
            plainStart = index
        }
        if index > plainStart { buffer.append(bytes.extracting(plainStart..<index)) }
    }

    /// Appends `2026-11-23T22:57:00`, without fraction and zone.
    package static func append(unixSeconds: Int64, to buffer: inout ByteBuffer) {
        let seconds = max(0, unixSeconds)
        let date = CivilDate(daysSinceEpoch: Int(seconds / 86_400))
        let second = Int(seconds % 86_400)
        buffer.append(decimal: UInt64(date.year))
        append(twoDigits: date.month, after: 0x2D, to: &buffer)
        append(twoDigits: date.day, after: 0x2D, to: &buffer)
        append(twoDigits: second / 3_600, after: 0x54, to: &buffer)
        append(twoDigits: second / 60 % 60, after: 0x3A, to: &buffer)
        append(twoDigits: second % 60, after: 0x3A, to: &buffer)
    }

    /// Appends `.123Z`: milliseconds and the zone.
    package static func append(milliseconds: Int, to buffer: inout ByteBuffer) {
        buffer.append(UInt8(ascii: "."))
        buffer.append(UInt8(0x30 + milliseconds / 100 % 10))
        buffer.append(UInt8(0x30 + milliseconds / 10 % 10))
        buffer.append(UInt8(0x30 + milliseconds % 10))
        buffer.append(UInt8(ascii: "Z"))
    }

    private static func append(twoDigits number: Int, after byte: UInt8, to buffer: inout ByteBuffer) {
        buffer.append(byte)
        buffer.append(UInt8(0x30 + number / 10 % 10))
        buffer.append(UInt8(0x30 + number % 10))
    }

    @inline(__always)
    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x7F && byte != 0x22 && byte != 0x5C
    }

    /// Appends the character that begins at `index`, which is not plain; gives the number of bytes it took.
    private static func appendSpecial(_ bytes: Span<UInt8>, at index: Int, to buffer: inout ByteBuffer) -> Int
    {
        let byte = bytes[index]
        guard byte >= 0x80 else {
            if byte == 0x22 || byte == 0x5C {
                buffer.append(0x5C)
                buffer.append(byte)
            } else {
                append(escape: UInt32(byte), to: &buffer)
            }
            return 1
        }
        let (scalar, count) = decode(bytes, at: index)
        guard let scalar else {
            append(escape: 0xFFFD, to: &buffer)
            return count
        }
        if scalar < 0xA0 || scalar == 0x2028 || scalar == 0x2029 {
            append(escape: scalar, to: &buffer)
        } else {
            buffer.append(bytes.extracting(index..<index + count))
        }
        return count
    }

    private static func append(escape scalar: UInt32, to buffer: inout ByteBuffer) {
        buffer.append("\\u")
        for digit in 0..<4 {
            let nibble = UInt8(truncatingIfNeeded: scalar >> UInt32((3 - digit) * 4)) & 0xF
            buffer.append(nibble < 10 ? 0x30 + nibble : 0x57 + nibble)
        }
    }

    /// The character at `index` and its length; no character, and length 1, if the bytes are not UTF-8
    /// (RFC 3629 §4: overlong forms, surrogates and anything above U+10FFFF are not).
    private static func decode(_ bytes: Span<UInt8>, at index: Int) -> (UInt32?, Int) {
        let lead = bytes[index]
        let (count, initial, least): (Int, UInt32, UInt32) =
            switch lead {
            case 0xC2...0xDF: (2, UInt32(lead & 0x1F), 0x80)
            case 0xE0...0xEF: (3, UInt32(lead & 0x0F), 0x800)
            case 0xF0...0xF4: (4, UInt32(lead & 0x07), 0x1_0000)
            default: (0, 0, 0)
            }
        guard count > 0, index + count <= bytes.count else { return (nil, 1) }
        var scalar = initial
        for offset in 1..<count {
            let next = bytes[index + offset]
            guard next & 0xC0 == 0x80 else { return (nil, 1) }
            scalar = scalar << 6 | UInt32(next & 0x3F)
        }
        guard scalar >= least, scalar <= 0x10_FFFF, !(0xD800...0xDFFF).contains(scalar) else {
            return (nil, 1)
        }
        return (scalar, count)
    }
}
