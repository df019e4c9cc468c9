import CGatewayShims
import Glibc
import Testing

@testable import GatewayCore

struct ConnectionTableTests {
    /// Collects what the poller is told.
    private final class Log {
        var changes: [UpstreamInterestChange] = []
    }

    /// A table and two connected sockets; the first plays the upstream connection, the second its far end.
    private func makeTable() -> (ConnectionTable, Log, near: Int32, far: Int32) {
        let log = Log()
        let table = ConnectionTable(poller: UpstreamPoller { _, change in log.changes.append(change) })
        var pair: [Int32] = [0, 0]
        // socketpair fills two descriptors.
        let result = unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair)
        #expect(result == 0)
        return (table, log, pair[0], pair[1])
    }

    @Test func wishesOfOneTurnCancelOut() {
        let (table, log, near, far) = makeTable()
        table.opened(near, for: 1)
        table.wishes(.writable, on: near, for: 1)
        table.established(localPort: 0, by: 1)
        table.wishes(.readable, on: near, for: 1)
        table.applyInterest()
        table.wishes(nil, on: near, for: 1)
        table.released(by: 1)
        table.wishes(.readable, on: near, for: 2)
        table.applyInterest()

        #expect(log.changes == [.add(.readable)])
        close(near)
        close(far)
    }

    @Test func aPausedConnectionIsNotWatchedAndNotIdle() {
        let (table, log, near, far) = makeTable()
        table.opened(near, for: 1)
        table.established(localPort: 0, by: 1)
        table.wishes(.readable, on: near, for: 1)
        table.applyInterest()

        table.wishes(nil, on: near, for: 1)
        table.applyInterest()

        #expect(log.changes == [.add(.readable), .remove])
        #expect(table.isInUse(near))
        #expect(table.idleCount == 0)
        close(near)
        close(far)
    }

    @Test func anIdleConnectionStaysWatchedAndIsSpoiledByBytes() {
        let (table, log, near, far) = makeTable()
        table.opened(near, for: 1)
        table.established(localPort: 0, by: 1)
        table.wishes(.readable, on: near, for: 1)
        table.applyInterest()
        table.released(by: 1)
        table.examineIdle(near)
        let whileQuiet = table.idleCount

        _ = unsafe send(far, "x", 1, 0)
        table.examineIdle(near)
        table.applyInterest()

        #expect(whileQuiet == 1)
        #expect(table.idleCount == 0)
        #expect(table.spoiledCount == 1)
        #expect(log.changes == [.add(.readable), .remove])
        close(near)
        close(far)
    }

    @Test func theResolversDescriptorIsForgottenAtOnce() {
        let (table, log, near, far) = makeTable()
        table.wishes(.readable, on: near, for: 1)
        table.applyInterest()

        table.wishes(nil, on: near, for: 1)

        #expect(log.changes == [.add(.readable), .remove])
        #expect(!table.isInUse(near))
        close(near)
        close(far)
    }

    @Test func aClosedDescriptorLeavesNothingBehindForTheNextOfItsNumber() {
        let (table, log, near, far) = makeTable()
        table.opened(near, for: 1)
        table.established(localPort: 0, by: 1)
        table.wishes(.readable, on: near, for: 1)
        table.applyInterest()
        table.wishes(.writable, on: near, for: 1)
        table.closing(near)
        table.opened(near, for: 2)
        table.wishes(.writable, on: near, for: 2)
        table.released(by: 1)
        table.applyInterest()

        #expect(log.changes == [.add(.readable), .remove, .add(.writable)])
        #expect(table.isInUse(near))
        close(near)
        close(far)
    }

    @Test func anUnknownConnectionIsNotSafeToReuse() {
        let (table, _, near, far) = makeTable()

        #expect(!table.isSafeToReuse(localPort: 0, by: 1))
        #expect(!table.isSafeToReuse(localPort: 4_711, by: 1))
        close(near)
        close(far)
    }

    @Test func aSocketClosedWhileConnectingIsForgottenBeforeItsNumberCanBeAClients() {
        let (table, log, near, far) = makeTable()
        table.opened(near, for: 1)
        table.wishes(.writable, on: near, for: 1)
        table.applyInterest()

        table.wishes(nil, on: near, for: 1)
        let atOnce = log.changes
        table.released(by: 1)
        table.applyInterest()

        #expect(atOnce == [.add(.writable), .remove])
        #expect(log.changes == atOnce)
        #expect(table.idleCount == 0)
        close(near)
        close(far)
    }

    @Test func aSecondAttemptWithTheSameNumberIsWatchedAnew() {
        let (table, log, near, far) = makeTable()
        table.opened(near, for: 1)
        table.wishes(.writable, on: near, for: 1)
        table.applyInterest()

        table.opened(near, for: 1)
        table.applyInterest()

        #expect(log.changes == [.add(.writable), .add(.writable)])
        close(near)
        close(far)
    }

    @Test func theLosersOfARaceToConnectAreForgotten() {
        let (table, log, near, far) = makeTable()
        table.opened(near, for: 1)
        table.wishes(.writable, on: near, for: 1)
        table.applyInterest()

        table.established(localPort: 4_711, by: 1)

        #expect(log.changes == [.add(.writable), .remove])
        #expect(!table.isInUse(near))
        close(near)
        close(far)
    }
}
