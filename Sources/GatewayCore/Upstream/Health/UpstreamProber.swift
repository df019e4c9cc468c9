import HTTPModel

/// Sends the probes of `HealthProbe` through one worker's client, past circuits and repetitions.
final class UpstreamProber {
    private let client: UpstreamClient
    private let tracker: HealthTracker
    private let path: [UInt8]
    private var probe: HealthProbe
    private var transfer: Transfer?

    /// The owner of its transfers: no exchange has this number.
    static let owner = UInt64.max

    init(_ rule: HealthProbeRule, client: UpstreamClient, tracker: HealthTracker, now: MonotonicInstant) {
        self.client = client
        self.tracker = tracker
        path = Array(rule.path.utf8)
        probe = HealthProbe(rule, now: now)
    }

    /// Does what is due; to be called a few times per second.
    func tick(now: MonotonicInstant) {
        switch probe.act(at: now) {
        case .nothing: break
        case .ask: ask(now)
        case .giveUp:
            if let transfer { client.cancel(transfer) }
            ended(isGood: false, now)
        }
    }

    /// News of a transfer; `false` if it is none of its own.
    func progressed(_ transfer: Transfer, now: MonotonicInstant) -> Bool {
        guard transfer.owner == Self.owner else { return false }
        guard transfer === self.transfer else { return true }
        let isWell = transfer.head.map { (200...399).contains($0.status.rawValue) }
        switch transfer.phase {
        case .complete: ended(isGood: isWell == true, now)
        case .failed, .cancelled: ended(isGood: false, now)
        case .queued, .connecting, .waitingForHead, .receivingContent:
            // The content is nobody's.
            transfer.received.removeAll()
            transfer.didConsume()
            if isWell == false {
                client.cancel(transfer)
                ended(isGood: false, now)
            }
        }
        return true
    }

    private func ask(_ now: MonotonicInstant) {
        let (method, target) = (Array("GET".utf8), path)
        let request = UpstreamRequest(
            method: .get, methodText: method.span, target: target.span, content: .none, authorization: nil)
        switch client.probe(request, owner: Self.owner, now: now) {
        case .started(let transfer): self.transfer = transfer
        // The gateway's own queue is full, which says nothing about the upstream.
        case .refused: probe.skipped(at: now)
        }
    }

    private func ended(isGood: Bool, _ now: MonotonicInstant) {
        transfer = nil
        tracker.countProbe(isGood: isGood)
        if probe.ended(isGood: isGood, at: now) { tracker.probed(isHealthy: isGood, at: now) }
    }
}
