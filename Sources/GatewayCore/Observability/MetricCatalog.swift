/// What the declarations of `Metric` amount to, for people.
package enum MetricCatalog {
    /// `docs/metrics.md`: the whole page, made from the declarations. A test compares it with the file.
    package static var documentation: String {
        var page = """
            # Metrics

            `GET /metrics` on the admin address, Prometheus text format 0.0.4. This page is made from
            `Sources/GatewayCore/Observability/Metric.swift`; a test keeps it so.

            Labels come from the configuration or from closed sets. A label value that the gateway has no room
            to count separately (more than \(LabelNames.maximumNamesPerLabel) names of one label, or more series
            than a worker's table holds) is counted under `\(LabelNames.otherText)`.

            | metric | kind | labels | tells |
            |---|---|---|---|

            """
        for metric in Metric.allCases {
            let labels = metric.labels.map { "`\($0.rawValue)`" }.joined(separator: ", ")
            page += "| `\(metric.name)` | \(metric.kind.rawValue) | \(labels.isEmpty ? "–" : labels) "
            page += "| \(metric.sentence) |\n"
        }
        let bounds = (0..<LatencyHistogram.boundCount).map { LatencyHistogram.boundText($0) }
        page += "\nHistograms have the buckets (seconds): \(bounds.joined(separator: ", ")), +Inf.\n"
        return page
    }
}
