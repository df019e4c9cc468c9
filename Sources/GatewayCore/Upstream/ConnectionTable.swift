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

/// The sockets towards the upstream: whose each is, and what it is watched for.
///
/// While a connection is made, libcurl asks for its sockets and gives them back; then it is the connection's.
/// Wishes are recorded, and only the differences that are left before the loop waits are applied. Confined to
/// one worker.
final class ConnectionTable {
    /// Who a descriptor belongs to.
    private enum Use {
        /// A connection is being made; its number. libcurl closes sockets in this state without a word, so
        /// nothing is believed about them until the connection is established.
        case connecting(UInt64)
        /// libcurl's resolver, which opens and closes it by itself.
        case resolver
        /// A connection that is made.
        case established(UpstreamConnection)
    }

    /// Who has to hear of what happened on a descriptor.
    enum Listener {
        case libcurl
        case connection(UpstreamConnection)
        /// It is not ours any more.
        case nobody
    }

    private struct Entry {
        var use: Use
        var wanted: UpstreamInterest?
        var applied: UpstreamInterest?
        var isChanged = false

        func isConnecting(for connection: UInt64) -> Bool {
            if case .connecting(connection) = use { true } else { false }
        }
    }

    private let poller: UpstreamPoller
    private var entries: [Int32: Entry] = [:]
    private var changed: [Int32] = []
    /// Sockets opened since the beginning.
    private(set) var openedCount: UInt64 = 0

    /// A table without sockets.
    init(poller: UpstreamPoller) { self.poller = poller }

    /// Who has to hear of what happened on this descriptor.
    func listener(on descriptor: Int32) -> Listener {
        switch entries[descriptor]?.use {
        case .connecting, .resolver: .libcurl
        case .established(let connection): .connection(connection)
        case nil: .nobody
        }
    }

    /// libcurl opened a socket for a connection.
    func opened(_ descriptor: Int32, for connection: UInt64) {
        openedCount += 1
        // If the number belonged to an earlier attempt that libcurl closed without a word, libcurl takes its
        // wish for told and will not tell it again.
        let wanted = entries[descriptor]?.wanted
        entries[descriptor] = Entry(use: .connecting(connection), wanted: wanted, applied: nil)
        if wanted != nil { noteChange(of: descriptor) }
    }

    /// The connection is made, by this socket, which is watched for answers from now on. Other attempts are
    /// over, their sockets closed.
    func established(_ descriptor: Int32, for connection: UpstreamConnection) {
        for other in connecting(for: connection.number) where other != descriptor { closing(other) }
        let applied = entries[descriptor]?.applied
        entries[descriptor] = Entry(use: .established(connection), wanted: .readable, applied: applied)
        noteChange(of: descriptor)
    }

    /// No connection came of it: its sockets are closed.
    func abandoned(_ connection: UInt64) {
        for descriptor in connecting(for: connection) { closing(descriptor) }
    }

    private func connecting(for connection: UInt64) -> [Int32] {
        entries.filter { $0.value.isConnecting(for: connection) }.map(\.key)
    }

    /// libcurl is about to close a socket.
    func closing(_ descriptor: Int32) {
        guard let entry = entries.removeValue(forKey: descriptor) else { return }
        // Whatever its reason: the number may be a client's socket next, which nobody may take for this one.
        if case .established(let connection) = entry.use { connection.link.closed() }
        if entry.applied != nil { poller.apply(descriptor, .remove) }
    }

    /// libcurl wishes to hear of a descriptor while it makes a connection; `nil`: no more.
    func wishes(_ interest: UpstreamInterest?, on descriptor: Int32, for connection: UInt64) {
        guard var entry = entries[descriptor] else {
            // Not opened through us: the resolver's wake-up pipe, watched only while it resolves.
            guard let interest else { return }
            entries[descriptor] = Entry(use: .resolver, wanted: interest, applied: nil)
            noteChange(of: descriptor)
            return
        }
        switch (entry.use, interest) {
        case (.established, _): return
        case (.resolver, nil):
            // It is closed next without another word, and its number may come back as a connection.
            closing(descriptor)
            return
        case (.connecting, nil):
            // It may be closed already, and its number a client's before this turn is over.
            if entry.applied != nil { poller.apply(descriptor, .remove) }
            entry.applied = nil
        case (.connecting, _?), (.resolver, _?): break
        }
        entry.wanted = interest
        entries[descriptor] = entry
        noteChange(of: descriptor)
    }

    /// A connection wishes to be watched for something else; `nil`: for nothing.
    func watch(_ descriptor: Int32, for interest: UpstreamInterest?) {
        guard case .established? = entries[descriptor]?.use else { return }
        entries[descriptor]?.wanted = interest
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
