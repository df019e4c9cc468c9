import HTTPModel

/// What a fetch of a page is to questions for less of the same: the first rows of the same list, with the
/// same filters, from the same cursor on.
struct PageFlight: Sendable, Hashable {
    /// Partition, route, and what is the same of all such pages.
    let list: CacheKey
    /// How many rows it asks for.
    let limit: Int
    /// Whether with the member that is optional.
    let includes: Bool

    /// Whether its answer decides the other question for certain.
    func decides(_ other: PageFlight) -> Bool {
        limit >= other.limit && (includes || !other.includes)
    }
}

/// The fetches of pages under way, by what is the same of them. Guarded by a lock of the collapser's, which
/// bounds how many there are.
struct PageFlights {
    private struct Listed {
        let page: PageFlight
        let id: FlightID
        let startedAt: MonotonicInstant
    }

    /// How many fetches are looked at for one question.
    private static let maximumLooks = 8

    private var lists: [FlightKey: [Listed]] = [:]

    /// None.
    init() {}

    /// Puts in a fetch that began.
    mutating func insert(_ page: PageFlight, _ id: FlightID, startedAt: MonotonicInstant) {
        let key = FlightKey(key: page.list, state: id.key.state)
        lists[key, default: []].append(Listed(page: page, id: id, startedAt: startedAt))
    }

    /// Takes out a fetch that ended.
    mutating func remove(_ page: PageFlight, _ id: FlightID) {
        let key = FlightKey(key: page.list, state: id.key.state)
        lists[key]?.removeAll { $0.id == id }
        if lists[key]?.isEmpty == true { lists[key] = nil }
    }

    /// Fetches whose answers decide the question of another page, none of them too old; the oldest first.
    func flights(
        of list: FlightKey, deciding page: PageFlight, startedSince earliest: MonotonicInstant
    ) -> [FlightID] {
        guard let listed = lists[list] else { return [] }
        return listed.lazy.filter { $0.startedAt >= earliest && $0.page.decides(page) }
            .prefix(Self.maximumLooks).map(\.id)
    }

    /// Number of lists, for checks.
    var listCount: Int { lists.count }
}
