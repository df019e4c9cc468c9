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

    /// Appends a field line (RFC 9112 §5): name, colon, blank, value, line end. Makes room once for all of
    /// it.
    public mutating func append(line name: Span<UInt8>, _ value: Span<UInt8>) {
        append(addingCapacity: name.count + value.count + 4) { output in
            output.append(name)
            output.append(0x3A)
            output.append(0x20)
            output.append(value)
            output.append(0x0D)
            output.append(0x0A)
        }
    }

    /// The same with a name that is known.
    public mutating func append(line name: StaticString, _ value: Span<UInt8>) {
        // A literal's storage is constant and has this many bytes.
        let known = unsafe UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        append(line: unsafe Span(_unsafeElements: known), value)
    }

    /// The same where all of it is known.
    public mutating func append(line name: StaticString, _ value: StaticString) {
        // A literal's storage is constant and has this many bytes.
        let known = unsafe UnsafeBufferPointer(start: value.utf8Start, count: value.utf8CodeUnitCount)
        append(line: name, unsafe Span(_unsafeElements: known))
    }

    /// Appends two runs of bytes, one behind the other.
    public mutating func append(_ first: Span<UInt8>, _ second: Span<UInt8>) {
        append(addingCapacity: first.count + second.count) { output in
            output.append(first)
            output.append(second)
        }
    }

    /// Appends a number in decimal, the largest digit first.
    public mutating func append(decimal number: Int64) {
        if number < 0 { append(0x2D) }
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var start = 20
        var rest = number.magnitude
        repeat {
            start -= 1
            digits[start] = UInt8(truncatingIfNeeded: 0x30 + rest % 10)
            rest /= 10
        } while rest > 0
        append(digits.span.extracting(start..<20))
    }
}

extension OutputSpan where Element == UInt8 {
    /// Appends a copy of the bytes, for which there must be room.
    @inline(__always)
    fileprivate mutating func append(_ bytes: Span<UInt8>) {
        precondition(bytes.count <= freeCapacity, "\(bytes.count) bytes into room for \(freeCapacity)")
        unsafe withUnsafeMutableBufferPointer { buffer, count in
            unsafe bytes.withUnsafeBytes { source in
                // There is room for them behind what is written; none of either has an address.
                guard let target = buffer.baseAddress, let from = source.baseAddress else { return }
                unsafe UnsafeMutableRawPointer(target + count).copyMemory(from: from, byteCount: source.count)
            }
            count += bytes.count
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
