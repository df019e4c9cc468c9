import Testing

@testable import GatewayCore

struct MetricCatalogTests {
    @Test func theDocumentationSaysWhatTheCodeDeclares() throws {
        try RecordedFile("docs/metrics.md").expect(MetricCatalog.documentation)
    }

    @Test func everyMetricIsInTheDocumentation() {
        let text = MetricCatalog.documentation

        #expect(Metric.allCases.allSatisfy { text.contains("`\($0.name)`") && text.contains($0.sentence) })
    }
}
