import HTTPModel
import Testing

@testable import GatewayCore

/// The exact bytes of every generation of the draft.
struct RateLimitFieldsTests {
    private func policies() throws -> [LimitPolicy] {
        try [
            LimitPolicy(
                plan: "p", name: "tenant", by: [.tenant],
                .rate(LimitRate(requests: 100, per: .seconds(1), burst: 200))),
            LimitPolicy(
                plan: "p", name: "trial", by: [.tenant],
                .rate(LimitRate(requests: 1, per: .seconds(9), burst: 1)), isShadow: true),
            LimitPolicy(plan: "p", name: "inflight", by: [.tenant], .concurrent(8)),
            LimitPolicy(
                plan: "p", name: "minute", by: [.token],
                .rate(LimitRate(requests: 30, per: .seconds(60), burst: 30))),
        ]
    }

    private func text(_ draft: RateLimitDraft, _ policies: [LimitPolicy], takes: Int = 1) throws -> String {
        let plan = try LimitPlan(policies, draft: draft)
        let limiter = LimitFixture.limiter()
        var report = LimitReport()
        for _ in 0..<takes {
            _ = limiter.take(
                LimitCharge(tokens: 1, isUnderWay: true), of: plan, by: LimitFixture.subject(),
                at: LimitFixture.moment(1), report: &report)
        }
        var buffer = ByteBuffer()
        plan.fields.append(report, plan, into: &buffer)
        return buffer.withBytes { $0.text }
    }

    @Test func generationElevenListsEveryLimitThatHoldsAnybody() throws {
        #expect(
            try text(.draft11, policies()) == """
                RateLimit-Policy: "tenant";q=200;w=2, "inflight";q=8;qu="concurrent-requests", "minute";q=30;w=60\r
                RateLimit: "tenant";r=199;t=1, "inflight";r=7, "minute";r=29;t=2\r

                """)
    }

    @Test func generationSevenTellsTheTightest() throws {
        #expect(
            try text(.draft07, policies(), takes: 3) == """
                RateLimit-Policy: 200;w=2;comment="tenant", 8;comment="inflight", 30;w=60;comment="minute"\r
                RateLimit: limit=8, remaining=5, reset=1\r

                """)
    }

    @Test func generationSixTellsItInThreeFields() throws {
        let policies = try policies().filter { $0.name != "inflight" }
        #expect(
            try text(.draft06, policies, takes: 2) == """
                RateLimit-Limit: 30, 200;w=2, 30;w=60\r
                RateLimit-Remaining: 28\r
                RateLimit-Reset: 4\r

                """)
    }

    @Test func nothingIsToldWhereNobodyIsHeldOrNothingIsWanted() throws {
        #expect(try text(.off, policies()) == "")
        #expect(try text(.draft11, policies().filter(\.isShadow)) == "")
        #expect(try text(.draft06, policies().filter(\.isShadow)) == "")
    }
}
