import HTTPModel
import Testing

@testable import GatewayCore

struct TimerWheelTests {
    private let start = MonotonicInstant(nanoseconds: 1_000_000_000_000)

    private func after(_ milliseconds: Int) -> MonotonicInstant {
        start.advanced(by: .milliseconds(milliseconds))
    }

    private func fired(_ wheel: inout TimerWheel, at milliseconds: Int) -> [UInt64] {
        var owners: [UInt64] = []
        wheel.takeDue(now: after(milliseconds))
        while let owner = wheel.nextDue() { owners.append(owner) }
        return owners.sorted()
    }

    @Test func anEntryComesUpAfterItsDeadlineAndNeverBefore() {
        var wheel = TimerWheel(now: start)
        for owner in 0..<500 { wheel.schedule(UInt64(owner), at: after(owner)) }

        for now in 0..<600 {
            let owners = fired(&wheel, at: now)
            #expect(owners.allSatisfy { $0 <= UInt64(now) })
        }

        let count = wheel.count
        #expect(count == 0)
    }

    @Test func anEntryIsAtMostTwoTicksLate() {
        var wheel = TimerWheel(now: start)
        wheel.schedule(7, at: after(100))

        #expect(fired(&wheel, at: 99) == [])
        #expect(fired(&wheel, at: 116) == [7])
    }

    @Test func aDeadlineBeyondOneRoundWaitsForItsRound() {
        var wheel = TimerWheel(now: start)
        wheel.schedule(1, at: after(100_000))

        for now in stride(from: 0, to: 100_000, by: 1_000) { #expect(fired(&wheel, at: now) == []) }
        #expect(fired(&wheel, at: 100_020) == [1])
    }

    @Test func aPastDeadlineComesUpInTheNextTick() {
        var wheel = TimerWheel(now: start)
        _ = fired(&wheel, at: 1_000)
        wheel.schedule(3, at: after(10))

        #expect(fired(&wheel, at: 1_016) == [3])
    }

    @Test func aLeapOverManyRoundsLosesNothing() {
        var wheel = TimerWheel(now: start)
        for owner in 0..<1_000 { wheel.schedule(UInt64(owner), at: after(owner * 97)) }

        #expect(fired(&wheel, at: 10_000_000).count == 1_000)
    }

    @Test func theNextDeadlineIsNeverLaterThanTheEarliestEntry() {
        var wheel = TimerWheel(now: start)
        #expect(wheel.nextDeadline() == nil)
        for milliseconds in [31_000, 9_000, 12_345, 40] {
            wheel.schedule(UInt64(milliseconds), at: after(milliseconds))
            let next = wheel.nextDeadline()
            #expect(next.map { $0 <= after(milliseconds + 16) } == true)
        }
        let next = wheel.nextDeadline()
        #expect(next.map { $0 >= after(40) } == true)
    }
}
