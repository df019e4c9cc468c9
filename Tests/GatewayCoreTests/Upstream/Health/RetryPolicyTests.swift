import HTTPModel
import Testing

@testable import GatewayCore

struct RetryPolicyTests {
    @Test(arguments: [(0, 25), (1, 50), (2, 100), (5, 800), (6, 1_000), (60, 1_000)])
    func pausesDoubleWithinBoundsAndAreSpread(repetition: Int, milliseconds: Int) {
        let policy = RetryPolicy()
        let longest = Duration.milliseconds(milliseconds)

        let pauses = (0..<64).map { policy.pause(before: repetition, draw: UInt64($0) << 58) }

        #expect(pauses.allSatisfy { $0 <= longest && $0 >= longest / 2 - .microseconds(1) })
        #expect(Set(pauses).count == 64)
        #expect(policy.pause(before: repetition, draw: .max) > longest - .milliseconds(2))
    }

    @Test func onlyWhatCanEndOtherwiseIsSentOnceMore() {
        let helped = UpstreamFailureTests.all.filter { RetryPolicy.mayHelp($0) }

        #expect(
            Set(helped) == [
                .nameNotResolved, .connectRefused, .unreachable, .connectTimeout, .tlsProtocol,
                .connectionClosed,
            ])
    }

    @Test func theBudgetIsFullAtTheStartAndGrowsByItsShare() {
        var budget = RetryBudget()
        var taken = 0
        while budget.take() { taken += 1 }
        #expect(taken == RetryBudget.maximumSaved)

        for _ in 0..<9 { budget.request(percent: 10) }
        let early = budget.take()
        budget.request(percent: 10)
        let (due, further) = (budget.take(), budget.take())
        #expect([early, due, further] == [false, true, false])
    }
}
