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
        let one = rule.undoing(tokens: 1, left: word, word: word, at: moment(5))
        #expect(rule.remaining(word: one, at: moment(5)) == 1)
        #expect(rule.undoing(tokens: 1, left: one, word: one, at: moment(5)) == 0)
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

    @Test func undoingAtOnceLeavesWhatWas() {
        let rule = LimitRule.rate(TokenBucket(intervalNanoseconds: 10, capacityNanoseconds: 100))
        for before in [0, 990, 1_000, 1_001, 1_060] as [UInt64] {
            guard case .within(let left) = rule.outcome(word: before, tokens: 4, at: moment(1_000)) else {
                continue
            }
            let after = rule.undoing(tokens: 4, left: left, word: left, at: moment(1_000))
            #expect(after == max(before, 1_000), "\(before)")
        }
        let quota = LimitRule.quota(maximum: 9)
        let now = moment(0, unix: 0, windowEnd: 5)
        guard case .within(let one) = quota.outcome(word: 0, tokens: 2, at: now),
            case .within(let two) = quota.outcome(word: one, tokens: 3, at: now)
        else { return }
        #expect(quota.remaining(word: quota.undoing(tokens: 2, left: one, word: two, at: now), at: now) == 6)
        let next = (7 << LimitRule.usedBits) | 4 as UInt64
        #expect(quota.undoing(tokens: 2, left: one, word: next, at: now) == next)
    }

    /// Every schedule of takes by others between a take and its undoing, against the world without the take.
    @Test func anUndoneTakeNeverLeavesMoreThanIfItHadNotBeen() {
        let bucket = TokenBucket(intervalNanoseconds: 10, capacityNanoseconds: 100)
        let rule = LimitRule.rate(bucket)
        var numbers = SeededNumbers(state: 11)
        var exact = 0
        for round in 0..<20_000 {
            let start = UInt64.random(in: 900...1_100, using: &numbers)
            let tokens = UInt64.random(in: 1...5, using: &numbers)
            guard case .within(let left) = rule.outcome(word: start, tokens: tokens, at: moment(1_000)) else {
                continue
            }
            var (with, without, now) = (left, start, UInt64(1_000))
            for _ in 0..<Int.random(in: 0...4, using: &numbers) {
                now += UInt64.random(in: 0...40, using: &numbers)
                let cost = UInt64.random(in: 1...3, using: &numbers)
                // What is granted with the take is granted without it.
                guard case .within(let next) = rule.outcome(word: with, tokens: cost, at: moment(now)) else {
                    continue
                }
                with = next
                without = max(without, now) + cost * 10
            }
            now += UInt64.random(in: 0...20, using: &numbers)
            let undone = rule.undoing(tokens: tokens, left: left, word: with, at: moment(now))

            #expect(max(undone, now) >= max(without, now), "round \(round)")
            #expect(undone <= with, "round \(round)")
            if max(undone, now) == max(without, now) { exact += 1 }
        }
        #expect(exact > 5_000)
    }
}
