import HTTPModel
import Testing

@testable import GatewayCore

struct WakeupTests {
    private static let now = MonotonicInstant(nanoseconds: 0)

    @Test func severalSignalsWakeOnceUntilAcknowledged() throws {
        let epoll = try Epoll()
        let wakeup = try Wakeup()
        epoll.add(wakeup.number, .readable, token: 1)

        let before = epoll.wait(until: Self.now, now: Self.now)
        for _ in 0..<3 { wakeup.signal() }
        let signalled = epoll.wait(until: Self.now, now: Self.now)
        wakeup.acknowledge()
        let after = epoll.wait(until: Self.now, now: Self.now)
        wakeup.signal()
        let again = epoll.wait(until: Self.now, now: Self.now)

        #expect([before, signalled, after, again] == [0, 1, 0, 1])
    }

    @Test func anAcknowledgementOfNothingDoesNotWait() throws {
        let wakeup = try Wakeup()

        wakeup.acknowledge()
        wakeup.acknowledge()
    }

    @Test func aSignalFromAnotherThreadEndsTheWait() throws {
        let epoll = try Epoll()
        let wakeup = try Wakeup()
        epoll.add(wakeup.number, .readable, token: 9)
        let thread = try PlatformThread(name: "waker") { wakeup.signal() }

        let count = epoll.wait(until: nil, now: Self.now)

        thread.join()
        #expect(count == 1)
        #expect(epoll.event(0).token == 9)
    }
}
