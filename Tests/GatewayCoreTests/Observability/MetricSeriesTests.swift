import HTTPModel
import Testing

@testable import GatewayCore

struct MetricSeriesTests {
    @Test func metricAndLabelsComeBack() {
        let names = LabelNames()
        let (route, tenant) = (names.value(.route, "r"), names.value(.tenant, "t"))

        let series = MetricSeries(.requests, route, tenant, LabelValue(Status(rawValue: 503)))

        #expect(series.metric == .requests)
        #expect(series.label(0) == route)
        #expect(series.label(1) == tenant)
        #expect(series.label(2) == LabelValue(Status(rawValue: 503)))
        #expect(!series.isOverflow)
    }

    @Test(arguments: Metric.allCases)
    func theOverflowSeriesIsTheMetricsOwn(metric: Metric) {
        #expect(MetricSeries.overflow(metric).metric == metric)
        #expect(MetricSeries.overflow(metric).isOverflow)
        #expect(MetricSeries.overflow(metric) != MetricSeries(metric))
    }
}
