import HTTPModel
import Testing

struct MonotonicInstantTests {
    private func at(_ nanoseconds: UInt64) -> MonotonicInstant { MonotonicInstant(nanoseconds: nanoseconds) }

    @Test(
        arguments: [
            (10, .nanoseconds(5), 15), (10, .zero, 10), (10, .nanoseconds(-3), 7), (10, .nanoseconds(-11), 0),
            (.max - 1, .nanoseconds(1), .max), (.max - 1, .nanoseconds(2), .max), (.max, .seconds(1), .max),
            (0, .nanoseconds(Int64.min), 0), (0, .seconds(Int64.max), UInt64(Int64.max)),
        ] as [(UInt64, Duration, UInt64)])
    func anInstantMovesAndStopsAtBothEndsOfTime(start: UInt64, duration: Duration, end: UInt64) {
        #expect(at(start).advanced(by: duration).nanoseconds == end)
    }

    @Test func timeSinceLaterIsNone() {
        #expect(at(7).elapsed(since: at(8)) == .zero)
        #expect(at(7).nanosecondsElapsed(since: at(8)) == 0)
    }

    @Test func timeSinceEarlierIsTheirDifference() {
        #expect(at(1_000_000_007).elapsed(since: at(7)) == .seconds(1))
        #expect(at(.max).nanosecondsElapsed(since: at(0)) == .max)
        #expect(at(.max).elapsed(since: at(0)) == .nanoseconds(Int64.max))
    }

    @Test func instantsAreInTheOrderOfTime() {
        #expect(at(1) < at(2))
        #expect(!(at(2) < at(2)))
    }

    @Test(
        arguments: [
            (.seconds(2), 2_000_000_000), (.milliseconds(-3), -3_000_000), (.seconds(Int64.max), .max),
            (.seconds(Int64.min), .min), (.nanoseconds(Int64.max) + .nanoseconds(1), .max),
            (.nanoseconds(Int64.min) - .nanoseconds(1), .min),
            (Duration(secondsComponent: 0, attosecondsComponent: 1_999_999_999), 1),
        ] as [(Duration, Int64)])
    func durationsAreWholeNanosecondsWithinSixtyFourBits(duration: Duration, nanoseconds: Int64) {
        #expect(duration.nanoseconds == nanoseconds)
    }
}
