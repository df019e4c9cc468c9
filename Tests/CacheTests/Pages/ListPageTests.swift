import Foundation
import HTTPModel
import Testing

@testable import Cache

struct ListPageTests {
    private static func page(_ text: String) -> ListPage? {
        ListPage(Array(text.utf8).span, model: sessionsModel)
    }

    private static let good = pageText(rows: 3, limit: 3, hasMore: true, attempts: true)

    @Test func aPageTellsWhereItsRowsAre() throws {
        let bytes = Array(Self.good.utf8)
        let page = try #require(Self.page(Self.good))

        func text(_ range: ByteRange) -> String { String(decoding: bytes[range.range], as: UTF8.self) }
        #expect(page.rowCount == 3)
        #expect(page.limit == 3)
        #expect(!page.isComplete)
        #expect(text(page.id(ofRow: 2)) == "vs_aaa2")
        #expect(text(page.row(1)).hasPrefix("{\"id\":\"vs_aaa1\""))
        #expect(text(page.row(1)).hasSuffix("\"updated_at\":null}"))
        #expect(text(page.cut(ofRow: 0)) == ",\"attempts\":[{\"id\":\"va_0\"}]")
        #expect(text(page.member(1, ofRow: 1)) == "completed")
        #expect(text(page.list).first == "[" && text(page.list).last == "]")
        #expect(text(page.paginationMember).hasPrefix(",\"pagination\":{"))
        func row(_ id: String) -> Int? { page.row(withID: Array(id.utf8).span, bytes.span) }
        #expect(row("vs_aaa1") == 1)
        #expect(row("vs_aab1") == nil)
    }

    @Test func membersMayStandInAnyOrder() throws {
        let text = """
            {"pagination":{"next_cursor":null,"has_more":false,"limit":5},"error":null,"data":[{"attempts":[],\
            "created_at":"2026-01-01T00:00:00.000Z","status":"created","id":"vs_aaaa"}]}
            """

        let page = try #require(Self.page(text))

        let bytes = Array(text.utf8)
        func part(_ range: ByteRange) -> String { String(decoding: bytes[range.range], as: UTF8.self) }
        #expect(part(page.cut(ofRow: 0)) == "\"attempts\":[],")
        #expect(part(page.paginationMember).hasSuffix("},"))
        #expect(page.isComplete)
    }

    @Test func aPageThatIsCutIsNone() {
        let bytes = Array(Self.good.utf8)
        #expect(Self.page(Self.good) != nil)

        for end in 0..<bytes.count {
            let page = ListPage(bytes.span.extracting(first: end), model: sessionsModel)
            #expect(page == nil, "\(end)")
        }
    }

    /// What follows the name of each case is put in place of a part of a good page.
    @Test(arguments: [
        ("a blank between members", "\"error\":null", "\"error\": null"),
        ("a blank before the end", "\"limit\":3,", "\"limit\":3 ,"),
        ("a newline between rows", "},{\"id\":\"vs_aaa1", "},\n{\"id\":\"vs_aaa1"),
        ("something behind it", "\"next_cursor\":\"vs_aaa2\"}}", "\"next_cursor\":\"vs_aaa2\"}} "),
        ("an error", "\"error\":null", "\"error\":{}"),
        ("a member nobody declared", "\"error\":null", "\"total\":7"),
        ("rows twice", "\"error\":null", "\"data\":[]"),
        ("an escaped name", "\"error\":null", "\"err\\u006fr\":null"),
        ("an unknown word in the pagination", "\"limit\":3", "\"count\":3"),
        ("a limit with a fraction", "\"limit\":3", "\"limit\":3.0"),
        ("a limit of another page", "\"limit\":3", "\"limit\":2"),
        ("a limit with a zero in front", "\"limit\":3", "\"limit\":03"),
        ("more rows with too few of them", "\"limit\":3", "\"limit\":4"),
        ("no word about more", "\"has_more\":true,", ""),
        ("more in quotes", "\"has_more\":true", "\"has_more\":\"true\""),
        ("the end with a cursor", "\"has_more\":true", "\"has_more\":false"),
        ("more without a cursor", "\"next_cursor\":\"vs_aaa2\"", "\"next_cursor\":null"),
        ("another row's cursor", "\"next_cursor\":\"vs_aaa2\"", "\"next_cursor\":\"vs_aaa1\""),
        ("ids out of order", "\"id\":\"vs_aaa1\"", "\"id\":\"vs_aaa3\""),
        ("an id twice", "\"id\":\"vs_aaa1\"", "\"id\":\"vs_aaa0\""),
        ("an id of another shape", "\"id\":\"vs_aaa1\"", "\"id\":\"vs_aaA1\""),
        ("an id of another prefix", "\"id\":\"vs_aaa1\"", "\"id\":\"vs_live_aaa1\""),
        ("an escaped id", "\"id\":\"vs_aaa1\"", "\"id\":\"vs_aa\\u00611\""),
        ("a row without an id", "\"id\":\"vs_aaa1\"", "\"no\":\"vs_aaa1\""),
        ("two ids in a row", "\"status\":\"completed\"", "\"status\":\"completed\",\"id\":\"vs_aaa1\""),
        ("a row without a status", "\"status\":\"completed\",", ""),
        ("a status that is no text", "\"status\":\"completed\"", "\"status\":1"),
        ("a moment without milliseconds", "00:00:01.000Z", "00:00:01Z"),
        ("a moment with an offset", "00:00:01.000Z", "00:00:01.00+00:00"),
        ("a row that is null", "{\"id\":\"vs_aaa1\"", "null,{\"id\":\"vs_aaa1\""),
        (
            "a row that is not closed", "\"updated_at\":null},{\"id\":\"vs_aaa2\"",
            "\"updated_at\":null,{\"id\":\"vs_aaa2\""
        ),
        ("a comma too many", "\"updated_at\":null}]", "\"updated_at\":null},]"),
        ("a number with a zero in front", "[1,-2.5e3]", "[01,-2.5e3]"),
        ("a number without digits", "[1,-2.5e3]", "[1,-]"),
        (
            "a word cut short", "\"updated_at\":null},{\"id\":\"vs_aaa1\"",
            "\"updated_at\":nul},{\"id\":\"vs_aaa1\""
        ),
        ("a bracket of the other kind", "[1,-2.5e3]", "[1,-2.5e3}"),
        ("an unknown escape", "\"n\":{\"a\"", "\"\\x\":{\"a\""),
        ("a control character in a text", "\"va_1\"", "\"va_\u{1}\""),
    ])
    func whatIsNotAsTheModelSaysIsNone(name: String, part: String, other: String) throws {
        let range = try #require(Self.good.range(of: part))

        #expect(Self.page(Self.good.replacingCharacters(in: range, with: other)) == nil)
    }

