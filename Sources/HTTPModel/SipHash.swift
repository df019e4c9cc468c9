/// The state of SipHash (Aumasson and Bernstein, 2012), a keyed hash for short inputs whose results nobody
/// can steer without the key.
///
/// One core for all uses. Tables that clients could aim at (the cache's index, the buckets of limits) take
/// one round per word and three at the end under a secret key, about 13 ns for four words; digests of content
/// take two and four rounds under a published key, and 128 bits.
public struct SipHash: Sendable {
    @usableFromInline var v0: UInt64
    @usableFromInline var v1: UInt64
    @usableFromInline var v2: UInt64
    @usableFromInline var v3: UInt64

    /// The key of a hash; random for whatever faces clients.
    public struct Key: Sendable, Hashable {
        /// The first eight bytes, little-endian.
        public let first: UInt64
        /// The last eight bytes, little-endian.
        public let second: UInt64

        /// Makes a key from its halves.
        @inlinable
        public init(_ first: UInt64, _ second: UInt64) {
            self.first = first
            self.second = second
        }
    }

    /// Starts a hash; `variant` separates output widths, as the design prescribes.
    @inlinable @inline(__always)
    public init(key: Key, variant: UInt64 = 0) {
        v0 = key.first ^ 0x736F_6D65_7073_6575
        v1 = key.second ^ 0x646F_7261_6E64_6F6D ^ variant
        v2 = key.first ^ 0x6C79_6765_6E65_7261
        v3 = key.second ^ 0x7465_6462_7974_6573
    }

    /// Takes one message word.
    @inlinable @inline(__always)
    public mutating func absorb(_ word: UInt64, rounds: Int) {
        v3 ^= word
        mix(rounds: rounds)
        v0 ^= word
    }

    /// Takes the last part of a message: the bytes in words of eight, the rest of at most seven with the
    /// length in the top byte.
    @inlinable @inline(__always)
    public mutating func absorb(_ bytes: Span<UInt8>, rounds: Int) {
        let wordsEnd = bytes.count & ~7
        var index = 0
        // Four at a time: a third of what a word costs otherwise is counting.
        while index <= bytes.count &- 32 {
            let words = bytes.fourWords(at: index)
            absorb(words.0, rounds: rounds)
            absorb(words.1, rounds: rounds)
            absorb(words.2, rounds: rounds)
            absorb(words.3, rounds: rounds)
            index &+= 32
        }
        while index < wordsEnd {
            absorb(bytes.word(at: index), rounds: rounds)
            index += 8
        }
        var last = UInt64(truncatingIfNeeded: bytes.count) << 56
        var shift: UInt64 = 0
        while index < bytes.count {
            last |= UInt64(bytes[index]) << shift
            shift += 8
            index += 1
        }
        absorb(last, rounds: rounds)
    }

    /// Takes one part of several: its length goes first, so that no two sequences of parts are the same
    /// message.
    @inlinable
    public mutating func absorb(part bytes: Span<UInt8>, rounds: Int) {
        absorb(UInt64(bytes.count), rounds: rounds)
        absorb(bytes, rounds: rounds)
    }

    /// Ends the hash, or its first half; `variant` is the constant the design prescribes for the width.
    @inlinable @inline(__always)
    public mutating func finish(variant: UInt64 = 0xFF, rounds: Int) -> UInt64 {
        v2 ^= variant
        mix(rounds: rounds)
        return v0 ^ v1 ^ v2 ^ v3
    }

    /// The second half of a 128-bit hash, after `finish`.
    @inlinable @inline(__always)
    public mutating func finishSecondHalf(rounds: Int) -> UInt64 {
        v1 ^= 0xDD
        mix(rounds: rounds)
        return v0 ^ v1 ^ v2 ^ v3
    }

    @inlinable @inline(__always)
    mutating func mix(rounds: Int) {
        for _ in 0..<rounds {
            v0 &+= v1
            v1 = v1.rotatedLeft(13) ^ v0
            v0 = v0.rotatedLeft(32)
            v2 &+= v3
            v3 = v3.rotatedLeft(16) ^ v2
            v0 &+= v3
            v3 = v3.rotatedLeft(21) ^ v0
            v2 &+= v1
            v1 = v1.rotatedLeft(17) ^ v2
            v2 = v2.rotatedLeft(32)
        }
    }
}

extension UInt64 {
    @inlinable @inline(__always)
    func rotatedLeft(_ bits: UInt64) -> UInt64 { (self &<< bits) | (self &>> (64 &- bits)) }
}
