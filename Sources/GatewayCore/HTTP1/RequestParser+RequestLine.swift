import HTTPModel

/// The request line (RFC 9112 §3): `method SP request-target SP HTTP-version`, each parted by exactly one
/// space.
extension RequestParser {
    /// Offset that the request line must not reach beyond.
    private var requestLineLimit: Int {
        min(progress.requestLineStart + limits.maximumRequestLineBytes, limits.maximumHeadBytes)
    }

    /// RFC 9112 §2.2: an empty line before the request line is skipped.
    mutating func skipEmptyLines(_ bytes: Span<UInt8>) -> HeadParse? {
        while true {
            let start = progress.start
            guard start < bytes.count else { return .needMore }
            guard bytes[start] == Self.carriageReturn else { break }
            guard progress.emptyLines < Self.maximumEmptyLines else { return .refused(.leadingEmptyLines) }
            if let outcome = checkLineEnd(
                bytes, at: start, limit: limits.maximumHeadBytes, otherwise: .methodInvalid)
            {
                return outcome
            }
            progress.emptyLines += 1
            advance(to: .emptyLines, at: start + 2)
        }
        progress.requestLineStart = progress.start
        advance(to: .method, at: progress.start)
        return nil
    }

    /// RFC 9110 §9.1: a token. The first bytes of anything that is not HTTP end here.
    mutating func readMethod(_ bytes: Span<UInt8>, into head: inout RequestHead) -> HeadParse? {
        let start = progress.start
        let limit = min(requestLineLimit, start + Self.maximumMethodBytes + 1)
        let available = min(bytes.count, limit)
        let end = ByteClass.token.end(in: bytes, from: progress.cursor, to: available)
        guard end < available else { return pause(bytes, limit: limit, .methodTooLong) }
        guard bytes[end] == UInt8(ascii: " "), end > start else {
            return .refused(bytes[end] == Self.lineFeed ? .bareLineFeed : .methodInvalid)
        }
        head.methodText = ByteRange(from: start, to: end)
        progress.method = Method(bytes.extracting(start..<end))
        head.method = progress.method
        guard head.method != .connect else { return .refused(.connectNotImplemented) }
        advance(to: .target, at: end + 1)
        return nil
    }

    /// The first byte of the target tells the origin form from the others.
    mutating func chooseForm(_ bytes: Span<UInt8>) -> HeadParse? {
        let start = progress.start
        guard start < min(bytes.count, requestLineLimit) else {
            return pause(bytes, limit: requestLineLimit, .requestLineTooLong)
        }
        progress.targetStart = start
        advance(to: bytes[start] == UInt8(ascii: "/") ? .path : .otherForm, at: start)
        return nil
    }

    /// The path of an origin form (RFC 9112 §3.2.1).
    mutating func readPath(_ bytes: Span<UInt8>, into head: inout RequestHead) -> HeadParse? {
        let start = progress.start
        let available = min(bytes.count, requestLineLimit)
        let end = ByteClass.path.end(in: bytes, from: progress.cursor, to: available)
        guard end < available else { return pause(bytes, limit: requestLineLimit, .requestLineTooLong) }
        head.path = ByteRange(from: start, to: end)
        if bytes[end] == UInt8(ascii: "?") {
            head.hasQuery = true
            advance(to: .query, at: end + 1)
            return nil
        }
        head.target = head.path
        return endTarget(bytes, at: end)
    }

    /// The query of an origin form, without its `?`.
    mutating func readQuery(_ bytes: Span<UInt8>, into head: inout RequestHead) -> HeadParse? {
        let available = min(bytes.count, requestLineLimit)
        let end = ByteClass.query.end(in: bytes, from: progress.cursor, to: available)
        guard end < available else { return pause(bytes, limit: requestLineLimit, .requestLineTooLong) }
        head.query = ByteRange(from: progress.start, to: end)
        head.target = ByteRange(from: progress.targetStart, to: end)
        return endTarget(bytes, at: end)
    }

    /// A target in any other form, taken apart when its end is known: these are rare.
    mutating func readOtherForm(_ bytes: Span<UInt8>, into head: inout RequestHead) -> HeadParse? {
        let start = progress.start
        let available = min(bytes.count, requestLineLimit)
        let end = ByteClass.query.end(in: bytes, from: progress.cursor, to: available)
        guard end < available else { return pause(bytes, limit: requestLineLimit, .requestLineTooLong) }
        head.target = ByteRange(from: start, to: end)
        if let outcome = endTarget(bytes, at: end) { return outcome }
        if let reason = head.takeOtherForm(bytes.extracting(0..<end), of: progress.method) {
            return .refused(reason)
        }
        return nil
    }

