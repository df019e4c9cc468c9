package import HTTPModel

/// Writes responses in the form of HTTP/1.1 (RFC 9112 §4–§7) into a connection's output buffer.
///
/// The calls come in the order of the wire: status line, fields, end of head, content. Nothing is allocated
/// beyond the buffer's own growth. Names and values are trusted, as they were checked where they entered (the
/// parser, the upstream's field guard, the configuration); debug builds check again that none could end a
/// line.
package enum ResponseEncoder {
    /// `HTTP/1.1 200 OK`. The version is the gateway's own, whatever the client's was (RFC 9110 §2.5).
    package static func statusLine(_ status: Status, into buffer: inout ByteBuffer) {
        assert((100...599).contains(status.rawValue), "status \(status.rawValue)")
        if status == .ok {
            buffer.append("HTTP/1.1 200 OK\r\n")
            return
        }
        buffer.append("HTTP/1.1 ")
        buffer.append(decimal: UInt64(status.rawValue))
        // RFC 9112 §4: the space before the phrase stays when there is none.
        buffer.append(" ")
        buffer.append(status.reasonPhrase)
        buffer.append("\r\n")
    }

    /// A field line of our own words.
    package static func field(_ name: StaticString, _ value: StaticString, into buffer: inout ByteBuffer) {
        buffer.append(name)
        buffer.append(": ")
        buffer.append(value)
        buffer.append("\r\n")
    }

    /// A field line with a value from elsewhere.
    package static func field(_ name: StaticString, _ value: Span<UInt8>, into buffer: inout ByteBuffer) {
        assert(isFieldText(value), "a value of \(name) would break its line")
        buffer.append(name)
        buffer.append(": ")
        buffer.append(value)
        buffer.append("\r\n")
    }

    /// A field line with a number.
    package static func field(_ name: StaticString, _ value: UInt64, into buffer: inout ByteBuffer) {
        buffer.append(name)
        buffer.append(": ")
        buffer.append(decimal: value)
        buffer.append("\r\n")
    }

    /// A field line passed on from the upstream or the cache.
    package static func field(
        _ name: Span<UInt8>, _ value: Span<UInt8>, into buffer: inout ByteBuffer
    ) {
        assert(isFieldText(name) && isFieldText(value), "a field would break its line")
        buffer.append(name)
        buffer.append(": ")
        buffer.append(value)
        buffer.append("\r\n")
    }

    /// Field lines rendered before, each with its CR LF.
    package static func fieldBlock(_ lines: Span<UInt8>, into buffer: inout ByteBuffer) {
        assert(lines.isEmpty || lines[lines.count - 1] == 0x0A, "a block of fields ends with its last line")
        buffer.append(lines)
    }

    /// The empty line after the fields.
    package static func endHead(into buffer: inout ByteBuffer) {
        buffer.append("\r\n")
    }

    /// A whole interim response (RFC 9110 §15.2) with the rendered `fields`: none for 100, `Link` for 103.
    /// Must not be sent to an HTTP/1.0 client.
    package static func interim(_ status: Status, fields: Span<UInt8>, into buffer: inout ByteBuffer) {
        assert(status.isInformational, "\(status.rawValue) is a final status")
        statusLine(status, into: &buffer)
        fieldBlock(fields, into: &buffer)
        endHead(into: &buffer)
    }

    /// Content as one chunk (RFC 9112 §7.1). An empty piece writes nothing: an empty chunk would be the last.
    package static func chunk(_ content: Span<UInt8>, into buffer: inout ByteBuffer) {
        guard !content.isEmpty else { return }
        buffer.append(hexadecimal: UInt64(content.count))
        buffer.append("\r\n")
        buffer.append(content)
        buffer.append("\r\n")
    }

    /// The end of chunked content. Written only when the content is whole: a broken answer must end without
    /// it.
    package static func lastChunk(into buffer: inout ByteBuffer) {
        buffer.append("0\r\n\r\n")
    }

    /// Whether no byte could end or cut the line: the guard against response splitting.
    private static func isFieldText(_ bytes: Span<UInt8>) -> Bool {
        for index in bytes.indices where bytes[index] == 0 || bytes[index] == 0x0D || bytes[index] == 0x0A {
            return false
        }
        return true
    }
}
