/// A metric with the values of its labels, packed into one word: what tables of counts are keyed by.
///
/// From the top: one bit that is always set (a key is never zero), a bit for the series that takes what no
/// table has room for, six bits left over, the metric, three label values of 18 bits.
package struct MetricSeries: Sendable, Hashable {
    let word: UInt64

    static let labelBits: UInt64 = 18
    static let labelMask: UInt64 = (1 << labelBits) - 1

    /// Names a series; labels the metric has not are left out.
    @inline(__always)
    package init(
        _ metric: Metric, _ first: LabelValue = .other, _ second: LabelValue = .other,
        _ third: LabelValue = .other
    ) {
        word =
            1 << 63 | UInt64(metric.rawValue) << (3 * Self.labelBits)
            | UInt64(first.index) << (2 * Self.labelBits) | UInt64(second.index) << Self.labelBits
            | UInt64(third.index)
    }

    init(word: UInt64) { self.word = word }

    /// The series of a metric that counts whatever has no room of its own.
    @inline(__always)
    static func overflow(_ metric: Metric) -> MetricSeries {
        MetricSeries(word: MetricSeries(metric).word | 1 << 62)
    }

    /// The metric.
    package var metric: Metric? { Metric(rawValue: UInt8(truncatingIfNeeded: word >> (3 * Self.labelBits))) }

    /// Whether it is the series of whatever has no room of its own.
    var isOverflow: Bool { word & 1 << 62 != 0 }

    /// The value of the label at `index` of the metric's labels.
    package func label(_ index: Int) -> LabelValue {
        LabelValue(packed: word >> (UInt64(2 - index) * Self.labelBits))
    }

    /// Where a table of a power of two begins to look for it.
    @inline(__always)
    func place(mask: Int) -> Int {
        // Fibonacci hashing: the product's upper bits depend on every bit of the word. Labels come from the
        // configuration, not from clients, so no key is needed.
        Int(truncatingIfNeeded: (word &* 0x9E37_79B9_7F4A_7C15) >> 32) & mask
    }
}
