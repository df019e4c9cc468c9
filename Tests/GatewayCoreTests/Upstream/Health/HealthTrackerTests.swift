import HTTPModel
import Locking
import Testing

@testable import GatewayCore

/// Whose failures close whose way.
struct HealthTrackerTests {
    private let tracker: HealthTracker

    init() {
        var rule = CircuitRule()
        rule.failures = 3
        tracker = HealthTracker(rule: rule, retries: RetryPolicy())
    }

    private func at(_ second: Double) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: UInt64(1_000_000_000 + second * 1_000_000_000))
    }

    private func taken(_ credential: UInt64, _ second: Double = 0) -> HealthTracker.Pass? {
        switch tracker.admit(credential: credential, at: at(second)) {
        case .admitted(let pass): pass
        case .refused: nil
        }
    }

    private func end(_ outcome: HealthTracker.Outcome, of credential: UInt64, _ second: Double = 0) {
        guard let pass = taken(credential, second) else { return }
        tracker.note(outcome, pass, at: at(second))
    }

    @Test func withoutConnectionsNobodyIsLetThrough() {
        for _ in 0..<3 { end(.notConnected, of: 1) }

        #expect(tracker.admit(credential: 1, at: at(1)) == .refused(retryAfterSeconds: 4))
        #expect(tracker.admit(credential: 2, at: at(1)) == .refused(retryAfterSeconds: 4))
        #expect(tracker.report().circuit == .open)
        #expect(tracker.report().openCredentialCount == 0)
        #expect(tracker.report().openedCount == 1)
        #expect(tracker.report().refusedCount == 2)
    }

    @Test func oneTenantsPoisonClosesTheWayToThatTenantAlone() {
        for _ in 0..<10 { end(.notAnswered, of: 1) }

        #expect(taken(1) == nil)
        #expect(taken(2)?.isTrial == false)
        #expect(tracker.report().circuit == .closed)
        #expect(tracker.report().openCredentialCount == 1)
        #expect(tracker.report().openedForCredentialCount == 1)
    }

    @Test func whatSeveralSeeInARowIsTheUpstreams() {
        end(.notAnswered, of: 1)
        end(.notAnswered, of: 2)
        end(.notAnswered, of: 1)

        #expect(taken(3) == nil)
        #expect(tracker.report().circuit == .open)
    }

    @Test func aGoodAnswerToAnybodyBreaksTheRow() {
        for _ in 0..<4 {
            end(.notAnswered, of: 1)
            end(.notAnswered, of: 2)
            end(.answered, of: 3)
        }

        #expect(tracker.report().circuit == .closed)
        // Theirs are rows of their own: nobody has answered them.
        #expect(taken(1) == nil)
        #expect(taken(3) != nil)
    }

    @Test func aGoodAnswerForgetsACredentialsTrouble() {
        for _ in 0..<5 {
            end(.notAnswered, of: 1)
            end(.notAnswered, of: 1)
            end(.answered, of: 1)
        }

        #expect(tracker.report().openCredentialCount == 0)
        #expect(taken(1) != nil)
    }

    @Test func oneRequestTriesForAll() throws {
        for _ in 0..<3 { end(.notConnected, of: 1) }

        let trial = try #require(taken(1, 6))
        #expect(trial.isTrial)
        #expect(taken(1, 6) == nil)
        #expect(taken(2, 6) == nil)
        #expect(tracker.report().circuit == .halfOpen)

        tracker.note(.answered, trial, at: at(6.1))
        #expect(taken(2, 6.1)?.isTrial == false)
        #expect(tracker.report().circuit == .closed)
    }

    @Test func manyThreadsAtTheHalfOpenDoorLetOneThrough() {
        for _ in 0..<3 { end(.notConnected, of: 1) }
        let admitted = Lock(0)

        Crowd.run(4) { number in
            for _ in 0..<1_000 {
                if case .admitted = tracker.admit(credential: UInt64(number), at: at(6)) {
                    admitted.withLock { $0 += 1 }
                }
            }
        }

        #expect(admitted.withLock { $0 } == 1)
    }

    @Test func aTrialOfTheUpstreamIsNotSpentOnACredentialThatIsHeldBack() throws {
        for _ in 0..<3 { end(.notAnswered, of: 1, 4) }
        for _ in 0..<3 { end(.notConnected, of: 2, 0) }

        // The upstream may be tried from 5 s on, the first credential from 9 s on.
        #expect(taken(1, 6) == nil)
        #expect(taken(2, 6)?.isTrial == true)
    }

    @Test func anUnhealthyUpstreamIsLeftAloneUntilAProbeFindsItHealthy() throws {
        tracker.probed(isHealthy: false, at: at(0))

        #expect(tracker.admit(credential: 1, at: at(500)) == .refused(retryAfterSeconds: 5))
        #expect(tracker.report().probe == .unhealthy)

        tracker.probed(isHealthy: true, at: at(501))
        let trial = try #require(taken(1, 501))
        #expect(trial.isTrial && taken(2, 501) == nil)
        tracker.note(.answered, trial, at: at(501))
        #expect(taken(2, 501) != nil)
    }

    @Test func repetitionsAreAShareOfRequests() throws {
        let pass = try #require(taken(1))
        var count = 0
        for _ in 0..<50 where tracker.takeRepetition(pass) { count += 1 }
        #expect(count == RetryBudget.maximumSaved)
        #expect(tracker.report().deniedRepetitionCount == 40)

        for _ in 0..<100 { end(.answered, of: 1) }
        count = 0
        for _ in 0..<50 where tracker.takeRepetition(pass) { count += 1 }
        #expect(count == 10)
    }

    @Test func nothingIsRepeatedWhileACircuitIsOpenOrTried() throws {
        let before = try #require(taken(1))
        for _ in 0..<3 { end(.notConnected, of: 2) }
        #expect(!tracker.takeRepetition(before))

        let trial = try #require(taken(2, 6))
        #expect(!tracker.takeRepetition(trial))
        #expect(tracker.report().deniedRepetitionCount == 0)
    }

    @Test func credentialsInTroubleAreBounded() {
        for credential in 0..<UInt64(HealthTracker.maximumCredentials + 100) {
            end(.notAnswered, of: credential + 1)
            end(.answered, of: 0)
        }
        for _ in 0..<2 { end(.notAnswered, of: 1) }

        #expect(tracker.report().openCredentialCount == 1)
    }

    static let failures: [(UpstreamFailure, hasHead: Bool, wasSent: Bool, HealthTracker.Outcome)] = [
        (.nameNotResolved, false, true, .notConnected), (.connectRefused, false, true, .notConnected),
        (.tlsCertificate, false, true, .notConnected), (.firstByteTimeout, false, true, .notAnswered),
        (.totalTimeout, false, true, .notAnswered), (.totalTimeout, true, true, .unknown),
        (.totalTimeout, false, false, .unknown), (.connectionClosed, false, true, .notAnswered),
        (.responseIncomplete, true, true, .notAnswered), (.uploadAborted, false, true, .unknown),
        (.library(1), false, true, .unknown),
    ]

    @Test(arguments: failures)
    func aFailureCountsForWhoeverItLiesWith(
        failure: UpstreamFailure, hasHead: Bool, wasSent: Bool, outcome: HealthTracker.Outcome
    ) {
        #expect(HealthTracker.Outcome(failure, hasHead: hasHead, wasSent: wasSent) == outcome)
    }
}
