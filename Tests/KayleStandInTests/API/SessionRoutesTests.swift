import Foundation
import Testing

@testable import KayleStandIn

struct SessionRoutesTests {
    private let fixture = APIFixture()

    @Test(arguments: [
        "limit=0", "limit=101", "limit=", "limit", "limit=10.5", "limit=1_0", "limit=NaN", "limit=Infinity",
        "limit=-1",
        "limit=5&limit=5", "status=Created", "status=", "status=created%20", "status=succeeded",
        "status=created&status=created", "created_from=2026-11-23", "created_to=2026-11-23T12:00:00%2B00:00",
        "created_from=2026-11-23T12:00:00Z&created_from=2026-11-23T12:00:00Z",
        "starting_after=a&starting_after=a",
    ])
    func queryOutsideTheSchemaIsRefusedWithTheValidatorsBody(query: String) {
        let answer = fixture.list(query)

        #expect(answer.code == 400)
        #expect(answer.text.hasPrefix(#"{"success":false,"error":{"name":"ZodError","message":"["#))
    }

    @Test(arguments: [
        ("", 10), ("Limit=5", 10), ("limit%20=5", 10), ("limit[]=5", 10), ("unknown=x&unknown=y", 10),
        ("&&=x&limit=5", 5),
        ("li%6Dit=5", 5), ("limit=0x0A", 10), ("limit=%2B10", 10), ("limit=+10", 10), ("limit=1e1", 10),
        ("starting_after=", 10), ("limit=100", 100), ("limit=99.99999999999999999999", 100),
    ])
    func limitIsEchoedAsRead(query: String, limit: Int) throws {
        let page = try fixture.page(query)

        #expect(page.pagination.limit == limit)
        #expect(page.data.count == min(limit, 57))
    }

    @Test(arguments: [
        ("", false), ("include_attempts", false), ("include_attempts=", false),
        ("include_attempts=false", true),
        ("include_attempts=0", true), ("include_attempts=%20", true),
        ("include_attempts&include_attempts", true),
    ])
    func attemptsAreIncludedForAnyNonEmptyValue(query: String, areIncluded: Bool) throws {
        let page = try fixture.page(query + "&limit=100")

        #expect(page.data.allSatisfy { ($0.attempts != nil) == areIncluded })
        #expect(!areIncluded || page.data.contains { $0.attempts?.isEmpty == false })
    }

    @Test(arguments: ["starting_after=%00", "created_from=0000-01-01T00:00:00Z"])
    func whatBreaksTheDatabaseIsAPlainFailure(query: String) {
        let answer = fixture.list(query)

        #expect(answer.code == 500)
        #expect(answer.text == "Internal Server Error")
        #expect(answer.field("Content-Type") == "text/plain; charset=UTF-8")
    }

    @Test func issuesComeInTheOrderOfTheSchema() throws {
        let text = fixture.list("limit=0&created_to=x&status=y&created_from=z").text

        let positions = ["status", "created_from", "created_to", "limit"].map { name in
            text.range(of: "\\\"\(name)\\\"\\n")?.lowerBound
        }
        #expect(positions.allSatisfy { $0 != nil })
        #expect(positions.compactMap(\.self) == positions.compactMap(\.self).sorted())
    }

    @Test(arguments: [1, 7, 10, 57, 100])
    func walkingThePagesMeetsEveryRowOnce(limit: Int) throws {
        var ids: [String] = []
        var cursor: String?
        for _ in 0...57 {
            let page = try fixture.page("limit=\(limit)" + (cursor.map { "&starting_after=" + $0 } ?? ""))
            ids += page.data.map(\.id)
            cursor = page.pagination.nextCursor
            #expect(page.pagination.hasMore == (cursor != nil))
            if cursor == nil { break }
        }

        #expect(ids == ids.sorted() && Set(ids).count == 57 && ids.count == 57)
    }

    @Test func cursorNeedNotExist() throws {
        let ids = try fixture.page("limit=100").data.map(\.id)

        let page = try fixture.page("limit=100&starting_after=" + ids[20].dropLast() + "!")

        #expect(page.data.map(\.id) == Array(ids[20...]))
    }

