/// How large the cache may grow and how requests wait for each other.
public struct CacheConfiguration: Sendable, Hashable {
    /// Memory for entries, their keys, the index and the eviction queues, in bytes. A hard bound: room is
    /// made before an entry goes in. Zero stores nothing; collapsing still works. Anything else should be 1
    /// MiB at the least: tables grow with the number of entries and do not shrink. [256 MiB]
    public var memoryBytes = 256 * 1_024 * 1_024
    /// The largest answer that is stored, all overhead included, in bytes; at most 1 GiB. [2 MiB]
    public var maximumEntryBytes = 2 * 1_024 * 1_024
    /// The smallest answer that is passed on while it arrives, in bytes; larger than the largest that is
    /// stored, and none is. [64 KiB]
    public var streamedBytes = 65_536
    /// What one partition may keep of the memory while others need room, in percent, 1–100. [50]
    public var tenantSharePercent = 50
    /// Which stored answers are given in a coding.
    public var compression = CompressionPolicy()
    /// How long a request waits for another's fetch of the same thing before it goes alone. [5 s]
    public var collapseWait = Duration.seconds(5)
    /// How old a fetch may be for a request still to follow it; then one more fetches. [3 s]
    public var collapseAge = Duration.seconds(3)
    /// How many requests may follow one fetch in its life; more go alone. [10,000]
    public var maximumFollowers = 10_000
    /// How many fetches may be known to the collapser at once; more go alone. [65,536]
    public var maximumFlights = 65_536

    /// The defaults.
    public init() {}
}
