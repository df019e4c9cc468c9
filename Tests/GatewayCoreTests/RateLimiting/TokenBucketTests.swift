import Testing

@testable import GatewayCore

struct TokenBucketTests {
    private let bucket = TokenBucket(intervalNanoseconds: 10, capacityNanoseconds: 30)

    @Test func aFullBucketGivesItsBurstAndThenRefuses() {
        var fullAt: UInt64 = 0
        var granted = 0

        while case .within(let after) = bucket.outcome(fullAt: fullAt, now: 1_000) {
            fullAt = after
            granted += 1
        }

        #expect(granted == 3)
        #expect(bucket.outcome(fullAt: fullAt, now: 1_000) == .exceeded(waitNanoseconds: 10))
    }

    @Test(
        arguments: [(0, 3), (1, 2), (10, 2), (11, 1), (29, 0), (30, 0), (31, 0), (1_000, 0)]
            as [(UInt64, UInt64)])
    func tokensAreWholeOnes(missing: UInt64, tokens: UInt64) {
        #expect(bucket.tokens(fullAt: 5_000 + missing, now: 5_000) == tokens)
    }

    @Test(arguments: [1, 7, 12, 19, 30] as [UInt64])
    func theWaitIsTheShortestThatSucceeds(late: UInt64) {
        let fullAt = 1_000 + 20 + late

        guard case .exceeded(let wait) = bucket.outcome(fullAt: fullAt, now: 1_000) else {
            Issue.record("a token was there")
            return
        }

        #expect(bucket.outcome(fullAt: fullAt, now: 1_000 + wait) == .within(fullAtNanoseconds: fullAt + 10))
        #expect(bucket.outcome(fullAt: fullAt, now: 1_000 + wait - 1) == .exceeded(waitNanoseconds: 1))
    }

    @Test func theLargestTimesDoNotOverflow() {
        let largest = TokenBucket(
            intervalNanoseconds: TokenBucket.maximumCapacityNanoseconds,
            capacityNanoseconds: TokenBucket.maximumCapacityNanoseconds)
        let now = TokenBucket.maximumInstantNanoseconds - 1

        let outcome = largest.outcome(fullAt: now + largest.capacityNanoseconds, now: now)

        #expect(outcome == .exceeded(waitNanoseconds: largest.capacityNanoseconds))
    }
}
