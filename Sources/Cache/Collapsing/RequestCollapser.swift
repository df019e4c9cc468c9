public import HTTPModel
import Locking

/// How a fetch ended, for all who followed it.
public enum FlightOutcome: Sendable {
    /// Answer from this entry.
    case entry(CacheEntry)
    /// The upstream failed, and this is given in its place although its time is over.
    case stale(CacheEntry)
    /// The answer was for the leader only: fetch for yourself, in parallel with the others.
    case goAlone
    /// The upstream failed in this way; give the same answer and ask nothing. The code is the caller's own.
    case failed(UInt16)
}

/// What a woken follower is told.
public enum FollowerNews: Sendable {
    case ended(FlightOutcome)
    /// A large answer has begun to come, or more of it has; whoever wants just that may read it.
    case arriving(ArrivingAnswer)
    /// The leader is gone and this follower leads now: claim the permit with `takeOver`.
    case leadNow
}

/// Whom the caller must wake, and what to tell them. The collapser itself never calls anybody.
public struct Wakeup: Sendable {
    /// The followers, in the order they came.
    public let waiters: [Waiter]
    /// What all of them are told.
    public let news: FollowerNews

    /// Nobody to wake.
    public static let nobody = Wakeup(waiters: [], news: .ended(.goAlone))
}

/// What a request that found nothing fresh is to do.
public enum CollapseDecision: ~Copyable {
    /// Fetch, on behalf of all who come meanwhile.
    case lead(FetchPermit)
    /// Wait to be woken, at most until the ticket's deadline.
    case follow(FollowTicket)
    /// Fetch for yourself: too many wait already.
    case alone
}

/// Lets one request fetch what many want (RFC 9211's "collapsed"), across workers.
///
/// Sharded by key; every call is a few lines under one mutex at a time, and whoever must be woken is
/// returned. Ends and departures may cross: a follower that leaves a flight that has ended finds nothing to
/// leave, and ignores the news on its way to it.
///
/// Two bounds on waiting: a follower waits for so long and no longer, and a fetch that is older than so much
/// is followed by nobody new; the next who comes leads another one.
public final class RequestCollapser: Sendable {
    private struct Shard {
        /// A fetch under way. Its serial alone tells it from all others of the shard.
        struct Listed {
            let key: CacheKey
            /// Fetches that began before a write or purge are not joined by those that come after it.
            let state: FillState
            var flight: Flight
            /// Whether no later one of its key has begun: that one is joined.
            var isLatest = true
        }

        /// All under way, in no order; of one key more than one where an old one was overtaken. A list and no
        /// table: a shard has one or two of them, seldom a few dozen, and looks at one word of each.
        var flights: [Listed] = []
        var nextSerial: UInt64 = 1
        /// Hashes of keys whose answers were too large to be shared, and until when that is believed. Two
        /// keys with one hash cost each other a shared fetch and nothing else.
        var unshared: [(hash: UInt64, until: MonotonicInstant)] = []

        /// Whether everybody is to fetch a key for itself.
        func isUnshared(_ hash: UInt64, _ now: MonotonicInstant) -> Bool {
            unshared.contains { $0.hash == hash && now < $0.until }
        }

        mutating func noteUnshared(_ hash: UInt64, until: MonotonicInstant) {
            unshared.removeAll { $0.hash == hash }
            if unshared.count == RequestCollapser.maximumUnsharedPerShard { unshared.removeFirst() }
            unshared.append((hash, until))
        }

        /// Where the latest flight of a key stands.
        func latest(of key: CacheKey, _ state: FillState) -> Int? {
            flights.firstIndex {
                $0.isLatest && $0.key.hash == key.hash && $0.state == state && $0.key == key
            }
        }

        /// Where a flight stands.
        func place(of id: FlightID) -> Int? {
            guard let place = flights.firstIndex(where: { $0.flight.serial == id.serial }) else { return nil }
            precondition(flights[place].key.hash == id.hash, "two flights are \(id.serial)")
            return place
        }

        /// Puts in a flight, behind the latest one of its key, which is where it is not followed any more.
        mutating func start(
            _ key: CacheKey, _ state: FillState, after latest: Int?, listHash: UInt64?,
            _ now: MonotonicInstant
        ) -> UInt64 {
            let serial = nextSerial
            nextSerial += 1
            if let latest { flights[latest].isLatest = false }
            flights.append(
                Listed(
                    key: key, state: state,
                    flight: Flight(serial: serial, listHash: listHash, startedAt: now)))
            return serial
        }

        mutating func remove(_ id: FlightID) -> Flight? {
            guard let place = place(of: id) else { return nil }
            flights.swapAt(place, flights.count - 1)
            return flights.removeLast().flight
        }
    }

    /// How long it is believed that an answer is too large to be shared.
    static let unsharedTime = Duration.seconds(600)
    /// Most keys of a shard of which that is believed; the oldest gives way.
    static let maximumUnsharedPerShard = 16

