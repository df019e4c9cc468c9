import HTTPModel

@testable import Cache

/// A row of the reference list: what the upstream keeps, not what it shows.
struct ReferenceRow: Equatable {
    var id: String
    var status: String
    /// Microseconds after the start of 2026; shown cut to milliseconds.
    var createdAt: Int
    var rest: String
    var attempts: String

    /// Milliseconds after the start of 2026, as the API shows moments.
    static func shown(milliseconds: Int) -> String {
        func digits(_ number: Int, _ count: Int) -> String {
            String(repeating: "0", count: max(0, count - String(number).count)) + String(number)
        }
        let (second, minute) = (milliseconds / 1_000 % 60, milliseconds / 60_000 % 60)
        return "2026-01-01T00:\(digits(minute, 2)):\(digits(second, 2)).\(digits(milliseconds % 1_000, 3))Z"
    }

    func json(attempts mode: Bool) -> String {
        let shown = Self.shown(milliseconds: createdAt / 1_000)
        return "{\"id\":\"\(id)\",\"status\":\"\(status)\",\(rest)\"created_at\":\"\(shown)\""
            + (mode ? ",\"attempts\":\(attempts)" : "") + ",\"updated_at\":null}"
    }
}

/// A question to the reference list.
struct ReferenceQuery {
    var status: String?
    /// Milliseconds after the start of 2026.
    var createdFrom: Int?
    var createdTo: Int?
    var limit = 10
    var cursor: String?
    var attempts = false

    /// As the normalizer spells it.
    var target: String {
        var pairs: [String] = []
        if let status { pairs.append("status=\(status)") }
        if let createdFrom {
            pairs.append("created_from=\(ReferenceRow.shown(milliseconds: createdFrom))")
        }
        if let createdTo { pairs.append("created_to=\(ReferenceRow.shown(milliseconds: createdTo))") }
        if limit != 10 { pairs.append("limit=\(limit)") }
        if let cursor { pairs.append("starting_after=\(cursor)") }
        if attempts { pairs.append("include_attempts=true") }
        return "/v1/sessions" + (pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&"))
    }

    /// The page as the documentation says it is, from rows in any order: hidden microseconds count.
    func page(of rows: [ReferenceRow]) -> String {
        var matches: [ReferenceRow] = []
        for row in rows.sorted(by: { $0.id < $1.id }) {
            if let status, row.status != status { continue }
            if let createdFrom, row.createdAt < createdFrom * 1_000 { continue }
            if let createdTo, row.createdAt > createdTo * 1_000 { continue }
            if let cursor, row.id <= cursor { continue }
            matches.append(row)
        }
        let shown = matches.prefix(limit)
        let hasMore = matches.count > limit
        let next = hasMore ? "\"\(shown[shown.endIndex - 1].id)\"" : "null"
        return "{\"data\":[\(shown.map { $0.json(attempts: attempts) }.joined(separator: ","))],"
            + "\"error\":null,\"pagination\":{\"limit\":\(limit),\"has_more\":\(hasMore),"
            + "\"next_cursor\":\(next)}}"
    }
}

/// The page model of the sessions list, with ids of four characters.
let sessionsModel: PageModel = {
    do throws(PageModelFailure) {
        return try PageModel(
            names: PageModel.Names(),
            parameters: [
                .init("status", .equals(member: "status")),
                .init("created_from", .from(member: "created_at")),
                .init("created_to", .to(member: "created_at")), .init("limit", .limit(standard: 10)),
                .init("starting_after", .cursor),
                .init("include_attempts", .includes(member: "attempts")),
            ],
            order: try RowOrder(
                prefixes: ["vs_", "vs_live_"], alphabet: "abcdefghijklmnopqrstuvwxyz0123456789", length: 4))
    } catch {
        preconditionFailure(error.sentence)
    }
}()

/// A page with this many rows `vs_aaa0`, `vs_aaa1` and on, as an answer to `limit`.
func pageText(rows count: Int, limit: Int, hasMore: Bool = false, attempts: Bool = false) -> String {
    let rows = (0..<count).map { index in
        ReferenceRow(
            id: "vs_aaa\(index)", status: index % 2 == 0 ? "created" : "completed",
            createdAt: index * 1_000_500,
            rest: "\"n\":{\"a\":[1,-2.5e3]},", attempts: "[{\"id\":\"va_\(index)\"}]")
    }
    let next = hasMore ? "\"vs_aaa\(count - 1)\"" : "null"
    return "{\"data\":[\(rows.map { $0.json(attempts: attempts) }.joined(separator: ","))],"
        + "\"error\":null,\"pagination\":{\"limit\":\(limit),\"has_more\":\(hasMore),"
        + "\"next_cursor\":\(next)}}"
}

extension PageSlice {
    /// The body as bytes.
    var body: [UInt8] {
        let held = source.object.bytes
        var bytes: [UInt8] = []
        forEachPiece { piece in
            switch piece {
            case .source(let range): bytes += held[range.range]
            case .number(let number): bytes += Array(String(number).utf8)
            case .word(let word): bytes.append(word)
            case .byte(let byte): bytes.append(byte)
            }
        }
        return bytes
    }

    var text: String { String(decoding: body, as: UTF8.self) }

    var eTagText: String {
        let tag = eTag
        return tag.span.text
    }
}

extension HTTPCache {
    /// Stores a page under a target; `nil` if it could not lead.
    @discardableResult
    func fillPage(
        _ partition: CachePartition, _ target: String, _ body: String, route: UInt32 = 1,
        decision: StorageDecision = fresh(),
        fields: [String] = ["Content-Type: application/json"]
    ) -> Admission? {
        guard let permit = permit(partition, target, route: route) else { return nil }
        return admit(
            permit, head: response(200, fields), body: Array(body.utf8), decision: decision,
            receivedUnixSeconds: wallStart, model: sessionsModel)
    }

    /// Asks for a slice by text.
    func slice(_ partition: CachePartition, _ target: String, route: UInt32 = 1, now: Double = 0)
        -> PageSlice?
    {
        let query = Array(target.utf8)
        return question(partition, route: route, query: query.span, model: sessionsModel).flatMap {
            slice(partition, route: route, query: query.span, $0, now: at(now), as: lastingReader)
        }
    }

    /// Asks for a row of the sessions list by its id.
    func row(
        _ partition: CachePartition, _ id: String, lifetime: Duration = .seconds(60), now: Double = 0
    ) -> PageSlice? {
        let list = ListAddress(route: 1, path: Array("/v1/sessions".utf8), model: sessionsModel)
        return question(partition, ofRowsIn: list).flatMap {
            row(
                partition, of: list, $0, id: Array(id.utf8).span, lifetime: lifetime, now: at(now),
                as: lastingReader)
        }
    }
}
