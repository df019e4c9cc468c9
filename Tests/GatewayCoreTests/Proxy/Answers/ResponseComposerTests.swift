import Cache
import HTTPModel
import Testing

@testable import GatewayCore

/// The heads of answers as they go onto the wire.
struct ResponseComposerTests {
    private static let now = MonotonicInstant(nanoseconds: 100_000_000_000)
    /// Mon, 23 Nov 2026 12:00:00 GMT.
    private static let nowUnixSeconds: Int64 = 1_795_435_200
    private static let date = "Date: Mon, 23 Nov 2026 12:00:00 GMT"

    private func terms(
        _ method: Method = .get, _ persistence: Persistence = .keep, _ version: HTTPVersion = .http11,
        cache: CacheStatus? = nil
    ) -> AnswerTerms {
        var terms = AnswerTerms(method: method, persistence: persistence, version: version)
        terms.cacheStatus = cache
        return terms
    }

    /// What a request has of fields of the gateway's own.
    private static let own = Array("X-Request-Id: request-1\r\nRateLimit: \"tenant\";r=4;t=1\r\n".utf8)
    private static let ownLines = ["X-Request-Id: request-1", "RateLimit: \"tenant\";r=4;t=1"]

    /// The lines of the head and the content of what `write` composes.
    private func compose(
        _ write: (inout ResponseComposer, inout ByteBuffer) -> Void
    ) -> (head: [String], body: String) {
        var composer = ResponseComposer(deployment: "edge-1")
        var output = ByteBuffer()
        write(&composer, &output)
        let text = output.withBytes { $0.text }
        let parts = text.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
        return (
            parts[0].split(separator: "\r\n").map(String.init), parts.count > 1 ? String(parts[1]) : "no end"
        )
    }

    private func refuse(_ refusal: Refusal, _ terms: AnswerTerms) -> (head: [String], body: String) {
        var composer = ResponseComposer(deployment: "edge-1")
        var output = ByteBuffer()
        composer.refuse(
            refusal, terms, pageSize: nil, own: Self.own.span,
            nowUnixSeconds: Self.nowUnixSeconds, into: &output)
        let text = output.withBytes { $0.text }
        let parts = text.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
        return (parts[0].split(separator: "\r\n").map(String.init), String(parts[1]))
    }

