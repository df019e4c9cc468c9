import Testing

@testable import GatewayCore

struct LatencyHistogramTests {
    @Test(
        arguments: [
            (0, 0), (100_000, 0), (100_001, 1), (1_000_000, 3), (1_000_001, 4), (30_000_000_000, 16),
            (30_000_000_001, 17), (.max, 17),
        ] as [(UInt64, Int)])
    func aBoundBelongsToTheBucketBelow(nanoseconds: UInt64, bucket: Int) {
        #expect(LatencyHistogram.bucket(nanoseconds: nanoseconds) == bucket)
    }

    @Test func boundsAreShownInSeconds() {
        #expect(LatencyHistogram.boundText(0) == "0.0001")
        #expect(LatencyHistogram.boundText(16) == "30")
    }
}
