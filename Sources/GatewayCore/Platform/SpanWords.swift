extension Span where Element == UInt8 {
    /// The eight bytes from `offset` on as one number, the first byte lowest: for loops that look at eight bytes
    /// at a time. Traps outside the span.
    @inline(__always)
    package func word(at offset: Int) -> UInt64 {
        precondition(offset >= 0 && offset <= count - 8, "eight bytes at \(offset) of \(count)")
        // The line above keeps the load inside the span, and every pattern of bits is a number.
        return unsafe UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
}
