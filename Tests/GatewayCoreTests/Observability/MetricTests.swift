import Testing

@testable import GatewayCore

struct MetricTests {
    @Test func namesAreDistinctAndBeginWithTheProduct() {
        let names = Metric.allCases.map(\.name)

        #expect(Set(names).count == names.count)
        #expect(names.allSatisfy { $0.hasPrefix("kayle_gateway_") })
    }

    @Test(arguments: Metric.allCases)
    func aNameTellsKindAndUnit(metric: Metric) {
        let base = metric.name.hasSuffix("_total") ? String(metric.name.dropLast(6)) : metric.name

        #expect(metric.name.hasSuffix("_total") == (metric.kind == .counter))
        #expect(base.hasSuffix("_bytes") == (metric.unit == .bytes))
        #expect(base.hasSuffix("_seconds") == (metric.unit == .seconds))
        #expect(metric.labels.count <= 3)
        #expect(metric.sentence.hasSuffix("."))
    }

    /// What operators rely on: interface.md section 4.
    @Test(
        arguments: [
            "requests_total": [.route, .tenant, .status], "request_duration_seconds": [.route, .cache],
            "cache_requests_total": [.route, .result], "cache_bytes": [], "cache_entries": [],
            "upstream_requests_total": [.route, .status], "rate_limited_total": [.tenant, .limit],
            "connections": [], "refusals_total": [.reason],
        ] as [String: [MetricLabel]])
    func fixedMetricsKeepTheirNamesAndLabels(name: String, labels: [MetricLabel]) {
        let metric = Metric.allCases.first { $0.name == "kayle_gateway_" + name }

        #expect(metric?.labels == labels)
    }
}
