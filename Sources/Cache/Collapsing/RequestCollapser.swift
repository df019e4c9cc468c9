import HTTPModel
import Locking

/// How a fetch ended, for all who followed it.
public enum FlightOutcome: Sendable {
    /// Answer from this entry.
    case entry(CacheEntry)
    /// The answer was for the leader only: fetch for yourself, in parallel with the others.
    case goAlone
    /// The upstream failed in this way; give the same answer and ask nothing. The code is the caller's own.
    case failed(UInt16)
}

/// What a woken follower is told.
public enum FollowerNews: Sendable {
    case ended(FlightOutcome)
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
/// Sharded by key; every call is a few lines under one mutex, and whoever must be woken is returned. Ends and
/// departures may cross: a follower that leaves a flight that has ended finds nothing to leave, and ignores
/// the news on its way to it.
public final class RequestCollapser: Sendable {
    private struct Shard {
        var flights: [FlightKey: Flight] = [:]
        var nextSerial: UInt64 = 1
    }

    private let shards = InlineArray<64, Lock<Shard>> { _ in Lock(Shard()) }
    private let maximumFollowers: Int
    private let maximumFlightsPerShard: Int
    private let wait: Duration

    /// No flights yet; the bounds come from the configuration.
    init(configuration: CacheConfiguration) {
        maximumFollowers = max(0, configuration.maximumFollowers)
        maximumFlightsPerShard = max(1, configuration.maximumFlights / 64)
        wait = configuration.collapseWait
    }

    /// Joins the fetch of this key, or starts one.
    func join(_ key: CacheKey, waiter: Waiter, now: MonotonicInstant) -> CollapseDecision {
        let fillState = key.partition.fillState
        let flightKey = FlightKey(key: key, state: fillState)
        let step = shards[Self.shardIndex(key)].withLock { shard -> JoinStep in
            if let serial = shard.flights[flightKey]?.serial {
                guard let place = shard.flights[flightKey]?.join(waiter, atMost: maximumFollowers) else {
                    return .alone
                }
                return .follow(serial: serial, place: place)
            }
            guard shard.flights.count < maximumFlightsPerShard else { return .alone }
            let serial = shard.nextSerial
            shard.nextSerial += 1
            shard.flights[flightKey] = Flight(serial: serial)
            return .lead(serial: serial)
        }
        switch step {
        case .lead(let serial):
            return .lead(FetchPermit(key: key, serial: serial, fillState: fillState))
        case .follow(let serial, let place):
            return .follow(
                FollowTicket(
                    flight: FlightID(key: flightKey, serial: serial), fillState: fillState, place: place,
                    deadline: now.advanced(by: wait)))
        case .alone: return .alone
        }
    }

    /// Starts the fetch of a key on behalf of nobody in particular; `nil` if it is under way.
    func lead(_ key: CacheKey) -> FetchPermit? {
        let fillState = key.partition.fillState
        let flightKey = FlightKey(key: key, state: fillState)
        let serial = shards[Self.shardIndex(key)].withLock { shard -> UInt64? in
            guard shard.flights[flightKey] == nil, shard.flights.count < maximumFlightsPerShard else {
                return nil
            }
            let serial = shard.nextSerial
            shard.nextSerial += 1
            shard.flights[flightKey] = Flight(serial: serial)
            return serial
        }
        guard let serial else { return nil }
        return FetchPermit(key: key, serial: serial, fillState: fillState)
    }

    private enum JoinStep {
        case lead(serial: UInt64)
        case follow(serial: UInt64, place: Int)
        case alone
    }

    /// How many wait for this fetch: a leader whose client left carries on only for them.
    public func followerCount(_ permit: borrowing FetchPermit) -> Int {
        let flight = permit.flight
        return shards[Self.shardIndex(flight.key.key)].withLock { shard in
            shard.flights[flight.key].map { $0.serial == flight.serial ? $0.followerCount : 0 } ?? 0
        }
    }

    /// Ends a fetch with one outcome for all followers.
    public func end(_ permit: consuming FetchPermit, _ outcome: FlightOutcome) -> Wakeup {
        let id = permit.end()
        let flight = shards[Self.shardIndex(id.key.key)].withLock { $0.flights.removeValue(forKey: id.key) }
        guard let flight else { preconditionFailure("a permit is out for a flight that does not exist") }
        precondition(flight.serial == id.serial, "a permit of flight \(id.serial) ends \(flight.serial)")
        return Wakeup(waiters: flight.waiters, news: .ended(outcome))
    }

    /// Gives the fetch to the first follower, when the leader cannot carry on; ends it if nobody follows.
    public func handOver(_ permit: consuming FetchPermit) -> Wakeup {
        let id = permit.end()
        return shards[Self.shardIndex(id.key.key)].withLock { Self.appoint(id, in: &$0) }
    }

    /// Claims the permit after `leadNow`; `nil` if this follower was not the one appointed. The answer it
    /// fetches is stored under the epoch the flight began in, so nothing that was invalidated meanwhile comes
    /// back.
    public func takeOver(_ ticket: FollowTicket) -> FetchPermit? {
        let id = ticket.flight
        let isAppointed = shards[Self.shardIndex(id.key.key)].withLock { shard in
            shard.flights[id.key]?.takeOver(ticket.place, serial: id.serial) ?? false
        }
        guard isAppointed else { return nil }
        return FetchPermit(key: id.key.key, serial: id.serial, fillState: ticket.fillState)
    }

    /// A follower's client left, or its deadline passed. If it had just been told to lead, the next one is.
    public func leave(_ ticket: FollowTicket) -> Wakeup {
        let id = ticket.flight
        return shards[Self.shardIndex(id.key.key)].withLock { shard in
            let wasAppointed = shard.flights[id.key]?.leave(ticket.place, serial: id.serial) ?? false
            return wasAppointed ? Self.appoint(id, in: &shard) : .nobody
        }
    }

    /// Number of flights, for metrics. Takes every shard's lock in turn.
    public var flightCount: Int {
        var count = 0
        for index in 0..<64 { count += shards[index].withLock { $0.flights.count } }
        return count
    }

    private static func shardIndex(_ key: CacheKey) -> Int { Int(truncatingIfNeeded: key.hash >> 58) }

    /// Appoints the next leader of a flight that has none, or ends the flight when nobody is left.
    private static func appoint(_ id: FlightID, in shard: inout Shard) -> Wakeup {
        guard let serial = shard.flights[id.key]?.serial else {
            preconditionFailure("a permit is out for a flight that does not exist")
        }
        precondition(serial == id.serial, "a permit of flight \(id.serial) hands over \(serial)")
        guard let waiter = shard.flights[id.key]?.appoint() ?? nil else {
            shard.flights[id.key] = nil
            return .nobody
        }
        return Wakeup(waiters: [waiter], news: .leadNow)
    }
}
