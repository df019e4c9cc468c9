import Locking

/// All workers' counts and the names of their labels: one value for the process.
package final class MetricRegistry: Sendable {
    /// The names behind label values.
    package let names = LabelNames()
    private let workers = Lock<[WorkerMetrics]>([])

    /// No workers yet.
    package init() {}

    /// The counts of one more writing thread. They stay in the sums when the thread is gone: a counter must
    /// not go back.
    package func makeWorkerMetrics(
        seriesCapacity: Int = WorkerMetrics.defaultSeriesCapacity
    ) -> WorkerMetrics {
        let metrics = WorkerMetrics(seriesCapacity: seriesCapacity)
        workers.withLock { $0.append(metrics) }
        return metrics
    }

    /// The sums over all workers, to which the sampled metrics are added by `MetricSnapshot.set`.
    package func snapshot() -> MetricSnapshot {
        let workers = workers.withLock { $0 }
        var snapshot = MetricSnapshot()
        for worker in workers { worker.read(into: &snapshot) }
        return snapshot
    }
}

/// The values of all series at about one instant.
package struct MetricSnapshot: Sendable {
    /// A histogram's counts by bucket, not cumulative, and the sum of what was observed.
    package struct Histogram: Sendable, Hashable {
        /// Observations by bucket of `LatencyHistogram`.
        package var buckets: [UInt64]
        /// The sum of all observations.
        package var sumNanoseconds: UInt64
        /// Number of all observations.
        package var count: UInt64 { buckets.reduce(0, &+) }
    }

    /// Counters and gauges; those of the unit seconds in nanoseconds.
    package private(set) var values: [MetricSeries: Int64] = [:]
    /// Histograms.
    package private(set) var histograms: [MetricSeries: Histogram] = [:]

    /// Puts in the value of a sampled metric.
    package mutating func set(_ series: MetricSeries, to value: Int64) {
        assert(series.metric?.isSampled == true, "\(series) is counted by workers")
        values[series] = value
    }

    /// The value of a series, 0 if nothing was counted.
    package subscript(_ series: MetricSeries) -> Int64 { values[series] ?? 0 }

    /// The sum over all series of a counter or gauge: for `/status`.
    package func sum(_ metric: Metric) -> Int64 {
        values.reduce(0) { $1.key.metric == metric ? $0 &+ $1.value : $0 }
    }

    mutating func add(_ value: Int64, to series: MetricSeries) { values[series, default: 0] &+= value }

    mutating func add(buckets: [UInt64], sumNanoseconds: UInt64, to series: MetricSeries) {
        var histogram =
            histograms[series]
            ?? Histogram(buckets: Array(repeating: 0, count: LatencyHistogram.bucketCount), sumNanoseconds: 0)
        for index in histogram.buckets.indices { histogram.buckets[index] &+= buckets[index] }
        histogram.sumNanoseconds &+= sumNanoseconds
        histograms[series] = histogram
    }
}
