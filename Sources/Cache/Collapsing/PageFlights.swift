import HTTPModel

/// What a fetch of a page is to questions for less of the same: the first rows of the same list, with the
/// same filters, from the same cursor on. Good with the key whose query it was read from.
struct PageFlight: Sendable {
    /// What it asks for.
    let question: PageQuestion
    /// The hash of what is the same of all such pages, by `KeyHasher`.
    let listHash: UInt64

    /// Whether its answer decides another question about the same rows for certain.
    func decides(_ other: PageFlight) -> Bool {
        question.limit >= other.question.limit && (question.includes || !other.question.includes)
    }

    /// Whether both ask for just as much of the same rows.
    func asksForAsMuch(as other: PageFlight) -> Bool {
        question.limit == other.question.limit && question.includes == other.question.includes
    }
}

/// The fetches of pages under way, by what is the same of them. Guarded by a lock of the collapser's, which
/// bounds how many there are.
struct PageFlights {
    private struct Listed {
        let page: PageFlight
        let key: CacheKey
        let id: FlightID
        let state: FillState
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
        _ page: PageFlight, _ key: CacheKey, _ id: FlightID, _ state: FillState,
        startedAt: MonotonicInstant
    ) {
        listed.append(Listed(page: page, key: key, id: id, state: state, startedAt: startedAt))
    }

    /// Takes out a fetch that ended.
    mutating func remove(_ id: FlightID) {
        if let place = listed.firstIndex(where: { $0.id == id }) { listed.remove(at: place) }
    }

    /// Fetches whose answers decide the question of another page, none of them too old; the oldest first.
    /// None if the very same is asked for already: that is the better one to wait for.
    func flights(
        deciding page: PageFlight, asked key: CacheKey, _ state: FillState,
        startedSince earliest: MonotonicInstant
    ) -> [FlightID] {
        var found: [FlightID] = []
        for place in listed.indices
        where listed[place].page.listHash == page.listHash && listed[place].startedAt >= earliest {
            let flight = listed[place]
            guard flight.state == state, flight.page.decides(page), flight.key.partition === key.partition,
                flight.key.route == key.route,
                flight.page.question.hasSameBegin(
                    as: page.question, flight.key.query.span, otherTarget: key.query.span)
            else { continue }
            if flight.page.asksForAsMuch(as: page), flight.key == key { return [] }
            found.append(flight.id)
            if found.count == Self.maximumLooks { break }
        }
        return found
    }

    /// Number of fetches, for checks.
    var count: Int { listed.count }
}
