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
        /// All under way; of one key more than one where an old one was overtaken.
        var flights: [FlightID: Flight] = [:]
        /// The latest of each key, which is the one to join.
        var latest: [FlightKey: UInt64] = [:]
        var nextSerial: UInt64 = 1

        /// The flight to join; `nil` where there is none, or one that is too old.
        func flight(of key: FlightKey, startedSince earliest: MonotonicInstant) -> FlightID? {
            guard let serial = latest[key] else { return nil }
            let id = FlightID(key: key, serial: serial)
            guard let flight = flights[id], flight.startedAt >= earliest else { return nil }
            return id
        }

        mutating func start(_ key: FlightKey, _ page: PageFlight?, _ now: MonotonicInstant) -> UInt64 {
            let serial = nextSerial
            nextSerial += 1
            flights[FlightID(key: key, serial: serial)] = Flight(serial: serial, page: page, startedAt: now)
            latest[key] = serial
            return serial
        }

        mutating func remove(_ id: FlightID) -> Flight? {
            if latest[id.key] == id.serial { latest[id.key] = nil }
            return flights.removeValue(forKey: id)
        }
    }

    private let shards = InlineArray<64, Lock<Shard>> { _ in Lock(Shard()) }
    private let pages = InlineArray<16, Lock<PageFlights>> { _ in Lock(PageFlights()) }
    private let maximumFollowers: Int
    private let maximumFlightsPerShard: Int
    private let wait: Duration
    private let maximumAge: Duration
    private let counts = CollapseCounters()

    /// No flights yet; the bounds come from the configuration.
    init(configuration: CacheConfiguration) {
        maximumFollowers = max(0, configuration.maximumFollowers)
        maximumFlightsPerShard = max(1, configuration.maximumFlights / 64)
        wait = configuration.collapseWait
        maximumAge = configuration.collapseAge
    }

    /// Joins the fetch of this key, or one of a larger page of the same rows, or starts one.
    func join(
        _ key: CacheKey, page: PageFlight? = nil, waiter: Waiter, now: MonotonicInstant
    ) -> CollapseDecision {
        let fillState = key.partition.fillState
        let flightKey = FlightKey(key: key, state: fillState)
        if let page, let ticket = followLarger(page, key, fillState, waiter, now) { return .follow(ticket) }
        let step = shards[Self.shardIndex(key)].withLock { shard -> JoinStep in
            if let id = shard.flight(of: flightKey, startedSince: earliest(now)) {
                guard let place = shard.flights[id]?.join(waiter, atMost: maximumFollowers) else {
                    return .alone
                }
                return .follow(serial: id.serial, place: place, shard.flights[id]?.arriving)
            }
            guard shard.flights.count < maximumFlightsPerShard else { return .alone }
            if shard.latest[flightKey] != nil { counts.overtaken() }
            return .lead(serial: shard.start(flightKey, page, now))
        }
        switch step {
        case .lead(let serial):
            note(page, FlightID(key: flightKey, serial: serial), now)
            return .lead(FetchPermit(key: key, serial: serial, fillState: fillState))
        case .follow(let serial, let place, let arriving):
            return .follow(
                FollowTicket(
                    flight: FlightID(key: flightKey, serial: serial), fillState: fillState, place: place,
                    question: nil, arriving: arriving, deadline: now.advanced(by: wait)))
        case .alone: return .alone
        }
    }

    /// Starts the fetch of a key on behalf of nobody in particular; `nil` if it is under way and not too old.
    func lead(_ key: CacheKey, page: PageFlight? = nil, now: MonotonicInstant) -> FetchPermit? {
        let fillState = key.partition.fillState
        let flightKey = FlightKey(key: key, state: fillState)
        let serial = shards[Self.shardIndex(key)].withLock { shard -> UInt64? in
            guard shard.flight(of: flightKey, startedSince: earliest(now)) == nil,
                shard.flights.count < maximumFlightsPerShard
            else { return nil }
            return shard.start(flightKey, page, now)
        }
        guard let serial else { return nil }
        note(page, FlightID(key: flightKey, serial: serial), now)
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
        _ page: PageFlight, _ key: CacheKey, _ fillState: FillState, _ waiter: Waiter, _ now: MonotonicInstant
    ) -> FollowTicket? {
        let list = FlightKey(key: page.list, state: fillState)
        let candidates = pages[Self.listIndex(page)].withLock {
            $0.flights(of: list, deciding: page, startedSince: earliest(now))
        }
        // The very same, if somebody asks for it already, is the better one to wait for.
        if candidates.contains(where: { $0.key.key == key }) { return nil }
        for id in candidates {
            let place = shards[Self.shardIndex(id.key.key)].withLock {
                $0.flights[id]?.join(waiter, mayLead: false, atMost: maximumFollowers) ?? nil
            }
            guard let place else { continue }
            counts.followedLarger()
            return FollowTicket(
                flight: id, fillState: fillState, place: place, question: key.query, arriving: nil,
                deadline: now.advanced(by: wait))
        }
        return nil
    }

    /// Fetches that began before this are too old to be followed.
    private func earliest(_ now: MonotonicInstant) -> MonotonicInstant {
        now.advanced(by: .zero - maximumAge)
    }

    private func note(_ page: PageFlight?, _ id: FlightID, _ now: MonotonicInstant) {
        guard let page else { return }
        pages[Self.listIndex(page)].withLock { $0.insert(page, id, startedAt: now) }
    }

    private func forget(_ page: PageFlight?, _ id: FlightID) {
        guard let page else { return }
        pages[Self.listIndex(page)].withLock { $0.remove(page, id) }
    }

    /// How many wait for this fetch: a leader whose client left carries on only for them.
    public func followerCount(_ permit: borrowing FetchPermit) -> Int {
        let flight = permit.flight
        return shards[Self.shardIndex(flight.key.key)].withLock { shard in
            shard.flights[flight]?.followerCount ?? 0
        }
    }

    /// Tells those who asked for the very same that the answer begins to come, once; those who ask for it
    /// from now on have it with their tickets.
    public func tell(_ permit: borrowing FetchPermit, of answer: ArrivingAnswer) -> Wakeup {
        let flight = permit.flight
        let waiters = shards[Self.shardIndex(flight.key.key)].withLock { shard in
            shard.flights[flight]?.arriving = answer
            return shard.flights[flight]?.waitersForTheSame ?? []
        }
        return Wakeup(waiters: waiters, news: .arriving(answer))
    }

    /// Ends a fetch with one outcome for all followers.
    public func end(_ permit: consuming FetchPermit, _ outcome: FlightOutcome) -> Wakeup {
        let id = permit.end()
        let flight = shards[Self.shardIndex(id.key.key)].withLock { $0.remove(id) }
        guard let flight else { preconditionFailure("a permit is out for a flight that does not exist") }
        forget(flight.page, id)
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
        let isAppointed = shards[Self.shardIndex(id.key.key)].withLock { shard in
            shard.flights[id]?.takeOver(ticket.place, serial: id.serial, now: now) ?? false
        }
        guard isAppointed else { return nil }
        return FetchPermit(key: id.key.key, serial: id.serial, fillState: ticket.fillState)
    }

    /// A follower's client left, or its deadline passed. If it had just been told to lead, the next one is.
    public func leave(_ ticket: FollowTicket) -> Wakeup {
        let id = ticket.flight
        let wasAppointed = shards[Self.shardIndex(id.key.key)].withLock { shard in
            shard.flights[id]?.leave(ticket.place, serial: id.serial) ?? false
        }
        return wasAppointed ? appoint(id) : .nobody
    }

    /// Number of flights, for metrics. Takes every shard's lock in turn.
    public var flightCount: Int {
        var count = 0
        for index in 0..<64 { count += shards[index].withLock { $0.flights.count } }
        return count
    }

    private static func shardIndex(_ key: CacheKey) -> Int { Int(truncatingIfNeeded: key.hash >> 58) }

    private static func listIndex(_ page: PageFlight) -> Int {
        Int(truncatingIfNeeded: page.list.hash >> 60)
    }

    /// What happened so far.
    public var statistics: CollapseStatistics { counts.statistics }

    /// Appoints the next leader of a flight that has none, or ends the flight when nobody is left who may
    /// lead; then the others fetch for themselves.
    private func appoint(_ id: FlightID) -> Wakeup {
        let step = shards[Self.shardIndex(id.key.key)].withLock {
            shard -> (waiter: Waiter?, ended: Flight?) in
            guard shard.flights[id] != nil else {
                preconditionFailure("a permit is out for a flight that does not exist")
            }
            if let waiter = shard.flights[id]?.appoint() ?? nil { return (waiter, nil) }
            return (nil, shard.remove(id))
        }
        if let waiter = step.waiter { return Wakeup(waiters: [waiter], news: .leadNow) }
        guard let ended = step.ended else { return .nobody }
        forget(ended.page, id)
        return Wakeup(waiters: ended.waiters, news: .ended(.goAlone))
    }
}
