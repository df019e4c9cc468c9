import HTTPModel
import Testing

@testable import GatewayCore

struct ConnectionClockTests {
    private let start = MonotonicInstant(nanoseconds: 5_000_000_000)
    private let timeouts = ConnectionTimeouts()

    private func after(_ seconds: Double) -> MonotonicInstant { start.advanced(by: .seconds(seconds)) }

    private func deadline(
        _ clock: ConnectionClock, outputWaits: Bool = false, contentIsAwaited: Bool = false
    ) -> (ConnectionClock.Wait, MonotonicInstant)? {
        clock.deadline(timeouts, outputWaits: outputWaits, contentIsAwaited: contentIsAwaited)
    }

    @Test func aNewConnectionHasItsHandshakeTime() {
        let clock = ConnectionClock(now: start)

        let (wait, deadline) = deadline(clock) ?? (.reading, start)
        #expect(wait == .handshake)
        #expect(deadline == after(10))
    }

    @Test func aHeadsTimeRunsFromItsFirstByteHoweverManyFollow() {
        var clock = ConnectionClock(now: start)
        clock.requestEnded(now: start)

        clock.received(now: after(20))
        for second in 21..<28 { clock.received(now: after(Double(second))) }

        let (wait, deadline) = deadline(clock) ?? (.reading, start)
        #expect(wait == .head)
        #expect(deadline == after(30))
    }

    @Test func aHeadBeganWithItsFirstByteOrNowIfItIsWholeAtOnce() {
        var clock = ConnectionClock(now: start)
        clock.requestEnded(now: start)

        #expect(clock.headBegan(now: after(20)) == after(20))
        clock.received(now: after(20))
        clock.received(now: after(23))

        #expect(clock.headBegan(now: after(23)) == after(20))
        clock.requestBegan(now: after(23))
        clock.requestEnded(now: after(24))
        #expect(clock.headBegan(now: after(24)) == after(24))
    }

    @Test func contentBelowTheMinimumRateIsLateAfterTheGrace() {
        var clock = ConnectionClock(now: start)
        clock.requestBegan(now: start)
        clock.receivedContent(2_560)

        let (wait, deadline) = deadline(clock, contentIsAwaited: true) ?? (.reading, start)
        #expect(wait == .content)
        #expect(deadline == after(5 + 10))
    }

    @Test func contentIsNeverAllowedMoreThanItsWholeTime() {
        var clock = ConnectionClock(now: start)
        clock.requestBegan(now: start)
        clock.receivedContent(4_000_000_000)

        let (_, deadline) = deadline(clock, contentIsAwaited: true) ?? (.reading, start)
        #expect(deadline == after(60))
    }

    @Test func timeThatTheUpstreamTakesIsNotTheClients() {
        var clock = ConnectionClock(now: start)
        clock.requestBegan(now: start)

        clock.contentBlocked(true, now: after(1))
        #expect(deadline(clock, contentIsAwaited: true) == nil)
        clock.contentBlocked(false, now: after(41))

        let (_, deadline) = deadline(clock, contentIsAwaited: true) ?? (.reading, start)
        #expect(deadline == after(45))
    }

    @Test func aClientThatDoesNotReadIsLateAfterItsLastByte() {
        var clock = ConnectionClock(now: start)
        clock.requestEnded(now: start)
        clock.sent(now: after(7))

        let (wait, deadline) = deadline(clock, outputWaits: true) ?? (.head, start)
        #expect(wait == .reading)
        #expect(deadline == after(37))
    }

    @Test func whileTheAnswerIsAwaitedTheClientOwesNothing() {
        var clock = ConnectionClock(now: start)
        clock.requestBegan(now: start)

        #expect(deadline(clock) == nil)
    }
}
