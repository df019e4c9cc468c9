/// Comparison of received bytes with known text, without making a `String`.
extension Span where Element == UInt8 {
    /// Whether the bytes are exactly those of `text`.
    @inlinable
    public func equals(_ text: StaticString) -> Bool {
        // A literal's storage is constant and has this many bytes.
        let known = unsafe UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        return equals(unsafe Span(_unsafeElements: known))
    }

    /// Whether the bytes are those of `text`, which must be lower case, without regard to ASCII case.
    @inlinable @inline(__always)
    public func equalsIgnoringCase(_ text: StaticString) -> Bool {
        // A literal's storage is constant and has this many bytes.
        let known = unsafe UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        let lowercased = unsafe Span<UInt8>(_unsafeElements: known)
        guard count == lowercased.count else { return false }
        var index = 0
        while index <= count - 8 {
            guard Self.isSame(word(at: index), lowercased.word(at: index)) else { return false }
            index += 8
        }
        if index == count { return true }
        // The rest, shorter than a word: where the text has a word, the last one once more as a whole.
        if count >= 8 { return Self.isSame(word(at: count - 8), lowercased.word(at: count - 8)) }
        while index < count {
            guard self[index].asciiLowercased == lowercased[index] else { return false }
            index += 1
        }
        return true
    }

    /// Whether eight bytes are those of a lower-case text: they may differ in the bit of the case (0x20)
    /// where the text has a letter, which is where it has both upper bits of the letters.
    @inlinable @inline(__always)
    static func isSame(_ word: UInt64, _ lowercased: UInt64) -> Bool {
        let letters = lowercased & (lowercased >> 1) & 0x2020_2020_2020_2020
        return (word ^ lowercased) & ~letters == 0
    }

    /// Whether two runs of bytes are the same.
    @inlinable
    public func equals(_ other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        var index = 0
        while index <= count - 8 {
            guard word(at: index) == other.word(at: index) else { return false }
            index += 8
        }
        if index == count { return true }
        // The rest, shorter than a word: where there is a word, the last one once more as a whole.
        if count >= 8 { return word(at: count - 8) == other.word(at: count - 8) }
        while index < count {
            guard self[index] == other[index] else { return false }
            index += 1
        }
        return true
    }

    /// Whether two runs are the same, compared in words without leaving early: for keys that meet in one slot
    /// and are nearly always equal, and for bytes that hold secrets.
    @inlinable @inline(__always)
    public func equalsWholly(_ other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        var difference: UInt64 = 0
        var index = 0
        while index <= count - 32 {
            let one = word(at: index) ^ other.word(at: index)
            let two = word(at: index + 8) ^ other.word(at: index + 8)
            let three = word(at: index + 16) ^ other.word(at: index + 16)
            let four = word(at: index + 24) ^ other.word(at: index + 24)
            difference |= one | two | three | four
            index += 32
        }
        while index <= count - 8 {
            difference |= word(at: index) ^ other.word(at: index)
            index += 8
        }
        while index < count {
            difference |= UInt64(self[index] ^ other[index])
            index += 1
        }
        return difference == 0
    }

