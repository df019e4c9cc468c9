import HTTPModel

/// The fields of an access-log line after its time, in the order they stand in it.
package enum AccessField: UInt8, Sendable, CaseIterable {
    /// The request's number, as sent in X-Request-Id.
    case requestID
    /// Who asked. Absent on open routes and when nobody could be recognized.
    case tenant
    /// The token's public part, never its secret.
    case tokenID
    /// The client's address.
    case clientAddress
    /// `http/1.0`, `http/1.1` or `h2`.
    case httpVersion
    /// `1.2` or `1.3`; absent on plain connections.
    case tlsVersion
    /// The method as it came.
    case method
    /// The canonical path, without the query.
    case path
    /// The route that matched.
    case route
    /// What the client called itself.
    case userAgent
    /// The status sent.
    case status
    /// Why the gateway refused, where it did.
    case refusal
    /// The limit it refused for, or would have if the limit were not in shadow.
    case limit
    /// What the cache had: the words of Cache-Status.
    case cache
    /// The status the upstream sent.
    case upstreamStatus
    /// Bytes of the request, head included.
    case bytesIn
    /// Bytes of the answer, head included.
    case bytesOut
    /// Microseconds from the first byte of the request to the last of the answer.
    case duration
    /// Microseconds until the head was there whole; absent if it came in one piece.
    case receiveDuration
    /// Microseconds of all decisions (route, access, limits, cache) before waiting began; absent if the
    /// answer was given at once.
    case decideDuration
    /// Microseconds spent waiting for another exchange's fetch.
    case collapseDuration
    /// Microseconds upstream.
    case upstreamDuration
    /// Microseconds from the first piece of an answer that was sent in pieces to its last.
    case sendDuration

    /// The field as it begins in a line.
    @inline(__always)
    var key: StaticString {
        switch self {
        case .requestID: ",\"request_id\":"
        case .tenant: ",\"tenant\":"
        case .tokenID: ",\"token_id\":"
        case .clientAddress: ",\"client\":"
        case .httpVersion: ",\"http\":"
        case .tlsVersion: ",\"tls\":"
        case .method: ",\"method\":"
        case .path: ",\"path\":"
        case .route: ",\"route\":"
        case .userAgent: ",\"user_agent\":"
        case .status: ",\"status\":"
        case .refusal: ",\"refusal\":"
        case .limit: ",\"limit\":"
        case .cache: ",\"cache\":"
        case .upstreamStatus: ",\"upstream_status\":"
        case .bytesIn: ",\"bytes_in\":"
        case .bytesOut: ",\"bytes_out\":"
        case .duration: ",\"duration_us\":"
        case .receiveDuration: ",\"receive_us\":"
        case .decideDuration: ",\"decide_us\":"
        case .collapseDuration: ",\"collapse_us\":"
        case .upstreamDuration: ",\"upstream_us\":"
        case .sendDuration: ",\"send_us\":"
        }
    }
}

