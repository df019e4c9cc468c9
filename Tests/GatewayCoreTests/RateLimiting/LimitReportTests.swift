import HTTPModel
import Testing

@testable import GatewayCore

struct LimitReportTests {
    private func render(_ report: LimitReport, _ plan: LimitPlan) -> String {
        var buffer = ByteBuffer()
        plan.fields.append(report, plan, into: &buffer)
        let lines = buffer.withBytes { $0.text }.split(separator: "\r\n", omittingEmptySubsequences: false)
        guard lines.count == 3, lines[0].hasPrefix("RateLimit-Policy: "), lines[1].hasPrefix("RateLimit: ")
        else {
            return lines.joined(separator: "|")
        }
        return "\(lines[1].dropFirst("RateLimit: ".count))\(lines[2])"
    }

    private func plan() throws -> LimitPlan {
        try LimitPlan([
            LimitFixture.policy("tenant", by: [.tenant], intervalNanoseconds: 10_000_000, burst: 200),
            LimitFixture.policy("token", by: [.token], intervalNanoseconds: 3_000_000_000, burst: 2),
        ])
    }

    @Test func aTakeReportsWhatIsLeftOfEveryLimit() throws {
        let (limiter, plan) = (LimitFixture.limiter(), try plan())
        var report = LimitReport()

        _ = limiter.take(plan, subject: LimitFixture.subject(), now: LimitFixture.instant(1), report: &report)

        #expect(render(report, plan) == #""tenant";r=199;t=1, "token";r=1;t=3"#)
    }

    @Test func aRefusalReportsNothingLeftAndTheWaitOfTheAnswer() throws {
        let (limiter, plan) = (LimitFixture.limiter(), try plan())
        var report = LimitReport()
        var decision = LimitDecision.within
        for _ in 0..<3 {
            decision = limiter.take(
                plan, subject: LimitFixture.subject(), now: LimitFixture.instant(1), report: &report)
        }

        #expect(decision == .exceeded(policyIndex: 1, retryAfterNanoseconds: 3_000_000_000))
        #expect(render(report, plan) == #""tenant";r=198;t=1, "token";r=0;t=3"#)
        #expect(report[1].resetSeconds == decision.retryAfterSeconds)
    }

    @Test func nothingLimitedIsNothingSaid() throws {
        let plan = try LimitPlan([])
        var report = LimitReport()

        let decision = LimitFixture.limiter().take(
            plan, subject: LimitFixture.subject(), now: LimitFixture.instant(1), report: &report)

        #expect(decision == .within)
        #expect(render(report, plan) == "")
    }
}
