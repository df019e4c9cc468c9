import HTTPModel
import Testing

@testable import Cache

struct RenderedAnswerTests {
    private static func entry(_ lines: [String], decision: StorageDecision = fresh()) -> CacheEntry {
        CacheEntry(
            key: CacheKey(partition: CachePartition(id: 1), route: 1, query: Array("q".utf8), hash: 1),
            judgedWrites: 0,
            answer: CollectedAnswer(
                head: response(200, lines), receivedUnixSeconds: wallStart),
            body: Array("body".utf8).span, decision: decision)
    }

    private static let date = "Date: Mon, 23 Nov 2026 12:00:01 GMT"

    @Test func endToEndFieldsKeepSpellingOrderAndDuplicates() {
        let entry = Self.entry(["b-Field: 1", Self.date, "A: x", "b-Field: 2"])

        #expect(entry.text(entry.fields) == "b-Field: 1\r\n\(Self.date)\r\nA: x\r\nb-Field: 2\r\n")
    }

    @Test func theHeadBeginsAsItIsSent() {
        let entry = Self.entry([Self.date, "ETag: \"v1\""])

        #expect(
            entry.text(entry.headStart)
                == "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nETag: \"v1\"\r\n\(Self.date)\r\n")
        #expect(entry.text(entry.body) == "body")
    }

    @Test func whatIsNotThereHasNoTag() {
        let entry = CacheEntry(
            key: CacheKey(partition: CachePartition(id: 1), route: 1, query: Array("q".utf8), hash: 1),
            judgedWrites: 0,
            answer: CollectedAnswer(
                head: response(404, [Self.date, "ETag: \"v1\"", "Last-Modified: \(Self.date.dropFirst(6))"]),
                receivedUnixSeconds: wallStart),
            body: Array("body".utf8).span, decision: fresh())

        #expect(entry.eTag.isEmpty && entry.validator.isEmpty)
        #expect(!entry.text(entry.headStart).contains("v1"))
        #expect(Revalidation(entry) == nil)
    }

    @Test func aHeadThatIsPassedOnBeginsWithoutATagOfOurs() {
        let entry = Self.entry([Self.date, "ETag: W/\"x\""], decision: .notStored(.noStore))

        #expect(
            entry.text(entry.headStart)
                == "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\(Self.date)\r\nETag: W/\"x\"\r\n")
    }

    @Test(arguments: [
        "Content-Length: 4", "Connection: close", "Keep-Alive: timeout=5", "Transfer-Encoding: chunked",
        "Trailer: X", "Upgrade: h2c", "Proxy-Authenticate: Basic", "X-Request-Id: 1",
        "Cache-Control: private",
        "CDN-Cache-Control: max-age=1", "Age: 3", "ETag: W/\"x\"", "Expires: 0", "RateLimit: \"a\";r=1",
        "RateLimit-Policy: \"a\";q=1",
    ])
    func whatTheGatewayStatesAnewIsLeftOut(line: String) {
        let entry = Self.entry([Self.date, line])

        #expect(entry.text(entry.fields) == "\(Self.date)\r\n")
    }

    @Test func fieldsNominatedByConnectionAreLeftOut() {
        let entry = Self.entry([Self.date, "Connection: close, X-Hop", "x-hop: 1", "X-Hopper: 2"])

        #expect(entry.text(entry.fields) == "\(Self.date)\r\nX-Hopper: 2\r\n")
    }

    @Test func anAnswerThatMayNotBeStoredKeepsItsOwnCacheFields() {
        let entry = Self.entry(
            [Self.date, "Cache-Control: no-store", "ETag: W/\"x\"", "Age: 1", "Content-Length: 4"],
            decision: .notStored(.noStore))

        #expect(
            entry.text(entry.fields)
                == "\(Self.date)\r\nCache-Control: no-store\r\nETag: W/\"x\"\r\nAge: 1\r\n")
        #expect(entry.eTag.isEmpty)
    }

    @Test func aMissingDateIsAdded() {
        let entry = Self.entry(["A: b"])

        #expect(entry.text(entry.fields) == "A: b\r\nDate: Mon, 23 Nov 2026 12:00:00 GMT\r\n")
    }

    @Test(arguments: ["\"v1\"", "\"\"", "\"\u{e4}!#~\""])
    func aStrongTagOfTheUpstreamIsKept(tag: String) {
        let entry = Self.entry(["ETag: \(tag)"])

        #expect(entry.text(entry.eTag) == tag)
    }

    @Test(arguments: ["W/\"v1\"", "v1", "\"a\"b\"", "\"a b\"", "\"", "\"\u{7f}\""])
    func anyOtherTagIsReplacedByOneMadeFromTheBody(tag: String) {
        let made = Self.entry(["ETag: \(tag)"])
        let plain = Self.entry([])

        #expect(made.eTag.count == 34)
        #expect(made.text(made.eTag) == plain.text(plain.eTag))
    }

    @Test func theBytesFitTheirMemory() {
        let entry = Self.entry((0..<50).map { "Field-\($0): value" })

        #expect(entry.bytes.capacity <= entry.bytes.count + 34 + 37 + 200)
    }
}
