public import HTTPModel

/// Who waits: a worker, and a number by which that worker finds the exchange. Opaque to the cache.
public struct Waiter: Sendable, Hashable {
    /// The worker to wake.
    public let worker: UInt32
    /// What it knows the exchange by; stale ones must be recognizable to it.
    public let token: UInt64

    /// Puts the two together.
    public init(worker: UInt32, token: UInt64) {
        self.worker = worker
        self.token = token
    }
}

/// The right and the duty to fetch for everybody who wants the same thing.
///
/// Ended exactly once: by storing, by an outcome, or by handing over. Dropping one unended is a bug of ours
/// that would leave followers to their deadlines, so it stops the program where it happens.
public struct FetchPermit: ~Copyable, Sendable {
    let key: CacheKey
    let serial: UInt64
    let fillState: FillState
    private var isEnded = false

    init(key: CacheKey, serial: UInt64, fillState: FillState) {
        self.key = key
        self.serial = serial
        self.fillState = fillState
    }

    /// Whether an answer fetched now could still be stored: nothing was written or purged meanwhile.
    public var isCurrent: Bool { key.partition.isCurrent(fillState) }

    /// Where its flight stands in the collapser; from now on the permit may go.
    consuming func end() -> FlightID {
        isEnded = true
        return flight
    }

    /// Where its flight stands in the collapser.
    var flight: FlightID { FlightID(hash: key.hash, serial: serial) }

    deinit {
        precondition(isEnded, "a fetch permit was dropped without telling its followers")
    }
}

/// A place in the queue behind somebody else's fetch. A plain value: whoever leaves or is woken says so once.
public struct FollowTicket: Sendable {
    let flight: FlightID
    let fillState: FillState
    let place: Int
    /// The question that was asked, if the fetch is of a larger page than that: its answer is to be read off
    /// that page. `nil` if what is fetched is what was asked for.
    public let question: [UInt8]?
    /// What has come of a large answer already, if just that is what was asked for.
    public let arriving: ArrivingAnswer?
    /// When the follower stops waiting and leaves.
    public let deadline: MonotonicInstant
}

/// One particular fetch: the hash of its key says where it is listed, the serial tells it from all others
/// there.
struct FlightID: Sendable, Hashable {
    let hash: UInt64
    let serial: UInt64
}
