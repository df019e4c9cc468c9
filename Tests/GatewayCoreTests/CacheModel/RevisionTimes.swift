import HTTPModel
import KayleStandIn

@testable import GatewayCore

/// When each state of an organization's rows came, as far as the test has seen, and which writes went through
/// the gateway: by this it says what an answer may be.
struct RevisionTimes {
    /// A write through the gateway that has been answered: what it did to which row.
    private struct OwnWrite {
        let id: String
        let revision: Int
    }

    let key: String
    private let standIn: RunningStandIn
    /// By revision, from `oldest` on: when the state was not there yet when last looked, and when it was.
    private var seen: [(after: MonotonicInstant, at: MonotonicInstant)]
    private var oldest = 0
    private var writes: [OwnWrite] = []
    private var observedAt: MonotonicInstant
    /// No state before this one answers: everything stored was ended.
    private(set) var floor = 0

    init(_ standIn: RunningStandIn, key: String, now: MonotonicInstant) {
        self.standIn = standIn
        self.key = key
        seen = [(now, now)]
        observedAt = now
    }

    /// The present state.
    var revision: Int { oldest + seen.count - 1 }

    /// Looks at the upstream; to be called before time moves, and after anything that may have reached it.
    mutating func observe(now: MonotonicInstant) {
        let present = standIn.revision(key: key)
        while revision < present { seen.append((observedAt, now)) }
        observedAt = now
    }

    /// A write to a row, begun at a state, has been answered.
    mutating func answered(write id: String, begunAt begun: Int) {
        guard begun < revision, let changed = standIn.lastChange(of: id, key: key, in: begun...revision)
        else { return }
        writes.append(OwnWrite(id: id, revision: changed))
    }

    /// Everything that was stored is ended.
    mutating func endEverything() { floor = revision }

    /// The earliest state that was the present one at some moment from `moment` on.
    func earliest(since moment: MonotonicInstant) -> Int {
        var first = revision
        while first > oldest, seen[first - oldest].at >= moment { first -= 1 }
        return first
    }

    /// Own writes that the next request must see: how many there are by now.
    var writeCount: Int { writes.count + forgottenWrites }
    private var forgottenWrites = 0

    /// The rows that own writes have changed after a state, by the last state that must be seen of them. Only
    /// the first `count` writes count.
    func later(than revision: Int, writes count: Int) -> [String: Int] {
        var later: [String: Int] = [:]
        for write in writes.prefix(max(0, count - forgottenWrites)) where write.revision > revision {
            later[write.id] = max(later[write.id] ?? 0, write.revision)
        }
        return later
    }

    /// Forgets what nobody can be answered from any more.
    mutating func forget(before moment: MonotonicInstant) {
        let first = earliest(since: moment)
        guard first > oldest else { return }
        seen.removeFirst(first - oldest)
        oldest = first
        let forgotten = writes.prefix { $0.revision <= first }.count
        writes.removeFirst(forgotten)
        forgottenWrites += forgotten
        standIn.forget(before: first, key: key)
    }
}
