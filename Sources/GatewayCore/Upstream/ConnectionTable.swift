/// What a descriptor of the upstream shall be watched for.
package enum UpstreamInterest: Sendable, Hashable {
    case readable, writable, both
}

/// The differences to apply to the event loop's set of descriptors.
package enum UpstreamInterestChange: Sendable, Hashable {
    /// Begin to watch the descriptor; it is not watched now.
    case add(UpstreamInterest)
    /// Watch the descriptor for something else; it is watched now.
    case modify(UpstreamInterest)
    /// Stop to watch the descriptor. It may be closed next, or (a resolver's) already be closed: then the
    /// kernel has forgotten it and "no such descriptor" is no mistake.
    case remove
}

/// What happened on a descriptor of the upstream.
package struct UpstreamReadiness: OptionSet, Sendable {
    /// The bits.
    package let rawValue: UInt8
    /// Makes a set from its bits.
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Bytes, an end or an error can be read.
    package static let readable = UpstreamReadiness(rawValue: 1)
    /// Bytes can be written, or a connection attempt has ended.
    package static let writable = UpstreamReadiness(rawValue: 2)
    /// An error, or both directions closed.
    package static let failed = UpstreamReadiness(rawValue: 4)
}

/// How the upstream reaches the event loop of its worker, of which it knows nothing else.
///
/// A closure and not a protocol: it is called about twice in the life of a connection, never per request.
package struct UpstreamPoller {
    /// Applies one difference to a descriptor.
    package let apply: (_ descriptor: Int32, _ change: UpstreamInterestChange) -> Void

    /// A poller from its closure.
    package init(apply: @escaping (_ descriptor: Int32, _ change: UpstreamInterestChange) -> Void) {
        self.apply = apply
    }
}

/// The sockets libcurl has open: what it wishes for each, who uses it, and which are idle.
///
/// libcurl asks for a socket at the begin of each request and gives it back at its end; obeying at once would
/// cost two system calls per request. So wishes are recorded, and only differences that are left before the
/// loop waits are applied. An idle connection stays watched on purpose: whatever arrives on it without a
/// request would be taken for the answer to the next one, perhaps another tenant's (swift-notes §6, hazard
/// 1). Confined to one worker.
final class ConnectionTable {
    /// Who a descriptor belongs to.
    private enum Use {
        /// A request's connection is being made; its number. libcurl closes sockets in this state without a
        /// word, so nothing is believed about them until the connection is established.
        case connecting(UInt64)
        /// A request runs on the connection; its number.
        case transfer(UInt64)
        /// Nobody: whatever happens on it spoils it.
        case idle
        /// libcurl's resolver, which opens and closes it by itself.
        case resolver
        /// Shut down because of unasked bytes; libcurl has yet to notice and to close it.
        case spoiled
    }

    private struct Entry {
        var use: Use
        var wanted: UpstreamInterest?
        var applied: UpstreamInterest?
        var isChanged = false
        /// Local port once the connection is established; 0 before.
        var localPort: UInt16 = 0

        func isConnecting(for transfer: UInt64) -> Bool {
            if case .connecting(transfer) = use { true } else { false }
        }

        func isUsed(by transfer: UInt64) -> Bool {
            if case .transfer(transfer) = use { true } else { false }
        }
    }

    private let poller: UpstreamPoller
    private var entries: [Int32: Entry] = [:]
    private var changed: [Int32] = []
    /// Connections opened since the beginning.
    private(set) var openedCount: UInt64 = 0
    /// Idle connections given up because something arrived on them, a polite close included.
    private(set) var spoiledCount: UInt64 = 0

    /// A table without sockets.
    init(poller: UpstreamPoller) { self.poller = poller }

    /// Number of idle connections that may be used again.
    var idleCount: Int {
        entries.values.count { entry in if case .idle = entry.use { true } else { false } }
    }

    /// Whether libcurl has a say about what happened on this descriptor; idle ones are examined here instead.
    func isInUse(_ descriptor: Int32) -> Bool {
        switch entries[descriptor]?.use {
        case .connecting, .transfer, .resolver: true
        case .idle, .spoiled, nil: false
        }
    }

    /// libcurl opened a socket for a request.
    func opened(_ descriptor: Int32, for transfer: UInt64) {
        openedCount += 1
        // If the number belonged to an earlier attempt that libcurl closed without a word, libcurl takes its
        // wish for told and will not tell it again.
        let wanted = entries[descriptor]?.wanted
        entries[descriptor] = Entry(use: .connecting(transfer), wanted: wanted, applied: nil)
        if wanted != nil { noteChange(of: descriptor) }
    }

