import Cache
package import HTTPModel

/// Stage 14: counts an exchange and writes its line. One per worker.
package final class ExchangeRecorder {
    private let metrics: WorkerMetrics
    private let names: LabelNames
    private let clock: () -> MonotonicInstant
    private var log: AccessLog?
    // Labels by the raw value of what they stand for: looked up once, not for every exchange.
    private let results: [(cache: LabelValue, result: LabelValue)]
    private let accessReasons: [LabelValue]
    private let limitedReason: LabelValue
    private let guessingReason: LabelValue
    private let noResult: LabelValue
    private var reasonTexts = LabelTexts(.reason)
    private var limitTexts = LabelTexts(.limit)

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
        results = CacheResult.allCases.map {
            (names.value(.cache, "\($0.text)"), names.value(.result, "\($0.text)"))
        }
        accessReasons = AccessRefusal.allCases.map { names.value(.reason, "\($0.word)") }
        limitedReason = names.value(.reason, RefusalReason.limited.word)
        guessingReason = names.value(.reason, RefusalReason.guessing.word)
        noResult = names.value(.cache, "none")
    }

    /// Counts a request that a limit refused.
    func limitExceeded(_ tenant: TenantContext?, _ limit: LabelValue) {
        metrics.increment(MetricSeries(.rateLimited, tenant?.label ?? .other, limit))
    }

    /// Counts a request that a limit in shadow would have refused.
    func limitShadowed(_ tenant: TenantContext?, _ limit: LabelValue) {
        metrics.increment(MetricSeries(.rateLimitShadowed, tenant?.label ?? .other, limit))
    }

    /// Counts a request that was refused because the gateway was short.
    func shed(_ tenant: TenantContext?, _ shortage: LoadShedder.Shortage) {
        metrics.increment(
            MetricSeries(.requestsShed, tenant?.label ?? .other, names.value(.reason, shortage.word)))
    }

    /// Counts a request that said what one before on its connection said.
    func repeated() { metrics.increment(.requestsRepeated) }

    /// Counts an answer of 429 after which nothing is sent for a while.
    func upstreamPaused(_ tenant: TenantContext) {
        metrics.increment(MetricSeries(.upstreamPauses, tenant.label))
    }

    /// Counts an exchange that waits for its answer, until it is written down.
    func exchangeBegan() { metrics.increment(.requestsInFlight) }

    /// An exchange that began is over.
    func exchangeEnded() { metrics.decrement(.requestsInFlight) }

    /// Counts a connection that was refused or closed by the gateway without an answer.
    package func refused(_ reason: String) {
        metrics.increment(MetricSeries(.refusals, names.value(.reason, reason)))
    }

    /// Counts a connection that was ended in order because it had lived long enough.
    package func ended(_ reason: String) {
        metrics.increment(MetricSeries(.connectionsEnded, names.value(.reason, reason)))
    }

    /// Counts a TLS handshake by how it ended.
    package func handshake(_ result: String) {
        metrics.increment(MetricSeries(.handshakes, names.value(.result, result)))
    }

    /// The present instant, read from the clock.
    var instant: MonotonicInstant { clock() }

    /// Writes an exchange down. `path` is canonical, `userAgent` what the client calls itself.
    func write(
        _ record: borrowing ExchangeRecord, identifier: Span<UInt8>, path: Span<UInt8>,
        userAgent: Span<UInt8>
    ) {
        let outcome = begin(record, identifier: identifier)
        guard var open = log.take() else { return }
        Self.addRequest(record, path: path, userAgent: userAgent, to: &open)
        log = consume open
        end(record, outcome)
    }

    /// Writes an exchange down of whose request `fields` tells what `requestFields` gave.
    func write(_ record: borrowing ExchangeRecord, identifier: Span<UInt8>, fields: Span<UInt8>) {
        let outcome = begin(record, identifier: identifier)
        guard log != nil else { return }
        log?.add(fields: fields)
        end(record, outcome)
    }

    /// What a line tells of the request itself, for other lines about the same; empty without a log.
    func requestFields(
        _ record: ExchangeRecord, path: Span<UInt8>, userAgent: Span<UInt8>
    ) -> [UInt8] {
        guard log != nil else { return [] }
        return log?.render { Self.addRequest(record, path: path, userAgent: userAgent, to: &$0) } ?? []
    }

    /// How an exchange ended.
    private struct Outcome {
        let endedAt: MonotonicInstant
        let nanoseconds: UInt64
        let reason: LabelValue?
    }

    private func begin(_ record: borrowing ExchangeRecord, identifier: Span<UInt8>) -> Outcome {
        let now = clock()
        let outcome = Outcome(
            endedAt: now, nanoseconds: now.nanosecondsElapsed(since: record.headBeganAt),
            reason: record.refusal.map { label(of: $0) })
        count(record, outcome)
        log?.begin(atUnixNanoseconds: nowUnixNanoseconds)
        log?.add(.requestID, text: identifier)
        return outcome
    }

    private static func addRequest(
        _ record: borrowing ExchangeRecord, path: Span<UInt8>, userAgent: Span<UInt8>, to log: inout AccessLog
    ) {
        record.borrowedTenant?.read { $0.logText.withSpan { log.add(.tenant, rendered: $0) } }
        if let token = record.token {
            log.add(.tokenID, packed: token.packed, count: TokenID.characterCount)
        }
        log.add(.clientAddress, address: record.address)
        log.add(.httpVersion, word: record.version == .http10 ? "http/1.0" : "http/1.1")
        if let tls = record.tls { log.add(.tlsVersion, word: tls.number) }
        log.add(.method, word: record.method.name ?? "other")
        log.add(.path, text: path)
        record.borrowedRoute?.read { $0.logText.withSpan { log.add(.route, rendered: $0) } }
        if !userAgent.isEmpty {
            let shown = userAgent.extracting(first: min(userAgent.count, AccessLog.maximumUserAgentBytes))
            log.add(.userAgent, text: shown)
        }
    }

    private func end(_ record: borrowing ExchangeRecord, _ outcome: Outcome) {
        log?.add(.status, number: UInt64(record.status.rawValue))
        if let reason = outcome.reason {
            let text = reasonTexts.text(of: reason, names)
            log?.add(.refusal, rendered: text.span)
        }
        if let limit = record.limit {
            let text = limitTexts.text(of: limit, names)
            log?.add(.limit, rendered: text.span)
        }
        if let status = record.cacheStatus { log?.add(.cache, word: status.word.text) }
        if let status = record.upstreamStatus { log?.add(.upstreamStatus, number: UInt64(status.rawValue)) }
        log?.add(.bytesIn, number: record.receivedBytes)
        log?.add(.bytesOut, number: record.sentBytes)
        log?.add(.duration, nanoseconds: outcome.nanoseconds)
        addStages(record, endedAt: outcome.endedAt)
        log?.end()
    }

    /// Counts a fetch that nobody waited for; it is no request and has no line.
    func refreshed(_ record: borrowing ExchangeRecord) {
        metrics.increment(MetricSeries(.cacheRefreshes, record.routeLabel))
        countUpstream(record)
    }

    /// Counts a large answer that a client is given while it arrives.
    func streamed() { metrics.increment(MetricSeries(.cacheStreams)) }

    /// Counts an answer that is decoded on its way in.
    func upstreamSentGzip() { metrics.increment(MetricSeries(.upstreamGzipAnswers)) }

    /// Counts a stored answer that was to be made smaller, by what became of it.
    func compressed(_ result: String) {
        metrics.increment(MetricSeries(.cacheCompressions, names.value(.result, result)))
    }

    /// Counts a larger page that did not answer the question it was fetched for; the exchange goes on.
    func askedInVain(_ record: borrowing ExchangeRecord) {
        metrics.increment(MetricSeries(.cacheNarrowings, record.routeLabel))
        countUpstream(record)
    }

    /// Hands the lines over that have been gathered.
    package func flush() { log?.flush() }

    private func addStages(_ record: borrowing ExchangeRecord, endedAt: MonotonicInstant) {
        let receiving = record.startedAt.nanosecondsElapsed(since: record.headBeganAt)
        if receiving > 0 { log?.add(.receiveDuration, nanoseconds: receiving) }
        if let decided = record.decidedAt {
            log?.add(.decideDuration, nanoseconds: decided.nanosecondsElapsed(since: record.startedAt))
        }
        if record.collapseNanoseconds > 0 {
            log?.add(.collapseDuration, nanoseconds: record.collapseNanoseconds)
        }
        if let asked = record.upstreamAskedAt, let ended = record.upstreamEndedAt {
            log?.add(.upstreamDuration, nanoseconds: ended.nanosecondsElapsed(since: asked))
        }
        if let began = record.answerBeganAt {
            log?.add(.sendDuration, nanoseconds: endedAt.nanosecondsElapsed(since: began))
        }
    }

    private func count(_ record: borrowing ExchangeRecord, _ outcome: Outcome) {
        let route = record.routeLabel
        let tenant = record.tenantNumbers?.label ?? .other
        metrics.increment(MetricSeries(.requests, route, tenant, LabelValue(record.status)))
        metrics.add(record.receivedBytes, to: .receivedBytes)
        metrics.add(record.sentBytes, to: .sentBytes)
        var cache = noResult
        if let status = record.cacheStatus {
            let labels = results[Int(status.word.rawValue)]
            cache = labels.cache
            metrics.increment(MetricSeries(.cacheRequests, route, labels.result))
        }
        metrics.observe(outcome.nanoseconds, MetricSeries(.requestDuration, route, cache))
        if let reason = outcome.reason { metrics.increment(MetricSeries(.refusals, reason)) }
        countUpstream(record)
    }

    private func countUpstream(_ record: borrowing ExchangeRecord) {
        let route = record.routeLabel
        guard let asked = record.upstreamAskedAt else { return }
        metrics.increment(
            MetricSeries(.upstreamRequests, route, LabelValue(record.upstreamStatus ?? Status(rawValue: 0))))
        if let ended = record.upstreamEndedAt {
            metrics.observe(
                ended.nanosecondsElapsed(since: asked), MetricSeries(.upstreamDuration, route))
        }
    }

    /// The label of a reason. The common ones cost no look-up.
    private func label(of refusal: RefusalReason) -> LabelValue {
        switch refusal {
        case .access(let reason): accessReasons[Int(reason.rawValue)]
        case .limited: limitedReason
        case .guessing: guessingReason
        case .message, .path, .query, .pageTooLarge, .noRoute, .methodNotAllowed, .late, .upstreamLimited,
            .upstream, .overloaded, .streamOutrun, .streamAbandoned:
            names.value(.reason, refusal.word)
        }
    }
}
