import Glibc
import HTTPModel
import Testing

@testable import GatewayCore

struct EpollTests {
    private static let start = MonotonicInstant(nanoseconds: 0)

    /// The events that are there now, without waiting.
    private func events(_ epoll: borrowing Epoll) -> [UInt64: Readiness] {
        let count = epoll.wait(until: Self.start, now: Self.start)
        var events: [UInt64: Readiness] = [:]
        for index in 0..<count {
            let event = epoll.event(index)
            events[event.token] = event.readiness
        }
        return events
    }

    @Test func anEventCarriesTheTokenOfItsRegistration() throws {
        let epoll = try Epoll()
        let first = try SocketPair()
        let second = try SocketPair()
        epoll.add(first.near.number, .readable, token: .max)
        epoll.add(second.near.number, .readable, token: 7)

        _ = first.far.write("x")

        let events = events(epoll)
        #expect(Array(events.keys) == [.max])
        #expect(events[.max]?.isReadable == true)
        #expect(events[.max]?.isWritable == false)
    }

    @Test func workLeftUndoneIsReportedAgain() throws {
        let epoll = try Epoll()
        let pair = try SocketPair()
        epoll.add(pair.near.number, .readable, token: 1)
        _ = pair.far.write("x")

        for _ in 0..<3 { #expect(events(epoll)[1]?.isReadable == true) }

        _ = pair.near.readText()
        #expect(events(epoll).isEmpty)
    }

    @Test func onlyWhatWasAskedForIsTold() throws {
        let epoll = try Epoll()
        let pair = try SocketPair()
        _ = pair.far.write("x")

        epoll.add(pair.near.number, .peerClosed, token: 1)
        #expect(events(epoll).isEmpty)
        epoll.modify(pair.near.number, .writable, token: 2)
        #expect(events(epoll)[2]?.isWritable == true)
        #expect(events(epoll)[1] == nil)
        epoll.modify(pair.near.number, [.readable, .writable], token: 3)
        #expect(events(epoll)[3]?.isReadable == true)
        epoll.remove(pair.near.number)
        #expect(events(epoll).isEmpty)
    }

    @Test func aPeerThatEndsItsSideIsToldWithoutReading() throws {
        let epoll = try Epoll()
        let pair = try SocketPair()
        epoll.add(pair.near.number, .peerClosed, token: 1)

        pair.far.endSending()

        let readiness = events(epoll)[1]
        #expect(readiness?.isReadable == true)
        #expect(readiness?.isBroken == false)
    }

    @Test func aPeerThatHasGoneIsToldAsBroken() throws {
        let epoll = try Epoll()
        let pair = try SocketPair()
        let near = FileDescriptor(owning: dup(pair.near.number))
        epoll.add(near.number, .peerClosed, token: 1)
        Self.drop(pair)

        #expect(events(epoll)[1]?.isBroken == true)
    }

    @Test func whatIsUnknownCanBeForgotten() throws {
        let epoll = try Epoll()
        let pair = try SocketPair()
        epoll.add(pair.near.number, .writable, token: 1)

        epoll.forget(pair.near.number)
        epoll.forget(pair.near.number)
        epoll.forget(pair.far.number)

        #expect(events(epoll).isEmpty)
    }

    @Test func awaitedTimeIsWaitedOutAndNotCutShort() throws {
        let epoll = try Epoll()
        let before = MonotonicClock.now()
        let deadline = before.advanced(by: .microseconds(1_500))

        let count = epoll.wait(until: deadline, now: before)

        #expect(count == 0)
        #expect(MonotonicClock.now() >= deadline)
    }

    @Test func aDeadlineThatIsPastIsNotWaitedFor() throws {
        let epoll = try Epoll()

        #expect(epoll.wait(until: Self.start, now: MonotonicInstant(nanoseconds: .max)) == 0)
    }

    private static func drop(_ pair: consuming SocketPair) {}
}
