import Foundation
import Testing

@testable import GatewayCore

struct MetricCatalogTests {
    private let page = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../docs/metrics.md").standardizedFileURL

    /// The page is written anew by `KAYLE_WRITE_DOCS=1 swift test --filter MetricCatalogTests`.
    @Test func theDocumentationSaysWhatTheCodeDeclares() throws {
        if ProcessInfo.processInfo.environment["KAYLE_WRITE_DOCS"] != nil {
            try Data(MetricCatalog.documentation.utf8).write(to: page)
        }

        let written = try String(contentsOf: page, encoding: .utf8)

        #expect(written == MetricCatalog.documentation)
    }

    @Test func everyMetricIsInTheDocumentation() {
        let text = MetricCatalog.documentation

        #expect(Metric.allCases.allSatisfy { text.contains("`\($0.name)`") && text.contains($0.sentence) })
    }
}
