/// Cuts a connection's bytes into requests (RFC 9112), keeping every byte of each head.
///
/// Strict where the gateway must be right: whatever a correct client would not send is malformed. Both sides
/// of the gateway can then be held against each other, since this reader shares no code with it.
struct RequestReader {
    /// What the bytes so far amount to.
    enum Progress {
        /// More bytes are needed.
        case incomplete
        /// The head is there and asks for an interim 100 before its content comes.
        case awaitingContinue
        /// One whole request; it has left the buffer.
        case request(RecordedRequest)
        /// Not HTTP, or beyond a limit. Nothing after it can be trusted.
        case malformed
    }

    /// The longest accepted head.
    static let maximumHeadBytes = 65_536
    /// The longest accepted content.
    static let maximumBodyBytes = 16 * 1_048_576

    private let connection: Int
    private var buffer: [UInt8] = []
    private var searched = 0
    private var head: Head?

    private struct Head {
        var bytes: [UInt8]
        var method: String
        var target: String
        var version: String
        var fields: [(name: String, value: String)] = []
        var framing = Framing.length(0)
        var expectsContinue = false
    }

    private enum Framing {
        case length(Int)
        case chunked
    }

    /// A reader for the connection with this number.
    init(connection: Int) {
        self.connection = connection
    }

    /// Adds bytes as they came.
    mutating func append(_ bytes: [UInt8]) {
        buffer += bytes
    }

    /// What the bytes so far amount to; to be asked again after a request, since the next may be there
    /// already.
    mutating func next() -> Progress {
        if head == nil {
            guard let end = headEnd() else {
                return buffer.count > Self.maximumHeadBytes ? .malformed : .incomplete
            }
            guard end <= Self.maximumHeadBytes, let parsed = Self.parse(Array(buffer[..<end])) else {
                return .malformed
            }
            head = parsed
            buffer.removeFirst(end)
            searched = 0
            if parsed.expectsContinue, buffer.isEmpty { return .awaitingContinue }
        }
        guard let head else { return .incomplete }
        switch takeBody(head.framing) {
        case .incomplete: return .incomplete
        case .malformed: return .malformed
        case .whole(let body):
            self.head = nil
            return .request(
                RecordedRequest(
                    connection: connection, head: head.bytes, method: head.method, target: head.target,
                    version: head.version, fields: head.fields, body: body))
        }
    }

    private mutating func headEnd() -> Int? {
        while searched + 4 <= buffer.count {
            if buffer[searched] == 0x0D,
                buffer[searched..<(searched + 4)].elementsEqual([0x0D, 0x0A, 0x0D, 0x0A])
            {
                return searched + 4
            }
            searched += 1
        }
        return nil
    }

    private static func parse(_ bytes: [UInt8]) -> Head? {
        let text = String(decoding: bytes.dropLast(4), as: UTF8.self)
        // A CRLF is one Character of its own in Swift, so a lone CR or LF stays visible as such.
        var lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)[...]
        guard lines.allSatisfy({ line in !line.utf8.contains { $0 == 0x0D || $0 == 0x0A || $0 == 0 } }),
            let requestLine = lines.popFirst()
        else { return nil }
        let words = requestLine.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, isToken(words[0]), words[1].hasPrefix("/") || words[1] == "*",
            words[2] == "HTTP/1.1" || words[2] == "HTTP/1.0"
        else { return nil }
        var head = Head(
            bytes: bytes, method: String(words[0]), target: String(words[1]), version: String(words[2]))
        for line in lines {
            guard let colon = line.firstIndex(of: ":"), isToken(line[..<colon]) else { return nil }
            let value = line[line.index(after: colon)...].trimming { $0 == " " || $0 == "\t" }
            head.fields.append((String(line[..<colon]), value))
        }
        return framed(head)
    }

    // RFC 9112 §6.3: two lengths, or a length beside a coding, is how requests are smuggled.
    private static func framed(_ head: Head) -> Head? {
        var head = head
        func values(_ name: String) -> [String] {
            head.fields.filter { $0.name.lowercased() == name }.map(\.value)
        }
        guard values("host").count == 1 || head.version == "HTTP/1.0" else { return nil }
        let lengths = values("content-length")
        let codings = values("transfer-encoding")
        head.expectsContinue = values("expect").contains { $0.lowercased() == "100-continue" }
        switch (lengths.count, codings.count) {
        case (0, 0): return head
        case (1, 0):
            guard lengths[0].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let length = Int(lengths[0]),
                length <= maximumBodyBytes
            else { return nil }
            head.framing = .length(length)
            return head
        case (0, 1):
            guard codings[0].lowercased() == "chunked", head.version == "HTTP/1.1" else { return nil }
            head.framing = .chunked
            return head
        default: return nil
        }
    }

    private static func isToken(_ text: Substring) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }

    private enum Body {
        case incomplete
        case malformed
        case whole([UInt8])
    }

    private mutating func takeBody(_ framing: Framing) -> Body {
        switch framing {
        case .length(let length):
            guard buffer.count >= length else { return .incomplete }
            let body = Array(buffer[..<length])
            buffer.removeFirst(length)
            return .whole(body)
        case .chunked: return takeChunks()
        }
    }

    // Reads from the first chunk each time: requests of tests are small, and a machine with a state per chunk
    // is not worth its lines here.
    private mutating func takeChunks() -> Body {
        var body: [UInt8] = []
        var position = 0
        while true {
            guard let line = line(at: position) else {
                return buffer.count - position > 256 ? .malformed : .incomplete
            }
            let digits = line.text.prefix { $0 != ";" }
            guard digits.utf8.allSatisfy({ UInt8(ascii: "0") <= $0 }), let size = Int(digits, radix: 16),
                size >= 0, size <= Self.maximumBodyBytes - body.count
            else { return .malformed }
            position = line.end
            if size == 0 { break }
            guard buffer.count >= position + size + 2 else { return .incomplete }
            guard buffer[(position + size)...].prefix(2).elementsEqual([0x0D, 0x0A]) else {
                return .malformed
            }
            body += buffer[position..<(position + size)]
            position += size + 2
        }
        while true {
            guard let trailer = line(at: position) else { return .incomplete }
            position = trailer.end
            if trailer.text.isEmpty { break }
        }
        buffer.removeFirst(position)
        return .whole(body)
    }

    private func line(at position: Int) -> (text: String, end: Int)? {
        guard let feed = buffer[position...].firstIndex(of: 0x0A), feed > position, buffer[feed - 1] == 0x0D
        else {
            return nil
        }
        return (String(decoding: buffer[position..<(feed - 1)], as: UTF8.self), feed + 1)
    }
}

extension Substring {
    /// Without the characters at both ends for which `isBlank` holds.
    fileprivate func trimming(_ isBlank: (Character) -> Bool) -> String {
        guard let first = firstIndex(where: { !isBlank($0) }), let last = lastIndex(where: { !isBlank($0) })
        else {
            return ""
        }
        return String(self[first...last])
    }
}