    /// The eight bytes from `offset` on as one number, the first byte lowest; for scans that look at eight
    /// bytes at a time. Traps unless all eight are there.
    @inlinable @inline(__always)
    public func word(at offset: Int) -> UInt64 {
        // The load checks its bounds; it is unsafe only for types whose bytes must not be just any.
        UInt64(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// The first byte from `start` on that `marks` marks: in a word of eight bytes, the first one lowest, it
    /// sets the highest bit of each; of several only the lowest need be right. If there is none, the place of
    /// the last bytes, at most seven, that make no word.
    @inlinable @inline(__always)
    public func firstMark(from start: Int, _ marks: (UInt64) -> UInt64) -> (offset: Int, isMarked: Bool) {
        precondition(start >= 0 && start <= count, "a scan from \(start) of \(count) bytes")
        var offset = start
        while offset <= count - 8 {
            // From `start` on the offset only grows, and all eight bytes are there.
            let word = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self)
            let found = marks(UInt64(littleEndian: word))
            if found != 0 { return (offset + found.trailingZeroBitCount / 8, true) }
            offset += 8
        }
        return (offset, false)
    }

    /// Four words in a row, the first one at `offset`. Traps unless all of them are there.
    @inlinable @inline(__always)
    func fourWords(at offset: Int) -> (UInt64, UInt64, UInt64, UInt64) {
        precondition(offset >= 0 && offset <= count &- 32, "four words from \(offset) on of \(count) bytes")
        return unsafe (
            // All of them are there, and any bytes make a number.
            UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self)),
            UInt64(
                littleEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset &+ 8, as: UInt64.self)
            ),
            UInt64(
                littleEndian: bytes.unsafeLoadUnaligned(
                    fromUncheckedByteOffset: offset &+ 16, as: UInt64.self)),
            UInt64(
                littleEndian: bytes.unsafeLoadUnaligned(
                    fromUncheckedByteOffset: offset &+ 24, as: UInt64.self))
        )
    }

    /// The sixty-four bytes from `offset` on in four pieces, for passes over long texts. Traps unless all of
    /// them are there.
    @inlinable @inline(__always)
    public func fourPieces(
        at offset: Int
    ) -> (SIMD16<UInt8>, SIMD16<UInt8>, SIMD16<UInt8>, SIMD16<UInt8>) {
        precondition(
            offset >= 0 && offset <= count &- 64, "sixty-four bytes from \(offset) on of \(count)")
        return unsafe (
            // All of them are there, and any bytes make a vector.
            bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: SIMD16<UInt8>.self),
            bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset &+ 16, as: SIMD16<UInt8>.self),
            bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset &+ 32, as: SIMD16<UInt8>.self),
            bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset &+ 48, as: SIMD16<UInt8>.self)
        )
    }

    /// The bytes as text for logs and messages; anything that is not UTF-8 becomes U+FFFD. Allocates.
    public var text: String {
        // The closure only reads, and the span outlives it.
        unsafe withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }

    /// A copy of the bytes. Allocates.
    public var array: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        bytes.append(self)
        return bytes
    }
}

/// What `Span.firstMark` looks for: of the eight bytes of a word, sets the highest bit of some. Above a byte
/// that is rightly marked there may be one too many, below it none.
extension UInt64 {
    /// Marks the bytes that are this one.
    @inlinable @inline(__always)
    public func marks(of byte: UInt8) -> UInt64 {
        let difference = self ^ (0x0101_0101_0101_0101 &* UInt64(byte))
        return (difference &- 0x0101_0101_0101_0101) & ~difference & 0x8080_8080_8080_8080
    }

    /// Marks the bytes below this one, which is at most 0x80.
    @inlinable @inline(__always)
    public func marks(below byte: UInt8) -> UInt64 {
        (self &- 0x0101_0101_0101_0101 &* UInt64(byte)) & ~self & 0x8080_8080_8080_8080
    }
}

extension SIMDMask<SIMD16<Int8>> {
    /// One bit for each of the sixteen, the first one lowest.
    @inlinable @inline(__always)
    public var bits: UInt64 {
        // All bits of a byte are set or none, so a mask is two numbers of eight bytes, the first one lowest.
        let halves = unsafe unsafeBitCast(self, to: SIMD2<UInt64>.self)
        return Self.bits(ofHalf: halves.x) | Self.bits(ofHalf: halves.y) << 8
    }

    /// The same of eight: of each byte the bit of its own place, and all of them summed up in the highest
    /// one.
    @inlinable @inline(__always)
    static func bits(ofHalf half: UInt64) -> UInt64 {
        ((UInt64(littleEndian: half) & 0x8040_2010_0804_0201) &* 0x0101_0101_0101_0101) >> 56
    }
}

extension UInt8 {
    /// The byte with `A`–`Z` turned into `a`–`z`; every other byte unchanged.
    @inlinable public var asciiLowercased: UInt8 { self &- 0x41 < 26 ? self | 0x20 : self }
}
