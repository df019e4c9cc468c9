package import Cache
package import HTTPModel

/// What an answer carries besides what it is made of: the gateway's own fields. A plain value.
package struct AnswerTerms: Sendable {
    /// Whether content follows the head; not after HEAD.
    package let method: Method
    /// Whether the connection ends with this answer.
    package var persistence: Persistence
    /// Whether the client speaks HTTP/1.0, which knows no chunks and closes by default.
    package let version: HTTPVersion
    /// How the cache took part; `nil` on routes without one.
    package var cacheStatus: CacheStatus?
    /// Whether a refusal may be told as problem details (RFC 9457).
    package var acceptsProblem = false

    /// The terms of a request that nothing has been decided about.
    package init(method: Method, persistence: Persistence, version: HTTPVersion) {
        self.method = method
        self.persistence = persistence
        self.version = version
    }
}

/// Writes the heads of answers, and answers that are whole, into the worker's output.
///
/// `own` are the gateway's own fields of the request at hand, rendered before: its identifier and what its
/// limits have left.
package struct ResponseComposer: ~Copyable {
    private var body = ByteBuffer(minimumCapacity: 1_024)
    private var words: [UInt8] = []
    private var dateSeconds: Int64 = -1
    private var date: [UInt8] = []
    private let deployment: [UInt8]

    /// Bytes of content that are copied behind a head at once; the rest of a larger entry follows as the
    /// client takes it, so that a slow client holds this much and not a whole answer.
    package static let firstContentBytes = 262_144

    /// `deployment` is the name in `Proxy-Status`.
    package init(deployment: String) {
        self.deployment = Array(deployment.utf8)
        words.reserveCapacity(256)
    }

    /// An answer made here because the gateway refuses. `pageSize` is given on list routes.
    package mutating func refuse(
        _ refusal: Refusal, _ terms: AnswerTerms, pageSize: Int?, own: Span<UInt8>,
        nowUnixSeconds: Int64, into output: inout ByteBuffer
    ) {
        body.removeAll()
        var mediaType: StaticString = "application/json"
        if terms.acceptsProblem, case .limited(let limits, _) = refusal {
            mediaType = ProblemDetails.mediaType
            ErrorEnvelope.render(
                code: refusal.code, message: refusal.message, hint: refusal.hint, pageSize: pageSize,
                into: &body
            ) {
                ProblemDetails.append(
                    status: refusal.status, detail: { ErrorEnvelope.append(refusal.message, to: &$0) },
                    violated: limits.names, to: &$0)
            }
        } else {
            ErrorEnvelope.render(
                code: refusal.code, message: refusal.message, hint: refusal.hint, pageSize: pageSize,
                into: &body)
        }
        ResponseEncoder.statusLine(refusal.status, into: &output)
        ResponseEncoder.field("Content-Type", mediaType, into: &output)
        ResponseEncoder.field("Content-Length", UInt64(body.count), into: &output)
        ResponseEncoder.field("Cache-Control", "no-store", into: &output)
        appendDate(nowUnixSeconds, into: &output)
        if let seconds = refusal.retryAfterSeconds {
            ResponseEncoder.field("Retry-After", seconds, into: &output)
        }
        switch refusal {
        case .access(let reason) where reason.answer == .unauthorized:
            // RFC 9110 §11.6.1: a 401 names a challenge.
            ResponseEncoder.field("WWW-Authenticate", "Bearer", into: &output)
        case .methodNotAllowed(let allow):
            ResponseEncoder.field("Allow", Array(allow.utf8).span, into: &output)
        case .upstream(let failure): appendProxyStatus(failure, into: &output)
        case .message, .path, .query, .access, .guessing, .pageTooLarge, .noRoute, .late, .limited,
            .upstreamLimited, .overloaded:
            break
        }
        appendOwn(terms, own: own, into: &output)
        ResponseEncoder.endHead(into: &output)
        if terms.method != .head { body.withBytes { output.append($0) } }
    }

    /// An answer without content that the gateway gives itself: to `OPTIONS` with `Max-Forwards: 0`.
    package mutating func answerOptions(
        allow: StaticString, _ terms: AnswerTerms, own: Span<UInt8>, nowUnixSeconds: Int64,
        into output: inout ByteBuffer
    ) {
        ResponseEncoder.statusLine(.noContent, into: &output)
        ResponseEncoder.field("Allow", allow, into: &output)
        appendDate(nowUnixSeconds, into: &output)
        appendOwn(terms, own: own, into: &output)
        ResponseEncoder.endHead(into: &output)
    }

    /// An answer out of an entry: its head and the first part of its content. Gives the offset in the content
    /// up to which it has been written.
    package mutating func answer(
        from entry: CacheEntry, _ terms: AnswerTerms, own: Span<UInt8>,
        now: MonotonicInstant, into output: inout ByteBuffer
    ) -> Int {
        entry.bytes.withSpan { output.append($0.extracting(entry.headStart.range)) }
        if case .store = entry.decision {
            appendLifetime(entry.remainingLifetimeSeconds(now: now), into: &output)
            appendAge(of: entry, terms, now: now, into: &output)
        }
        appendOwn(terms, own: own, into: &output)
        output.append("\r\n")
        if terms.method == .head { return Int(entry.body.count) }
        let first = min(Int(entry.body.count), Self.firstContentBytes)
        let start = Int(entry.body.start)
        entry.bytes.withSpan { output.append($0.extracting(start..<(start + first))) }
        return first
    }

    /// Early hints (103), passed on as they came.
    package mutating func passInterim(_ head: ResponseHead, into output: inout ByteBuffer) {
        ResponseEncoder.statusLine(head.status, into: &output)
        let bytes = head.bytes.span
        for line in head.fields {
            ResponseEncoder.field(
                bytes.extracting(line.name.range), bytes.extracting(line.value.range), into: &output)
        }
        ResponseEncoder.endHead(into: &output)
    }

    /// The head of an answer that is passed on as it comes, its content framed to the client as `framing`
    /// says.
    package mutating func passOn(
        _ head: ResponseHead, framing: ContentFraming, _ terms: AnswerTerms,
        own: Span<UInt8>,
        nowUnixSeconds: Int64, into output: inout ByteBuffer
    ) {
        ResponseEncoder.statusLine(head.status, into: &output)
        let bytes = head.bytes.span
        for line in head.fields {
            // Framing is stated anew; a request identifier of the upstream's would contradict ours.
            if line.known == .contentLength && framing != .none || line.known == .xRequestID { continue }
            ResponseEncoder.field(
                bytes.extracting(line.name.range), bytes.extracting(line.value.range), into: &output)
        }
        switch framing {
        case .none, .untilClose: break
        case .length(let length): ResponseEncoder.field("Content-Length", length, into: &output)
        case .chunked: ResponseEncoder.field("Transfer-Encoding", "chunked", into: &output)
        }
        if head.firstValue(of: .date) == nil { appendDate(nowUnixSeconds, into: &output) }
        appendOwn(terms, own: own, into: &output)
        ResponseEncoder.endHead(into: &output)
    }

    /// How content goes to the client. Chunks need HTTP/1.1; content that ends with the upstream's connection
    /// ends with the client's too, so that its doubt is not hidden behind a clean last chunk.
    package static func framing(of upstream: ContentFraming, for version: HTTPVersion) -> ContentFraming {
        switch upstream {
        case .none, .length, .untilClose: upstream
        case .chunked: version == .http10 ? .untilClose : .chunked
        }
    }

    mutating func appendOwn(_ terms: AnswerTerms, own: Span<UInt8>, into output: inout ByteBuffer) {
        switch terms.cacheStatus {
        case nil: break
        case .hit(let ttlSeconds):
            output.append("Cache-Status: kayle-gateway; hit; ttl=")
            output.append(signed: ttlSeconds)
            output.append("\r\n")
        case .slice(let ttlSeconds):
            output.append("Cache-Status: kayle-gateway; hit; ttl=")
            output.append(signed: ttlSeconds)
            output.append("; detail=page-slice\r\n")
        case .some(let status):
            words.removeAll(keepingCapacity: true)
            status.append(to: &words)
            ResponseEncoder.field("Cache-Status", words.span, into: &output)
        }
        output.append(own)
        switch (terms.persistence, terms.version) {
        case (.close, _): output.append("Connection: close\r\n")
        case (.keep, .http10): output.append("Connection: keep-alive\r\n")
        case (.keep, .http11), (.keep, .http2): break
        }
    }

    /// `private` for the caches of the client's side, and nothing for those between us and them: one of them
    /// could serve two tenants.
    func appendLifetime(_ seconds: Int64, into output: inout ByteBuffer) {
        output.append("Cache-Control: private, max-age=")
        output.append(decimal: UInt64(max(0, seconds)))
        output.append("\r\nCDN-Cache-Control: no-store\r\n")
    }

    private func appendProxyStatus(_ failure: UpstreamFailure, into output: inout ByteBuffer) {
        // RFC 9209 §2: the deployment as a String; its name is checked by the configuration and holds no
        // quote.
        output.append("Proxy-Status: \"")
        output.append(deployment.span)
        output.append("\"; error=")
        output.append(failure.proxyError)
        output.append("\r\n")
    }

    private mutating func appendDate(_ nowUnixSeconds: Int64, into output: inout ByteBuffer) {
        if nowUnixSeconds != dateSeconds {
            dateSeconds = nowUnixSeconds
            date = HTTPDate(unixSeconds: nowUnixSeconds).bytes
        }
        ResponseEncoder.field("Date", date.span, into: &output)
    }
}
