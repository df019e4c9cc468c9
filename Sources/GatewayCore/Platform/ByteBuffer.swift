import Glibc

/// Bytes in one growable piece of memory, with a front that can be consumed.
///
/// The boundary where pointers end: system calls and C libraries fill and drain it through the two `with…`
/// calls marked as such; everybody else appends and reads `Span`s. Owned by one worker; never shared.
/// A released buffer holds no memory, which is how an idle connection costs nothing here.
@safe
package struct ByteBuffer: ~Copyable, @unchecked Sendable {
    // Sendable without a lock: noncopyable, the only holder of its memory, so only one thread can reach it.
    // `base` is nil exactly when `capacity` is 0. Bytes head ..< tail are initialized and unread.
    private var base: UnsafeMutableRawPointer?
    private var head = 0
    private var tail = 0
    /// Bytes of memory held.
    package private(set) var capacity = 0

    /// A buffer with room for at least `minimumCapacity` bytes; zero takes no memory yet.
    package init(minimumCapacity: Int = 0) {
        if minimumCapacity > 0 { ensureSpare(minimumCapacity) }
    }

    deinit { unsafe free(base) }

    /// Number of unread bytes.
    package var count: Int { tail - head }

    /// Whether nothing is left to read.
    package var isEmpty: Bool { tail == head }

    /// Appends a copy of the bytes.
    package mutating func append(_ bytes: Span<UInt8>) {
        let count = bytes.count
        guard count > 0 else { return }
        ensureSpare(count)
        unsafe bytes.withUnsafeBytes { source in
            // ensureSpare made room for `count` bytes after `tail`, and a count above zero has an address.
            if let base = unsafe base, let from = source.baseAddress {
                unsafe memcpy(base + tail, from, count)
            }
        }
        tail += count
    }

    /// Appends the bytes of a literal.
    package mutating func append(_ text: StaticString) {
        let count = text.utf8CodeUnitCount
        ensureSpare(count)
        // A literal's storage is constant and has `count` bytes; ensureSpare made the room.
        if let base = unsafe base { unsafe memcpy(base + tail, text.utf8Start, count) }
        tail += count
    }

    /// Appends the bytes of a literal as the inside of a JSON string: quotes and backslashes are escaped.
    package mutating func append(escaping text: StaticString) {
        // A literal's storage is constant and has this many bytes.
        let bytes = unsafe UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        let span = unsafe Span(_unsafeElements: bytes)
        for index in span.indices {
            if span[index] == UInt8(ascii: "\"") || span[index] == UInt8(ascii: "\\") {
                append(UInt8(ascii: "\\"))
            }
            append(span[index])
        }
    }

    /// Appends one byte.
    @inline(__always)
    package mutating func append(_ byte: UInt8) {
        ensureSpare(1)
        unsafe base?.storeBytes(of: byte, toByteOffset: tail, as: UInt8.self)
        tail += 1
    }

    /// Appends a number in decimal.
    package mutating func append(decimal number: UInt64) {
        if number < 10 {
            append(0x30 + UInt8(truncatingIfNeeded: number))
            return
        }
        ensureSpare(20)
        var digits = 1
        var bound: UInt64 = 10
        while number >= bound {
            digits += 1
            let (next, overflow) = bound.multipliedReportingOverflow(by: 10)
            if overflow { break }
            bound = next
        }
        var rest = number
        var position = tail + digits
        while position > tail {
            position -= 1
            let digit = UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
            // ensureSpare made room for the 20 digits of the largest number.
            unsafe base?.storeBytes(of: 0x30 + digit, toByteOffset: position, as: UInt8.self)
        }
        tail += digits
    }

    /// Appends a number in lower-case hexadecimal without leading zeros.
    package mutating func append(hexadecimal number: UInt64) {
        let digits = max(1, (64 - number.leadingZeroBitCount + 3) / 4)
        for position in stride(from: digits - 1, through: 0, by: -1) {
            let nibble = UInt8(truncatingIfNeeded: number >> UInt64(position * 4)) & 0xF
            append(nibble < 10 ? 0x30 + nibble : 0x57 + nibble)
        }
    }

    /// Reads the unread bytes.
    package func withBytes<Result, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // The memory head ..< tail is initialized and lives as long as this borrow of self.
        let bytes = unsafe UnsafeRawBufferPointer(start: base, count: tail)
        let span = unsafe Span<UInt8>(_unsafeElements: bytes.assumingMemoryBound(to: UInt8.self))
        return try body(span.extracting(droppingFirst: head))
    }

    /// Boundary call: the unread bytes as raw memory for a C call that only reads them.
    package func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        unsafe body(
            UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(start: base, count: tail)[head..<tail]))
    }

    /// Boundary call: at least `minimum` bytes of room for a C call to fill; `body` returns how many it
    /// wrote.
    @discardableResult
    package mutating func fill(minimum: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int) -> Int {
        precondition(minimum > 0, "room for \(minimum) bytes asked")
        ensureSpare(minimum)
        let room = unsafe UnsafeMutableRawBufferPointer(start: base, count: capacity)
        let written = unsafe body(UnsafeMutableRawBufferPointer(rebasing: room[tail..<capacity]))
        precondition(
            written >= 0 && written <= capacity - tail, "\(written) of \(capacity - tail) bytes written")
        tail += written
        return written
    }

    /// Drops the first `count` unread bytes.
    package mutating func consume(_ count: Int) {
        precondition(count >= 0 && count <= self.count, "\(count) of \(self.count) bytes consumed")
        head += count
        if head == tail {
            head = 0
            tail = 0
        }
    }

    /// Drops the unread bytes beyond the first `count`: takes back what was appended after that point.
    package mutating func truncate(to count: Int) {
        precondition(count >= 0 && count <= self.count, "cut to \(count) of \(self.count) bytes")
        tail = head + count
    }

    /// Forgets all bytes and keeps the memory.
    package mutating func removeAll() {
        head = 0
        tail = 0
    }

    /// Forgets all bytes and gives the memory back.
    package mutating func release() {
        unsafe free(base)
        unsafe base = nil
        head = 0
        tail = 0
        capacity = 0
    }

    /// Makes sure of room for `extra` more bytes: nearly always a comparison.
    @inline(__always)
    private mutating func ensureSpare(_ extra: Int) {
        if capacity - tail < extra { makeSpare(extra) }
    }

    /// Makes room for `extra` more bytes: first by moving the unread bytes to the front, then by doubling.
    @inline(never)
    private mutating func makeSpare(_ extra: Int) {
        let unread = tail - head
        if let base = unsafe base, capacity - unread >= extra, head >= unread {
            // Source and target do not overlap: the front gap is at least as long as the unread bytes.
            unsafe memcpy(base, base + head, unread)
        } else {
            let wanted = max(unread + extra, max(capacity * 2, 256))
            guard let grown = unsafe malloc(wanted) else {
                preconditionFailure("no memory for \(wanted) bytes")
            }
            if let base = unsafe base { unsafe memcpy(grown, base + head, unread) }
            unsafe free(base)
            unsafe base = grown
            capacity = wanted
        }
        head = 0
        tail = unread
    }
}
