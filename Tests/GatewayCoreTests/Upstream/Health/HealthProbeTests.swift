import HTTPModel
import Testing

@testable import GatewayCore

struct HealthProbeTests {
    private let fresh: HealthProbe

    init() {
        var rule = HealthProbeRule(path: "/")
        rule.unhealthyAfter = 2
        rule.healthyAfter = 2
        fresh = HealthProbe(rule, now: Self.at(0))
    }

    private static func at(_ second: Double) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: UInt64(second * 1_000_000_000))
    }

    /// What a probe does and says, moment by moment.
    private final class Run {
        private var probe: HealthProbe
        init(_ probe: HealthProbe) { self.probe = probe }

        func act(_ second: Double) -> HealthProbe.Action { probe.act(at: HealthProbeTests.at(second)) }
        func skip(_ second: Double) { probe.skipped(at: HealthProbeTests.at(second)) }
        /// What has been decided by it, if anything.
        func end(_ isGood: Bool, _ second: Double) -> Bool? {
            probe.ended(isGood: isGood, at: HealthProbeTests.at(second)) ? probe.isHealthy : nil
        }
    }

    @Test func theFirstIsDueAtOnceAndTheNextAnIntervalAfterTheEndOfTheLast() {
        let run = Run(fresh)

        #expect(run.act(0) == .ask)
        #expect(run.act(1) == .nothing)
        #expect(run.end(true, 1) == nil)
        #expect(run.act(5.9) == .nothing)
        #expect(run.act(6) == .ask)
    }

    @Test func oneThatIsNotAnsweredInTimeIsGivenUpAndBad() {
        let run = Run(fresh)

        #expect(run.act(0) == .ask)
        #expect(run.act(2) == .giveUp)
        #expect(run.end(false, 2) == nil)
        #expect(run.act(7) == .ask)
        #expect(run.end(false, 8) == false)
    }

    @Test func aRowDecidesAndAnotherWordBreaksIt() {
        let run = Run(fresh)

        let decided = [true, false, true, true, false, false, false].enumerated().map { index, isGood in
            #expect(run.act(Double(index) * 10) == .ask)
            return run.end(isGood, Double(index) * 10)
        }

        #expect(decided == [nil, nil, nil, true, nil, false, false])
    }

    @Test func whatCouldNotBeSentSaysNothing() {
        let run = Run(fresh)

        #expect(run.act(0) == .ask)
        run.skip(0)
        #expect(run.act(4) == .nothing)
        #expect(run.end(false, 4) == nil)
        #expect(run.act(5) == .ask)
    }
}
