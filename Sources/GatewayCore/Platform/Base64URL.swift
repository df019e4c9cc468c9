/// Bytes as text in the URL-safe alphabet of RFC 4648 §5, without padding.
///
/// Strict: one text per content, so that two spellings of one digest cannot exist. Not in constant time; used
/// for files, never per request.
package enum Base64URL {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// The text of the bytes.
    package static func encode(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        // Exact, so that no reallocation leaves a copy of a secret behind.
        text.reserveCapacity((bytes.count * 8 + 5) / 6)
        var pending: UInt32 = 0
        var pendingBits = 0
        for byte in bytes {
            pending = pending << 8 | UInt32(byte)
            pendingBits += 8
            while pendingBits >= 6 {
                pendingBits -= 6
                text.append(alphabet[Int(pending >> UInt32(pendingBits) & 0x3F)])
            }
        }
        if pendingBits > 0 { text.append(alphabet[Int(pending << UInt32(6 - pendingBits) & 0x3F)]) }
        return text
    }

    /// The bytes of a text; `nil` if it is not what `encode` writes.
    package static func decode(_ text: Span<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count * 6 / 8)
        let values = values
        var pending: UInt32 = 0
        var pendingBits = 0
        for index in text.indices {
            let value = values[Int(text[index])]
            guard value < 64 else { return nil }
            pending = pending << 6 | UInt32(value)
            pendingBits += 6
            if pendingBits >= 8 {
                pendingBits -= 8
                bytes.append(UInt8(truncatingIfNeeded: pending >> UInt32(pendingBits)))
            }
        }
        // RFC 4648 §3.5: bits that belong to no byte must be zero; a whole character of them must not be
        // there.
        guard pendingBits < 6, pending & (1 << UInt32(pendingBits) - 1) == 0 else { return nil }
        return bytes
    }

    /// What each byte stands for; 0xFF for what is not of the alphabet. A table, since which range a
    /// character of random bytes lies in cannot be predicted.
    private static let values = {
        var values = [UInt8](repeating: 0xFF, count: 256)
        for (value, byte) in alphabet.enumerated() { values[Int(byte)] = UInt8(value) }
        return values
    }()
}
