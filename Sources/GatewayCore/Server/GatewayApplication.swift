import HTTPModel

/// The gateway on one worker: its corridor, its upstream client, and what the loop does for both.
final class GatewayApplication: Application {
    private let pipeline: RequestPipeline
    private let upstream: UpstreamClient
    private let recorder: ExchangeRecorder
    private let metrics: WorkerMetrics
    private let housekeeping: Housekeeping?
    private let prober: UpstreamProber?
    private var sampled = UpstreamClient.Statistics()
    private var lastTick: MonotonicInstant?
    // Connections with news, while they are gone on with: two lists that take turns, so that neither is
    // copied.
    private var woken: [Registration] = []
    private var turnBegan = MonotonicInstant(nanoseconds: 0)

    /// How often log lines are handed over and the house is kept, at the least.
    private static var tick: TimeLimit { TimeLimit(nanoseconds: 250_000_000) }

    init(
        pipeline: RequestPipeline, upstream: UpstreamClient, recorder: ExchangeRecorder,
        metrics: WorkerMetrics,
        housekeeping: Housekeeping?, prober: UpstreamProber?
    ) {
        self.pipeline = pipeline
        self.upstream = upstream
        self.recorder = recorder
        self.metrics = metrics
        self.housekeeping = housekeeping
        self.prober = prober
        recorder.nowUnixNanoseconds = WallClock.nowNanoseconds()
    }

    override func handle(_ bytes: Span<UInt8>, _ downstream: Downstream, _ worker: Worker) -> Handling {
        pipeline.now = worker.now
        return pipeline.begin(&worker.head, bytes, downstream, into: &worker.outbound)
    }

    override func answer(
        _ repeated: RepeatedRequest, _ downstream: Downstream, _ worker: Worker
    ) -> Handling? {
        pipeline.now = worker.now
        return pipeline.answer(repeated, downstream, into: &worker.outbound)
    }

    override func takeKept() -> RepeatedRequest? { pipeline.kept.take() }

    override func refuse(_ refusal: MessageRefusal, _ downstream: Downstream, _ worker: Worker) {
        pipeline.refuse(.message(refusal), downstream, into: &worker.outbound)
    }

    override func refuseLate(_ downstream: Downstream, _ worker: Worker) {
        pipeline.refuse(.late, downstream, into: &worker.outbound)
    }

    override func exchangeDue(_ number: UInt64, _ worker: Worker) {
        pipeline.now = worker.now
        pipeline.due(number)
    }

    override func upstreamReady(_ number: Int, _ readiness: Readiness, _ worker: Worker) {
        var ready: UpstreamReadiness = []
        if readiness.isReadable { ready.insert(.readable) }
        if readiness.isWritable { ready.insert(.writable) }
        if readiness.isBroken { ready.insert(.failed) }
        upstream.descriptorReady(Int32(number), ready, now: worker.now)
    }

    override func received(_ message: WorkerMessage, _ worker: Worker) {
        switch message {
        case .connection(let handed): worker.take(handed)
        case .follower(let message):
            pipeline.now = worker.now
            pipeline.hear(message)
        case .snapshot(let snapshot): pipeline.snapshot = snapshot
        case .renewCertificates: for listener in worker.listeners { listener.renewCertificate() }
        case .drain(let deadline):
            pipeline.drain()
            worker.drain(until: deadline)
        }
    }

    override func afterWait(_ worker: Worker) {
        turnBegan = worker.now
        recorder.nowUnixNanoseconds = WallClock.nowNanoseconds()
    }

    override func afterEvents(_ worker: Worker) {
        upstream.advance(now: worker.now)
        deliverNews(worker)
        if pipeline.isCompressing { pipeline.compress() }
    }

