import HTTPModel

/// The state of SipHash (Aumasson and Bernstein, 2012), a keyed hash for short inputs.
///
/// One core for both uses in this module: the index hash (1 round per word, 3 at the end, secret key, so that
/// no tenant can aim at one slot of the index), and the content hash (2 and 4 rounds, published key, 128
/// bits).
struct SipHash {
    private var v0: UInt64
    private var v1: UInt64
    private var v2: UInt64
    private var v3: UInt64

    /// Starts a hash under a key of two words; `variant` separates output widths, as the design prescribes.
    @inline(__always)
    init(key: (UInt64, UInt64), variant: UInt64 = 0) {
        v0 = key.0 ^ 0x736F_6D65_7073_6575
        v1 = key.1 ^ 0x646F_7261_6E64_6F6D ^ variant
        v2 = key.0 ^ 0x6C79_6765_6E65_7261
        v3 = key.1 ^ 0x7465_6462_7974_6573
    }

    /// Takes one message word.
    @inline(__always)
    mutating func absorb(_ word: UInt64, rounds: Int) {
        v3 ^= word
        mix(rounds: rounds)
        v0 ^= word
    }

    /// Takes the bytes in words of eight, the rest of at most seven with the total length in its top byte.
    @inline(__always)
    mutating func absorb(_ bytes: Span<UInt8>, rounds: Int) {
        let wordsEnd = bytes.count & ~7
        var index = 0
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

    /// Ends the hash, or its first half; `variant` is the constant the design prescribes for the width.
    @inline(__always)
    mutating func finish(variant: UInt64 = 0xFF, rounds: Int) -> UInt64 {
        v2 ^= variant
        mix(rounds: rounds)
        return v0 ^ v1 ^ v2 ^ v3
    }

    /// The second half of a 128-bit hash, after `finish`.
    @inline(__always)
    mutating func finishSecondHalf(rounds: Int) -> UInt64 {
        v1 ^= 0xDD
        mix(rounds: rounds)
        return v0 ^ v1 ^ v2 ^ v3
    }

    @inline(__always)
    private mutating func mix(rounds: Int) {
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
    @inline(__always)
    fileprivate func rotatedLeft(_ bits: UInt64) -> UInt64 { (self &<< bits) | (self &>> (64 &- bits)) }
}
