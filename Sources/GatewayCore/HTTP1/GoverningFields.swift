import HTTPModel

/// What the fields of a request that govern its framing and its connection have said so far.
///
/// Each is judged when its line ends, so that a doubt is refused at once and in the order of the bytes,
/// however these arrive. `settle` draws the conclusions that need the whole head (RFC 9112 §6.3).
struct GoverningFields {
    private var host: ByteRange?
    private var contentLengthBytes: UInt64?
    private var isChunked = false
    private var hasConnection = false
    private var asksToClose = false
    private var asksToStay = false
    private var expectsContinue = false
    private var maxForwards: UInt32?

    /// Takes one field line into account; `range` is where `value` stands in the head. Returns why the
    /// request must be refused, or `nil`.
    mutating func take(
        _ name: FieldName, _ value: Span<UInt8>, at range: ByteRange
    ) -> MessageRefusal? {
        switch name {
        case .host: takeHost(value, at: range)
        case .contentLength: takeContentLength(value)
        case .transferEncoding: takeTransferEncoding(value)
        case .connection: takeConnection(value)
        case .expect: takeExpect(value)
        case .maxForwards: takeMaxForwards(value)
        // The other names govern neither framing nor connection, whatever is added to them.
        default: nil
        }
    }

    /// Writes the conclusions into the head, whose request line is already there. Returns why the request
    /// must be refused, or `nil`. `maximumContentBytes` bounds an announced length.
    func settle(into head: inout RequestHead, maximumContentBytes: UInt64) -> MessageRefusal? {
        let isHTTP10 = head.version == .http10
        // RFC 9112 §3.2: a 1.1 request without Host is refused, even if its target names the authority.
        guard host != nil || isHTTP10 else { return .hostMissing }
        if isChunked {
            // RFC 9112 §6.1: in HTTP/1.0 the framing is to be treated as faulty.
            guard !isHTTP10 else { return .transferEncodingInHTTP10 }
            // RFC 9112 §6.3: both together are the mark of an attempted smuggling.
            guard contentLengthBytes == nil else { return .contentLengthWithTransferEncoding }
            head.framing = .chunked
        } else if let contentLengthBytes {
            guard contentLengthBytes <= maximumContentBytes else { return .contentTooLarge }
            head.framing = .length(contentLengthBytes)
        }
        // RFC 9112 §3.2.2: the authority of an absolute target wins over Host.
        if let host, head.authority.isEmpty { head.authority = host }
        // RFC 9112 §9.3: close wins; what is not said follows from the version.
        head.keepsAlive = !asksToClose && (asksToStay || !isHTTP10)
        head.hasConnectionField = hasConnection
        // RFC 9110 §10.1.1: HTTP/1.0 cannot mean it, and without content there is nothing to wait for.
        head.expectsContinue = expectsContinue && !isHTTP10 && (isChunked || (contentLengthBytes ?? 0) > 0)
        head.maxForwards = maxForwards
        return nil
    }

    /// RFC 9112 §3.2: exactly one, and valid.
    private mutating func takeHost(_ value: Span<UInt8>, at range: ByteRange) -> MessageRefusal? {
        guard host == nil else { return .hostRepeated }
        guard Authority.isValid(value) else { return .hostInvalid }
        host = range
        return nil
    }

    /// RFC 9110 §8.6 lets a recipient unite equal values; here even equal ones are refused, since whoever
    /// sent two has already been confused once.
    private mutating func takeContentLength(_ value: Span<UInt8>) -> MessageRefusal? {
        guard contentLengthBytes == nil else { return .contentLengthRepeated }
        guard let number = decimal(value) else { return .contentLengthInvalid }
        contentLengthBytes = number
        return nil
    }

    /// RFC 9112 §6.1: `chunked` alone is understood. A list that has it twice or not at its end cannot be
    /// framed at all; other codings could be, by somebody who knew them.
    private mutating func takeTransferEncoding(_ value: Span<UInt8>) -> MessageRefusal? {
        guard !isChunked else { return .transferEncodingRepeated }
        if value.equalsIgnoringCase("chunked") {
            isChunked = true
            return nil
        }
        var members = TokenList()
        var hasChunked = false
        while true {
            switch members.next(in: value) {
            case .member(let range):
                guard !hasChunked else { return .chunkedNotLast }
                hasChunked = value.extracting(range.range).equalsIgnoringCase("chunked")
            case .end:
                return members.count == 0 || hasChunked && members.count == 1
                    ? .transferEncodingInvalid : .transferCodingUnknown
            case .invalid: return .transferEncodingInvalid
            }
        }
    }

    /// RFC 9110 §7.6.1: a list of tokens. What it nominates is removed when the request is forwarded; a list
    /// that two readers could split differently is refused.
    private mutating func takeConnection(_ value: Span<UInt8>) -> MessageRefusal? {
        hasConnection = true
        var members = TokenList()
        while true {
            switch members.next(in: value) {
            case .member(let range):
                let option = value.extracting(range.range)
                if option.equalsIgnoringCase("close") { asksToClose = true }
                if option.equalsIgnoringCase("keep-alive") { asksToStay = true }
            case .end: return nil
            case .invalid: return .connectionInvalid
            }
        }
    }

    /// RFC 9110 §10.1.1: other expectations may be ignored, and are.
    private mutating func takeExpect(_ value: Span<UInt8>) -> MessageRefusal? {
        if value.equalsIgnoringCase("100-continue") { expectsContinue = true }
        return nil
    }

    /// RFC 9110 §7.6.2: a number; anything else bounds nothing. Of several the smallest counts, so that no
    /// later line lifts the bound.
    private mutating func takeMaxForwards(_ value: Span<UInt8>) -> MessageRefusal? {
        if let number = decimal(value) {
            maxForwards = min(maxForwards ?? .max, UInt32(clamping: number))
        }
        return nil
    }

    /// The number that the digits spell; `nil` for no digits, other bytes, and what 64 bits cannot hold.
    private func decimal(_ digits: Span<UInt8>) -> UInt64? {
        guard digits.count > 0 else { return nil }
        var number: UInt64 = 0
        for index in digits.indices {
            let digit = digits[index] &- UInt8(ascii: "0")
            let (tenfold, overflows) = number.multipliedReportingOverflow(by: 10)
            let (sum, carries) = tenfold.addingReportingOverflow(UInt64(digit))
            guard digit < 10, !overflows, !carries else { return nil }
            number = sum
        }
        return number
    }
}