    @Test(arguments: SessionStatus.allCases)
    func statusFilterFollowsTheStoredStatus(status: SessionStatus) throws {
        let all = try fixture.page("limit=100").data.filter { $0.status == status.rawValue }.map(\.id)

        let filtered = try fixture.page("limit=100&status=" + status.rawValue).data.map(\.id)

        #expect(filtered == all && !all.isEmpty)
    }

    @Test func shownTimeIncludesItsRowFromBelowAndMissesItFromAbove() throws {
        let row = try #require(try fixture.page("limit=1").data.first)

        let from = try fixture.page("limit=100&created_from=" + row.createdAt).data.map(\.id)
        let to = try fixture.page("limit=100&created_to=" + row.createdAt).data.map(\.id)

        #expect(from.contains(row.id))
        #expect(!to.contains(row.id))
        #expect(from.count + to.count == 57)
    }

    @Test func boundsThatExcludeEachOtherGiveAnEmptyPage() throws {
        let page = try fixture.page("created_from=2030-01-01T00:00Z&created_to=2020-01-01T00:00Z")

        #expect(page.data.isEmpty && !page.pagination.hasMore)
    }

    @Test func membersOfAPageComeInTheDocumentedOrder() {
        let text = fixture.list("limit=1").text

        #expect(text.hasPrefix(#"{"data":[{"id":"vs_"#))
        #expect(text.contains(#"}],"error":null,"pagination":{"limit":1,"has_more":true,"next_cursor":"vs_"#))
    }

    @Test func sessionAloneEqualsItsRow() throws {
        let list = fixture.list("limit=1&include_attempts=1").text
        let id = try #require(try fixture.page("limit=1").data.first?.id)

        let alone = fixture.ask("GET", "/v1/sessions/\(id)?include_attempts=1").text

        let row = alone.dropFirst(#"{"data":"#.count).dropLast(#","error":null}"#.count)
        #expect(list.hasPrefix(#"{"data":["# + row + "]"))
    }

    @Test func sessionOfAnotherOrganizationIsNotFound() throws {
        let id = try #require(try fixture.page("limit=1", authorization: "Bearer kk_b").data.first?.id)

        let answer = fixture.ask("GET", "/v1/sessions/" + id)

        #expect(answer.code == 404)
        #expect(answer.text.hasPrefix(#"{"data":null,"error":{"code":"NOT_FOUND","message":"#))
        #expect(answer.text.hasSuffix("}}"))
    }

    @Test(arguments: ["attempts", "vs_short", "vs_live_" + String(repeating: "a", count: 64)])
    func malformedIdIsASchemaViolation(id: String) {
        #expect(fixture.ask("GET", "/v1/sessions/" + id).text.contains("ZodError"))
        #expect(fixture.ask("POST", "/v1/sessions/\(id)/cancel").code == 400)
    }

    @Test func createdSessionIsVisibleAtOnceAndToItsOrganizationOnly() throws {
        let answer = fixture.ask("POST", "/v1/sessions")

        let id = try #require(answer.text.firstMatch(of: /"id":"(vs_[a-z0-9]{64})"/)).1
        #expect(answer.code == 200)
        #expect(try fixture.page("limit=100").data.contains { $0.id == id })
        #expect(try !fixture.page("limit=100", authorization: "Bearer kk_b").data.contains { $0.id == id })
    }

    @Test func cancelTokenAppearsInTheCreationOnly() throws {
        let answer = fixture.ask("POST", "/v1/sessions")

        let token = try #require(answer.text.firstMatch(of: /"cancel_token":"([a-z0-9]{43})"/)).1
        #expect(answer.text.contains("?cancel_token=" + token + "\""))
        #expect(!fixture.list("limit=100").text.contains("cancel_token"))
    }

    @Test func cancelIsVisibleAndIdempotent() throws {
        let id = try #require(try fixture.page("status=created").data.first?.id)

        let answers = (0..<2).map { _ in fixture.ask("POST", "/v1/sessions/\(id)/cancel") }

        #expect(
            answers.allSatisfy { $0.code == 204 && $0.body.isEmpty && $0.field("Content-Type") == nil }
        )
        #expect(try fixture.page("limit=100&status=cancelled").data.contains { $0.id == id })
    }
}
