import HTTPModel
import Testing

@testable import GatewayCore

struct MonotonicClockTests {
    @Test func timeNeverGoesBack() {
        var last = MonotonicClock.now()
        for _ in 0..<10_000 {
            let now = MonotonicClock.now()
            #expect(now >= last)
            last = now
        }
    }

    @Test func aWaitLastsAtLeastItsTime() {
        let before = MonotonicClock.now()

        MonotonicClock.sleep(.milliseconds(2))
        MonotonicClock.sleep(.milliseconds(-1))

        #expect(MonotonicClock.now().elapsed(since: before) >= .milliseconds(2))
    }

    /// 2024-01-01 and 2124-01-01: a clock in other units is far outside.
    @Test func theWallClockCountsFrom1970() {
        #expect((1_704_067_200...4_859_740_800).contains(WallClock.nowSeconds()))
        #expect((1_704_067_200...4_859_740_800).contains(WallClock.nowNanoseconds() / 1_000_000_000))
    }
}
