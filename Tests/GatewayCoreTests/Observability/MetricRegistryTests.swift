import Testing

@testable import GatewayCore

struct MetricRegistryTests {
    @Test func aSnapshotIsTheSumOfAllWorkers() {
        let registry = MetricRegistry()
        let (first, second) = (registry.makeWorkerMetrics(), registry.makeWorkerMetrics())
        let key = MetricSeries(.refusals, registry.names.value(.reason, "overload"))

        first.increment(key)
        second.increment(key)
        first.increment(.connections)
        second.decrement(.connections)
        second.observe(7, MetricSeries(.loopTurnDuration))
        first.observe(5, MetricSeries(.loopTurnDuration))

        let snapshot = registry.snapshot()
        #expect(snapshot[key] == 2)
        #expect(snapshot[MetricSeries(.connections)] == 0)
        #expect(snapshot.histograms[MetricSeries(.loopTurnDuration)]?.sumNanoseconds == 12)
    }

    @Test func countsOutliveTheirWorker() {
        let registry = MetricRegistry()

        do {
            let worker = registry.makeWorkerMetrics()
            worker.increment(.connectionsAccepted)
        }

        #expect(registry.snapshot()[MetricSeries(.connectionsAccepted)] == 1)
    }

    @Test func sampledMetricsArePutIn() {
        var snapshot = MetricRegistry().snapshot()

        snapshot.set(MetricSeries(.cacheBytes), to: 4_096)

        #expect(snapshot[MetricSeries(.cacheBytes)] == 4_096)
    }
}
