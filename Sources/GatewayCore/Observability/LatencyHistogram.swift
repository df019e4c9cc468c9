/// The buckets of every duration that is counted: from 100 µs, where a cached answer lies, to 30 s, where
/// every deadline has passed.
package enum LatencyHistogram {
    /// Upper bounds in nanoseconds, inclusive as Prometheus has them.
    private static let bounds: InlineArray<17, UInt64> = [
        100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000,
        100_000_000, 250_000_000, 500_000_000, 1_000_000_000, 2_500_000_000, 5_000_000_000, 10_000_000_000,
        30_000_000_000,
    ]

    /// Number of bounds.
    package static let boundCount = 17
    /// Number of buckets: one for each bound and one for all above.
    package static let bucketCount = boundCount + 1

    /// The bucket a duration falls in, 0 ..< `bucketCount`. Most are answered from memory, so looking from
    /// below is the short way.
    @inline(__always)
    package static func bucket(nanoseconds: UInt64) -> Int {
        var index = 0
        while index < boundCount, nanoseconds > bounds[index] { index += 1 }
        return index
    }

    /// The upper bound of a bucket, in seconds, as the exposition shows it.
    package static func boundText(_ index: Int) -> String { PrometheusText.seconds(Int64(bounds[index])) }
}
