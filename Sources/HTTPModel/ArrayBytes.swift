/// Writing known text and numbers into bytes that are kept, without making a `String`.
extension Array where Element == UInt8 {
    /// Appends the bytes of a literal.
    @inlinable
    public mutating func append(_ text: StaticString) {
        // A literal's storage is constant and has this many bytes.
        unsafe append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends a copy of the bytes.
    @inlinable
    public mutating func append(_ bytes: Span<UInt8>) {
        // The closure only reads, and the span outlives it.
        unsafe bytes.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }

    /// Appends a number in decimal, the largest digit first.
    public mutating func append(decimal number: Int64) {
        if number < 0 { append(0x2D) }
        var divisor: UInt64 = 1
        while number.magnitude / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            append(UInt8(0x30 + number.magnitude / divisor % 10))
            divisor /= 10
        }
    }
}

extension Array {
    /// Reads the elements where they are. Of an array that is a constant property of an object that lives
    /// meanwhile no reference is counted, as it would be for a copy that is held for its span.
    @inlinable @inline(__always)
    public func withSpan<Result>(_ body: (Span<Element>) -> Result) -> Result {
        // The span is used within the call only.
        unsafe withUnsafeBufferPointer { body(unsafe Span(_unsafeElements: $0)) }
    }
}
