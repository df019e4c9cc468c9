import HTTPModel
import Testing

@testable import GatewayCore

/// Deadlines are tested by telling the client a later time, never by waiting for it; libcurl's own one, for
/// connecting, is set to a few milliseconds.
struct UpstreamDeadlineTests {
    /// An upstream that takes requests and answers nothing until the test ends.
    private func makeSilentUpstream() -> ScriptedUpstream {
        ScriptedUpstream { connection in
            while connection.readHead() != nil {}
        }
    }

    @Test func noHeadInTimeIsAFirstByteTimeout() throws {
        let upstream = makeSilentUpstream()
        let harness = UpstreamHarness(url: upstream.url)
        let transfer = try harness.start()
        harness.run { upstream.requests.count == 1 }
        let now = MonotonicClock.now()

        harness.client.advance(now: now.advanced(by: .seconds(9)))
        let early = transfer.isOver
        harness.client.advance(now: now.advanced(by: .seconds(11)))

        #expect(!early)
        #expect(transfer.phase == .failed(.firstByteTimeout))
        #expect(harness.client.isIdle)
        upstream.stop()
    }

    @Test func theFirstByteIsNotDueBeforeTheRequestWasSent() throws {
        let upstream = makeSilentUpstream()
        let harness = UpstreamHarness(url: upstream.url)
        let transfer = try harness.start("POST", "/x", content: .length(3))
        harness.run { upstream.requests.count == 1 }
        let now = MonotonicClock.now()

        harness.client.advance(now: now.advanced(by: .seconds(12)))
        let whileSending = transfer.isOver
        _ = transfer.offerContent([1, 2, 3].span)
        transfer.finishContent()
        for step in 0..<20 {
            harness.client.advance(now: now.advanced(by: .seconds(13) + .milliseconds(step)))
        }
        harness.client.advance(now: now.advanced(by: .seconds(25)))

        #expect(!whileSending)
        #expect(transfer.phase == .failed(.firstByteTimeout))
        upstream.stop()
    }

    @Test func anAnswerThatDoesNotEndIsATotalTimeoutAfterItsHead() throws {
        let upstream = ScriptedUpstream { connection in
            connection.readHead()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
            _ = connection.readHead()
        }
        let harness = UpstreamHarness(url: upstream.url)
        let transfer = try harness.start()
        harness.run { transfer.receivedText == "hello" }
        let now = MonotonicClock.now()

        harness.client.advance(now: now.advanced(by: .seconds(29)))
        let early = transfer.isOver
        harness.client.advance(now: now.advanced(by: .seconds(31)))

        #expect(!early)
        #expect(transfer.phase == .failed(.totalTimeout))
        #expect(transfer.head != nil)
        upstream.stop()
    }

    @Test func waitingForAConnectionCountsAsTimeOfTheRequest() throws {
        let upstream = makeSilentUpstream()
        var configuration = UpstreamClientConfiguration(url: upstream.url)
        configuration.maximumConnectionCount = 1
        configuration.firstByteTimeout = .seconds(3_600)
        let harness = UpstreamHarness(configuration)
        let first = try harness.start()
        let second = try harness.start()
        harness.run { upstream.requests.count == 1 }

        harness.client.advance(now: MonotonicClock.now().advanced(by: .seconds(31)))

        #expect(first.phase == .failed(.totalTimeout))
        #expect(second.phase == .failed(.totalTimeout))
        #expect(harness.client.isIdle)
        upstream.stop()
    }

    @Test func theNextDeadlineIsNeverLaterThanATransfers() throws {
        let upstream = makeSilentUpstream()
        let harness = UpstreamHarness(url: upstream.url)
        let before = harness.client.nextDeadline
        _ = try harness.start()
        harness.run { upstream.requests.count == 1 }
        harness.turn()

        let deadline = try #require(harness.client.nextDeadline)

        #expect(before == nil)
        #expect(deadline <= MonotonicClock.now().advanced(by: .seconds(10)))
        upstream.stop()
    }

    @Test func aHandshakeThatDoesNotEndIsAConnectTimeout() throws {
        let upstream = ScriptedUpstream { connection in
            _ = connection.read(through: "no such bytes")
        }
        var configuration = UpstreamClientConfiguration(url: "https://127.0.0.1:\(upstream.port)")
        configuration.connectTimeout = .milliseconds(30)
        let harness = UpstreamHarness(configuration)

        let transfer = try harness.fetch()

        #expect(transfer.phase == .failed(.connectTimeout))
        upstream.stop()
    }

    @Test func aPortNobodyListensOnRefuses() throws {
        let upstream = makeSilentUpstream()
        let harness = UpstreamHarness(url: upstream.url)
        upstream.stop()
        // The listener is shut down at once; a connection that still slipped in is closed without an answer.
        let isRefused = harness.run {
            guard let transfer = try? harness.start() else { return false }
            harness.finish(transfer)
            return transfer.phase == .failed(.connectRefused)
        }

        #expect(isRefused)
    }

    @Test func aNameIsResolvedWithoutBlockingTheLoop() throws {
        let upstream = ScriptedUpstream { connection in
            while connection.readHead() != nil { connection.send(plainAnswer) }
        }
        let harness = UpstreamHarness(url: "http://localhost:\(upstream.port)")

        for _ in 0..<2 {
            let transfer = try harness.fetch()
            #expect(transfer.receivedText == "hello")
        }

        #expect(upstream.connectionCount == 1)
        upstream.stop()
    }
}
