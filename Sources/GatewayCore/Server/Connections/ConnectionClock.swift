package import HTTPModel

/// How long a client may take for each part of a conversation.
package struct ConnectionTimeouts: Sendable, Hashable {
    /// From accept to the end of the TLS handshake.
    package var handshake = TimeLimit(.seconds(10))
    /// From the first byte of a head to its end.
    package var head = TimeLimit(.seconds(10))
    /// From the end of the head to the end of the content.
    package var content = TimeLimit(.seconds(60))
    /// Content bytes per second below which a client is too slow, after `contentGrace`.
    package var minimumContentBytesPerSecond: UInt64 = 256
    /// How long a client may be slower than the minimum.
    package var contentGrace = TimeLimit(.seconds(5))
    /// Between requests.
    package var idle = TimeLimit(.seconds(75))
    /// Without the client taking a byte of the answer.
    package var write = TimeLimit(.seconds(30))
    /// From the last byte sent to the close, for the client to read it.
    package var linger = TimeLimit(.seconds(2))

    /// The defaults.
    package init() {}
}

/// What a connection waits for, and until when it may. Pure: instants in, a deadline out.
package struct ConnectionClock {
    /// What the client is late with when the deadline passes.
    package enum Wait: Sendable, Hashable {
        case handshake, request, head, content, reading, lingering
    }

    private var phaseBegan: MonotonicInstant
    private var wait: Wait = .handshake
    private var lastSent: MonotonicInstant
    private var contentReceivedBytes: UInt64 = 0
    private var blockedSince: MonotonicInstant?
    /// What the timer wheel has been told; nothing sooner is scheduled.
    package var armedFor: MonotonicInstant?

    /// The clock of a connection accepted at `now`.
    package init(now: MonotonicInstant) {
        phaseBegan = now
        lastSent = now
    }

    /// Bytes came in; the first ones after an answer begin a head.
    package mutating func received(now: MonotonicInstant) {
        if wait == .request {
            wait = .head
            phaseBegan = now
        }
    }

    /// When the first byte of the head at hand came: now, if the head came in one piece or lay behind another
    /// request.
    package func headBegan(now: MonotonicInstant) -> MonotonicInstant { wait == .head ? phaseBegan : now }

    /// A head is complete; its content may follow.
    package mutating func requestBegan(now: MonotonicInstant) {
        wait = .content
        phaseBegan = now
        contentReceivedBytes = 0
        blockedSince = nil
    }

    /// So much content came in.
    package mutating func receivedContent(_ bytes: UInt32) { contentReceivedBytes += UInt64(bytes) }

    /// The upstream has no room for content, or has room again: that time is not the client's.
    package mutating func contentBlocked(_ blocked: Bool, now: MonotonicInstant) {
        if blocked {
            if blockedSince == nil { blockedSince = now }
        } else if let since = blockedSince {
            phaseBegan = phaseBegan.advanced(by: now.elapsed(since: since))
            blockedSince = nil
        }
    }

    /// The content is complete.
    package mutating func contentEnded(now: MonotonicInstant) { blockedSince = nil }

    /// The answer is whole; the next request may come.
    package mutating func requestEnded(now: MonotonicInstant) {
        wait = .request
        phaseBegan = now
    }

    /// All input is used up. `begun` says that part of a head is there, which starts the head's time.
    package mutating func waiting(forHead: Bool, begun: Bool, now: MonotonicInstant) {
        guard forHead, wait != (begun ? .head : .request) else { return }
        wait = begun ? .head : .request
        phaseBegan = now
    }

    /// The client took bytes.
    package mutating func sent(now: MonotonicInstant) { lastSent = now }

    /// Everything is sent.
    package mutating func lingering(now: MonotonicInstant) {
        wait = .lingering
        phaseBegan = now
    }

    /// What the client owes and until when; `nil` when it owes nothing (the upstream does, which has
    /// deadlines of its own).
    package func deadline(
        _ timeouts: ConnectionTimeouts, outputWaits: Bool, contentIsAwaited: Bool
    ) -> (Wait, MonotonicInstant)? {
        if outputWaits { return (.reading, lastSent.advanced(by: timeouts.write)) }
        switch wait {
        case .handshake: return (wait, phaseBegan.advanced(by: timeouts.handshake))
        case .request: return (wait, phaseBegan.advanced(by: timeouts.idle))
        case .head: return (wait, phaseBegan.advanced(by: timeouts.head))
        case .content:
            guard contentIsAwaited, blockedSince == nil else { return nil }
            return (wait, contentDeadline(timeouts))
        case .reading: return nil
        case .lingering: return (wait, phaseBegan.advanced(by: timeouts.linger))
        }
    }

    /// The earlier of the whole content's deadline and the instant at which the client falls below the
    /// minimum rate if nothing more comes.
    private func contentDeadline(_ timeouts: ConnectionTimeouts) -> MonotonicInstant {
        let whole = phaseBegan.advanced(by: timeouts.content)
        guard timeouts.minimumContentBytesPerSecond > 0 else { return whole }
        let earned = contentReceivedBytes.multipliedReportingOverflow(by: 1_000_000_000)
        if earned.overflow { return whole }
        let nanoseconds = earned.partialValue / timeouts.minimumContentBytesPerSecond
        let tooSlow = phaseBegan.advanced(by: timeouts.contentGrace)
            .advanced(by: TimeLimit(nanoseconds: nanoseconds))
        return min(whole, tooSlow)
    }
}
