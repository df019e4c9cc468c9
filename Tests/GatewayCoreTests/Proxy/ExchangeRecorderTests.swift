import Cache
import Foundation
import HTTPModel
import Testing

@testable import GatewayCore

/// What is written down and counted of an exchange.
struct ExchangeRecorderTests {
    private static let endedAt = MonotonicInstant(nanoseconds: 5_001_000)
    private let metrics = WorkerMetrics()
    private let names = LabelNames()
    private let cache = HTTPCache(configuration: CacheConfiguration(), seed: (1, 2))

    /// Writes records down and gives their lines.
    private func lines(_ records: ExchangeRecord..., userAgent: String = "") throws -> [String] {
        let path = FileManager.default.temporaryDirectory.appending(path: "kayle-\(UUID().uuidString)").path
        let writer = try LogWriter(target: .file(path: path))
        let recorder = ExchangeRecorder(metrics: metrics, names: names, writer: writer) { Self.endedAt }
        recorder.nowUnixNanoseconds = 1_795_435_200_000_000_000
        for record in records {
            recorder.write(
                record, identifier: Array("request-1".utf8).span, path: Array("/v1/sessions".utf8).span,
                userAgent: Array(userAgent.utf8).span)
        }
        recorder.flush()
        writer.close()
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try FileManager.default.removeItem(atPath: path)
        return text.split(separator: "\n").map(String.init)
    }

    private let judges = Judges()

    private var counted: MetricSnapshot {
        var snapshot = MetricSnapshot()
        metrics.read(into: &snapshot)
        return snapshot
    }

    private func record(_ text: String = "GET /v1/sessions HTTP/1.1\r\nHost: a\r\n\r\n") throws
        -> ExchangeRecord
    {
        let head = HTTP1Samples.parse(text).head
        return ExchangeRecord(
            head, ProxyFixture.downstream(), try snapshot(), receivedBytes: text.utf8.count)
    }

    /// What records are judged by lives as long as the test.
    private final class Judges {
        var snapshots: [ConfigurationSnapshot] = []
    }

    /// One route and one tenant.
    private func snapshot() throws -> Borrowed<ConfigurationSnapshot> {
        let routes = try ProxyFixture.routes(#"{ "name": "list", "path": "/v1/sessions" }"#, names: names)
        let snapshot = try ProxyFixture.snapshot(routes, tenants: ["acme"], cache: cache, names: names)
        judges.snapshots.append(snapshot)
        return Borrowed(snapshot)
    }

    /// A record in which everything is known.
    private func wholeRecord() throws -> ExchangeRecord {
        var record = try record()
        record.routeIndex = 0
        record.tenantIndex = 0
        record.cacheStatus = .forward(CacheForward(.uriMiss))
        record.status = .ok
        record.sentBytes = 1_234
        record.upstreamStatus = .ok
        record.decidedAt = MonotonicInstant(nanoseconds: 501_000)
        record.collapseNanoseconds = 500_000
        record.upstreamAskedAt = MonotonicInstant(nanoseconds: 1_001_000)
        record.upstreamHeadAt = MonotonicInstant(nanoseconds: 2_001_000)
        record.upstreamEndedAt = MonotonicInstant(nanoseconds: 4_001_000)
        record.answerBeganAt = MonotonicInstant(nanoseconds: 2_101_000)
        return record
    }

    @Test func aLineTellsTheWholeExchange() throws {
        let lines = try lines(try wholeRecord(), userAgent: "loadgen/1.0")

        #expect(
            lines == [
                #"{"time":"2026-11-23T12:00:00.000Z","request_id":"request-1","tenant":"acme","#
                    + #""client":"192.0.2.7","http":"http/1.1","tls":"1.3","method":"GET","path":"/v1/sessions","#
                    + #""route":"list","user_agent":"loadgen/1.0","status":200,"cache":"uri-miss","upstream_status":200,"bytes_in":38,"#
                    + #""bytes_out":1234,"duration_us":5000,"decide_us":500,"collapse_us":500,"#
                    + #""upstream_us":3000,"send_us":2900}"#
            ])
    }

    @Test func aHitSaysNothingOfStagesItDidNotPass() throws {
        var record = try record()
        record.cacheStatus = .hit(ttlSeconds: 3)
        record.status = .ok

        let line = try lines(record)[0]

        #expect(line.hasSuffix(#""duration_us":5000}"#))
    }

    @Test func aHeadThatCameInPiecesTellsHowLongItTookAndTheWholeCountsFromItsFirstByte() throws {
        let head = HTTP1Samples.parse("GET /v1/sessions HTTP/1.1\r\nHost: a\r\n\r\n").head
        let downstream = ProxyFixture.downstream(startedAt: MonotonicInstant(nanoseconds: 3_001_000))
        let record = ExchangeRecord(head, downstream, try snapshot(), receivedBytes: 38)

        let line = try lines(record)[0]

        #expect(line.hasSuffix(#""duration_us":5000,"receive_us":3000}"#))
    }

