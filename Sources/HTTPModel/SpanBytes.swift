/// Comparison of received bytes with known text, without making a `String`.
extension Span where Element == UInt8 {
    /// Whether the bytes are exactly those of `text`.
    @inlinable
    public func equals(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        let known = unsafe UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        for index in 0..<count where self[index] != (unsafe known[index]) { return false }
        return true
    }

    /// Whether the bytes are those of `text`, which must be lower case, without regard to ASCII case.
    @inlinable
    public func equalsIgnoringCase(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        let known = unsafe UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        for index in 0..<count where self[index].asciiLowercased != (unsafe known[index]) { return false }
        return true
    }

    /// Whether two runs of bytes are the same.
    @inlinable
    public func equals(_ other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for index in 0..<count where self[index] != other[index] { return false }
        return true
    }

    /// The eight bytes from `offset` on as one number, the first byte lowest; for scans that look at eight bytes
    /// at a time. Traps unless all eight are there.
    @inlinable @inline(__always)
    public func word(at offset: Int) -> UInt64 {
        // The load checks its bounds; it is unsafe only for types whose bytes must not be just any.
        UInt64(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// The bytes as text for logs and messages; anything that is not UTF-8 becomes U+FFFD. Allocates.
    public var text: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        for index in 0..<count { bytes.append(self[index]) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A copy of the bytes. Allocates.
    public var array: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        for index in 0..<count { bytes.append(self[index]) }
        return bytes
    }
}

extension UInt8 {
    /// The byte with `A`–`Z` turned into `a`–`z`; every other byte unchanged.
    @inlinable public var asciiLowercased: UInt8 { self &- 0x41 < 26 ? self | 0x20 : self }
}
