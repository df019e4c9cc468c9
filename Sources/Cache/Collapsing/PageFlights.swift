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
        let key: FlightKey
        let serial: UInt64
        let startedAt: MonotonicInstant
    }

    /// How many fetches are looked at for one question.
    private static let maximumLooks = 8

    // In the order in which they began. A list and no table: there are one or two, seldom a few dozen.
    private var listed: [Listed] = []

    /// None.
    init() {}

    /// Puts in a fetch that began.
    mutating func insert(
        _ page: PageFlight, _ key: FlightKey, serial: UInt64, startedAt: MonotonicInstant
    ) {
        listed.append(Listed(page: page, key: key, serial: serial, startedAt: startedAt))
    }

    /// Takes out a fetch that ended.
    mutating func remove(_ id: FlightID) {
        let place = listed.firstIndex { $0.serial == id.serial && $0.key.key.hash == id.hash }
        if let place { listed.remove(at: place) }
    }

    /// Fetches whose answers decide the question of another page, none of them too old; the oldest first.
    /// None if the very same is asked for already: that is the better one to wait for.
    func flights(
        deciding page: PageFlight, asked key: FlightKey, startedSince earliest: MonotonicInstant
    ) -> [FlightID] {
        var found: [FlightID] = []
        for place in listed.indices
        where listed[place].page.list.hash == page.list.hash && listed[place].startedAt >= earliest {
            let flight = listed[place]
            guard flight.key.state == key.state, flight.page.decides(page), flight.page.list == page.list
            else { continue }
            if flight.key == key { return [] }
            found.append(FlightID(hash: flight.key.key.hash, serial: flight.serial))
            if found.count == Self.maximumLooks { break }
        }
        return found
    }

    /// Number of fetches, for checks.
    var count: Int { listed.count }
}
