import HTTPModel

@testable import GatewayCore

/// Requests, and ways to cut and spoil them, shared by the tests of this room.
enum HTTP1Samples {
    /// Heads that must be taken, each with its content-free end.
    static let validHeads: [String] = [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\nGET /v1/sessions?limit=20&status=completed HTTP/1.1\r\nHost: gateway.example.com\r\n"
            + "User-Agent: loadgen/1.0 (linux)\r\nAccept: application/json\r\n"
            + "Authorization: Bearer kgw_0123456789abcdefghij\r\nAccept-Encoding: gzip\r\n\r\n",
        "POST /v1/sessions HTTP/1.1\r\nHost: a:8443\r\nContent-Length: 12\r\nExpect: 100-continue\r\n\r\n",
        "PUT /a/b;c=d/%7Ee?x=[1]&y=/?:@ HTTP/1.1\r\nhost:[2001:db8::1]:80\r\n"
            + "transfer-encoding:\tchunked \r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHOST: 192.0.2.7\r\nMax-Forwards: 0\r\nConnection: close, x-y\r\n\r\n",
        "GET http://inner.example:8080/p?q HTTP/1.1\r\nHost: outer.example\r\n\r\n",
        "GET https://inner.example HTTP/1.1\r\nHost: outer.example\r\nEmpty:\r\nObs: caf\u{E9}\r\n\r\n",
        "HEAD /old HTTP/1.0\r\n\r\n",
        "M-SEARCH /x HTTP/1.0\r\nConnection: keep-alive\r\nX: a\tb  \t\r\n\r\n",
    ]

    /// The outcome of one call with all bytes of `text`, and the head it filled.
    static func parse(
        _ text: String, limits: HTTP1Limits = HTTP1Limits()
    ) -> (outcome: HeadParse, head: RequestHead) {
        var parser = RequestParser(limits: limits)
        var head = RequestHead()
        let bytes = Array(text.utf8)
        let outcome = parser.parse(bytes.span, into: &head)
        return (outcome, head)
    }

    /// The outcome when `bytes` come up to each of the `cuts` in turn and then whole. Between the calls the
    /// head is spoiled by another connection's request, as a worker's is.
    static func parse(
        _ bytes: [UInt8], cutAt cuts: some Sequence<Int>, limits: HTTP1Limits = HTTP1Limits()
    ) -> (outcome: HeadParse, head: RequestHead) {
        var parser = RequestParser(limits: limits)
        var head = RequestHead()
        let foreign = Array("POST /foreign?x HTTP/1.0\r\nHost: foreign\r\nConnection: x\r\n\r\n".utf8)
        for cut in cuts {
            let outcome = parser.parse(bytes.span.extracting(first: cut), into: &head)
            guard outcome == .needMore else { return (outcome, head) }
            var other = RequestParser(limits: HTTP1Limits())
            _ = other.parse(foreign.span, into: &head)
        }
        let outcome = parser.parse(bytes.span, into: &head)
        return (outcome, head)
    }

    /// The text a range of a request stands for.
    static func text(_ range: ByteRange, in request: String) -> String {
        let bytes = Array(request.utf8)
        return bytes.span.extracting(range.range).text
    }
}

extension SeededNumbers {
    /// `bytes` with a few changes of the kind that break framing.
    mutating func mutate(_ bytes: [UInt8]) -> [UInt8] {
        let marks: [UInt8] = Array("\r\n\0 \t:,;?/#%[]@chunked0A".utf8) + [0x0B, 0x7F, 0x80, 0xFF]
        var changed = bytes
        for _ in 0..<Int.random(in: 1...4, using: &self) where !changed.isEmpty {
            let index = Int.random(in: 0..<changed.count, using: &self)
            switch Int.random(in: 0..<4, using: &self) {
            case 0: changed[index] = marks[Int.random(in: 0..<marks.count, using: &self)]
            case 1: changed.insert(marks[Int.random(in: 0..<marks.count, using: &self)], at: index)
            case 2: changed.remove(at: index)
            default:
                let end = min(changed.count, index + Int.random(in: 1...20, using: &self))
                changed.insert(contentsOf: changed[index..<end], at: index)
            }
        }
        return changed
    }
}

extension RequestHead {
    /// Everything a head says, for comparing two.
    var facts: [String] {
        [
            "\(method)", "\(methodText)", "\(target)", "\(path)", "\(query)", "\(hasQuery)", "\(authority)",
            "\(version)", "\(fields)", "\(framing)", "\(keepsAlive)", "\(expectsContinue)",
            "\(String(describing: maxForwards))", "\(hasConnectionField)",
        ]
    }

    /// Every range of the head.
    var ranges: [ByteRange] {
        [methodText, target, path, query, authority] + fields.flatMap { [$0.name, $0.value] }
    }
}
