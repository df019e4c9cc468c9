/// What of the calendar a quota begins anew with.
package enum QuotaPeriod: String, Sendable, Hashable, CaseIterable {
    /// Every midnight.
    case day
    /// The midnight that a month begins with.
    case month

    /// Seconds of the longest that can be: of a day with a change of the clocks, or a month of 31 days. What
    /// clients are told as the window.
    package var seconds: UInt64 {
        switch self {
        case .day: 86_400
        case .month: 31 * 86_400
        }
    }
}
