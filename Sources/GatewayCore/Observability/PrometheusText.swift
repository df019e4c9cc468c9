/// The Prometheus exposition, text format 0.0.4.
package enum PrometheusText {
    /// The value of Content-Type.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// All metrics, in the order of their declaration. Those without labels are always there; of the others
    /// the series that have counted.
    package static func render(_ snapshot: MetricSnapshot, names: LabelNames) -> String {
        let values = Dictionary(grouping: snapshot.values.keys, by: \.metric)
        let histograms = Dictionary(grouping: snapshot.histograms.keys, by: \.metric)
        var text = ""
        for metric in Metric.allCases {
            text += "# HELP \(metric.name) \(escaped(metric.sentence, quotes: false))\n"
            text += "# TYPE \(metric.name) \(metric.kind.rawValue)\n"
            var series = (metric.kind == .histogram ? histograms[metric] : values[metric]) ?? []
            if series.isEmpty && metric.labels.isEmpty { series = [MetricSeries(metric)] }
            for one in series.sorted(by: { $0.word < $1.word }) {
                let labels = labels(of: one, metric, names)
                switch metric.kind {
                case .counter, .gauge:
                    text += "\(metric.name)\(braced(labels)) \(number(snapshot[one], metric.unit))\n"
                case .histogram:
                    text += histogram(metric.name, labels, snapshot.histograms[one])
                }
            }
        }
        return text
    }

    /// Nanoseconds as seconds, exactly and without zeros at the end.
    static func seconds(_ nanoseconds: Int64) -> String {
        let (whole, rest) = nanoseconds.magnitude.quotientAndRemainder(dividingBy: 1_000_000_000)
        let sign = nanoseconds < 0 ? "-" : ""
        guard rest > 0 else { return "\(sign)\(whole)" }
        var digits = "\(rest + 1_000_000_000)".dropFirst()
        while digits.last == "0" { digits.removeLast() }
        return "\(sign)\(whole).\(digits)"
    }

    private static func number(_ value: Int64, _ unit: Metric.Unit) -> String {
        switch unit {
        case .count, .bytes: "\(value)"
        case .seconds: seconds(value)
        }
    }

    /// Three kinds of lines: cumulative buckets, sum, count.
    private static func histogram(
        _ name: String, _ labels: [String], _ histogram: MetricSnapshot.Histogram?
    ) -> String {
        var text = ""
        var cumulative: UInt64 = 0
        for index in 0..<LatencyHistogram.bucketCount {
            cumulative &+= histogram?.buckets[index] ?? 0
            let bound =
                index < LatencyHistogram.boundCount ? LatencyHistogram.boundText(index) : "+Inf"
            text += "\(name)_bucket\(braced(labels + ["le=\"\(bound)\""])) \(cumulative)\n"
        }
        let sum = Int64(clamping: histogram?.sumNanoseconds ?? 0)
        text += "\(name)_sum\(braced(labels)) \(seconds(sum))\n"
        text += "\(name)_count\(braced(labels)) \(cumulative)\n"
        return text
    }

    private static func labels(
        of series: MetricSeries, _ metric: Metric, _ names: LabelNames
    ) -> [String] {
        metric.labels.enumerated().map { index, label in
            let text = series.isOverflow ? LabelNames.otherText : names.text(label, series.label(index))
            return "\(label.rawValue)=\"\(escaped(text, quotes: true))\""
        }
    }

    private static func braced(_ labels: [String]) -> String {
        labels.isEmpty ? "" : "{\(labels.joined(separator: ","))}"
    }

    /// Backslash and line feed are escaped everywhere, quotes in label values only.
    private static func escaped(_ text: String, quotes: Bool) -> String {
        var out = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\"" where quotes: out += "\\\""
            default: out.unicodeScalars.append(character)
            }
        }
        return out
    }
}
