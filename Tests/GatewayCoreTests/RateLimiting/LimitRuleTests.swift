import HTTPModel
import Testing

@testable import GatewayCore

struct LimitRuleTests {
    private func moment(_ nanoseconds: UInt64, unix: Int64 = 0, windowEnd: UInt64 = 0) -> LimitMoment {
        var moment = LimitMoment(LimitFixture.instant(nanoseconds), unixNanoseconds: unix)
        moment.windowEndMinute = windowEnd
        return moment
    }

    @Test func aRequestMayCostSeveralTokens() {
        let rule = LimitRule.rate(TokenBucket(intervalNanoseconds: 10, capacityNanoseconds: 100))

        #expect(rule.outcome(word: 0, tokens: 10, at: moment(1_000)) == .within(word: 1_100))
        #expect(rule.outcome(word: 1_001, tokens: 10, at: moment(1_000)) == .exceeded(waitNanoseconds: 1))
        #expect(rule.remaining(word: 1_050, at: moment(1_000)) == 5)
    }

    @Test func requestsAtOnceAreCountedAndNeverLookLikeAFullBucket() {
        let rule = LimitRule.concurrent(maximum: 2)
        var word: UInt64 = 77
        var words: [UInt64] = []
        while case .within(let next) = rule.outcome(word: word, tokens: 0, at: moment(5)) {
            word = next
            words.append(word)
        }

        #expect(words.count == 2)
        #expect(words.allSatisfy { $0 > TokenBucket.maximumInstantNanoseconds })
        #expect(rule.remaining(word: word, at: moment(5)) == 0)
        let one = LimitRule.ended(word: word)
        #expect(rule.remaining(word: one, at: moment(5)) == 1)
        #expect(LimitRule.ended(word: one) == 0)
    }

    @Test func aQuotaIsUsedUpToTheLastOneAndIsThereAgainWhenItsWindowEnds() {
        let rule = LimitRule.quota(maximum: 3)
        let minute: Int64 = 60_000_000_000
        let now = moment(0, unix: 100 * minute - 5, windowEnd: 100)
        guard case .within(let used) = rule.outcome(word: 0, tokens: 3, at: now) else {
            Issue.record("a fresh quota has room")
            return
        }

        #expect(rule.remaining(word: used, at: now) == 0)
        #expect(rule.outcome(word: used, tokens: 1, at: now) == .exceeded(waitNanoseconds: 5))
        let next = moment(0, unix: 100 * minute, windowEnd: 200)
        #expect(rule.remaining(word: used, at: next) == 3)
        #expect(used <= next.quotaWord && used > now.quotaWord)
    }

    @Test func aClockThatIsSetBackGrantsNoWindowTwice() {
        let rule = LimitRule.quota(maximum: 1)
        let later = moment(0, unix: 0, windowEnd: 200)
        guard case .within(let used) = rule.outcome(word: 0, tokens: 1, at: later) else { return }

        let earlier = rule.outcome(word: used, tokens: 1, at: moment(0, unix: 0, windowEnd: 100))

        #expect(earlier == .exceeded(waitNanoseconds: 200 * 60_000_000_000))
    }
}