/// One worker's access log: a JSON line for each exchange, gathered in memory and handed to the writer in
/// blocks.
///
/// A line is begun, filled field by field in the order of `AccessField`, and ended; what does not apply is
/// left out. Only ids and what the client sent go in, and no request field but User-Agent, so that no secret
/// has a way here. Allocates nothing once its buffers have grown; never waits for the disk.
package struct AccessLog: ~Copyable {
    private let writer: LogWriter
    private var buffer = ByteBuffer(minimumCapacity: 2 * Self.blockBytes)
    private var lineCount: UInt64 = 0
    // The millisecond rendered last: most lines share it with the one before.
    private var renderedMillisecond: Int64 = -1
    private var renderedTime = ByteBuffer(minimumCapacity: 64)
    private var lastField: AccessField?

    /// Bytes gathered before they are handed over: one write(2) for about 150 lines.
    package static let blockBytes = 65_536
    /// Most bytes of one text that a client chose; what is beyond is cut off.
    package static let maximumTextBytes = 2_048
    /// Most bytes of what a client calls itself. The longest browsers' names have about 200; more is noise.
    package static let maximumUserAgentBytes = 256

    /// A log that hands its blocks to `writer`.
    package init(writer: LogWriter) { self.writer = writer }

    /// Begins a line with its time, in nanoseconds since 1970.
    package mutating func begin(atUnixNanoseconds now: Int64) {
        let millisecond = now / 1_000_000
        if millisecond != renderedMillisecond { render(millisecond) }
        renderedTime.withBytes { buffer.append($0) }
        lastField = nil
    }

    private mutating func render(_ millisecond: Int64) {
        renderedTime.removeAll()
        renderedTime.append("{\"time\":\"")
        LogText.append(unixSeconds: millisecond / 1_000, to: &renderedTime)
        LogText.append(milliseconds: Int((millisecond % 1_000).magnitude), to: &renderedTime)
        renderedTime.append("\"")
        renderedMillisecond = millisecond
    }

    /// Adds a text that has been escaped before.
    @inline(__always)
    package mutating func add(_ field: AccessField, rendered: Span<UInt8>) {
        open(field)
        buffer.append("\"")
        buffer.append(rendered)
        buffer.append("\"")
    }

    /// Adds a short text of characters that need no escape, packed into two words, the first byte lowest.
    @inline(__always)
    package mutating func add(_ field: AccessField, packed: (UInt64, UInt64), count: Int) {
        open(field)
        buffer.append("\"")
        buffer.append(word: packed.0, count: min(count, 8))
        buffer.append(word: packed.1, count: max(count - 8, 0))
        buffer.append("\"")
    }

    /// Adds a text, escaped and cut to `maximumTextBytes`.
    @inline(__always)
    package mutating func add(_ field: AccessField, text: Span<UInt8>) {
        open(field)
        buffer.append(UInt8(ascii: "\""))
        LogText.append(escaping: text.extracting(0..<min(text.count, Self.maximumTextBytes)), to: &buffer)
        buffer.append(UInt8(ascii: "\""))
    }

    /// Adds a word of the house, which needs no escape.
    @inline(__always)
    package mutating func add(_ field: AccessField, word: StaticString) {
        open(field)
        buffer.append(UInt8(ascii: "\""))
        buffer.append(word)
        buffer.append(UInt8(ascii: "\""))
    }

    /// Adds a number.
    @inline(__always)
    package mutating func add(_ field: AccessField, number: UInt64) {
        open(field)
        buffer.append(decimal: number)
    }

    /// Adds a duration, in whole microseconds.
    @inline(__always)
    package mutating func add(_ field: AccessField, nanoseconds: UInt64) {
        add(field, number: nanoseconds / 1_000)
    }

    /// Adds the fields that `render` gave, which stand behind the request's number.
    @inline(__always)
    package mutating func add(fields: Span<UInt8>) {
        buffer.append(fields)
        lastField = .userAgent
    }

    /// What `fill` adds as it stands in a line, without adding it: for the fields between the request's
    /// number and the status, which are the same in many lines.
    package mutating func render(_ fill: (inout AccessLog) -> Void) -> [UInt8] {
        let start = buffer.count
        lastField = .requestID
        fill(&self)
        let fields = buffer.withBytes { $0.extracting(droppingFirst: start).array }
        buffer.truncate(to: start)
        return fields
    }

    /// Adds an address: dotted for IPv4, eight groups without abbreviation for IPv6 (cheap, and easy to
    /// search).
    package mutating func add(_ field: AccessField, address: IPAddress) {
        open(field)
        buffer.append(UInt8(ascii: "\""))
        if address.isIPv4 {
            let octets = address.low
            buffer.append(decimal: octets >> 24 & 0xFF)
            buffer.append(".")
            buffer.append(decimal: octets >> 16 & 0xFF)
            buffer.append(".")
            buffer.append(decimal: octets >> 8 & 0xFF)
            buffer.append(".")
            buffer.append(decimal: octets & 0xFF)
        } else {
            for group in 0..<8 {
                let half = group < 4 ? address.high : address.low
                if group > 0 { buffer.append(UInt8(ascii: ":")) }
                buffer.append(hexadecimal: half >> UInt64((3 - group % 4) * 16) & 0xFFFF)
            }
        }
        buffer.append(UInt8(ascii: "\""))
    }

    /// Ends the line, and hands the block over if it is full.
    package mutating func end() {
        buffer.append("}\n")
        lineCount += 1
        if buffer.count >= Self.blockBytes { flush() }
    }

    /// Hands over what there is. For the end of a loop turn every now and then, and for drain.
    package mutating func flush() {
        guard lineCount > 0 else { return }
        writer.submit(&buffer, lineCount: lineCount)
        lineCount = 0
    }

    /// Whether nothing waits to be handed over.
    package var isEmpty: Bool { lineCount == 0 }

    @inline(__always)
    private mutating func open(_ field: AccessField) {
        assert((lastField?.rawValue).map { $0 < field.rawValue } ?? true, "\(field) is out of order")
        lastField = field
        buffer.append(field.key)
    }
}
