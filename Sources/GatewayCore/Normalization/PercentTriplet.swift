import HTTPModel

/// A percent-encoded byte: `%` and two hexadecimal digits (RFC 3986 §2.1).
enum PercentTriplet {
    /// Bytes of one triplet.
    static let byteCount = 3

    /// The byte that the triplet at `index` stands for, or `nil` if there is none.
    static func byte(at index: Int, of text: Span<UInt8>) -> UInt8? {
        guard index + 2 < text.count, text[index] == 0x25,
            let upper = digitValue(text[index + 1]), let lower = digitValue(text[index + 2])
        else { return nil }
        return upper << 4 | lower
    }

    /// Appends the triplet of a byte, in upper case as RFC 3986 §6.2.2.1 prefers.
    static func append(_ byte: UInt8, to output: inout ByteBuffer) {
        output.append(0x25)
        output.append(digit(byte >> 4))
        output.append(digit(byte & 0xF))
    }

    /// The value of a hexadecimal digit in either case, or `nil`.
    static func digitValue(_ byte: UInt8) -> UInt8? {
        let decimal = byte &- 0x30
        if decimal < 10 { return decimal }
        let letter = (byte | 0x20) &- 0x61
        return letter < 6 ? letter + 10 : nil
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x37 + value }
}