    private let shards = InlineArray<64, Lock<Shard>> { _ in Lock(Shard()) }
    private let pages = InlineArray<64, Lock<PageFlights>> { _ in Lock(PageFlights()) }
    private let maximumFollowers: Int
    private let maximumFlightsPerShard: Int
    private let wait: Duration
    private let maximumAge: TimeLimit
    private let counts = CollapseCounters()

    /// No flights yet; the bounds come from the configuration.
    init(configuration: CacheConfiguration) {
        maximumFollowers = max(0, configuration.maximumFollowers)
        maximumFlightsPerShard = max(1, configuration.maximumFlights / 64)
        wait = configuration.collapseWait
        maximumAge = TimeLimit(configuration.collapseAge)
    }

    /// Joins the fetch of this key, or one of a larger page of the same rows, or starts one.
    func join(
        _ key: CacheKey, page: PageFlight? = nil, waiter: Waiter, now: MonotonicInstant
    ) -> CollapseDecision {
        let fillState = key.partition.fillState
        if let page, let ticket = followLarger(page, key, fillState, waiter, now) { return .follow(ticket) }
        let step = shards[Self.index(of: key.hash)].withLock { shard -> JoinStep in
            if !shard.unshared.isEmpty, shard.isUnshared(key.hash, now) { return .alone }
            let latest = shard.latest(of: key, fillState)
            if let latest, shard.flights[latest].flight.startedAt >= earliest(now) {
                guard let place = shard.flights[latest].flight.join(waiter, atMost: maximumFollowers) else {
                    return .alone
                }
                let flight = shard.flights[latest].flight
                return .follow(serial: flight.serial, place: place, flight.arriving)
            }
            guard shard.flights.count < maximumFlightsPerShard else { return .alone }
            if latest != nil { counts.overtaken() }
            return .lead(
                serial: shard.start(key, fillState, after: latest, listHash: page?.listHash, now))
        }
        switch step {
        case .lead(let serial):
            note(page, key, FlightID(hash: key.hash, serial: serial), fillState, now)
            return .lead(FetchPermit(key: key, serial: serial, fillState: fillState))
        case .follow(let serial, let place, let arriving):
            return .follow(
                FollowTicket(
                    flight: FlightID(hash: key.hash, serial: serial), fillState: fillState, place: place,
                    question: nil, arriving: arriving, deadline: now.advanced(by: wait)))
        case .alone: return .alone
        }
    }

    /// Starts the fetch of a key on behalf of nobody in particular; `nil` if it is under way and not too old.
    func lead(_ key: CacheKey, page: PageFlight? = nil, now: MonotonicInstant) -> FetchPermit? {
        let fillState = key.partition.fillState
        let serial = shards[Self.index(of: key.hash)].withLock { shard -> UInt64? in
            let latest = shard.latest(of: key, fillState)
            if let latest, shard.flights[latest].flight.startedAt >= earliest(now) { return nil }
            guard shard.flights.count < maximumFlightsPerShard else { return nil }
            return shard.start(key, fillState, after: latest, listHash: page?.listHash, now)
        }
        guard let serial else { return nil }
        note(page, key, FlightID(hash: key.hash, serial: serial), fillState, now)
        return FetchPermit(key: key, serial: serial, fillState: fillState)
    }

    private enum JoinStep {
        case lead(serial: UInt64)
        case follow(serial: UInt64, place: Int, ArrivingAnswer?)
        case alone
    }

    /// Follows a fetch of a larger page with the same rows at its begin, if there is one for the same key no
    /// sooner: one that is certain to decide the question if it comes.
    private func followLarger(
        _ page: PageFlight, _ key: CacheKey, _ state: FillState, _ waiter: Waiter, _ now: MonotonicInstant
    ) -> FollowTicket? {
        let candidates = pages[Self.index(of: page.listHash)].withLock {
            $0.flights(deciding: page, asked: key, state, startedSince: earliest(now))
        }
        for id in candidates {
            let place = shards[Self.index(of: id.hash)].withLock { shard -> Int? in
                guard let index = shard.place(of: id) else { return nil }
                return shard.flights[index].flight.join(waiter, mayLead: false, atMost: maximumFollowers)
            }
            guard let place else { continue }
            counts.followedLarger()
            return FollowTicket(
                flight: id, fillState: state, place: place, question: key.query, arriving: nil,
                deadline: now.advanced(by: wait))
        }
        return nil
    }

