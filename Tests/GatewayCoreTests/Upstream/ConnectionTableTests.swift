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

    private func makeConnection(_ number: UInt64, _ table: ConnectionTable) -> UpstreamConnection {
        let configuration = UpstreamClientConfiguration(url: "http://127.0.0.1")
        return UpstreamConnection(
            number: number, link: CurlEasy(configuration: configuration, connections: table))
    }

    private func isLibcurls(_ listener: ConnectionTable.Listener) -> Bool {
        if case .libcurl = listener { true } else { false }
    }

    private func isNobodys(_ listener: ConnectionTable.Listener) -> Bool {
        if case .nobody = listener { true } else { false }
    }

    @Test func wishesOfOneTurnCancelOut() {
        let (table, log, near, far) = makeTable()
        let connection = makeConnection(1, table)
        table.opened(near, for: 1)
        table.wishes(.writable, on: near, for: 1)
        table.established(near, for: connection)
        table.watch(near, for: nil)
        table.watch(near, for: .both)
        table.watch(near, for: .readable)
        table.applyInterest()

        #expect(log.changes == [.add(.readable)])
        close(near)
        close(far)
    }

    @Test func anEstablishedConnectionHearsOfItsSocketAndLibcurlNoMore() {
        let (table, log, near, far) = makeTable()
        let connection = makeConnection(1, table)
        table.opened(near, for: 1)
        table.wishes(.writable, on: near, for: 1)
        let whileConnecting = table.listener(on: near)
        table.established(near, for: connection)

        table.wishes(nil, on: near, for: 1)
        table.applyInterest()

        #expect(isLibcurls(whileConnecting))
        guard case .connection(let listener) = table.listener(on: near) else {
            Issue.record("nobody listens")
            return
        }
        #expect(listener === connection)
        #expect(log.changes == [.add(.readable)])
        close(near)
        close(far)
    }

    @Test func aPausedConnectionIsNotWatched() {
        let (table, log, near, far) = makeTable()
        table.opened(near, for: 1)
        table.established(near, for: makeConnection(1, table))
        table.applyInterest()

        table.watch(near, for: nil)
        table.applyInterest()

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
        #expect(isNobodys(table.listener(on: near)))
        close(near)
        close(far)
    }

    @Test func aClosedDescriptorLeavesNothingBehindForTheNextOfItsNumber() {
        let (table, log, near, far) = makeTable()
        table.opened(near, for: 1)
        table.established(near, for: makeConnection(1, table))
        table.applyInterest()
        table.watch(near, for: .both)
        table.closing(near)
        table.opened(near, for: 2)
        table.wishes(.writable, on: near, for: 2)
        table.applyInterest()

        #expect(log.changes == [.add(.readable), .remove, .add(.writable)])
        #expect(isLibcurls(table.listener(on: near)))
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
        table.abandoned(1)
        table.applyInterest()

        #expect(atOnce == [.add(.writable), .remove])
        #expect(log.changes == atOnce)
        #expect(isNobodys(table.listener(on: near)))
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
        table.opened(far, for: 1)
        table.applyInterest()

        table.established(far, for: makeConnection(1, table))

        #expect(log.changes == [.add(.writable), .remove])
        #expect(isNobodys(table.listener(on: near)))
        close(near)
        close(far)
    }
}
