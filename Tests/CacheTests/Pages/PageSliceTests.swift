import HTTPModel
import Testing

@testable import Cache

struct PageSliceTests {
    private let cache = smallCache()
    private var partition: CachePartition { cache.partition(tenant: "acme", credential: 1) }

    @Test func aSliceIsAsOldAsItsSourceAndDiesWithIt() throws {
        cache.fillPage(
            partition, "/v1/sessions?limit=5", pageText(rows: 3, limit: 5), decision: fresh(seconds: 5))

        let slice = try #require(cache.slice(partition, "/v1/sessions?limit=2", now: 3.5))

        #expect(slice.source.object.ageSeconds(now: at(3.5)) == 3)
        #expect(slice.remainingLifetimeSeconds(now: at(3.5)) == 1)
        #expect(cache.slice(partition, "/v1/sessions?limit=2", now: 5) == nil)
    }

    @Test func theFreshestPageAnswers() throws {
        cache.fillPage(
            partition, "/v1/sessions?limit=5", pageText(rows: 3, limit: 5), decision: fresh(seconds: 9))
        let younger = cache.fillPage(
            partition, "/v1/sessions?limit=6", pageText(rows: 3, limit: 6), decision: fresh(seconds: 10))
        cache.fillPage(
            partition, "/v1/sessions?limit=7", pageText(rows: 3, limit: 7), decision: fresh(seconds: 8))

        let slice = try #require(cache.slice(partition, "/v1/sessions?limit=2"))

        #expect(slice.source.object === younger?.entry)
    }

    @Test func noOtherTenantCredentialOrRouteIsAnswered() {
        cache.fillPage(partition, "/v1/sessions?limit=5", pageText(rows: 3, limit: 5))
        let others = [
            cache.partition(tenant: "globex", credential: 1), cache.partition(tenant: "acme", credential: 2),
        ]

        #expect(cache.slice(partition, "/v1/sessions?limit=2") != nil)
        #expect(cache.slice(partition, "/v1/sessions?limit=2", route: 2) == nil)
        for other in others {
            #expect(cache.slice(other, "/v1/sessions?limit=2") == nil)
            #expect(cache.row(other, "vs_aaa1") == nil)
        }
    }

    @Test func aWriteAndAPurgeEndSlicesToo() {
        cache.fillPage(partition, "/v1/sessions?limit=5", pageText(rows: 3, limit: 5))
        #expect(cache.slice(partition, "/v1/sessions?limit=2") != nil)
        cache.invalidate(partition)
        #expect(cache.slice(partition, "/v1/sessions?limit=2") == nil)

        cache.fillPage(partition, "/v1/sessions?limit=5", pageText(rows: 3, limit: 5))
        #expect(cache.slice(partition, "/v1/sessions?limit=2") != nil)
        _ = cache.purge(partition, route: nil, now: at(0))
        #expect(cache.slice(partition, "/v1/sessions?limit=2") == nil)
        cache.checkInvariants()
    }

    @Test func aRowAloneLooksLikeTheAnswerToItsID() throws {
        cache.fillPage(
            partition, "/v1/sessions?limit=5&include_attempts=true",
            pageText(rows: 3, limit: 5, attempts: true))

        let slice = try #require(cache.row(partition, "vs_aaa1"))

        #expect(
            slice.text
                == #"{"data":{"id":"vs_aaa1","status":"completed","n":{"a":[1,-2.5e3]},"#
                + #""created_at":"2026-01-01T00:00:01.000Z","updated_at":null},"error":null}"#)
        #expect(cache.row(partition, "vs_aab0") == nil)
    }

    @Test func aRowIsNoOlderThanItsOwnRouteAllows() throws {
        cache.fillPage(partition, "/v1/sessions?limit=5", pageText(rows: 3, limit: 5))

        let slice = try #require(cache.row(partition, "vs_aaa1", lifetime: .seconds(2), now: 1))

        #expect(slice.remainingLifetimeSeconds(now: at(1)) == 1)
        #expect(cache.row(partition, "vs_aaa1", lifetime: .seconds(2), now: 2) == nil)
    }

    @Test func aSliceOfAPageHasTheTagOfThatPageFetched() throws {
        cache.fillPage(partition, "/v1/sessions?limit=5", pageText(rows: 3, limit: 5))
        let slice = try #require(cache.slice(partition, "/v1/sessions?limit=2"))
        let other = cache.partition(tenant: "b", credential: 1)

        let fetched = cache.fillPage(
            other, "/v1/sessions?limit=2", pageText(rows: 2, limit: 2, hasMore: true))

        let entry = try #require(fetched?.entry)
        #expect(slice.text == entry.text(entry.body))
        #expect(slice.eTagText == entry.text(entry.eTag))
        #expect(try #require(cache.slice(partition, "/v1/sessions?limit=1")).eTagText != slice.eTagText)
        #expect(try #require(cache.slice(partition, "/v1/sessions")).eTagText != slice.eTagText)
    }

    @Test func aSliceMadeWholeIsTheSameAnswer() throws {
        cache.fillPage(partition, "/v1/sessions?limit=5", pageText(rows: 3, limit: 5))
        let slice = try #require(cache.slice(partition, "/v1/sessions?limit=2"))

        let entry = CacheEntry(slice, bodyByteCount: slice.bodyByteCount)

        #expect(entry.text(entry.body) == slice.text)
        #expect(entry.text(entry.eTag) == slice.eTagText)
        #expect(entry.text(entry.fields) == slice.source.object.text(slice.source.object.fields))
        #expect(entry.remainingLifetimeSeconds(now: at(1)) == slice.remainingLifetimeSeconds(now: at(1)))
        #expect(entry.belongs(to: partition))
    }

    @Test(arguments: [
        "Content-Type: text/html", "Content-Type: application/jsonp", "Link: </l>; rel=next",
        "Last-Modified: Mon, 23 Nov 2026 12:00:00 GMT", "Content-Digest: sha-256=:AA==:",
        "Repr-Digest: x", "Content-Location: /l", "Content-Disposition: inline", "Digest: x",
    ])
    func anAnswerWhoseFieldsDescribeItsBodyIsNotSliced(field: String) {
        let fields = field.hasPrefix("Content-Type") ? [field] : ["Content-Type: application/json", field]

        cache.fillPage(partition, "/v1/sessions?limit=5", pageText(rows: 3, limit: 5), fields: fields)

        #expect(cache.lookUp(partition, "/v1/sessions?limit=5").freshEntry != nil)
        #expect(cache.slice(partition, "/v1/sessions?limit=2") == nil)
    }
}