    @Test func aRefusalIsWholeAndNeverStored() {
        let answer = refuse(.noRoute, terms())

        #expect(
            answer.head == [
                "HTTP/1.1 404 Not Found", "Content-Type: application/json",
                "Content-Length: \(answer.body.utf8.count)", "Cache-Control: no-store", Self.date,
                "X-Request-Id: request-1", "RateLimit: \"tenant\";r=4;t=1",
            ])
        #expect(answer.body.contains(#""code":"NOT_FOUND""#))
    }

    @Test(arguments: RefusalTests.all)
    func everyRefusalIsFramedByItsLength(refusal: Refusal) {
        let get = refuse(refusal, terms())
        let head = refuse(refusal, terms(.head))

        #expect(get.head.contains("Content-Length: \(get.body.utf8.count)"))
        #expect(head.head == get.head)
        #expect(head.body == "")
    }

    @Test func aRefusalNamesWhatItsStatusAsksFor() {
        func line(_ refusal: Refusal, _ name: String) -> String? {
            refuse(refusal, terms()).head.first { $0.hasPrefix("\(name): ") }
        }

        #expect(line(.access(.expired), "WWW-Authenticate") == "WWW-Authenticate: Bearer")
        #expect(line(.access(.scopeMissing), "WWW-Authenticate") == nil)
        #expect(line(.methodNotAllowed(allow: "GET, HEAD"), "Allow") == "Allow: GET, HEAD")
        #expect(
            line(.limited(LimitFixture.exceeded("a"), retryAfterSeconds: 9), "Retry-After")
                == "Retry-After: 9")
        #expect(
            line(.upstream(.connectRefused), "Proxy-Status")
                == "Proxy-Status: \"edge-1\"; error=connection_refused")
        #expect(line(.noRoute, "Proxy-Status") == nil)
    }

    @Test(
        arguments: [
            (.keep, .http11, nil), (.keep, .http10, "Connection: keep-alive"),
            (.close, .http11, "Connection: close"), (.close, .http10, "Connection: close"),
        ] as [(Persistence, HTTPVersion, String?)])
    func theConnectionsEndIsAnnounced(persistence: Persistence, version: HTTPVersion, line: String?) {
        let answer = refuse(.noRoute, terms(.get, persistence, version))

        #expect(answer.head.first { $0.hasPrefix("Connection") } == line)
    }

    @Test func limitsAndCacheAreReported() {
        let answer = refuse(.noRoute, terms(cache: .hit(ttlSeconds: 3)))

        #expect(answer.head.contains("Cache-Status: kayle-gateway; hit; ttl=3"))
        #expect(answer.head.contains("RateLimit: \"tenant\";r=4;t=1"))
    }

    @Test func anEntryIsSentWithItsAgeAndTheRestOfItsLife() throws {
        let entry = try entry(body: "page")
        var written = 0

        let answer = compose { composer, output in
            written = composer.answer(
                from: entry, terms(cache: .hit(ttlSeconds: 20)), own: Self.own.span,
                now: Self.now.advanced(by: .seconds(10)), into: &output)
        }

        #expect(written == 4)
        #expect(answer.body == "page")
        #expect(answer.head.first == "HTTP/1.1 200 OK")
        #expect(answer.head.contains("Content-Length: 4"))
        #expect(answer.head.contains("Age: 10"))
        #expect(answer.head.contains("Cache-Control: private, max-age=20"))
        #expect(answer.head.contains("CDN-Cache-Control: no-store"))
        #expect(answer.head.contains("Content-Type: application/json"))
        #expect(answer.head.filter { $0.hasPrefix("ETag: \"") }.count == 1)
    }

    @Test func anEntryForHeadHasTheSameHeadAndNoContent() throws {
        let entry = try entry(body: "page")
        func answer(_ method: Method) -> (head: [String], body: String) {
            compose { composer, output in
                _ = composer.answer(
                    from: entry, terms(method, cache: .hit(ttlSeconds: 20)),
                    own: Self.own.span, now: Self.now, into: &output)
            }
        }

        #expect(answer(.head).head == answer(.get).head)
        #expect(answer(.head).body == "")
    }

    @Test func aLargeEntryIsBegunAndNotCopiedWhole() throws {
        let body = String(repeating: "x", count: ResponseComposer.firstContentBytes + 10)
        let entry = try entry(body: body)
        var written = 0

        let answer = compose { composer, output in
            written = composer.answer(
                from: entry, terms(), own: Self.own.span, now: Self.now, into: &output)
        }

        #expect(written == ResponseComposer.firstContentBytes)
        #expect(answer.body.utf8.count == written)
        #expect(answer.head.contains("Content-Length: \(body.utf8.count)"))
    }

    @Test(
        arguments: [
            (.length(7), "Content-Length: 7"), (.chunked, "Transfer-Encoding: chunked"), (.untilClose, nil),
        ] as [(ContentFraming, String?)])
    func aPassedAnswerIsFramedAnew(framing: ContentFraming, line: String?) {
        let answer = pass(["Content-Length: 99", "X-A: 1", "x-request-id: theirs", "Date: then"], framing)

        #expect(
            answer.head
                == ["HTTP/1.1 200 OK", "X-A: 1", "Date: then"] + (line.map { [$0] } ?? [])
                + Self.ownLines)
    }

    @Test func anAnswerWithoutContentKeepsTheLengthItSpeaksOf() {
        #expect(pass(["Content-Length: 99"], .none).head.contains("Content-Length: 99"))
    }

    @Test func aPassedAnswerWithoutADateGetsOne() {
        #expect(pass([], .none).head == ["HTTP/1.1 200 OK", Self.date] + Self.ownLines)
    }

    @Test func chunksAreForHTTP11Only() {
        #expect(ResponseComposer.framing(of: .chunked, for: .http10) == .untilClose)
        #expect(ResponseComposer.framing(of: .chunked, for: .http11) == .chunked)
        #expect(ResponseComposer.framing(of: .untilClose, for: .http11) == .untilClose)
        #expect(ResponseComposer.framing(of: .length(3), for: .http10) == .length(3))
    }

    @Test func earlyHintsPassAsTheyCame() {
        var head = ResponseHead(status: Status(rawValue: 103))
        head.append(name: Array("Link".utf8).span, value: Array("</a>; rel=preload".utf8).span)

        let answer = compose { composer, output in composer.passInterim(head, into: &output) }

        #expect(answer.head == ["HTTP/1.1 103 Early Hints", "Link: </a>; rel=preload"])
        #expect(answer.body == "")
    }

    @Test func ourOwnOptionsAnswerHasNoContent() {
        let answer = compose { composer, output in
            composer.answerOptions(
                allow: "GET, HEAD", terms(.options), own: Self.own.span,
                nowUnixSeconds: Self.nowUnixSeconds, into: &output)
        }

        #expect(
            answer.head == [
                "HTTP/1.1 204 No Content", "Allow: GET, HEAD", Self.date, "X-Request-Id: request-1",
                "RateLimit: \"tenant\";r=4;t=1",
            ])
        #expect(answer.body == "")
    }

    private func pass(_ fields: [String], _ framing: ContentFraming) -> (head: [String], body: String) {
        compose { composer, output in
            composer.passOn(
                Self.response(fields), framing: framing, terms(), own: Self.own.span,
                nowUnixSeconds: Self.nowUnixSeconds, into: &output)
        }
    }

    private static func response(_ fields: [String]) -> ResponseHead {
        var head = ResponseHead(status: .ok)
        for field in fields {
            let parts = field.split(separator: ": ", maxSplits: 1)
            let (name, value) = (Array(parts[0].utf8), Array(parts[1].utf8))
            head.append(name: name.span, value: value.span)
        }
        return head
    }

    /// An entry that was fetched at `now` and lives for thirty seconds, as the cache makes it.
    private func entry(body: String) throws -> CacheEntry {
        let cache = HTTPCache(configuration: CacheConfiguration(), seed: (1, 2))
        let partition = cache.partition(tenant: "acme", credential: 1)
        let head = Self.response(["Content-Type: application/json", "Cache-Control: max-age=30"])
        var request = RequestHead()
        request.method = .get
        let decision = cache.decide(
            StoragePolicy.Subject(
                request: CacheRequest(request, bytes: [UInt8]().span), response: head,
                framing: .length(UInt64(body.utf8.count)),
                timing: FetchTiming(
                    requestedAt: Self.now, receivedAt: Self.now, receivedUnixSeconds: Self.nowUnixSeconds)),
            routeLifetime: .seconds(30))
        switch cache.join(
            partition, route: 1, query: [UInt8]().span, waiter: Waiter(worker: 0, token: 0), now: Self.now)
        {
        case .lead(let permit):
            return cache.admit(
                permit, head: head, body: Array(body.utf8).span, decision: decision,
                receivedUnixSeconds: Self.nowUnixSeconds
            ).entry
        case .follow: throw Unexpected()
        case .alone: throw Unexpected()
        case .fresh: throw Unexpected()
        }
    }

    /// An empty cache did not let the first one fetch.
    private struct Unexpected: Error {}
}