    @Test func aPlainConnectionHasNoTLSVersion() throws {
        let head = HTTP1Samples.parse("GET /v1/sessions HTTP/1.1\r\nHost: a\r\n\r\n").head
        let record = ExchangeRecord(
            head, ProxyFixture.downstream(tls: nil), try snapshot(), receivedBytes: 38)

        #expect(try !lines(record)[0].contains("tls"))
    }

    @Test func whatAClientCallsItselfIsCutAndEscaped() throws {
        let agent = "a\"}\u{1B}" + String(repeating: "x", count: 400)

        let line = try lines(try record(), userAgent: agent)[0]

        let shown = #"a\"}\u001b"# + String(repeating: "x", count: 252)
        #expect(line.contains(#""user_agent":"\#(shown)","status""#))
    }

    @Test func whatAnExchangeKeepsOfAClientsNameIsWhatALineShows() throws {
        let agent = String(repeating: "x", count: 300)
        let text = "GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: \(agent)\r\nUser-Agent: second\r\n\r\n"
        let head = HTTP1Samples.parse(text).head
        let record = ExchangeRecord(
            head, ProxyFixture.downstream(), try snapshot(), receivedBytes: text.utf8.count)

        #expect(Array(text.utf8)[record.shownUserAgent] == [UInt8](repeating: 0x78, count: 256)[...])
        #expect(try self.record().shownUserAgent.isEmpty)
    }

    @Test func bytesThatAreNoRequestHaveALineToo() throws {
        var record = ExchangeRecord(ProxyFixture.downstream(), try snapshot())
        record.status = .badRequest
        record.refusal = .message(.methodInvalid)

        let line = try lines(record)[0]

        #expect(line.contains(#""method":"other""#))
        #expect(line.contains(#""status":400,"refusal":"method_invalid""#))
        #expect(!line.contains("tenant"))
        #expect(counted[MetricSeries(.refusals, names.value(.reason, "method_invalid"))] == 1)
    }

    @Test func anExchangeIsCountedByRouteTenantAndStatus() throws {
        let record = try wholeRecord()

        _ = try lines(record, record)

        let (route, tenant) = (names.value(.route, "list"), names.value(.tenant, "acme"))
        let result = names.value(.result, "uri-miss")
        #expect(counted[MetricSeries(.requests, route, tenant, LabelValue(Status.ok))] == 2)
        #expect(counted[MetricSeries(.cacheRequests, route, result)] == 2)
        #expect(counted[MetricSeries(.upstreamRequests, route, LabelValue(Status.ok))] == 2)
        #expect(counted[MetricSeries(.receivedBytes)] == 76)
        #expect(counted[MetricSeries(.sentBytes)] == 2_468)
        #expect(counted.sum(.refusals) == 0)
    }

    @Test func timesAreObservedByRouteAndCacheResult() throws {
        _ = try lines(try wholeRecord())

        let route = names.value(.route, "list")
        let duration = counted.histograms[
            MetricSeries(.requestDuration, route, names.value(.cache, "uri-miss"))]
        #expect(duration?.count == 1)
        #expect(duration?.sumNanoseconds == 5_000_000)
        #expect(counted.histograms[MetricSeries(.upstreamDuration, route)]?.sumNanoseconds == 3_000_000)
    }

    @Test func anUpstreamThatWasNotAskedIsNotCounted() throws {
        _ = try lines(try record())

        #expect(counted.sum(.upstreamRequests) == 0)
        #expect(counted.sum(.requests) == 1)
    }

    @Test func anUpstreamWithoutAnAnswerIsCountedWithoutAStatus() throws {
        var record = try wholeRecord()
        record.upstreamStatus = nil

        _ = try lines(record)

        let series = MetricSeries(
            .upstreamRequests, names.value(.route, "list"), LabelValue(Status(rawValue: 0)))
        #expect(counted[series] == 1)
    }

    @Test func withoutAWriterEverythingIsCountedAllTheSame() throws {
        let recorder = ExchangeRecorder(metrics: metrics, names: names, writer: nil) { Self.endedAt }

        recorder.write(
            try record(), identifier: [UInt8]().span, path: [UInt8]().span, userAgent: [UInt8]().span)
        recorder.flush()

        #expect(counted.sum(.requests) == 1)
    }

    @Test func limitsRefusalsAndHandshakesAreCountedByTheirNames() {
        let recorder = ExchangeRecorder(metrics: metrics, names: names, writer: nil) { Self.endedAt }
        let tenant = ProxyFixture.tenant("acme", cache: cache, names: names)

        let limit = names.value(.limit, "day")
        recorder.limitExceeded(tenant, limit)
        recorder.limitExceeded(nil, limit)
        recorder.limitShadowed(tenant, limit)
        recorder.refused("too_many_connections")
        recorder.handshake("failed")

        let (acme, day) = (names.value(.tenant, "acme"), limit)
        #expect(counted[MetricSeries(.rateLimited, acme, day)] == 1)
        #expect(counted[MetricSeries(.rateLimited, .other, day)] == 1)
        #expect(counted[MetricSeries(.rateLimitShadowed, acme, day)] == 1)
        #expect(counted[MetricSeries(.refusals, names.value(.reason, "too_many_connections"))] == 1)
        #expect(counted[MetricSeries(.handshakes, names.value(.result, "failed"))] == 1)
    }
}
