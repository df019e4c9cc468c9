import HTTPModel

/// What one pass over a text finds out for the walk over it: where its quotes are, and whether strings hold
/// anything that has to be looked at.
///
/// Searching for the end of each string in turn would have to wait for the end of the one before.
struct QuoteMap: Sendable {
    /// One bit a byte, the first one lowest: set for a quote.
    let words: [UInt64]
    /// Whether the text has no backslash and no control character, so that every quote begins or ends a
    /// string, and no string needs a second look.
    let isPlain: Bool
    /// Whether all bytes are ASCII.
    let isASCII: Bool

    /// Looks at all bytes; about 1.5 instructions a byte.
    init(_ text: Span<UInt8>) {
        var words = [UInt64](repeating: 0, count: (text.count + 63) / 64)
        var seen = Seen()
        var table = words.mutableSpan
        for index in 0..<(text.count / 64) {
            table[index] = seen.take(text.fourPieces(at: index &* 64))
        }
        let rest = text.count % 64
        if rest > 0, text.count >= 64 {
            // The last sixty-four once more as a whole; what was seen before goes out at the lower end.
            table[text.count / 64] = seen.take(text.fourPieces(at: text.count - 64)) >> UInt64(64 - rest)
        } else if rest > 0 {
            var bytes = [UInt8](repeating: 0x20, count: 64)
            for index in 0..<rest { bytes[index] = text[index] }
            table[0] = seen.take(bytes.span.fourPieces(at: 0))
        }
        self.words = words
        isPlain = seen.isPlain
        isASCII = seen.isASCII
    }

    /// What has been seen so far.
    private struct Seen {
        private var union = SIMD16<UInt8>(repeating: 0)
        private var lowest = SIMD16<UInt8>(repeating: 0xFF)
        private var escapes = SIMDMask<SIMD16<Int8>>(repeating: false)

        /// Looks at sixty-four bytes; gives one bit for each, set for a quote.
        @inline(__always)
        mutating func take(
            _ pieces: (SIMD16<UInt8>, SIMD16<UInt8>, SIMD16<UInt8>, SIMD16<UInt8>)
        ) -> UInt64 {
            take(pieces.0) | take(pieces.1) << 16 | take(pieces.2) << 32 | take(pieces.3) << 48
        }

        @inline(__always)
        private mutating func take(_ bytes: SIMD16<UInt8>) -> UInt64 {
            union |= bytes
            lowest.replace(with: bytes, where: bytes .< lowest)
            escapes = escapes .| (bytes .== SIMD16<UInt8>(repeating: 0x5C))
            return (bytes .== SIMD16<UInt8>(repeating: 0x22)).bits
        }

        var isPlain: Bool {
            (lowest .< SIMD16<UInt8>(repeating: 0x20)).bits == 0 && escapes.bits == 0
        }

        var isASCII: Bool { (union .>= SIMD16<UInt8>(repeating: 0x80)).bits == 0 }
    }
}

/// A place among the quotes of a text: the next one, in the words of a `QuoteMap`.
struct QuotePlace {
    // The word that comes next, and what is left of the one before.
    private var word = 0
    private var rest: UInt64 = 0

    /// Goes over the quote at which a string begins; gives the offset behind the one at which it ends, `nil`
    /// if there is none.
    @inline(__always)
    mutating func endOfString(_ quotes: Span<UInt64>) -> Int? {
        guard step(quotes) != nil else { return nil }
        return step(quotes).map { $0 &+ 1 }
    }

    /// Goes over the next quote and gives its offset.
    @inline(__always)
    private mutating func step(_ quotes: Span<UInt64>) -> Int? {
        while rest == 0 {
            guard word < quotes.count else { return nil }
            rest = quotes[word]
            word &+= 1
        }
        let offset = (word &- 1) &* 64 &+ rest.trailingZeroBitCount
        rest &= rest &- 1
        return offset
    }
}
