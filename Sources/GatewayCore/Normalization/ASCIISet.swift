/// A set of ASCII characters: one bit each, so that a look-up is two instructions and the set is plain
/// data.
///
/// Bytes above 0x7F are in no set.
package struct ASCIISet: Sendable, Hashable {
    // Bit n stands for byte n, and for byte 64 + n.
    private var low: UInt64
    private var high: UInt64

    /// The set with these bits; written out so that the constants below are data, not code run at first
    /// use.
    package init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    /// The characters of a text, or `nil` if one of them is not ASCII.
    package init?(_ text: String) {
        self.init(low: 0, high: 0)
        for byte in text.utf8 {
            guard byte < 0x80 else { return nil }
            if byte < 64 { low |= 1 << UInt64(byte) } else { high |= 1 << UInt64(byte & 63) }
        }
    }

    /// Letters, digits, `-`, `.`, `_` and `~`: the characters whose percent-encoding means nothing
    /// (RFC 3986 §2.3).
    package static let unreserved = ASCIISet(low: 0x03FF_6000_0000_0000, high: 0x47FF_FFFE_87FF_FFFE)

    /// The characters that stand for themselves in a path: unreserved, sub-delims, `:`, `@` and `/`
    /// (RFC 3986 §3.3).
    package static let path = ASCIISet(low: 0x2FFF_FFD2_0000_0000, high: 0x47FF_FFFE_87FF_FFFF)

    /// Whether the set is empty.
    package var isEmpty: Bool { low | high == 0 }

    /// Whether the set holds the byte.
    package func contains(_ byte: UInt8) -> Bool {
        guard byte < 0x80 else { return false }
        return ((byte < 64 ? low : high) >> UInt64(byte & 63)) & 1 == 1
    }

    /// Whether every character of this set is in `other`.
    package func isSubset(of other: ASCIISet) -> Bool {
        low & ~other.low == 0 && high & ~other.high == 0
    }
}
