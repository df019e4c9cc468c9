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
            head: response(), receivedUnixSeconds: wallStart),
        body: [UInt8](repeating: 7, count: bodyBytes).span, decision: fresh(seconds: lifetimeSeconds))
}

extension HTTPCache {
    /// Takes in an answer whose body is an array.
    func admit(
        _ permit: consuming FetchPermit, head: ResponseHead, body: [UInt8], decision: StorageDecision,
        receivedUnixSeconds: Int64, model: PageModel? = nil
    ) -> Admission {
        admit(
            permit, head: head, body: body.span, decision: decision, receivedUnixSeconds: receivedUnixSeconds,
            model: model)
    }
}
