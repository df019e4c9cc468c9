import HTTPModel

/// One connection to the upstream: made by libcurl, used for one request after another.
///
/// It moves bytes between the socket and the transfer it works for; what they mean is the transfer's matter.
/// Confined to one worker.
final class UpstreamConnection {
    /// How far the exchange of the transfer is.
    enum Progress: Sendable, Hashable {
        /// It goes on when the descriptor or the owner does.
        case goesOn
        /// The transfer has all of its answer, or a reason not to want it: its own affair.
        case over
        /// The upstream has ended its side in due form.
        case ended
        /// The connection broke.
        case broken
    }

    /// Bytes of one read: a whole record of TLS, so that nothing of it stays where no descriptor tells of it.
    static let readBytes = 16_384
    /// Bytes of a request's content framed at once.
    private static let pieceBytes = 16_384

    /// Tells it from every other connection of its worker.
    let number: UInt64
    /// libcurl's handle, which makes and keeps the connection.
    let link: CurlEasy
    /// The socket once the connection is made; -1 before.
    private(set) var descriptor: Int32 = -1
    /// When the connection was made.
    private(set) var establishedAt = MonotonicInstant(nanoseconds: 0)
    /// When its last answer ended.
    private(set) var idleSince = MonotonicInstant(nanoseconds: 0)
    /// What the descriptor is watched for.
    var watchedFor: UpstreamInterest? = .readable
    /// What it works for now.
    private(set) var transfer: Transfer?
    /// Bytes on their way; never appended to while libcurl may hold a record of them (`CurlEasy.send`).
    private var writing = ByteBuffer()
    // The upstream takes nothing any more; it may have answered before.
    private var isSendingBroken = false

    /// A connection that is not made yet.
    init(number: UInt64, link: CurlEasy) {
        self.number = number
        self.link = link
    }

    /// Whether it is made.
    var isEstablished: Bool { descriptor >= 0 }

    /// The connection is made.
    func establish(_ descriptor: Int32, at now: MonotonicInstant) {
        precondition(descriptor >= 0 && !isEstablished, "socket \(descriptor) for connection \(number)")
        self.descriptor = descriptor
        establishedAt = now
    }

    /// Begins to work for a transfer.
    func assign(_ transfer: Transfer) {
        precondition(self.transfer == nil, "connection \(number) works already")
        self.transfer = transfer
    }

    /// Works for nobody any more.
    func unassign(at now: MonotonicInstant) {
        transfer = nil
        idleSince = now
    }

    /// What the descriptor should be watched for.
    var wantedInterest: UpstreamInterest? {
        switch (transfer?.isReceivingPaused != true, !writing.isEmpty && !isSendingBroken) {
        case (true, true): .both
        case (true, false): .readable
        case (false, true): .writable
        case (false, false): nil
        }
    }

    /// Sends what there is of the request and can be sent now; whether the upstream takes it.
    @discardableResult
    func send() -> Bool {
        guard let transfer, isEstablished else { return true }
        while !isSendingBroken {
            if writing.isEmpty {
                transfer.supply(&writing, maximumBytes: Self.pieceBytes)
                if writing.isEmpty { return true }
            }
            switch link.send(&writing) {
            case .moved: transfer.noteSending(isAll: writing.isEmpty)
            case .wouldBlock: return true
            case .ended, .broken: isSendingBroken = true
            }
        }
        return false
    }

    /// Sends and receives what can be now. `scratch` holds what is read until the transfer has it.
    func exchange(_ scratch: inout ByteBuffer) -> Progress {
        send()
        guard let transfer else { return .goesOn }
        while true {
            if transfer.pausesReceiving() { return .goesOn }
            scratch.removeAll()
            switch link.receive(into: &scratch, maximumBytes: Self.readBytes) {
            case .moved:
                if scratch.withBytes({ transfer.take($0) }) == .enough { return .over }
            case .wouldBlock: return .goesOn
            case .ended: return .ended
            case .broken: return .broken
            }
        }
    }

    /// Whether nothing has come since the last answer, not even an end. Whatever comes without a request
    /// would be taken for the answer to the next one, perhaps another tenant's (swift-notes §6, hazard 1).
    func isQuiet(_ scratch: inout ByteBuffer) -> Bool {
        scratch.removeAll()
        return link.receive(into: &scratch, maximumBytes: 1) == .wouldBlock
    }
}
