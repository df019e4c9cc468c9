package import HTTPModel

/// Reads the heads of one answer, line by line, and refuses every doubt.
///
/// Many parsers take the last of two lengths, bare line feeds, blanks before the colon and folded lines; two
/// that disagree about one answer are what response smuggling is made of. So nothing is repaired here: the
/// first doubtful line ends the transfer. A pure value, fed with bytes.
package struct ResponseHeadReader {
    /// How much of a head is taken.
    package struct Limits: Sendable, Hashable {
        /// Bytes of one head, line ends included.
        package var headBytes: Int
        /// Field lines of one head.
        package var fieldCount: Int
        /// Interim heads before the final one.
        package var interimCount: Int

        /// Limits from their parts.
        package init(headBytes: Int, fieldCount: Int, interimCount: Int) {
            self.headBytes = headBytes
            self.fieldCount = fieldCount
            self.interimCount = interimCount
        }
    }

    /// What a line led to.
    package enum Outcome {
        /// The head goes on, or an interim head without use to the client has ended.
        case more
        /// An interim head worth passing on has ended (103, RFC 8297).
        case interim(ResponseHead)
        /// The final head has ended; so is its content framed.
        case final(ResponseHead, ContentFraming)
        /// The answer cannot be trusted. Every later line gets the same answer.
        case refused(UpstreamFailure)
    }

    /// What the next line must be.
    private enum State {
        /// A status line; goes to `fields`.
        case statusLine
        /// A field line or the empty one; goes to `statusLine` after an interim head, else to `done`.
        case fields
        /// Nothing: trailers are not delivered here.
        case done
        /// Nothing: the answer was refused.
        case refused(UpstreamFailure)
    }

    private let limits: Limits
    private let answersHead: Bool
    private var state = State.statusLine
    private var head = ResponseHead(status: .ok)
    private var isVersion10 = false
    private var headBytes = 0
    private var interimCount = 0
    private var contentLength: UInt64?
    private var isChunked = false
    private var hasConnectionField = false
    /// Whether the upstream keeps the connection for another request (RFC 9112 §9.3); known with the final
    /// head. One that speaks HTTP/1.0 is not believed when it says so.
    package private(set) var keepsConnection = false

    /// A reader for the answer to a request of `method`, whose content framing depends on it.
    package init(limits: Limits, method: Method) {
        self.limits = limits
        self.answersHead = method == .head
    }

    /// What is wrong with the begin of a line whose end has not come yet, if that can be said.
    package func doubt(aboutBegin bytes: Span<UInt8>) -> UpstreamFailure? {
        if bytes.count > limits.headBytes - headBytes { return .headTooLarge }
        // Something else than HTTP/1 may never send a line feed.
        guard case .statusLine = state else { return nil }
        let known = Array("HTTP/".utf8)
        let count = min(bytes.count, known.count)
        let isHTTP = bytes.extracting(0..<count).equals(known.span.extracting(0..<count))
        return isHTTP ? nil : .responseInvalid(.notHTTP)
    }

    /// Takes the next line, its line end included.
    package mutating func consume(_ line: Span<UInt8>) -> Outcome {
        if case .refused(let failure) = state { return .refused(failure) }
        headBytes += line.count
        if headBytes > limits.headBytes { return refuse(.headTooLarge) }
        guard line.count >= 2, line[line.count - 2] == 0x0D, line[line.count - 1] == 0x0A,
            line.extracting(0..<(line.count - 2)).isFreeOfControls
        else { return refuse(.responseInvalid(.lineEnd)) }
        let content = line.extracting(0..<(line.count - 2))
        switch state {
        case .statusLine: return takeStatusLine(content)
        case .fields: return content.isEmpty ? endHead() : takeFieldLine(content)
        case .done: return refuse(.responseInvalid(.bytesAfterEnd))
        case .refused(let failure): return .refused(failure)
        }
    }

    private mutating func refuse(_ failure: UpstreamFailure) -> Outcome {
        state = .refused(failure)
        return .refused(failure)
    }

    /// `HTTP/1.1 200 OK`: exactly one blank on each side of three digits; the reason may be empty, and the
    /// blank before an empty reason may be missing, as in many servers (RFC 9112 §4).
    private mutating func takeStatusLine(_ line: Span<UInt8>) -> Outcome {
        guard line.count >= 5, line.extracting(0..<5).equals("HTTP/") else {
            return refuse(.responseInvalid(.notHTTP))
        }
        guard line.count >= 12, line.extracting(5..<7).equals("1."), line[7] == 0x30 || line[7] == 0x31,
            line[8] == 0x20, line.count == 12 || line[12] == 0x20,
            let code = line.extracting(9..<12).decimal, (100...599).contains(code)
        else { return refuse(.responseInvalid(.statusLine)) }
        let status = Status(rawValue: UInt16(code))
        if status.rawValue == 101 { return refuse(.upgradeNotAsked) }
        head = ResponseHead(status: status)
        head.reserveUsualRoom()
        isVersion10 = line[7] == 0x30
        contentLength = nil
        isChunked = false
        hasConnectionField = false
        state = .fields
        return .more
    }

    private mutating func takeFieldLine(_ line: Span<UInt8>) -> Outcome {
        if head.fields.count == limits.fieldCount { return refuse(.headTooLarge) }
        // A blank at the beginning is a folded line (RFC 9112 §5.2), a blank before the colon hides a name
        // (§5.1): neither is a token, so both end here.
        var colon = 0
        while colon < line.count, line[colon].isTokenByte { colon += 1 }
        guard colon > 0, colon < line.count, line[colon] == 0x3A else {
            return refuse(.responseInvalid(.fieldLine))
        }
        let name = line.extracting(0..<colon)
        let value = line.extracting((colon + 1)..<line.count).trimmedRange
        let bytes = line.extracting((colon + 1)..<line.count).extracting(value)
        let known = FieldName(name)
        head.append(name: name, value: bytes, known: known)
        switch known {
        case .contentLength:
            // Digits only and once: `+2`, `2, 2` and two equal lines are all doubts (RFC 9112 §6.3 rule 5
            // would allow the repair of the last two).
            guard contentLength == nil, let length = bytes.decimal, length <= UInt64(Int64.max) else {
                return refuse(.responseInvalid(.contentLength))
            }
            contentLength = length
        case .transferEncoding:
            guard !isChunked, !isVersion10, bytes.equalsIgnoringCase("chunked") else {
                return refuse(.responseInvalid(.transferCoding))
            }
            isChunked = true
        case .connection: hasConnectionField = true
        default: break
        }
        return .more
    }

    private mutating func endHead() -> Outcome {
        if isChunked && contentLength != nil { return refuse(.responseInvalid(.transferCoding)) }
        let hasContent = isChunked || (contentLength ?? 0) > 0
        let forbids = head.status.isInformational || head.status == .noContent
        // A 304 and an answer to HEAD may state what a GET would get; a 1xx and a 204 may not
        // (RFC 9110 §8.6), and a reader that believed them would wait for content (RFC 9112 §6.3 rule 1).
        if forbids && (hasContent || (head.status.isInformational && contentLength != nil)) {
            return refuse(.responseInvalid(isChunked ? .transferCoding : .contentLength))
        }
        if head.status.isInformational { return endInterimHead() }
        let framing = finalFraming
        removeConnectionFields()
        state = .done
        return .final(takeHead(), framing)
    }

    private mutating func endInterimHead() -> Outcome {
        interimCount += 1
        if interimCount > limits.interimCount { return refuse(.headTooLarge) }
        headBytes = 0
        state = .statusLine
        // 100 answers an Expect that is never sent on, 102 is obsolete; 103 carries links for the client.
        guard head.status.rawValue == 103 else { return .more }
        removeConnectionFields()
        return .interim(takeHead())
    }

    /// The head that has been read, which the reader does not keep.
    private mutating func takeHead() -> ResponseHead {
        var whole = ResponseHead(status: head.status)
        swap(&whole, &head)
        return whole
    }

    private var finalFraming: ContentFraming {
        if answersHead || head.status.forbidsContent { return .none }
        if isChunked { return .chunked }
        if let contentLength { return .length(contentLength) }
        return .untilClose
    }

    /// Removes the fields of a single connection: the known ones, and those that Connection names
    /// (RFC 9110 §7.6.1).
    private mutating func removeConnectionFields() {
        var nominated: [ByteRange] = []
        var closes = false
        if hasConnectionField {
            for line in head.fields where line.known == .connection {
                head.bytes.span.extracting(line.value.range).forEachListMember { member in
                    nominated.append(
                        ByteRange(
                            from: line.value.range.lowerBound + member.lowerBound,
                            to: line.value.range.lowerBound + member.upperBound))
                }
            }
        }
        for member in nominated where head.bytes.span.extracting(member.range).equalsIgnoringCase("close") {
            closes = true
        }
        keepsConnection = !isVersion10 && !closes
        guard hasConnectionField || head.fields.contains(where: \.known.isHopByHop) else { return }
        let bytes = head.bytes
        head.fields.removeAll { line in
            if line.known.isHopByHop { return true }
            let name = bytes.span.extracting(line.name.range)
            return nominated.contains { bytes.span.extracting($0.range).equalsIgnoringCase(name) }
        }
    }
}

