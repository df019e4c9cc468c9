/// How far a route may go with answers beyond, or short of, their lifetime.
public struct Staleness: Sendable, Hashable {
    /// For how long after its lifetime an answer is still given while one request fetches a new one.
    public var whileRevalidating: Duration
    /// For how long after its lifetime an answer is given in place of a failure of the upstream.
    public var onError: Duration
    /// By how much of itself a lifetime may be cut short, in percent, 0–50: so that answers that were fetched
    /// together do not all die together.
    public var jitterPercent: Int

    /// Nothing of it.
    public static let none = Staleness(whileRevalidating: .zero, onError: .zero, jitterPercent: 0)

    /// Puts the three together.
    public init(whileRevalidating: Duration, onError: Duration, jitterPercent: Int) {
        self.whileRevalidating = whileRevalidating
        self.onError = onError
        self.jitterPercent = jitterPercent
    }
}
