import HTTPModel

/// The members of RFC 9457 that stand before the envelope when a client that takes problem details is refused
/// for a limit: both conventions in one body.
enum ProblemDetails {
    /// The media type, as clients ask for it and as it is answered.
    static let mediaType: StaticString = "application/problem+json"

    /// Whether a client names the media type in `Accept`, with a weight above zero (RFC 9110 §12.5.1). A
    /// range such as `*/*` names nothing: who sends it may know the envelope only.
    static func isAccepted(_ head: borrowing RequestHead, _ bytes: Span<UInt8>) -> Bool {
        let lines = head.fields.span
        for index in lines.indices where lines[index].known == .other {
            guard bytes.extracting(lines[index].name.range).equalsIgnoringCase("accept") else { continue }
            if isNamed(in: bytes.extracting(lines[index].value.range)) { return true }
        }
        return false
    }

    /// Appends the members, each with a comma behind it. `violated` are names of limits, which need no
    /// escapes. (draft-ietf-httpapi-ratelimit-headers-11 §6)
    static func append(
        status: Status, detail: (inout ByteBuffer) -> Void, violated: [String], to body: inout ByteBuffer
    ) {
        body.append("\"type\":\"https://iana.org/assignments/http-problem-types#quota-exceeded\"")
        body.append(",\"title\":\"Quota exceeded\",\"status\":")
        body.append(decimal: UInt64(status.rawValue))
        body.append(",\"detail\":\"")
        detail(&body)
        body.append("\",\"violated-policies\":[")
        for (index, name) in violated.enumerated() {
            if index > 0 { body.append(",") }
            body.append("\"")
            body.append(Array(name.utf8).span)
            body.append("\"")
        }
        body.append("],")
    }

    private static func isNamed(in value: Span<UInt8>) -> Bool {
        var start = 0
        while start < value.count {
            var end = start
            while end < value.count, value[end] != UInt8(ascii: ",") { end += 1 }
            if accepts(value.extracting(start..<end)) { return true }
            start = end + 1
        }
        return false
    }

    /// One member of the list: a media range and its parameters.
    private static func accepts(_ member: Span<UInt8>) -> Bool {
        var parts = member.array.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
            .map { trimmed($0) }
        guard !parts.isEmpty else { return false }
        let range = parts.removeFirst()
        guard range.span.equalsIgnoringCase(mediaType) else { return false }
        let weights = parts.filter {
            $0.count >= 2 && $0[0].asciiLowercased == UInt8(ascii: "q") && $0[1] == 0x3D
        }
        // `q=0`, `q=0.` and `q=0.000` refuse.
        return !weights.contains { weight in
            let digits = weight.dropFirst(2)
            return !digits.isEmpty && digits.allSatisfy { $0 == UInt8(ascii: "0") || $0 == UInt8(ascii: ".") }
        }
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
        return Array(bytes.drop(while: isSpace).reversed().drop(while: isSpace).reversed())
    }
}