extension Span where Element == UInt8 {
    /// Whether no byte is a control character other than the horizontal tab.
    fileprivate var isFreeOfControls: Bool {
        var next = 0
        while true {
            let (index, isMarked) = firstMark(from: next) { $0.marks(below: 0x20) | $0.marks(of: 0x7F) }
            guard isMarked else {
                for index in index..<count
                where self[index] < 0x20 && self[index] != 0x09 || self[index] == 0x7F { return false }
                return true
            }
            guard self[index] == 0x09 else { return false }
            next = index + 1
        }
    }

    /// The number these digits spell; `nil` if there is none, another character, or more than 19 digits.
    fileprivate var decimal: UInt64? {
        guard (1...19).contains(count) else { return nil }
        var number: UInt64 = 0
        for index in indices {
            let digit = self[index] &- 0x30
            guard digit < 10 else { return nil }
            // 19 digits stay below 2^64.
            number = number * 10 + UInt64(digit)
        }
        return number
    }

    /// Where the bytes without the blanks and tabs around them stand.
    fileprivate var trimmedRange: Range<Int> {
        var start = 0
        var end = count
        while start < end, self[start] == 0x20 || self[start] == 0x09 { start += 1 }
        while end > start, self[end - 1] == 0x20 || self[end - 1] == 0x09 { end -= 1 }
        return start..<end
    }

    /// Calls `body` with the place of every member of a comma-separated list that is not empty.
    fileprivate func forEachListMember(_ body: (Range<Int>) -> Void) {
        var start = 0
        while start <= count {
            var end = start
            while end < count, self[end] != 0x2C { end += 1 }
            let member = extracting(start..<end).trimmedRange
            if !member.isEmpty { body((start + member.lowerBound)..<(start + member.upperBound)) }
            start = end + 1
        }
    }

    /// Whether two names are the same but for ASCII case.
    fileprivate func equalsIgnoringCase(_ other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for index in indices where self[index].asciiLowercased != other[index].asciiLowercased {
            return false
        }
        return true
    }
}

extension UInt8 {
    /// Whether the byte may stand in a token (RFC 9110 §5.6.2).
    fileprivate var isTokenByte: Bool {
        switch self {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E, 0x5F, 0x60, 0x7C, 0x7E: true
        default: false
        }
    }
}
