import HTTPModel

/// One fetch with its followers.
///
/// Life: a leader starts it; followers join and leave; it ends with an outcome for all, or the leader hands
/// over: then the first follower still there that may lead is appointed, and the flight waits for it to take
/// over or to leave, in which case the next is appointed. A follower that waits for a larger page than its
/// own never leads: what it would fetch is another answer. Guarded by the collapser's shard.
struct Flight {
    private enum Leadership: Equatable {
        /// Some permit is out; goes to `offered` when the leader hands over.
        case held
        /// The follower at this place was told to lead and has not answered: `held` if it takes over.
        case offered(place: Int)
    }

    /// Tells this flight from later ones of the same key.
    let serial: UInt64
    private var leadership = Leadership.held
    private struct Follower {
        let waiter: Waiter
        let mayLead: Bool
    }

    /// The hash of the list whose page is fetched, if it is one that smaller ones can be read off.
    let listHash: UInt64?
    /// When its present leader began.
    private(set) var startedAt: MonotonicInstant
    // By place; nil once they left. Never shrinks, so that a place stays valid: leaving is O(1).
    private var followers: [Follower?] = []
    // No follower that may lead stands before this place.
    private var firstPlace = 0

    /// A flight without followers, whose permit is out.
    init(serial: UInt64, listHash: UInt64? = nil, startedAt: MonotonicInstant) {
        self.serial = serial
        self.listHash = listHash
        self.startedAt = startedAt
    }

    /// The large answer that its leader is being sent, for those who come now.
    var arriving: ArrivingAnswer?

    /// How many wait.
    private(set) var followerCount = 0

    /// Those who wait, in the order they came.
    var waiters: [Waiter] { followers.compactMap { $0?.waiter } }

    /// Those of them who asked for the very thing that is fetched.
    var waitersForTheSame: [Waiter] {
        followers.compactMap { follower in
            follower.flatMap { $0.mayLead ? $0.waiter : nil }
        }
    }

    /// Adds a follower and returns its place; `nil` when so many have joined already.
    mutating func join(_ waiter: Waiter, mayLead: Bool = true, atMost maximum: Int) -> Int? {
        guard followers.count < maximum else { return nil }
        followers.append(Follower(waiter: waiter, mayLead: mayLead))
        followerCount += 1
        return followers.count - 1
    }

    /// Takes a follower out; says whether it had been appointed, so that another must be.
    mutating func leave(_ place: Int, serial: UInt64) -> Bool {
        guard serial == self.serial else { return false }
        remove(place)
        return leadership == .offered(place: place)
    }

    /// Gives the lead to the appointed follower; refuses anybody else.
    mutating func takeOver(_ place: Int, serial: UInt64, now: MonotonicInstant) -> Bool {
        guard serial == self.serial, leadership == .offered(place: place) else { return false }
        leadership = .held
        startedAt = now
        remove(place)
        return true
    }

    /// Appoints the follower that waits longest of those that may lead; `nil` if none is left.
    mutating func appoint() -> Waiter? {
        arriving = nil
        while firstPlace < followers.count {
            if let follower = followers[firstPlace], follower.mayLead {
                leadership = .offered(place: firstPlace)
                return follower.waiter
            }
            firstPlace += 1
        }
        return nil
    }

    private mutating func remove(_ place: Int) {
        guard followers[place] != nil else { return }
        followers[place] = nil
        followerCount -= 1
    }
}
