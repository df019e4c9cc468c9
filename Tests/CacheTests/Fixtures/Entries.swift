import HTTPModel

@testable import Cache

/// An entry with a chosen hash for tests below the door.
func entry(
    _ partition: CachePartition, _ name: String, hash: UInt64, bodyBytes: Int = 0,
    lifetimeSeconds: Double = 60,
    route: UInt32 = 1
) -> CacheEntry {
    CacheEntry(
        key: CacheKey(partition: partition, route: route, query: Array(name.utf8), hash: hash),
        judgedWrites: partition.writes.count,
        answer: CollectedAnswer(
            head: response(), body: [UInt8](repeating: 7, count: bodyBytes), receivedUnixSeconds: wallStart),
        decision: fresh(seconds: lifetimeSeconds))
}
