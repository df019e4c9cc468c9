/// Where a verification session stands (the statuses documented as of May 2026).
enum SessionStatus: String, Sendable, CaseIterable {
    /// Made, not yet begun.
    case created
    /// A person is at it.
    case inProgress = "in_progress"
    /// Ended with a result.
    case completed
    /// Ran out of time.
    case expired
    /// Called off.
    case cancelled

    /// Whether the session has ended.
    var isTerminal: Bool {
        switch self {
        case .created, .inProgress: false
        case .completed, .expired, .cancelled: true
        }
    }
}