    override func beforeWait(_ worker: Worker) {
        // Serving connections may have started transfers and ended others.
        deliverNews(worker)
        upstream.applyInterest()
        if turnBegan.nanoseconds > 0 {
            let nanoseconds = worker.now.nanosecondsElapsed(since: turnBegan)
            metrics.observe(nanoseconds, MetricSeries(.loopTurnDuration))
            pipeline.shedder.noteTurn(nanoseconds: nanoseconds)
        }
        if lastTick.map({ $0.advanced(by: Self.tick) <= worker.now }) ?? true {
            lastTick = worker.now
            recorder.flush()
            sampleUpstream()
            housekeeping?.tick(now: worker.now)
            prober?.tick(now: worker.now)
        }
        pipeline.rest()
    }

    override var nextDeadline: MonotonicInstant? {
        // There is work: look for events, and do not wait for any.
        if pipeline.isCompressing { return turnBegan }
        let tick = lastTick?.advanced(by: Self.tick)
        guard let upstream = upstream.nextDeadline else { return tick }
        return tick.map { min($0, upstream) } ?? upstream
    }

    override var isQuiet: Bool { pipeline.exchanges.isQuiet }

    override func stopped() {
        upstream.close()
        recorder.flush()
        pipeline.rest()
    }

    override func note(_ event: ConnectionEvent, _ worker: Worker) {
        switch event {
        case .opened:
            metrics.increment(.connections)
            metrics.increment(.connectionsAccepted)
        case .closed: metrics.decrement(.connections)
        case .refused: recorder.refused("too_many_connections")
        case .exhausted: recorder.refused("out_of_descriptors")
        case .lastRequest: recorder.ended("requests_per_connection")
        case .handshakeCompleted(let resumed): recorder.handshake(resumed ? "resumed" : "full")
        case .handshakeFailed: recorder.handshake("failed")
        case .expired(let wait):
            switch wait {
            case .handshake: recorder.refused("handshake_timeout")
            case .reading: recorder.refused("write_timeout")
            case .request: recorder.ended("idle_timeout")
            // Told by their own answers, or after the last one.
            case .head, .content, .lingering: break
            }
        }
    }

    /// Takes over what the upstream client counts by itself.
    private func sampleUpstream() {
        let present = upstream.statistics
        let (retried, before) = (
            present.repeatedCount + present.retriedCount, sampled.repeatedCount + sampled.retriedCount
        )
        metrics.add(retried - before, to: .upstreamRetries)
        let inFlight = present.runningCount + present.waitingCount
        let inFlightBefore = sampled.runningCount + sampled.waitingCount
        // A gauge of many writers: each adds its difference, which may be below zero.
        metrics.add(UInt64(bitPattern: Int64(inFlight - inFlightBefore)), to: .upstreamInFlight)
        sampled = present
    }

    /// Tells exchanges what the upstream has for them, and connections what their exchanges have.
    private func deliverNews(_ worker: Worker) {
        pipeline.now = worker.now
        guard upstream.hasNews || pipeline.hasNews else { return }
        // Each round can start transfers that fail at once; the bound leaves the rest to the next turn.
        for _ in 0..<8 {
            while let transfer = upstream.nextProgressed() {
                if prober?.progressed(transfer, now: worker.now) == true { continue }
                pipeline.progressed(transfer)
            }
            for (exchange, deadline) in pipeline.deadlines {
                worker.schedule(exchange: exchange, at: deadline)
            }
            pipeline.deadlines.removeAll(keepingCapacity: true)
            if pipeline.ready.isEmpty { return }
            swap(&woken, &pipeline.ready)
            for registration in woken { worker.connection(registration)?.resume(worker) }
            woken.removeAll(keepingCapacity: true)
        }
    }
}

/// What one worker does for all now and then: gives back what the cache no longer needs.
final class Housekeeping {
    private let work: (MonotonicInstant) -> Void

    init(_ work: @escaping (MonotonicInstant) -> Void) { self.work = work }

    /// Called a few times per second.
    func tick(now: MonotonicInstant) { work(now) }
}