    /// The target ends at the first byte it cannot hold, which must be the one space before the version.
    private mutating func endTarget(_ bytes: Span<UInt8>, at end: Int) -> HeadParse? {
        switch bytes[end] {
        case UInt8(ascii: " "):
            advance(to: .version, at: end + 1)
            return nil
        // HTTP/0.9 had no version; nobody sends it in good faith (RFC 9112 §C.1).
        case Self.carriageReturn: return .refused(.versionMalformed)
        case Self.lineFeed: return .refused(.bareLineFeed)
        default: return .refused(.targetInvalid)
        }
    }

    /// RFC 9112 §2.3: eight bytes, with regard to case, and the end of the line.
    mutating func readVersion(_ bytes: Span<UInt8>, into head: inout RequestHead) -> HeadParse? {
        let start = progress.start
        let lineEnd = start + Self.versionByteCount
        guard lineEnd <= requestLineLimit else { return .refused(.requestLineTooLong) }
        let seen = bytes.extracting(start..<min(bytes.count, lineEnd))
        if seen.equals("HTTP/1.1") {
            head.version = .http11
        } else if let reason = reasonAgainstVersion(seen) {
            return .refused(reason)
        } else if seen.count == Self.versionByteCount {
            // RFC 9110 §2.5: a higher minor version is served as the highest one known.
            head.version = seen[7] == UInt8(ascii: "0") ? .http10 : .http11
        }
        guard lineEnd < bytes.count else { return .needMore }
        if let outcome = checkLineEnd(
            bytes, at: lineEnd, limit: limits.maximumHeadBytes, otherwise: .versionMalformed)
        {
            return outcome
        }
        advance(to: .fields, at: lineEnd + 2)
        return nil
    }

    private static var versionByteCount: Int { 8 }

    /// Why these first bytes of a version, up to eight, are not those of HTTP/1; `nil` if they may be.
    private func reasonAgainstVersion(_ seen: Span<UInt8>) -> MessageRefusal? {
        for index in seen.indices {
            let byte = seen[index]
            let fits =
                switch index {
                case 0: byte == UInt8(ascii: "H")
                case 1, 2: byte == UInt8(ascii: "T")
                case 3: byte == UInt8(ascii: "P")
                case 4: byte == UInt8(ascii: "/")
                case 6: byte == UInt8(ascii: ".")
                default: ByteClass.digit.contains(byte)
                }
            guard fits else { return byte == Self.lineFeed ? .bareLineFeed : .versionMalformed }
        }
        guard seen.count == Self.versionByteCount else { return nil }
        return seen[5] == UInt8(ascii: "1") ? nil : .versionNotSupported
    }
}

extension RequestHead {
    /// Fills path, query and authority from the `target`, which ends where `bytes` end and does not begin
    /// with `/`. Returns why it is no target, or `nil`.
    fileprivate mutating func takeOtherForm(_ bytes: Span<UInt8>, of method: Method) -> MessageRefusal? {
        let text = bytes.extracting(target.range)
        if text.equals("*") {
            // RFC 9112 §3.2.4: only OPTIONS may ask about the server as a whole.
            path = target
            return method == .options ? nil : .targetFormInvalid
        }
        // RFC 9112 §3.2.2: the absolute form; the authority form is for CONNECT only.
        var start = Int(target.start)
        if text.count >= 7, text.extracting(0..<7).equalsIgnoringCase("http://") {
            start += 7
        } else if text.count >= 8, text.extracting(0..<8).equalsIgnoringCase("https://") {
            start += 8
        } else {
            return .targetFormInvalid
        }
        var end = start
        while end < target.end, bytes[end] != UInt8(ascii: "/"), bytes[end] != UInt8(ascii: "?") { end += 1 }
        authority = ByteRange(from: start, to: end)
        guard Authority.isValid(bytes.extracting(start..<end)) else { return .targetAuthorityInvalid }

        let pathStart = end
        while end < target.end, bytes[end] != UInt8(ascii: "?") { end += 1 }
        // RFC 9110 §4.2.3: an empty path is `/`. A range can only show bytes that are there: this is the
        // slash before the authority.
        path = ByteRange(from: end > pathStart ? pathStart : start - 1, to: end > pathStart ? end : start)
        hasQuery = end < target.end
        query = hasQuery ? ByteRange(from: end + 1, to: target.end) : .empty
        return nil
    }
}
