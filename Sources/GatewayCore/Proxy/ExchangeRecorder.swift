import Cache
package import HTTPModel

/// Stage 14: counts an exchange and writes its line. One per worker.
package final class ExchangeRecorder {
    private let metrics: WorkerMetrics
    private let names: LabelNames
    private let clock: () -> MonotonicInstant
    private var log: AccessLog?
    private let results: [CacheResult: (cache: LabelValue, result: LabelValue)]
    private let noResult: LabelValue

    /// The wall clock at the begin of the turn, in nanoseconds since 1970.
    package var nowUnixNanoseconds: Int64 = 0
    /// The same in whole seconds.
    package var nowUnixSeconds: Int64 { nowUnixNanoseconds / 1_000_000_000 }

    /// Makes a worker's recorder; without a writer no lines are written.
    package init(
        metrics: WorkerMetrics, names: LabelNames, writer: LogWriter?, clock: @escaping () -> MonotonicInstant
    ) {
        self.metrics = metrics
        self.names = names
        self.clock = clock
        log = writer.map { AccessLog(writer: $0) }
        var results: [CacheResult: (LabelValue, LabelValue)] = [:]
        for result in CacheResult.allCases {
            results[result] = (names.value(.cache, result.rawValue), names.value(.result, result.rawValue))
        }
        self.results = results
        noResult = names.value(.cache, "none")
    }

    /// Counts a request that a limit refused.
    func limitExceeded(_ tenant: TenantContext?, limit: String) {
        metrics.increment(MetricSeries(.rateLimited, tenant?.label ?? .other, names.value(.limit, limit)))
    }

    /// Counts an exchange that waits for its answer, until it is written down.
    func exchangeBegan() { metrics.increment(.requestsInFlight) }

    /// An exchange that began is over.
    func exchangeEnded() { metrics.decrement(.requestsInFlight) }

    /// Counts a connection that was refused or closed by the gateway without an answer.
    package func refused(_ reason: String) {
        metrics.increment(MetricSeries(.refusals, names.value(.reason, reason)))
    }

    /// Counts a TLS handshake by how it ended.
    package func handshake(_ result: String) {
        metrics.increment(MetricSeries(.handshakes, names.value(.result, result)))
    }

    /// Writes an exchange down. `path` is canonical.
    func write(_ record: borrowing ExchangeRecord, identifier: Span<UInt8>, path: Span<UInt8>) {
        let nanoseconds = clock().nanosecondsElapsed(since: record.startedAt)
        count(record, nanoseconds: nanoseconds)
        guard log != nil else { return }
        log?.begin(atUnixNanoseconds: nowUnixNanoseconds)
        log?.add(.requestID, text: identifier)
        if let tenant = record.tenant {
            let id = tenant.idBytes
            log?.add(.tenant, text: id.span)
        }
        if let token = record.token { log?.add(.tokenID, text: token.characters.span) }
        log?.add(.clientAddress, address: record.address)
        log?.add(.httpVersion, word: record.version == .http10 ? "http/1.0" : "http/1.1")
        log?.add(.method, word: record.method.name ?? "other")
        log?.add(.path, text: path)
        if let route = record.route {
            let name = route.nameBytes
            log?.add(.route, text: name.span)
        }
        log?.add(.status, number: UInt64(record.status.rawValue))
        if let refusal = record.refusal { log?.add(.refusal, text: Array(refusal.utf8).span) }
        if let status = record.cacheStatus { log?.add(.cache, word: status.word.text) }
        if let status = record.upstreamStatus { log?.add(.upstreamStatus, number: UInt64(status.rawValue)) }
        log?.add(.bytesIn, number: record.receivedBytes)
        log?.add(.bytesOut, number: record.sentBytes)
        log?.add(.duration, nanoseconds: nanoseconds)
        addStages(record)
        log?.end()
    }

    /// Counts a fetch that nobody waited for; it is no request and has no line.
    func refreshed(_ record: borrowing ExchangeRecord) {
        metrics.increment(MetricSeries(.cacheRefreshes, record.route?.label ?? .other))
        countUpstream(record)
    }

    /// Hands the lines over that have been gathered.
    package func flush() { log?.flush() }

    private func addStages(_ record: borrowing ExchangeRecord) {
        guard let asked = record.upstreamAskedAt else { return }
        log?.add(.decideDuration, nanoseconds: asked.nanosecondsElapsed(since: record.startedAt))
        if let ended = record.upstreamEndedAt {
            log?.add(.upstreamDuration, nanoseconds: ended.nanosecondsElapsed(since: asked))
        }
    }

    private func count(_ record: borrowing ExchangeRecord, nanoseconds: UInt64) {
        let route = record.route?.label ?? .other
        metrics.increment(
            MetricSeries(.requests, route, record.tenant?.label ?? .other, LabelValue(record.status)))
        metrics.add(record.receivedBytes, to: .receivedBytes)
        metrics.add(record.sentBytes, to: .sentBytes)
        var cache = noResult
        if let result = record.cacheStatus.flatMap({ results[$0.word] }) {
            cache = result.cache
            metrics.increment(MetricSeries(.cacheRequests, route, result.result))
        }
        metrics.observe(nanoseconds, MetricSeries(.requestDuration, route, cache))
        if let refusal = record.refusal { refused(refusal) }
        countUpstream(record)
    }

    private func countUpstream(_ record: borrowing ExchangeRecord) {
        let route = record.route?.label ?? .other
        guard let asked = record.upstreamAskedAt else { return }
        metrics.increment(
            MetricSeries(.upstreamRequests, route, LabelValue(record.upstreamStatus ?? Status(rawValue: 0))))
        if let ended = record.upstreamEndedAt {
            metrics.observe(
                ended.nanosecondsElapsed(since: asked), MetricSeries(.upstreamDuration, route))
        }
    }
}
