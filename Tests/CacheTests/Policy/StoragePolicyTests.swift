import HTTPModel
import Testing

@testable import Cache

struct StoragePolicyTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        var method = Method.get
        var requestLines: [String] = []
        var status: UInt16 = 200
        var keepsNotFound = false
        var lines: [String] = []
        var framing = ContentFraming.length(10)
        /// `nil` for stored.
        let refusal: StorageRefusal?

        var testDescription: String { name }
    }

    static let rows = [
        Row(name: "a plain page", refusal: nil),
        Row(name: "a chunked page", framing: .chunked, refusal: nil),
        Row(name: "authorized requests", requestLines: ["Authorization: Bearer x"], refusal: nil),
        Row(
            name: "private, inside the tenant's own partition", lines: ["Cache-Control: private"],
            refusal: nil),
        Row(name: "a client's no-cache is ignored", requestLines: ["Cache-Control: no-cache"], refusal: nil),
        Row(
            name: "a client's max-age=0 is ignored", requestLines: ["Cache-Control: max-age=0"], refusal: nil),
        Row(name: "a client's no-store", requestLines: ["Cache-Control: no-store"], refusal: .requestNoStore),
        Row(name: "HEAD", method: .head, refusal: .method),
        Row(name: "POST", method: .post, refusal: .method),
        Row(name: "QUERY", method: .query, refusal: .method),
        Row(name: "Origin", requestLines: ["Origin: https://kayle.id"], refusal: .bypass),
        Row(name: "Range", requestLines: ["Range: bytes=0-1"], refusal: .bypass),
        Row(name: "404", status: 404, refusal: .status),
        Row(name: "404 where it is kept", status: 404, keepsNotFound: true, refusal: nil),
        Row(name: "410 where 404 is kept", status: 410, keepsNotFound: true, refusal: .status),
        Row(
            name: "a 404 that must not be kept", status: 404, keepsNotFound: true,
            lines: ["Cache-Control: no-store"], refusal: .noStore),
        Row(name: "500", status: 500, refusal: .status),
        Row(name: "204", status: 204, framing: .none, refusal: .status),
        Row(name: "206", status: 206, lines: ["Content-Range: bytes 0-9/20"], refusal: .contentRange),
        Row(name: "a part called 200", lines: ["content-range: bytes 0-9/20"], refusal: .contentRange),
        Row(name: "no-store", lines: ["Cache-Control: max-age=9, no-store"], refusal: .noStore),
        Row(name: "no-store in capitals", lines: ["cache-control: NO-STORE"], refusal: .noStore),
        Row(name: "no-cache", lines: ["Cache-Control: no-cache"], refusal: .noCache),
        Row(name: "no-cache for a field", lines: ["Cache-Control: no-cache=\"a\""], refusal: .noCache),
        Row(name: "no-store, targeted", lines: ["CDN-Cache-Control: no-store"], refusal: .noStore),
        Row(
            name: "no-store for others, not for us",
            lines: ["CDN-Cache-Control: max-age=5", "Cache-Control: no-store"], refusal: nil),
        Row(
            name: "unreadable directives", lines: ["Cache-Control: max-age =5"], refusal: .malformedDirectives
        ),
        Row(name: "a cookie", lines: ["Set-Cookie: a=b"], refusal: .setCookie),
        Row(name: "Vary: *", lines: ["Vary: *"], refusal: .vary),
        Row(name: "Vary on something else", lines: ["Vary: Origin, Accept"], refusal: .vary),
        Row(
            name: "Vary on what the key covers", lines: ["Vary: Origin,authorization , Accept-Encoding"],
            refusal: nil),
        Row(name: "several Vary lines", lines: ["Vary: Origin", "Vary: Cookie"], refusal: .vary),
        Row(name: "an empty Vary", lines: ["Vary: "], refusal: nil),
        Row(name: "gzip", lines: ["Content-Encoding: gzip"], refusal: .contentEncoded),
        Row(name: "identity", lines: ["Content-Encoding: identity"], refusal: nil),
        Row(name: "delimited by the connection's end", framing: .untilClose, refusal: .unframed),
        Row(name: "announced too large", framing: .length(1_001), refusal: .tooLarge),
        Row(name: "announced just small enough", framing: .length(1_000), refusal: nil),
        Row(name: "announced absurdly large", framing: .length(.max), refusal: .tooLarge),
        Row(name: "no lifetime", lines: ["Cache-Control: max-age=0"], refusal: .expired),
        Row(name: "already old", lines: ["Age: 60"], refusal: .expired),
    ]

    @Test(arguments: rows)
    func eachRuleDecides(row: Row) {
        let decision = StoragePolicy.decide(
            StoragePolicy.Subject(
                request: request(row.method, row.requestLines), response: response(row.status, row.lines),
                framing: row.framing, timing: promptly, keepsNotFound: row.keepsNotFound),
            routeLifetime: .seconds(60), maximumEntryBytes: 1_000)

        switch decision {
        case .store(let freshness):
            #expect(row.refusal == nil)
            #expect(freshness.isFresh(at: at(0)))
        case .notStored(let refusal): #expect(refusal == row.refusal)
        }
    }
}
