import HTTPModel
import Testing

@testable import GatewayCore

struct PrometheusTextTests {
    /// One sample as a scraper reads it.
    private struct Sample {
        var name: String
        var labels: [String: String]
        var value: Double
    }

    private enum Mistake: Error { case line(String) }

    /// Reads the format strictly: HELP and TYPE first and once for each metric, samples of no other in
    /// between, labels with exactly the three escapes, a number, a line feed.
    private func parse(_ text: String) throws -> (types: [String: String], samples: [Sample]) {
        var types: [String: String] = [:]
        var samples: [Sample] = []
        var current = ""
        guard text.hasSuffix("\n") else { throw Mistake.line("no line feed at the end") }
        for line in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false) {
            let words = line.split(separator: " ", maxSplits: 3).map(String.init)
            if line.hasPrefix("# HELP ") {
                guard words.count == 4, types[words[2]] == nil else { throw Mistake.line(String(line)) }
                current = words[2]
            } else if line.hasPrefix("# TYPE ") {
                guard words.count == 4, words[2] == current, types[current] == nil else {
                    throw Mistake.line(String(line))
                }
                types[current] = words[3]
            } else {
                let sample = try sample(line)
                let suffixes = types[current] == "histogram" ? ["_bucket", "_sum", "_count"] : [""]
                guard suffixes.contains(where: { sample.name == current + $0 }) else {
                    throw Mistake.line(String(line))
                }
                samples.append(sample)
            }
        }
        return (types, samples)
    }

    private func sample(_ line: Substring) throws -> Sample {
        var rest = line
        let name = rest.prefix { $0.isLowercase || $0 == "_" || $0.isNumber }
        rest = rest.dropFirst(name.count)
        var labels: [String: String] = [:]
        if rest.first == "{" {
            repeat {
                rest = rest.dropFirst()
                let label = rest.prefix { $0.isLowercase }
                rest = rest.dropFirst(label.count)
                guard !label.isEmpty, rest.hasPrefix("=\"") else { throw Mistake.line(String(line)) }
                rest = rest.dropFirst(2)
                var value = ""
                while let character = rest.popFirst(), character != "\"" {
                    guard character == "\\" else {
                        value.append(character)
                        continue
                    }
                    switch rest.popFirst() {
                    case "\\": value.append("\\")
                    case "\"": value.append("\"")
                    case "n": value.append("\n")
                    default: throw Mistake.line(String(line))
                    }
                }
                labels[String(label)] = value
            } while rest.first == ","
            guard rest.popFirst() == "}" else { throw Mistake.line(String(line)) }
        }
        guard rest.popFirst() == " ", let value = Double(rest) else { throw Mistake.line(String(line)) }
        return Sample(name: String(name), labels: labels, value: value)
    }

    @Test func everyMetricIsDeclaredAndBareOnesAreThereFromTheStart() throws {
        let (types, samples) = try parse(
            PrometheusText.render(MetricRegistry().snapshot(), names: LabelNames()))

        #expect(types.count == Metric.allCases.count)
        #expect(types["kayle_gateway_requests_total"] == "counter")
        #expect(samples.contains { $0.name == "kayle_gateway_connections" && $0.value == 0 })
        #expect(!samples.contains { $0.name == "kayle_gateway_requests_total" })
    }

    @Test func labelsSurviveTheirEscapes() throws {
        let registry = MetricRegistry()
        let nasty = "a\"b\\c\nd"
        registry.makeWorkerMetrics().increment(
            MetricSeries(.refusals, registry.names.value(.reason, nasty)))

        let (_, samples) = try parse(PrometheusText.render(registry.snapshot(), names: registry.names))

        let sample = samples.first { $0.name == "kayle_gateway_refusals_total" }
        #expect(sample?.labels == ["reason": nasty])
        #expect(sample?.value == 1)
    }

    @Test func requestsCarryTheirThreeLabels() throws {
        let registry = MetricRegistry()
        let key = MetricSeries(
            .requests, registry.names.value(.route, "sessions.list"), registry.names.value(.tenant, "acme"),
            LabelValue(Status.ok))
        registry.makeWorkerMetrics().increment(key)

        let text = PrometheusText.render(registry.snapshot(), names: registry.names)

        let line = #"kayle_gateway_requests_total{route="sessions.list",tenant="acme",status="200"} 1"#
        #expect(text.contains(line + "\n"))
    }

    @Test func histogramBucketsAreCumulativeAndAgreeWithTheCount() throws {
        let registry = MetricRegistry()
        let worker = registry.makeWorkerMetrics()
        let key = MetricSeries(
            .requestDuration, registry.names.value(.route, "r"), registry.names.value(.cache, "hit"))
        for nanoseconds in [50_000, 200_000, 2_000_000_000, 99_000_000_000] as [UInt64] {
            worker.observe(nanoseconds, key)
        }

        let (_, samples) = try parse(PrometheusText.render(registry.snapshot(), names: registry.names))

        let own = samples.filter { $0.labels["route"] == "r" && $0.labels["cache"] == "hit" }
        let buckets = own.filter { $0.name.hasSuffix("_bucket") }
        #expect(buckets.map(\.value) == buckets.map(\.value).sorted())
        #expect(buckets.first?.labels["le"] == "0.0001" && buckets.first?.value == 1)
        #expect(buckets.last?.labels["le"] == "+Inf" && buckets.last?.value == 4)
        #expect(own.first { $0.name.hasSuffix("_count") }?.value == 4)
        #expect(own.first { $0.name.hasSuffix("_sum") }?.value == 101.00025)
    }

    @Test func whatHadNoRoomIsShownAsOther() throws {
        var snapshot = MetricSnapshot()
        snapshot.add(5, to: .overflow(.requests))

        let (_, samples) = try parse(PrometheusText.render(snapshot, names: LabelNames()))

        let sample = samples.first { $0.name == "kayle_gateway_requests_total" }
        #expect(sample?.labels == ["route": "_other", "tenant": "_other", "status": "_other"])
    }

    @Test(
        arguments: [
            (0, "0"), (1, "0.000000001"), (1_500_000_000, "1.5"), (60_000_000_000, "60"),
            (-250_000_000, "-0.25"),
        ] as [(Int64, String)])
    func secondsAreExact(nanoseconds: Int64, text: String) {
        #expect(PrometheusText.seconds(nanoseconds) == text)
    }
}
