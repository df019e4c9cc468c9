import HTTPModel
import Testing

@testable import Cache

struct RevalidationTests {
    private static func entry(_ lines: [String]) -> CacheEntry {
        CacheEntry(
            key: CacheKey(partition: CachePartition(id: 1), route: 1, query: Array("q".utf8), hash: 1),
            judgedWrites: 0,
            answer: CollectedAnswer(
                head: response(200, lines), receivedUnixSeconds: wallStart),
            body: Array("body".utf8).span, decision: fresh())
    }

    private static func conditions(_ lines: [String]) -> [String] {
        var conditions: [String] = []
        Revalidation(entry(lines))?.forEachCondition { name, value in
            conditions.append("\(name): \(value.text)")
        }
        return conditions
    }

    private static let date = "Last-Modified: Mon, 23 Nov 2026 11:00:00 GMT"

    @Test func theUpstreamIsAskedByItsOwnValidators() {
        #expect(Self.conditions(["ETag: \"v1\""]) == ["If-None-Match: \"v1\""])
        #expect(Self.conditions(["ETag: W/\"v1\""]) == ["If-None-Match: W/\"v1\""])
        #expect(Self.conditions([Self.date]) == ["If-Modified-Since: Mon, 23 Nov 2026 11:00:00 GMT"])
        #expect(Self.conditions(["ETag: \"v1\"", Self.date]).count == 2)
    }

    @Test(arguments: [[], ["ETag: v1"], ["ETag: W/v1"], ["Content-Type: a/b"]])
    func anAnswerWithoutAValidatorIsFetchedWhole(lines: [String]) {
        #expect(Revalidation(Self.entry(lines)) == nil)
    }

    @Test func aWeakValidatorIsNeverTheTagOfAnAnswer() {
        let entry = Self.entry(["ETag: W/\"v1\""])
        let plain = Self.entry([])

        #expect(entry.text(entry.eTag) == plain.text(plain.eTag))
        #expect(entry.text(entry.validator) == "W/\"v1\"")
    }

    @Test func whatIsConfirmedKeepsItsFieldsUnlessTheyAreStatedAgain() throws {
        let entry = Self.entry(["ETag: \"v1\"", "Content-Type: application/json", "X-A: old", "X-B: old"])
        let revalidation = try #require(Revalidation(entry))

        let head = revalidation.confirmed(
            by: response(
                304,
                [
                    "x-a: new", "Cache-Control: max-age=9", "Content-Length: 0",
                    "content-type: text/plain",
                ]))

        let lines = head.fields.map { line in
            "\(head.bytes.span.extracting(line.name.range).text): \(head.bytes.span.extracting(line.value.range).text)"
        }
        #expect(head.status == .ok)
        #expect(
            lines == [
                "ETag: \"v1\"", "Content-Type: application/json", "X-B: old",
                "Date: Mon, 23 Nov 2026 12:00:00 GMT", "x-a: new", "Cache-Control: max-age=9",
            ])
    }

    @Test func aTagThatIsStatedAgainReplacesTheOldOne() throws {
        let revalidation = try #require(Revalidation(Self.entry(["ETag: \"v1\""])))

        let head = revalidation.confirmed(by: response(304, ["ETag: \"v2\""]))

        #expect(head.firstText(of: .eTag) == "\"v2\"")
        #expect(head.fields.count { $0.known == .eTag } == 1)
    }
}
