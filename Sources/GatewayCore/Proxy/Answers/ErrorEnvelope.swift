import HTTPModel

/// The body of an answer that the gateway makes itself: the upstream's documented envelope.
///
/// `{"data":null,"error":{"code","message","hint","docs"}}`, on list routes with `pagination`. Rendered into
/// a buffer without allocation where the message is fixed.
package enum ErrorEnvelope {
    /// What went wrong, for a person.
    package enum Message: Sendable {
        /// One of our own sentences.
        case fixed(StaticString)
        /// A sentence put together from the configuration; never from the request.
        case composed(String)
        /// The limit that takes longest, and when to ask again.
        case limit(ExceededLimits, waitSeconds: UInt64)
    }

    /// Where the upstream documents its envelope; the codes made here are in the gateway's docs/errors.md.
    private static let documentation: StaticString = "https://docs.kayle.id"

    /// Appends the body. `pageSize` is the page size asked for on a list route, `nil` on others; `problem`
    /// writes members that stand before the envelope's, each with a comma behind it.
    package static func render(
        code: StaticString, message: Message, hint: StaticString, pageSize: Int?, into body: inout ByteBuffer,
        problem: (inout ByteBuffer) -> Void = { _ in }
    ) {
        body.append("{")
        problem(&body)
        body.append("\"data\":null,\"error\":{\"code\":\"")
        body.append(code)
        body.append("\",\"message\":\"")
        append(message, to: &body)
        body.append("\",\"hint\":\"")
        append(escaping: hint, to: &body)
        body.append("\",\"docs\":\"")
        body.append(documentation)
        body.append("\"}")
        if let pageSize {
            body.append(",\"pagination\":{\"limit\":")
            body.append(decimal: UInt64(clamping: pageSize))
            body.append(",\"has_more\":false,\"next_cursor\":null}")
        }
        body.append("}")
    }

    /// Appends a message as it stands between quotes.
    static func append(_ message: Message, to body: inout ByteBuffer) {
        switch message {
        case .fixed(let text): append(escaping: text, to: &body)
        case .composed(let text): append(escaping: Array(text.utf8).span, to: &body)
        case .limit(let limits, let seconds):
            body.append("The limit \\\"")
            limits.appendName(to: &body)
            body.append("\\\" is exceeded; try again in ")
            body.append(decimal: seconds)
            body.append(" s.")
        }
    }

    private static func append(escaping text: StaticString, to body: inout ByteBuffer) {
        // Our own sentences hold quotes at most; a table test renders every one and reads the JSON back.
        body.append(escaping: text)
    }

    private static func append(escaping text: Span<UInt8>, to body: inout ByteBuffer) {
        for index in text.indices {
            let byte = text[index]
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                body.append(UInt8(ascii: "\\"))
                body.append(byte)
            case 0..<0x20:
                body.append("\\u00")
                body.append(UInt8(ascii: "0") + byte >> 4)
                let low = byte & 0xF
                body.append(low < 10 ? 0x30 + low : 0x57 + low)
            default: body.append(byte)
            }
        }
    }
}
