package import HTTPModel

/// Deadlines of many things, coarse and cheap: a hashed wheel of 4 096 slots of 8 ms, 32 s around.
///
/// A deadline that moves later is not moved here: when its entry comes up, the owner compares with its true
/// deadline and schedules again. So a busy connection, whose idle deadline moves with every request, costs
/// nothing. Deadlines beyond one round stay in their slot and are passed over until their time. Entries come
/// up at or after their deadline, never before. Insertion is O(1); advancing is O(slots passed + entries in
/// them).
package struct TimerWheel {
    private struct Entry {
        var owner: UInt64
        var tick: UInt64
    }

    private static let tickNanoseconds: UInt64 = 8_000_000
    private static let slotCount = 4_096

    private var slots: [[Entry]]
    private var occupied: [UInt64]
    private var currentTick: UInt64
    private var due: [Entry] = []
    // The earliest tick at which an entry can come up; nil when it must be looked for.
    private var knownEarliestTick: UInt64?
    /// Number of entries waiting.
    package private(set) var count = 0

    /// An empty wheel that begins at `now`.
    package init(now: MonotonicInstant) {
        slots = Array(repeating: [], count: Self.slotCount)
        occupied = Array(repeating: 0, count: Self.slotCount / 64)
        currentTick = now.nanoseconds / Self.tickNanoseconds
    }

    /// Adds an entry: `owner` comes up once, at or after `deadline`.
    package mutating func schedule(_ owner: UInt64, at deadline: MonotonicInstant) {
        // Rounded up, so that no entry comes up early; and never into the slot being advanced over.
        let rounded = deadline.nanoseconds / Self.tickNanoseconds + 1
        let tick = max(rounded, currentTick + 1)
        let slot = Int(tick % UInt64(Self.slotCount))
        slots[slot].append(Entry(owner: owner, tick: tick))
        occupied[slot / 64] |= 1 << UInt64(slot % 64)
        count += 1
        // The slot comes up at the latest one round from now, whatever the entry's own tick.
        if let known = knownEarliestTick {
            knownEarliestTick = min(
                known, currentTick + 1 + (tick - currentTick - 1) % UInt64(Self.slotCount))
        }
    }

    /// Moves on to `now` and calls `fire` with the owner of every entry that is due.
    package mutating func advance(to now: MonotonicInstant, _ fire: (UInt64) -> Void) {
        takeDue(now: now)
        // `fire` may schedule again; it sees a wheel that is already at `now`.
        while let entry = due.popLast() { fire(entry.owner) }
    }

    /// Takes one due entry after `takeDue`; `nil` when there is none left.
    package mutating func nextDue() -> UInt64? { due.popLast()?.owner }

    /// Moves on to `now` and collects the due entries for `nextDue`, for owners who schedule while they fire.
    package mutating func takeDue(now: MonotonicInstant) {
        let target = now.nanoseconds / Self.tickNanoseconds
        guard target > currentTick else { return }
        if let known = knownEarliestTick, target < known {
            // Nothing lies between here and there.
            currentTick = target
            return
        }
        knownEarliestTick = nil
        let steps = min(target - currentTick, UInt64(Self.slotCount))
        let first = currentTick + 1
        currentTick = target
        for step in 0..<steps {
            let slot = Int((first + step) % UInt64(Self.slotCount))
            guard occupied[slot / 64] & (1 << UInt64(slot % 64)) != 0 else { continue }
            collect(slot: slot, upTo: target)
        }
    }

    /// The earliest instant at which an entry can come up, or `nil` when there is none. Looks at no more than
    /// 64 words, and at none while nothing has come up since.
    package mutating func nextDeadline() -> MonotonicInstant? {
        guard count > 0 else { return nil }
        if let known = knownEarliestTick {
            return MonotonicInstant(nanoseconds: known * Self.tickNanoseconds)
        }
        var ahead: UInt64 = 1
        while ahead <= UInt64(Self.slotCount) {
            let slot = Int((currentTick + ahead) % UInt64(Self.slotCount))
            let rest = occupied[slot / 64] >> UInt64(slot % 64)
            if rest != 0 {
                let tick = currentTick + ahead + UInt64(rest.trailingZeroBitCount)
                knownEarliestTick = tick
                return MonotonicInstant(nanoseconds: tick * Self.tickNanoseconds)
            }
            ahead += UInt64(64 - slot % 64)
        }
        return nil
    }

    private mutating func collect(slot: Int, upTo target: UInt64) {
        var kept = 0
        for index in slots[slot].indices {
            let entry = slots[slot][index]
            if entry.tick <= target {
                due.append(entry)
                count -= 1
            } else {
                slots[slot][kept] = entry
                kept += 1
            }
        }
        slots[slot].removeLast(slots[slot].count - kept)
        if kept == 0 { occupied[slot / 64] &= ~(1 << UInt64(slot % 64)) }
    }
}
