import HTTPModel
import Testing

@testable import GatewayCore

/// What is sent once more after a failure, over real sockets.
struct UpstreamRetryTests {
    private static let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    private func harness(_ upstream: ScriptedUpstream, retries: Int = 1) -> UpstreamHarness {
        var configuration = UpstreamClientConfiguration(url: upstream.url)
        configuration.retries = RetryPolicy()
        configuration.retries.maximumRetries = retries
        return UpstreamHarness(configuration, health: tracker(configuration.retries))
    }

    private func tracker(_ retries: RetryPolicy, failures: Int = 100) -> HealthTracker {
        var rule = CircuitRule()
        rule.failures = failures
        return HealthTracker(rule: rule, retries: retries)
    }

    /// Closes the first connections without a word, and answers on later ones.
    private func upstream(silent count: Int) -> ScriptedUpstream {
        ScriptedUpstream { connection in
            guard connection.readHead() != nil else { return }
            if connection.number <= count { return }
            connection.send(Self.answer)
            _ = connection.readHead()
        }
    }

    @Test(arguments: ["GET", "HEAD"])
    func aRequestThatGotNoAnswerIsSentOnceMore(method: String) throws {
        let upstream = ScriptedUpstream { connection in
            guard connection.readHead() != nil, connection.number > 1 else { return }
            connection.send(method == "HEAD" ? "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" : Self.answer)
            _ = connection.readHead()
        }
        let harness = harness(upstream)

        let transfer = try harness.fetch(method)

        #expect(transfer.isComplete)
        #expect(upstream.requests.count == 2)
        #expect(harness.client.statistics.retriedCount == 1)
        #expect(harness.client.isIdle)
    }

    @Test func aPostIsNeverSentTwice() throws {
        let upstream = upstream(silent: 1)
        let harness = harness(upstream, retries: 5)

        let transfer = try harness.fetch("POST")

        #expect(transfer.failedWith == .connectionClosed)
        #expect(upstream.requests.count == 1)
    }

    @Test func afterSoManyRepetitionsTheFailureIsTheAnswer() throws {
        let upstream = upstream(silent: 10)
        let harness = harness(upstream, retries: 2)

        let transfer = try harness.fetch()

        #expect(transfer.failedWith == .connectionClosed)
        #expect(upstream.requests.count == 3)
    }

    @Test(arguments: [
        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Le",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", "garbage\r\n\r\n",
    ])
    func onceAByteHasComeNothingIsRepeated(bytes: String) throws {
        let upstream = ScriptedUpstream { connection in
            if connection.readHead() != nil { connection.send(bytes) }
        }
        let harness = harness(upstream, retries: 5)

        let transfer = try harness.fetch()

        #expect(transfer.isOver)
        #expect(upstream.requests.count == 1)
        #expect(harness.client.statistics.retriedCount == 0)
    }

    @Test func aBudgetThatIsUsedUpEndsRepetitions() throws {
        let upstream = upstream(silent: .max)
        let harness = harness(upstream, retries: 1)

        for _ in 0..<(RetryBudget.maximumSaved + 5) { _ = try harness.fetch() }

        // Fifteen requests pay for one and a half more.
        #expect(harness.client.statistics.retriedCount == UInt64(RetryBudget.maximumSaved + 1))
    }

    @Test func anOpenCircuitRefusesBeforeAnythingIsSent() throws {
        let upstream = upstream(silent: .max)
        var configuration = UpstreamClientConfiguration(url: upstream.url)
        configuration.retries = RetryPolicy()
        let harness = UpstreamHarness(configuration, health: tracker(configuration.retries, failures: 2))

        // Its second attempt opens the circuit of its credential, of which there is only the one.
        _ = try harness.fetch()

        let failure = #expect(throws: UpstreamFailure.self) { try harness.start() }
        #expect(failure == .circuitOpen(retryAfterSeconds: 5))
        #expect(upstream.requests.count == 2)
    }

    @Test func aRepetitionThatNobodyWaitsForIsNotSent() throws {
        let upstream = upstream(silent: .max)
        var configuration = UpstreamClientConfiguration(url: upstream.url)
        configuration.retries = RetryPolicy()
        configuration.retries.pause = .seconds(1)
        let harness = UpstreamHarness(configuration, health: tracker(configuration.retries))
        let transfer = try harness.start()
        harness.run { harness.client.statistics.retriedCount == 1 }

        harness.client.cancel(transfer)

        #expect(harness.client.isIdle)
        #expect(transfer.phase == .cancelled)
        #expect(upstream.requests.count == 1)
    }

    @Test func anotherConnectionThatFailsDoesNotHideThatTheRequestWasSent() throws {
        let isRead = Gate()
        let mayClose = Gate()
        let upstream = ScriptedUpstream { connection in
            guard connection.readHead() != nil else { return }
            connection.send(Self.answer)
            guard connection.readHead() != nil else { return }
            isRead.open()
            mayClose.wait()
        }
        let harness = UpstreamHarness(url: upstream.url)
        _ = try harness.fetch()
        let transfer = try harness.start("POST")
        harness.run { upstream.requests.count == 2 }
        isRead.wait()
        // Nobody listens any more when the pooled connection ends.
        upstream.stop()
        mayClose.open()

        harness.finish(transfer)

        #expect(transfer.failedWith == .connectionClosed)
    }
}
