package import HTTPModel

/// What one look at the beginning of a request gave.
package enum HeadParse: Sendable, Hashable {
    /// The head is whole and takes this many bytes, the empty line included; content begins there.
    case complete(headBytes: Int)
    /// All bytes are fine so far, but the head goes on.
    case needMore
    /// This is no request the gateway takes; answer with the refusal's status and close.
    case refused(MessageRefusal)
}

/// Reads the head of an HTTP/1.1 or HTTP/1.0 request (RFC 9112 §2–§3, §5), strictly: what could be understood
/// in two ways is refused, never repaired, so that the upstream cannot see another request than the gateway
/// saw.
///
/// The connection calls `parse` with every unread byte from the start of the request until the head is whole.
/// A head that comes in one piece is read once. One that comes in pieces is checked as it comes, every byte
/// once; as the ranges it yields do not survive between calls (the `RequestHead` is the worker's, and other
/// connections parse into it meanwhile), the whole head is then read a second time. Either way the work is
/// linear in the bytes, and the answer depends on the bytes alone, not on how they were cut
/// (`RequestParserCutTests`).
///
/// CONNECT is refused here: its answer would turn the connection into a tunnel (RFC 9110 §9.3.6), which no
/// later stage is to be trusted to prevent.
package struct RequestParser: ~Copyable {
    /// Empty lines that are skipped before a request line (RFC 9112 §2.2): the one that old clients send
    /// after a POST. More are no accident.
    static let maximumEmptyLines = 1
    /// Longest method in bytes; the longest registered one has 17.
    static let maximumMethodBytes = 32

    /// What is read next, from `Progress.start` on; each is followed by the one below it.
    enum Element {
        /// Waits for the first byte of the request line; skips an empty line.
        case emptyLines
        /// Waits for the space after the method.
        case method
        /// Waits for the first byte of the target, which tells the forms apart; goes to `path` or
        /// `otherForm`.
        case target
        /// Waits for the `?` or the space after the path; goes to `query` or `version`.
        case path
        /// Waits for the space after the query; goes to `version`.
        case query
        /// Waits for the space after a target that does not begin with `/`; goes to `version`.
        case otherForm
        /// Waits for the end of the request line.
        case version
        /// Waits for the colon after a name or the end of a field line, until the empty line ends the head.
        case fields
    }

    /// How far the reading of one request has come. Offsets count from the first byte given to `parse`.
    struct Progress {
        /// What is being read.
        var element = Element.emptyLines
        /// Where the element begins.
        var start = 0
        /// Where its reading goes on: everything before has been looked at.
        var cursor = 0
        /// Empty lines skipped.
        var emptyLines = 0
        /// Where the request line begins: its limit counts from there.
        var requestLineStart = 0
        /// The method, on which the form of the target depends.
        var method = Method.other
        /// Where the target begins.
        var targetStart = 0
        /// Field names read.
        var fieldCount = 0
        /// Where the name of the current field line ends; 0 as long as its colon has not come.
        var nameEnd = 0
        /// What the fields have said so far.
        var governing = GoverningFields()
    }

    /// What a request may measure.
    let limits: HTTP1Limits
    /// How far the current request has been read.
    var progress = Progress()
    private var cameInPieces = false
    private var refusal: MessageRefusal?

    /// A parser for the requests of one connection, one after the other.
    package init(limits: HTTP1Limits) {
        precondition(limits.maximumHeadBytes <= 65_535, "a head of \(limits.maximumHeadBytes) bytes")
        self.limits = limits
    }

    /// Whether nothing of the next request has been read.
    package var isAtStart: Bool { !cameInPieces && refusal == nil }

    /// Reads on in `bytes`, which are all unread bytes from the start of the request: those of the last call
    /// and any that came since. `head` is meaningful only after `complete`; its ranges count from `bytes[0]`.
    /// After `complete` the parser stands at the start of the next request, after `refused` it refuses for
    /// good.
    package mutating func parse(_ bytes: Span<UInt8>, into head: inout RequestHead) -> HeadParse {
        if let refusal { return .refused(refusal) }
        // A look that finds nothing has begun nothing: a head that then comes whole is read once.
        if bytes.isEmpty { return .needMore }
        head.reset()
        var outcome = read(bytes, into: &head)
        if cameInPieces, case .complete = outcome {
            progress = Progress()
            head.reset()
            outcome = read(bytes, into: &head)
        }
        if case .complete = outcome,
            let reason = progress.governing.settle(
                into: &head, maximumContentBytes: limits.maximumContentBytes)
        {
            outcome = .refused(reason)
        }
        switch outcome {
        case .complete:
            progress = Progress()
            cameInPieces = false
        case .needMore: cameInPieces = true
        case .refused(let reason): refusal = reason
        }
        return outcome
    }

    /// Reads element after element until something other than `nil`, "go on", comes back.
    private mutating func read(_ bytes: Span<UInt8>, into head: inout RequestHead) -> HeadParse {
        while true {
            let outcome =
                switch progress.element {
                case .emptyLines: skipEmptyLines(bytes)
                case .method: readMethod(bytes, into: &head)
                case .target: chooseForm(bytes)
                case .path: readPath(bytes, into: &head)
                case .query: readQuery(bytes, into: &head)
                case .otherForm: readOtherForm(bytes, into: &head)
                case .version: readVersion(bytes, into: &head)
                case .fields: readFields(bytes, into: &head)
                }
            if let outcome { return outcome }
        }
    }

    /// Goes on with `element`, which begins at `start`.
    mutating func advance(to element: Element, at start: Int) {
        progress.element = element
        progress.start = start
        progress.cursor = start
    }

    /// The answer when an element reaches past the bytes that may be looked at, which end at `limit` or with
    /// the bytes themselves.
    mutating func pause(_ bytes: Span<UInt8>, limit: Int, _ reason: MessageRefusal) -> HeadParse {
        guard bytes.count < limit else { return .refused(reason) }
        progress.cursor = bytes.count
        return .needMore
    }

    /// CR.
    static var carriageReturn: UInt8 { 0x0D }
    /// LF.
    static var lineFeed: UInt8 { 0x0A }

    /// `nil` when CR LF stands at `offset`, both within `limit`: RFC 9112 §2.2 lets a recipient take a bare
    /// LF for a line end, and not all do, which is what request smuggling lives on.
    func checkLineEnd(
        _ bytes: Span<UInt8>, at offset: Int, limit: Int, otherwise reason: MessageRefusal
    ) -> HeadParse? {
        guard bytes[offset] == Self.carriageReturn else {
            return .refused(bytes[offset] == Self.lineFeed ? .bareLineFeed : reason)
        }
        guard offset + 1 < limit else { return .refused(.headTooLarge) }
        guard offset + 1 < bytes.count else { return .needMore }
        return bytes[offset + 1] == Self.lineFeed ? nil : .refused(.bareCarriageReturn)
    }
}
