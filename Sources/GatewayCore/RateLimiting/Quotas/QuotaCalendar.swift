import HTTPModel

/// The windows of a quota: days or months as the clocks of a time zone count them.
///
/// Windows follow each other without gap or overlap, whatever the clocks do. Shared by all workers; the
/// present window is kept in one atomic word, so that finding it is a load and two comparisons.
package final class QuotaCalendar: Sendable {
    /// What begins a window.
    package let period: QuotaPeriod
    /// Where its midnights are.
    package let zone: TimeZoneRules
    // The window found last: the minute it was found in, above the minute it ends with; 32 bits each.
    private let found = AtomicWords(count: 1)

    /// Makes the calendar of a quota.
    package init(_ period: QuotaPeriod, zone: TimeZoneRules) {
        self.period = period
        self.zone = zone
    }

    /// The name of the kind of windows, by which a quota finds its count again.
    package var name: String { "\(period.rawValue) \(zone.name)" }

    /// The minute since 1970 that the window of a moment ends with: the first that is not in it.
    @inline(__always)
    package func windowEndMinute(unixNanoseconds: Int64) -> UInt64 {
        let minute = UInt64(clamping: unixNanoseconds / 60_000_000_000)
        let word = found.load(0)
        // Within the window that was found at an earlier moment of it.
        if minute >= word >> 32, minute < word & 0xFFFF_FFFF { return word & 0xFFFF_FFFF }
        return find(minute)
    }

    private func find(_ minute: UInt64) -> UInt64 {
        let seconds = Int64(clamping: minute) * 60
        let end = zone.end(of: period, at: seconds)
        // Rounded up, should a zone ever begin its days between two minutes.
        let endMinute = UInt64(clamping: (end + 59) / 60)
        precondition(endMinute > minute && endMinute < 1 << 27, "a window that ends in minute \(endMinute)")
        found.store(0, minute << 32 | endMinute)
        return endMinute
    }
}
