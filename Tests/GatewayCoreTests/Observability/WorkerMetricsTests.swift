import HTTPModel
import Synchronization
import Testing

@testable import GatewayCore

struct WorkerMetricsTests {
    private func snapshot(_ metrics: WorkerMetrics) -> MetricSnapshot {
        var snapshot = MetricSnapshot()
        metrics.read(into: &snapshot)
        return snapshot
    }

    @Test func gaugesGoUpAndDown() {
        let metrics = WorkerMetrics()

        for _ in 0..<3 { metrics.increment(.connections) }
        metrics.decrement(.connections)

        #expect(snapshot(metrics)[MetricSeries(.connections)] == 2)
    }

    @Test func seriesAreCountedApart() {
        let (metrics, names) = (WorkerMetrics(), LabelNames())
        let (route, tenant) = (names.value(.route, "r"), names.value(.tenant, "t"))
        let ok = MetricSeries(.requests, route, tenant, LabelValue(Status.ok))
        let refused = MetricSeries(.requests, route, tenant, LabelValue(Status.tooManyRequests))

        for _ in 0..<5 { metrics.increment(ok) }
        metrics.increment(refused)

        let read = snapshot(metrics)
        #expect(read[ok] == 5)
        #expect(read[refused] == 1)
        #expect(read.sum(.requests) == 6)
    }

    @Test func durationsAreCountedByBucketAndAddedUp() {
        let metrics = WorkerMetrics()
        let key = MetricSeries(.loopTurnDuration)

        metrics.observe(50_000, key)
        metrics.observe(60_000, key)
        metrics.observe(40_000_000_000, key)

        let histogram = snapshot(metrics).histograms[key]
        #expect(histogram?.buckets.first == 2)
        #expect(histogram?.buckets.last == 1)
        #expect(histogram?.count == 3)
        #expect(histogram?.sumNanoseconds == 40_000_110_000)
    }

    @Test func seriesWithoutRoomAreCountedTogetherAndNoneIsLost() {
        let (metrics, names) = (WorkerMetrics(seriesCapacity: 256), LabelNames())
        let tenants = (0..<1_000).map { names.value(.tenant, "t\($0)") }

        for _ in 0..<3 {
            for tenant in tenants { metrics.increment(MetricSeries(.rateLimited, tenant)) }
        }

        let read = snapshot(metrics)
        #expect(read.sum(.rateLimited) == 3_000)
        #expect(read[.overflow(.rateLimited)] == 3 * (1_000 - 224))
        #expect(read[MetricSeries(.rateLimited, tenants[0])] == 3)
    }

    @Test func histogramsWithoutRoomAreCountedTogether() {
        let (metrics, names) = (WorkerMetrics(histogramCapacity: 256), LabelNames())

        for number in 0..<1_000 {
            metrics.observe(1, MetricSeries(.upstreamDuration, names.value(.route, "r\(number)")))
        }

        let read = snapshot(metrics)
        #expect(read.histograms.values.reduce(0) { $0 + $1.count } == 1_000)
        let together: UInt64 = read.histograms[.overflow(.upstreamDuration)]?.count ?? 0
        #expect(together == 776)
    }

    @Test func aReaderSeesCountsThatOnlyGrow() {
        let metrics = WorkerMetrics()
        let keys = LabelNames()
        let isDone = Flag()

        Crowd.run(2) { number in
            if number == 0 {
                for round in 0..<20_000 {
                    metrics.increment(MetricSeries(.rateLimited, keys.value(.tenant, "t\(round % 300)")))
                }
                isDone.raise()
            } else {
                var last: Int64 = 0
                while !isDone.isRaised {
                    let sum = snapshot(metrics).sum(.rateLimited)
                    #expect(sum >= last)
                    last = sum
                }
            }
        }

        #expect(snapshot(metrics).sum(.rateLimited) == 20_000)
    }

    private final class Flag: Sendable {
        private let value = Atomic(false)
        var isRaised: Bool { value.load(ordering: .acquiring) }
        func raise() { value.store(true, ordering: .releasing) }
    }
}