    /// The request's connection is made: the socket with this local port. Other attempts of the same request
    /// are over, their sockets closed.
    func established(localPort: UInt16, by transfer: UInt64) {
        for descriptor in connecting(for: transfer) {
            if SocketProbe.localPort(of: descriptor) == localPort {
                entries[descriptor]?.use = .transfer(transfer)
                entries[descriptor]?.localPort = localPort
            } else {
                closing(descriptor)
            }
        }
    }

    private func connecting(for transfer: UInt64) -> [Int32] {
        entries.filter { $0.value.isConnecting(for: transfer) }.map(\.key)
    }

    /// libcurl is about to close a connection.
    func closing(_ descriptor: Int32) {
        guard let entry = entries.removeValue(forKey: descriptor) else { return }
        if entry.applied != nil { poller.apply(descriptor, .remove) }
    }

    /// libcurl wishes to hear of a descriptor for a request; `nil`: no more.
    func wishes(_ interest: UpstreamInterest?, on descriptor: Int32, for transfer: UInt64) {
        guard var entry = entries[descriptor] else {
            // Not opened through us: the resolver's wake-up pipe, watched only while it resolves.
            guard let interest else { return }
            entries[descriptor] = Entry(use: .resolver, wanted: interest, applied: nil)
            noteChange(of: descriptor)
            return
        }
        if case .resolver = entry.use, interest == nil {
            // It is closed next without another word, and its number may come back as a connection.
            closing(descriptor)
            return
        }
        switch (entry.use, interest) {
        case (.idle, nil): return
        case (.connecting, nil):
            // It may be closed already, and its number a client's before this turn is over.
            if entry.applied != nil { poller.apply(descriptor, .remove) }
            entry.applied = nil
        // A connection may pass from one request to the next inside one call of libcurl; the last wish
        // counts.
        case (.idle, _), (.transfer, _?), (.spoiled, _?): entry.use = .transfer(transfer)
        case (.connecting, _), (.resolver, _), (.transfer, nil), (.spoiled, nil): break
        }
        entry.wanted = interest
        entries[descriptor] = entry
        noteChange(of: descriptor)
    }

    /// A request is over: a connection it used and left open is idle now, and watched.
    func released(by transfer: UInt64) {
        for descriptor in connecting(for: transfer) { closing(descriptor) }
        while let index = entries.firstIndex(where: { $0.value.isUsed(by: transfer) }) {
            let descriptor = entries[index].key
            entries.values[index].use = .idle
            entries.values[index].wanted = .readable
            noteChange(of: descriptor)
        }
    }

    /// Something happened on a descriptor nobody uses. Unless it was a stale event, the connection is shut
    /// down: libcurl then finds it dead instead of reading what came.
    func examineIdle(_ descriptor: Int32) {
        guard let entry = entries[descriptor], case .idle = entry.use else { return }
        if SocketProbe.isQuiet(descriptor) { return }
        spoil(descriptor, entry)
    }

    /// Whether a pooled connection is safe to send a request on: nothing has arrived on it since its last
    /// answer. Looks at the socket itself, since an event may lie undelivered in the loop's current batch.
    /// A connection that is not known is not safe.
    func isSafeToReuse(localPort: UInt16, by transfer: UInt64) -> Bool {
        var isKnown = false
        for (descriptor, entry) in entries where entry.localPort == localPort && localPort != 0 {
            switch entry.use {
            case .idle, .transfer(transfer): break
            case .connecting, .transfer, .resolver, .spoiled: continue
            }
            isKnown = true
            if SocketProbe.isQuiet(descriptor) { continue }
            spoil(descriptor, entry)
            return false
        }
        return isKnown
    }

    private func spoil(_ descriptor: Int32, _ entry: Entry) {
        spoiledCount += 1
        SocketProbe.shutDown(descriptor)
        var spoiled = entry
        spoiled.use = .spoiled
        // A shut-down socket is ready for ever; watched on, it would keep the loop from sleeping.
        spoiled.wanted = nil
        entries[descriptor] = spoiled
        noteChange(of: descriptor)
    }

    private func noteChange(of descriptor: Int32) {
        guard let entry = entries[descriptor], !entry.isChanged else { return }
        entries[descriptor]?.isChanged = true
        changed.append(descriptor)
    }

    /// Applies what is left of all wishes; called once before the loop waits.
    func applyInterest() {
        if changed.isEmpty { return }
        for descriptor in changed {
            guard var entry = entries[descriptor], entry.isChanged else { continue }
            entry.isChanged = false
            switch (entry.applied, entry.wanted) {
            case (nil, nil): break
            case (nil, let wanted?): poller.apply(descriptor, .add(wanted))
            case (_?, nil): poller.apply(descriptor, .remove)
            case (let applied?, let wanted?):
                if applied != wanted { poller.apply(descriptor, .modify(wanted)) }
            }
            entry.applied = entry.wanted
            entries[descriptor] = entry
        }
        changed.removeAll(keepingCapacity: true)
    }
}
