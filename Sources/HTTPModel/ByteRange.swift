/// A run of bytes inside a buffer that somebody else holds.
///
/// Spans are neither stored nor returned, so everything that points into received bytes is a pair of offsets.
/// Four bytes each: a head is bounded to 64 KiB and a buffer to 4 GiB, far above any configured limit.
public struct ByteRange: Sendable, Hashable {
    /// Offset of the first byte.
    public var start: UInt32
    /// Number of bytes.
    public var count: UInt32

    /// An empty run at offset zero: "not present".
    public static let empty = ByteRange(start: 0, count: 0)

    /// Makes a run from its offset and length, both in bytes.
    @inlinable
    public init(start: UInt32, count: UInt32) {
        self.start = start
        self.count = count
    }

    /// Makes the run `from ..< to`. Traps if `to < from` or either does not fit: both are our own arithmetic.
    @inlinable
    public init(from: Int, to: Int) {
        precondition(from <= to, "a run cannot end (\(to)) before it starts (\(from))")
        self.start = UInt32(from)
        self.count = UInt32(to - from)
    }

    /// Offset just past the last byte.
    @inlinable public var end: Int { Int(start) + Int(count) }

    /// Whether the run holds no byte.
    @inlinable public var isEmpty: Bool { count == 0 }

    /// The run as a range of offsets.
    @inlinable public var range: Range<Int> { Int(start)..<end }

    /// The same bytes, `offset` further on.
    @inlinable
    public func shifted(by offset: Int) -> ByteRange {
        ByteRange(start: UInt32(Int(start) + offset), count: count)
    }
}
