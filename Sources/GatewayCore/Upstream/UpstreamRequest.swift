package import HTTPModel

/// What is to be asked of the upstream: everything but the credential is bytes that go out as they are.
///
/// Framing and credentials are stated by `content` and `authorization`, never by fields: `append` leaves out
/// every field that could contradict them, so that no mistake further up can send a tenant's own token or a
/// second framing. Holds its lines as they go out, one piece of memory for all of them.
package struct UpstreamRequest {
    /// How the content of the request will be framed.
    package enum Content: Sendable, Hashable {
        /// No content and no framing field.
        case none
        /// Exactly so many bytes, announced in Content-Length; at most Int64.max.
        case length(UInt64)
        /// Chunked, for content whose length is not known yet.
        case chunked
    }

    /// The method.
    package let method: Method
    /// The content's framing.
    package let content: Content
    /// The upstream token; sent as `Authorization: Bearer …`, `nil` for routes without a tenant.
    package private(set) var authorization: Secret?
    // The request line and the field lines, each with its line end.
    private var bytes: [UInt8]
    private let lineStart: Int
    private var hasHost = false
    /// Whether content in gzip is taken off it before the owner sees the answer.
    private(set) var decodesGzip = false

    /// Room for the lines of most requests, so that they are not moved while they are written.
    private static let usualLineBytes = 768

    /// Makes a request without fields.
    ///
    /// - Parameters:
    ///   - methodText: the method as it came; a token.
    ///   - target: the canonical request target, sent byte for byte; visible ASCII without `#`.
    package init(
        method: Method, methodText: Span<UInt8>, target: Span<UInt8>, content: Content, authorization: Secret?
    ) {
        bytes = Self.requestLine(methodText, target)
        lineStart = bytes.count
        self.method = method
        self.content = content
        self.authorization = authorization
    }

    /// Makes a GET without fields and content.
    package init(get target: Span<UInt8>, authorization: Secret?) {
        let methodText: InlineArray<3, UInt8> = [0x47, 0x45, 0x54]
        bytes = Self.requestLine(methodText.span, target)
        lineStart = bytes.count
        method = .get
        content = .none
        self.authorization = authorization
    }

    /// The request line, with room for the lines that most requests have.
    private static func requestLine(_ methodText: Span<UInt8>, _ target: Span<UInt8>) -> [UInt8] {
        // Both go out as they are: a blank or a line end in them would be a second request.
        precondition(isVisible(methodText), "the method \(methodText.text) is not a token")
        precondition(isVisible(target), "the request target \(target.text) holds a blank or a control")
        var bytes: [UInt8] = []
        bytes.reserveCapacity(methodText.count + target.count + usualLineBytes)
        bytes.append(methodText)
        bytes.append(UInt8(ascii: " "))
        bytes.append(target)
        bytes.append(" HTTP/1.1\r\n")
        return bytes
    }

    /// The field lines. Allocates; for tests.
    var lines: [UInt8] { bytes.span.extracting(lineStart..<bytes.count).array }

    /// Adds a field line behind the others; duplicates stay separate lines in their order.
    ///
    /// Left out: Content-Length, Expect, Authorization and the fields of a single connection (RFC 9110
    /// §7.6.1), which the client and the request itself answer for. A Host line replaces the one made from
    /// the origin.
    package mutating func append(name: Span<UInt8>, value: Span<UInt8>) {
        // A line end in here would be a smuggled field or request; both parsers refuse it long before.
        precondition(Self.isVisible(name), "a field name holds a blank or a control")
        precondition(Self.isFieldValue(value), "a field value holds a line end or a NUL")
        let known = FieldName(name)
        if known.isHopByHop || known == .contentLength || known == .expect || known == .authorization {
            return
        }
        if known == .host { hasHost = true }
        appendLine(name: name, value: value)
    }

    /// Asks for gzip on the gateway's own behalf: whoever reads the answer gets it decoded.
    package mutating func acceptGzip() {
        append("Accept-Encoding", "gzip")
        decodesGzip = true
    }

    /// The same request with another upstream token.
    package func authorized(by token: Secret) -> UpstreamRequest {
        var request = self
        request.authorization = token
        return request
    }

    /// Whether the request may be sent once more when a pooled connection turned out dead: only where sending
    /// it twice cannot change anything, and nothing has to be read from the client again.
    var mayBeRepeated: Bool {
        switch content {
        case .none: method.isSafe
        case .length, .chunked: false
        }
    }

    /// Adds a field line of the gateway's own, whose name is none of those that `append` leaves out.
    package mutating func append(_ name: StaticString, _ value: Span<UInt8>) {
        precondition(Self.isFieldValue(value), "a field value holds a line end or a NUL")
        bytes.append(line: name, value)
    }

    /// The same with a value that is known, and holds no line end.
    package mutating func append(_ name: StaticString, _ value: StaticString) {
        bytes.append(line: name, value)
    }

    /// The same with a value that `write` appends, in as many pieces as it likes.
    @inline(__always)
    package mutating func append(_ name: StaticString, _ write: (inout [UInt8]) -> Void) {
        bytes.append(name)
        bytes.append(": ")
        let start = bytes.count
        write(&bytes)
        precondition(
            Self.isFieldValue(bytes.span.extracting(start..<bytes.count)),
            "a field value holds a line end or a NUL")
        bytes.append("\r\n")
    }

    private mutating func appendLine(name: Span<UInt8>, value: Span<UInt8>) {
        bytes.append(name)
        bytes.append(value.isEmpty ? ":" : ": ")
        bytes.append(value)
        bytes.append("\r\n")
    }

    private static func isVisible(_ bytes: Span<UInt8>) -> Bool {
        let (rest, isMarked) = bytes.firstMark(from: 0) { $0.marks(below: 0x21) | $0.marks(of: 0x7F) }
        if isMarked { return false }
        for index in rest..<bytes.count where bytes[index] <= 0x20 || bytes[index] == 0x7F { return false }
        return !bytes.isEmpty
    }

    private static func isFieldValue(_ bytes: Span<UInt8>) -> Bool {
        let (rest, isMarked) = bytes.firstMark(from: 0) {
            $0.marks(of: 0) | $0.marks(of: 0x0A) | $0.marks(of: 0x0D)
        }
        if isMarked { return false }
        for index in rest..<bytes.count
        where bytes[index] == 0 || bytes[index] == 0x0A || bytes[index] == 0x0D { return false }
        return true
    }
}

extension UpstreamRequest {
    /// Appends the head as it goes out (RFC 9112 §3): `host` is the authority of the origin.
    ///
    /// Room for all of it is made first, so that no copy of the token stays behind where the buffer was.
    func appendHead(to buffer: inout ByteBuffer, host: [UInt8]) {
        let fixedBytes = 128
        let tokenBytes = authorization?.count ?? 0
        buffer.reserve(bytes.count + host.count + tokenBytes + fixedBytes)
        buffer.append(bytes.span.extracting(0..<lineStart))
        if !hasHost {
            buffer.append("Host: ")
            buffer.append(host.span)
            buffer.append("\r\n")
        }
        buffer.append(bytes.span.extracting(lineStart..<bytes.count))
        if authorization != nil {
            buffer.append("Authorization: Bearer ")
            authorization?.withBytes { buffer.append($0) }
            buffer.append("\r\n")
        }
        switch content {
        case .none: break
        case .length(let byteCount):
            buffer.append("Content-Length: ")
            buffer.append(decimal: byteCount)
            buffer.append("\r\n")
        case .chunked: buffer.append("Transfer-Encoding: chunked\r\n")
        }
        buffer.append("\r\n")
    }
}