    /// Fetches that began before this are too old to be followed.
    private func earliest(_ now: MonotonicInstant) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: now.nanoseconds - min(now.nanoseconds, maximumAge.nanoseconds))
    }

    private func note(
        _ page: PageFlight?, _ key: CacheKey, _ id: FlightID, _ state: FillState, _ now: MonotonicInstant
    ) {
        guard let page else { return }
        pages[Self.index(of: page.listHash)].withLock { $0.insert(page, key, id, state, startedAt: now) }
    }

    private func forget(_ flight: Flight, _ id: FlightID) {
        guard let hash = flight.listHash else { return }
        pages[Self.index(of: hash)].withLock { $0.remove(id) }
    }

    /// How many wait for this fetch: a leader whose client left carries on only for them.
    public func followerCount(_ permit: borrowing FetchPermit) -> Int {
        let flight = permit.flight
        return shards[Self.index(of: flight.hash)].withLock { shard in
            shard.place(of: flight).map { shard.flights[$0].flight.followerCount } ?? 0
        }
    }

    /// Tells those who asked for the very same that the answer begins to come, once; those who ask for it
    /// from now on have it with their tickets.
    public func tell(_ permit: borrowing FetchPermit, of answer: ArrivingAnswer) -> Wakeup {
        let flight = permit.flight
        let waiters = shards[Self.index(of: flight.hash)].withLock { shard -> [Waiter] in
            guard let place = shard.place(of: flight) else { return [] }
            shard.flights[place].flight.arriving = answer
            return shard.flights[place].flight.waitersForTheSame
        }
        return Wakeup(waiters: waiters, news: .arriving(answer))
    }

    /// An answer is too large to be stored, which showed when some of it had been passed on: for a while
    /// everybody fetches it for itself, so that nobody is cut off who reads it more slowly than another.
    public func noteTooLarge(_ permit: borrowing FetchPermit, now: MonotonicInstant) {
        let hash = permit.flight.hash
        shards[Self.index(of: hash)].withLock {
            $0.noteUnshared(hash, until: now.advanced(by: Self.unsharedTime))
        }
    }

    /// Ends a fetch with one outcome for all followers.
    public func end(_ permit: consuming FetchPermit, _ outcome: FlightOutcome) -> Wakeup {
        let id = permit.end()
        let flight = shards[Self.index(of: id.hash)].withLock { $0.remove(id) }
        guard let flight else { preconditionFailure("a permit is out for a flight that does not exist") }
        forget(flight, id)
        return Wakeup(waiters: flight.waiters, news: .ended(outcome))
    }

    /// Gives the fetch to the first follower, when the leader cannot carry on; ends it if nobody follows.
    public func handOver(_ permit: consuming FetchPermit) -> Wakeup {
        appoint(permit.end())
    }

    /// Claims the permit after `leadNow`; `nil` if this follower was not the one appointed. The answer it
    /// fetches is stored under the epoch the flight began in, so nothing that was invalidated meanwhile comes
    /// back.
    public func takeOver(_ ticket: FollowTicket, now: MonotonicInstant) -> FetchPermit? {
        let id = ticket.flight
        let key = shards[Self.index(of: id.hash)].withLock { shard -> CacheKey? in
            guard let index = shard.place(of: id),
                shard.flights[index].flight.takeOver(ticket.place, serial: id.serial, now: now)
            else { return nil }
            return shard.flights[index].key
        }
        return key.map { FetchPermit(key: $0, serial: id.serial, fillState: ticket.fillState) }
    }

    /// A follower's client left, or its deadline passed. If it had just been told to lead, the next one is.
    public func leave(_ ticket: FollowTicket) -> Wakeup {
        let id = ticket.flight
        let wasAppointed = shards[Self.index(of: id.hash)].withLock { shard -> Bool in
            guard let index = shard.place(of: id) else { return false }
            return shard.flights[index].flight.leave(ticket.place, serial: id.serial)
        }
        return wasAppointed ? appoint(id) : .nobody
    }

    /// Number of flights, for metrics. Takes every shard's lock in turn.
    public var flightCount: Int {
        var count = 0
        for index in 0..<64 { count += shards[index].withLock { $0.flights.count } }
        return count
    }

    /// The shard of a key, or of a list.
    private static func index(of hash: UInt64) -> Int { Int(truncatingIfNeeded: hash >> 58) }

    /// What happened so far.
    public var statistics: CollapseStatistics { counts.statistics }

    /// Appoints the next leader of a flight that has none, or ends the flight when nobody is left who may
    /// lead; then the others fetch for themselves.
    private func appoint(_ id: FlightID) -> Wakeup {
        let step = shards[Self.index(of: id.hash)].withLock {
            shard -> (waiter: Waiter?, ended: Flight?) in
            guard let index = shard.place(of: id) else {
                preconditionFailure("a permit is out for a flight that does not exist")
            }
            if let waiter = shard.flights[index].flight.appoint() { return (waiter, nil) }
            return (nil, shard.remove(id))
        }
        if let waiter = step.waiter { return Wakeup(waiters: [waiter], news: .leadNow) }
        guard let ended = step.ended else { return .nobody }
        forget(ended, id)
        return Wakeup(waiters: ended.waiters, news: .ended(.goAlone))
    }
}
