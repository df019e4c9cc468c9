import HTTPModel

/// What a client shows to say which tenant it acts for.
///
/// 55 bytes: `kgw_`, the version `1`, an id of 12 characters, a secret of 31 and a checksum of 7, all of them
/// of `0-9a-z`. The secret has 160 random bits; a token fits one block of SHA-256 with its padding (55
/// bytes), so a check hashes two blocks and not three. Prefix and checksum let secret scanners recognize a
/// leaked one.
package enum Token {
    /// Number of bytes of every token.
    package static let byteCount = 55

    private static let prefixCount = 5
    private static let secretStart = 17
    private static let checksumStart = 48
    private static let checksumCount = 7

    /// Recognizes a token and gives its id; `nil` if it cannot have been issued by any gateway.
    ///
    /// Looks nothing up and hashes nothing; whether the token is good, only its digest can tell. No
    /// allocation.
    package static func parse(_ bytes: Span<UInt8>) -> TokenID? {
        // The secret's characters are not looked at one by one: the checksum, and then the digest, cover
        // them.
        guard bytes.count == byteCount, bytes.extracting(0..<prefixCount).equals("kgw_1"),
            let id = Base36.value(of: bytes.extracting(prefixCount..<secretStart)),
            let checksum = Base36.value(of: bytes.extracting(checksumStart..<byteCount)),
            checksum == UInt64(TokenChecksum.crc32(bytes.extracting(0..<checksumStart)))
        else { return nil }
        let characters = bytes.extracting(prefixCount..<secretStart)
        let last = UInt64(UInt32(truncatingIfNeeded: characters.word(at: 4) >> 32))
        return TokenID(value: id, packed: (characters.word(at: 0), last))
    }

    /// Makes the text of a new token. `randomness` must be the system's outside of tests.
    package static func make(id: TokenID, randomness: inout some RandomNumberGenerator) -> Secret {
        var text = Array("kgw_1".utf8)
        // Reserved in full, so that no reallocation leaves a copy of the secret behind.
        text.reserveCapacity(byteCount)
        Base36.append(id.value, digits: TokenID.characterCount, to: &text)
        for _ in secretStart..<checksumStart {
            Base36.append(UInt64.random(in: 0..<36, using: &randomness), digits: 1, to: &text)
        }
        Base36.append(UInt64(TokenChecksum.crc32(text.span)), digits: checksumCount, to: &text)
        defer { Secret.wipe(&text) }
        return Secret(text.span)
    }
}

/// The public part of a token: names it in the store, in commands, logs and metrics.
///
/// Twelve characters of `0-9a-z`, kept as the number they write in base 36, so that looking up and comparing
/// touch no text, and as they are written, for log lines. 36¹² is below 2⁶³. The number is also the token's
/// identity for limits.
package struct TokenID: Sendable, Hashable {
    /// Number of characters.
    package static let characterCount = 12

    private static let valueCount: UInt64 = 4_738_381_338_321_616_896

    /// The id as a number below 36¹².
    package let value: UInt64
    /// The twelve characters, the first one lowest: eight and four.
    let packed: (UInt64, UInt64)

    init(value: UInt64) {
        var rest = value
        var packed: (UInt64, UInt64) = (0, 0)
        for position in (0..<Self.characterCount).reversed() {
            let digit = rest % 36
            let character = digit < 10 ? 0x30 + digit : 0x57 + digit
            if position < 8 {
                packed.0 |= character << UInt64(position * 8)
            } else {
                packed.1 |= character << UInt64((position - 8) * 8)
            }
            rest /= 36
        }
        self.init(value: value, packed: packed)
    }

    /// Takes a number with the characters that write it.
    fileprivate init(value: UInt64, packed: (UInt64, UInt64)) {
        precondition(value < Self.valueCount, "\(value) is not a token id")
        self.value = value
        self.packed = packed
    }

    package static func == (left: TokenID, right: TokenID) -> Bool { left.value == right.value }
    package func hash(into hasher: inout Hasher) { hasher.combine(value) }

    /// Reads the twelve characters; `nil` for anything else.
    package init?(_ text: String) {
        self.init(Array(text.utf8).span)
    }

    /// Reads the same from bytes, without allocation.
    init?(_ bytes: Span<UInt8>) {
        guard bytes.count == Self.characterCount, let value = Base36.value(of: bytes) else { return nil }
        self.init(value: value)
    }

    /// Draws an id.
    package init(randomness: inout some RandomNumberGenerator) {
        self.init(value: UInt64.random(in: 0..<Self.valueCount, using: &randomness))
    }

    /// The twelve characters. Allocates.
    package var characters: [UInt8] {
        var characters: [UInt8] = []
        characters.reserveCapacity(Self.characterCount)
        Base36.append(value, digits: Self.characterCount, to: &characters)
        return characters
    }

    /// The twelve characters as text.
    package var text: String {
        var bytes: [UInt8] = []
        Base36.append(value, digits: Self.characterCount, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Numbers written in the digits `0-9a-z`, most significant first.
enum Base36 {
    /// The number that at most 12 digits write; `nil` if a byte is no digit.
    static func value(of bytes: Span<UInt8>) -> UInt64? {
        precondition(bytes.count <= 12, "\(bytes.count) digits may not fit")
        let digits = digitOfByte.span
        var value: UInt64 = 0
        var allBits: UInt8 = 0
        for index in bytes.indices {
            let digit = digits[Int(bytes[index])]
            allBits |= digit
            value = value &* 36 &+ UInt64(digit)
        }
        // 36¹² fits, so a value of true digits has not wrapped; digits are below 64, what is none has all
        // bits.
        return allBits < 64 ? value : nil
    }

    /// Appends a number with leading zeros; it must fit the digits.
    static func append(_ number: UInt64, digits: Int, to bytes: inout [UInt8]) {
        var rest = number
        let start = bytes.count
        for _ in 0..<digits {
            let digit = UInt8(rest % 36)
            bytes.insert(digit < 10 ? 0x30 + digit : 0x61 + digit - 10, at: start)
            rest /= 36
        }
        precondition(rest == 0, "\(number) does not fit \(digits) digits")
    }
}

/// The digit that a byte stands for in base 36, or 0xFF. A table instead of comparisons, since whether a
/// character of a random id is a letter cannot be predicted: three times as fast.
private let digitOfByte: InlineArray<256, UInt8> = [
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xFF, 0x0A, 0x0B, 0x0C, 0x0D, 0x0E, 0x0F, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18,
    0x19, 0x1A, 0x1B, 0x1C, 0x1D, 0x1E, 0x1F, 0x20, 0x21, 0x22, 0x23, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
]
