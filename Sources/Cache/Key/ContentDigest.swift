import HTTPModel

/// A 128-bit hash of a body (SipHash-1-3-128 under a published key), from which an `ETag` is made.
///
/// One round a word, as in the index: what more rounds buy is resistance to whoever seeks collisions without
/// the key, and the key of a digest is published.
///
/// The same bytes have the same digest in every process and after every restart, so validators survive them.
/// Not a security feature: the key is public, and whoever controls a body can aim at a collision. What that
/// buys is a wrong 304 about a body of one's own.
struct ContentDigest: Hashable {
    /// The first eight bytes as a number.
    let high: UInt64
    /// The last eight bytes as a number.
    let low: UInt64

    /// Hashes the bytes; about 3 instructions a byte.
    @inline(__always)
    init(_ bytes: Span<UInt8>) {
        // Not by way of the other one, for which the rounds are a number to count down for every word.
        var hash = SipHash(key: Self.publishedKey, variant: 0xEE)
        hash.absorb(bytes, rounds: Self.rounds)
        self.init(finishing: hash)
    }

    /// The key of every digest: published, so that digests mean the same everywhere.
    static let publishedKey = SipHash.Key(0x6B61_796C_652D_6761, 0x7465_7761_795F_6574)

    /// Hashes under a given key and with other rounds: how the tests reach the published vectors, which are
    /// of 2 and 4.
    @inline(__always)
    init(_ bytes: Span<UInt8>, key: SipHash.Key, rounds: Int, finalRounds: Int) {
        var hash = SipHash(key: key, variant: 0xEE)
        hash.absorb(bytes, rounds: rounds)
        self.init(finishing: hash, rounds: finalRounds)
    }

    /// What stands in the place of a digest that is not made yet.
    static let none = ContentDigest(high: 0, low: 0)

    private init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Rounds for each word of a digest.
    static let rounds = 1

    /// Ends a hash of 128 bits.
    init(finishing hash: SipHash, rounds: Int = 3) {
        var hash = hash
        high = hash.finish(variant: 0xEE, rounds: rounds)
        low = hash.finishSecondHalf(rounds: rounds)
    }

    /// Bytes of the entity tag: two quotes and 32 digits.
    static let eTagByteCount = 34

    /// The strong entity tag (RFC 9110 §8.8.3): the digest in hexadecimal between quotes.
    var eTag: InlineArray<34, UInt8> {
        var text = InlineArray<34, UInt8>(repeating: 0x22)
        for place in 0..<16 {
            text[1 + place] = Self.digit(high, place)
            text[17 + place] = Self.digit(low, place)
        }
        return text
    }

    /// Appends the entity tag.
    func appendETag(to bytes: inout [UInt8]) {
        let text = eTag
        bytes.append(text.span)
    }

    /// A digit of a number of sixteen, the highest first.
    @inline(__always)
    private static func digit(_ number: UInt64, _ place: Int) -> UInt8 {
        let nibble = UInt8(truncatingIfNeeded: number &>> UInt64(60 &- 4 &* place)) & 0xF
        return nibble < 10 ? 0x30 | nibble : 0x57 &+ nibble
    }
}