    @Test func bytesThatAreNotTextAreNoPage() throws {
        var bytes = Array(Self.good.utf8)
        let index = try #require(bytes.firstIndex(of: UInt8(ascii: "v")))
        let place = try #require(bytes[(index + 9)...].firstIndex(of: UInt8(ascii: "n")))
        bytes[place] = 0xFF

        let page = ListPage(bytes.span, model: sessionsModel)
        #expect(page == nil)
    }

    @Test func everyByteOfAMomentCounts() throws {
        let moment = try #require(Self.good.range(of: "2026-01-01T00:00:01.000Z"))
        let shape = Array("0000-00-00T00:00:00.000Z".utf8)
        for place in 0..<24 {
            for byte in UInt8(0x20)..<0x7F where byte != 0x22 && byte != 0x5C {
                var bytes = Array("2026-01-01T00:00:01.000Z".utf8)
                bytes[place] = byte
                let isShown =
                    shape[place] == 0x30 ? (0x30...0x39).contains(byte) : byte == shape[place]
                let text = Self.good.replacingCharacters(
                    in: moment, with: String(decoding: bytes, as: UTF8.self))
                #expect((Self.page(text) != nil) == isShown, "\(byte) at \(place)")
            }
        }
    }

    @Test func nestingHasABound() {
        func page(depth: Int) -> ListPage? {
            let deep = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
            return Self.page(Self.good.replacing("[1,-2.5e3]", with: deep))
        }

        #expect(page(depth: JSONWalker.maximumDepth - 1) != nil)
        #expect(page(depth: JSONWalker.maximumDepth) == nil)
        #expect(page(depth: 10_000) == nil)
    }

    @Test func aPageHasABoundOnItsRows() {
        func page(rows: Int) -> ListPage? {
            let rows = (0..<rows).map { index in
                let number = String(index)
                let id = "vs_" + String(repeating: "0", count: 4 - number.count) + number
                return "{\"id\":\"\(id)\",\"status\":\"s\",\"created_at\":\"2026-01-01T00:00:00.000Z\"}"
            }
            return Self.page(
                "{\"data\":[\(rows.joined(separator: ","))],\"pagination\":{\"limit\":5000,\"has_more\":false,"
                    + "\"next_cursor\":null}}")
        }

        #expect(page(rows: ListPage.maximumRows)?.rowCount == ListPage.maximumRows)
        #expect(page(rows: ListPage.maximumRows + 1) == nil)
    }

    @Test func rowsWithoutTheirOptionalMemberHaveTheDigestOfRowsThatNeverHadIt() throws {
        let with = try #require(Self.page(pageText(rows: 3, limit: 9, attempts: true)))
        let without = try #require(Self.page(pageText(rows: 3, limit: 9)))

        for row in 0..<3 {
            let sum = without.sum(of: row..<(row + 1), isCut: false)
            #expect(with.sum(of: row..<(row + 1), isCut: true) == sum)
            #expect(with.sum(of: row..<(row + 1), isCut: false) != sum)
        }
        #expect(with.frameDigest == without.frameDigest)
    }
}
