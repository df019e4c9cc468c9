/// SipHash-1-3 over 64-bit words: a keyed hash whose results nobody can steer without the key.
///
/// Subjects of limits are chosen by clients (their addresses are), so the table of buckets must not be one in
/// which they can choose to collide. About 13 ns for four words.
package struct SipHash13: Sendable {
    private var v0: UInt64
    private var v1: UInt64
    private var v2: UInt64
    private var v3: UInt64
    private var wordCount: UInt64 = 0

    /// Begins a hash under a key of 128 bits.
    @inline(__always)
    package init(key: Key) {
        v0 = key.first ^ 0x736f_6d65_7073_6575
        v1 = key.second ^ 0x646f_7261_6e64_6f6d
        v2 = key.first ^ 0x6c79_6765_6e65_7261
        v3 = key.second ^ 0x7465_6462_7974_6573
    }

    /// The key of a hash; random for whatever faces clients.
    package struct Key: Sendable {
        /// The first eight bytes, little-endian.
        package let first: UInt64
        /// The last eight bytes, little-endian.
        package let second: UInt64

        /// Makes a key from its halves.
        package init(_ first: UInt64, _ second: UInt64) {
            self.first = first
            self.second = second
        }
    }

    /// Takes in one word.
    @inline(__always)
    package mutating func absorb(_ word: UInt64) {
        v3 ^= word
        round()
        v0 ^= word
        wordCount &+= 1
    }

    /// Takes in the length and then the bytes, the last word filled up with zeros, so that no two texts and
    /// no two sequences of texts look alike.
    package mutating func absorb(_ bytes: Span<UInt8>) {
        absorb(UInt64(bytes.count))
        var word: UInt64 = 0
        for index in 0..<bytes.count {
            word |= UInt64(bytes[index]) << UInt64(index % 8 * 8)
            if index % 8 == 7 {
                absorb(word)
                word = 0
            }
        }
        if bytes.count % 8 != 0 { absorb(word) }
    }

    /// The hash of all words taken in.
    @inline(__always)
    package consuming func finish() -> UInt64 {
        // The standard's last block: no bytes left over, the length modulo 256 on top.
        let last = (wordCount &* 8) << 56
        v3 ^= last
        round()
        v0 ^= last
        v2 ^= 0xFF
        round()
        round()
        round()
        return v0 ^ v1 ^ v2 ^ v3
    }

    @inline(__always)
    private mutating func round() {
        v0 = v0 &+ v1
        v1 = (v1 << 13 | v1 >> 51) ^ v0
        v0 = v0 << 32 | v0 >> 32
        v2 = v2 &+ v3
        v3 = (v3 << 16 | v3 >> 48) ^ v2
        v0 = v0 &+ v3
        v3 = (v3 << 21 | v3 >> 43) ^ v0
        v2 = v2 &+ v1
        v1 = (v1 << 17 | v1 >> 47) ^ v2
        v2 = v2 << 32 | v2 >> 32
    }
}
