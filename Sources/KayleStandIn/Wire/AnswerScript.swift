import FlyingFox

/// An answer as the steps a connection takes to give it, faults included.
///
/// What goes over the wire is decided here, without any input or output; the connection only carries it out.
struct AnswerScript: Sendable {
    /// One thing to do.
    enum Step: Sendable, Equatable {
        /// Send these bytes.
        case send([UInt8])
        /// Wait.
        case pause(milliseconds: Int)
        /// End the connection this way; `kept` changes nothing.
        case end(Fault.Ending)
    }

    /// What to do, in order.
    private(set) var steps: [Step] = []

    private enum Framing {
        case length
        case chunked(pieceBytes: Int)
        case untilClose
    }

    /// The steps of `answer` under `effects`. `date` is the value of the `Date` field.
    init(_ answer: Answer, to request: RecordedRequest, date: String, effects: [Fault.Effect]) {
        var answer = answer
        var framing = Framing.length
        var isCoded = false
        var cut: (bodyBytes: Int, ending: Fault.Ending)?
        var pieces: (bytes: Int, milliseconds: Int)?
        var afterwards: [Step] = []
        for effect in effects {
            switch effect {
            case .delay(let milliseconds): steps.append(.pause(milliseconds: milliseconds))
            case .answer(let status, let fields, let body):
                answer = Answer(
                    HTTPStatusCode(status, phrase: "Ordered"), contentType: "text/plain; charset=UTF-8",
                    body: body)
                answer.set(fields)
            case .fields(let fields): answer.fields += fields
            case .largeBody(let bytes):
                answer = Answer(.ok, contentType: "application/octet-stream", body: Self.pattern(bytes))
            case .chunked(let pieceBytes): framing = .chunked(pieceBytes: max(1, pieceBytes))
            case .gzip: isCoded = request.values("Accept-Encoding").contains { $0.contains("gzip") }
            case .untilClose: framing = .untilClose
            case .breakOff(let bodyBytes, let ending): cut = (bodyBytes, ending)
            case .trickle(let pieceBytes, let milliseconds): pieces = (max(1, pieceBytes), milliseconds)
            case .before(let bytes): steps.append(.send(bytes))
            case .after(let bytes, let milliseconds):
                afterwards += [.pause(milliseconds: milliseconds), .send(bytes)]
            case .endAfter(let milliseconds, let ending):
                afterwards += [.pause(milliseconds: milliseconds), .end(ending)]
            case .raw(let bytes, let ending):
                steps += [.send(bytes), .end(ending)]
                return
            }
        }
        if isCoded, Self.mayHaveContent(answer) {
            answer.body = StoredGzip.member(answer.body)
            answer.fields.append((name: "Content-Encoding", value: "gzip"))
        }
        // A break-off announces all of the content: without a length nobody could tell the cut from the end.
        if cut != nil, case .untilClose = framing { framing = .length }
        let head = Self.head(answer, framing: framing, date: date)
        var body = Self.hasContent(answer, request) ? Self.framed(answer.body, framing) : []
        if let cut { body = Array(body.prefix(cut.bodyBytes)) }
        if let pieces {
            steps.append(.send(head))
            for start in stride(from: 0, to: body.count, by: pieces.bytes) {
                steps.append(.send(Array(body[start..<min(start + pieces.bytes, body.count)])))
                steps.append(.pause(milliseconds: pieces.milliseconds))
            }
        } else {
            // One send for head and content: two small segments per answer would double the cost of a test
            // run.
            steps.append(.send(head + body))
        }
        if let cut {
            steps.append(.end(cut.ending))
        } else if case .untilClose = framing {
            steps.append(.end(.closed))
        }
        steps += afterwards
    }

    // 0 to 250 again and again: a prime period, so that a lost or doubled block of any usual size shows.
    private static func pattern(_ bytes: Int) -> [UInt8] {
        let period = [UInt8](0..<251)
        var pattern: [UInt8] = []
        pattern.reserveCapacity(bytes + period.count)
        while pattern.count < bytes { pattern += period }
        pattern.removeLast(pattern.count - bytes)
        return pattern
    }

    // RFC 9110 §6.4.1: no content in answers to HEAD, and none with these statuses.
    private static func hasContent(_ answer: Answer, _ request: RecordedRequest) -> Bool {
        request.method != "HEAD" && mayHaveContent(answer)
    }

    private static func mayHaveContent(_ answer: Answer) -> Bool {
        answer.status.code >= 200 && answer.status.code != 204 && answer.status.code != 304
    }

    private static func head(_ answer: Answer, framing: Framing, date: String) -> [UInt8] {
        var text = "HTTP/1.1 \(answer.status.code) \(answer.status.phrase)\r\nDate: \(date)\r\n"
        for field in answer.fields { text += "\(field.name): \(field.value)\r\n" }
        switch framing {
        // RFC 9110 §8.6: a 204 announces no length.
        case .length: if mayHaveContent(answer) { text += "Content-Length: \(answer.body.count)\r\n" }
        case .chunked: text += "Transfer-Encoding: chunked\r\n"
        case .untilClose: text += "Connection: close\r\n"
        }
        return Array((text + "\r\n").utf8)
    }

    private static func framed(_ body: [UInt8], _ framing: Framing) -> [UInt8] {
        switch framing {
        case .length, .untilClose: return body
        case .chunked(let pieceBytes):
            var framed: [UInt8] = []
            for start in stride(from: 0, to: body.count, by: pieceBytes) {
                let piece = body[start..<min(start + pieceBytes, body.count)]
                framed += Array((String(piece.count, radix: 16) + "\r\n").utf8) + piece + Array("\r\n".utf8)
            }
            return framed + Array("0\r\n\r\n".utf8)
        }
    }
}

extension Answer {
    /// Puts fields in, replacing those of the same name.
    fileprivate mutating func set(_ newFields: [(name: String, value: String)]) {
        for field in newFields { fields.removeAll { $0.name.lowercased() == field.name.lowercased() } }
        fields += newFields
    }
}
