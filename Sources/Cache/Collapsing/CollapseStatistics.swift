import Synchronization

/// What request collapsing has counted.
public struct CollapseStatistics: Sendable, Hashable {
    /// Requests that waited for the fetch of a larger page than their own.
    public let followedLarger: UInt64
    /// Fetches that were overtaken by another one of the same key because they had become too old.
    public let overtaken: UInt64
}

/// Counts for `CollapseStatistics`. Relaxed: figures for people.
final class CollapseCounters: Sendable {
    private let larger = Atomic<UInt64>(0)
    private let old = Atomic<UInt64>(0)

    func followedLarger() { larger.add(1, ordering: .relaxed) }
    func overtaken() { old.add(1, ordering: .relaxed) }

    var statistics: CollapseStatistics {
        CollapseStatistics(
            followedLarger: larger.load(ordering: .relaxed), overtaken: old.load(ordering: .relaxed))
    }
}
