import CGatewayShims
import Glibc
import HTTPModel

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
    @inline(__always)
    package mutating func append(_ bytes: Span<UInt8>) {
        let count = bytes.count
        guard count > 0 else { return }
        ensureSpare(count)
        unsafe bytes.withUnsafeBytes { source in
            // ensureSpare made room for `count` bytes after `tail`, and a count above zero has an address.
            if let base = unsafe base, let from = source.baseAddress {
                unsafe gw_copy(base + tail, from, count)
            }
        }
        tail += count
    }

    /// Appends the bytes of a literal. Inlined, so that the compiler knows its length: a short one costs a
    /// few stores and no call.
    @inline(__always)
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
        // In runs, eight bytes at a time: most texts need no escape at all.
        var (start, index) = (0, 0)
        while index < span.count {
            if index + 8 <= span.count, !Self.holdsQuote(span.word(at: index)) {
                index += 8
                continue
            }
            if span[index] == UInt8(ascii: "\"") || span[index] == UInt8(ascii: "\\") {
                append(span.extracting(start..<index))
                append(UInt8(ascii: "\\"))
                start = index
            }
            index += 1
        }
        append(span.extracting(start..<span.count))
    }

    /// Whether one of eight bytes is a quote or a backslash.
    @inline(__always)
    private static func holdsQuote(_ word: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let (quotes, backslashes) = (word ^ (ones &* 0x22), word ^ (ones &* 0x5C))
        return ((quotes &- ones) & ~quotes | (backslashes &- ones) & ~backslashes) & (ones &* 0x80) != 0
    }

    /// Appends one byte.
    @inline(__always)
    package mutating func append(_ byte: UInt8) {
        ensureSpare(1)
        unsafe base?.storeBytes(of: byte, toByteOffset: tail, as: UInt8.self)
        tail += 1
    }

    /// Appends the lowest `count` bytes of a word, at most eight, lowest first: a short text that was made
    /// before.
    @inline(__always)
    package mutating func append(word: UInt64, count: Int) {
        precondition(count >= 0 && count <= 8, "\(count) bytes of a word")
        ensureSpare(8)
        // ensureSpare made room for all eight.
        unsafe base?.storeBytes(of: word.littleEndian, toByteOffset: tail, as: UInt64.self)
        tail += count
    }

    /// Appends a number in decimal.
    @inline(__always)
    package mutating func append(decimal number: UInt64) {
        if number < 10 {
            append(0x30 + UInt8(truncatingIfNeeded: number))
        } else {
            appendDigits(number)
        }
    }

    /// Appends a number in decimal, with a minus sign if it is below zero.
    @inline(__always)
    package mutating func append(signed number: Int64) {
        if number < 0 { append(UInt8(ascii: "-")) }
        append(decimal: number.magnitude)
    }

    /// Appends a number of two digits or more.
    private mutating func appendDigits(_ number: UInt64) {
        guard number < 100_000_000 else {
            append(decimal: number / 100_000_000)
            append(word: Self.eightDigits(number % 100_000_000) | 0x3030_3030_3030_3030, count: 8)
            return
        }
        let digits = Self.eightDigits(number)
        let leadingZeros = digits.trailingZeroBitCount / 8
        append(word: (digits | 0x3030_3030_3030_3030) >> UInt64(leadingZeros * 8), count: 8 - leadingZeros)
    }

    /// The eight digits of a number below 10⁸, one a byte, the first one lowest: three rounds, each of which
    /// splits all numbers of the word in two by a multiplication.
    @inline(__always)
    private static func eightDigits(_ number: UInt64) -> UInt64 {
        // 4 + 4 digits; then 2 + 2 + 2 + 2, by 1/100 as 10 486 / 2²⁰; then eight, by 1/10 as 103 / 2¹⁰.
        let fours = number / 10_000 | (number % 10_000) << 32
        let hundreds = ((fours &* 10_486) >> 20) & 0x0000_007F_0000_007F
        let twos = ((fours &- hundreds &* 100) << 16) &+ hundreds
        let tens = ((twos &* 103) >> 10) & 0x000F_000F_000F_000F
        return tens &+ ((twos &- tens &* 10) << 8)
    }

    /// Appends a number in lower-case hexadecimal without leading zeros.
    package mutating func append(hexadecimal number: UInt64) {
        ensureSpare(16)
        let digits = max(1, (67 - number.leadingZeroBitCount) / 4)
        for position in 0..<digits {
            let nibble = UInt8(truncatingIfNeeded: number >> UInt64((digits - 1 - position) * 4)) & 0xF
            // ensureSpare made room for the 16 digits of the largest number.
            let digit = nibble < 10 ? 0x30 + nibble : 0x57 + nibble
            unsafe base?.storeBytes(of: digit, toByteOffset: tail + position, as: UInt8.self)
        }
        tail += digits
    }

    /// Reads the unread bytes.
    @inline(__always)
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

    /// Drops the first `count` unread bytes and overwrites them, for they may be a secret.
    package mutating func consumeAndWipe(_ count: Int) {
        precondition(count >= 0 && count <= self.count, "\(count) of \(self.count) bytes wiped")
        // Bytes head ..< head + count are within the memory.
        if let base = unsafe base { unsafe explicit_bzero(base + head, count) }
        consume(count)
    }

    /// Makes room for `extra` more bytes, so that appending them moves nothing.
    package mutating func reserve(_ extra: Int) { ensureSpare(extra) }

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
            unsafe gw_copy(base, base + head, unread)
        } else {
            let wanted = max(unread + extra, max(capacity * 2, 256))
            guard let grown = unsafe malloc(wanted) else {
                preconditionFailure("no memory for \(wanted) bytes")
            }
            if let base = unsafe base { unsafe gw_copy(grown, base + head, unread) }
            unsafe free(base)
            unsafe base = grown
            capacity = wanted
        }
        head = 0
        tail = unread
    }
}
