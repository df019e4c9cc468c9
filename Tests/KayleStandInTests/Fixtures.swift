import FlyingFox
import Foundation

@testable import KayleStandIn

/// 2026-11-23T12:00:00Z: the newest moment in the seeded data of these tests, and their clock.
let referenceSeconds: Int64 = 1_795_435_200

/// Organization `a` (key `kk_a`, 57 rows) and `b` (keys `kk_b`, `kk_b2`, 5 rows), on a clock that stands
/// still.
func testConfiguration(seed: UInt64 = 7) -> StandInConfiguration {
    var configuration = StandInConfiguration(
        seed: seed,
        organizations: [
            .init(name: "a", keys: ["kk_a"], sessionCount: 57),
            .init(name: "b", keys: ["kk_b", "kk_b2"], sessionCount: 5),
        ])
    configuration.referenceUnixSeconds = referenceSeconds
    configuration.now = { referenceSeconds * 1_000_000 }
    return configuration
}

/// What tests read of a page.
struct Page: Decodable {
    struct Row: Decodable {
        let id: String
        let status: String
        let createdAt: String
        let expiresAt: String
        let attempts: [Attempt]?
    }
    struct Attempt: Decodable {
        let id: String
    }
    struct Pagination: Decodable, Equatable {
        let limit: Int
        let hasMore: Bool
        let nextCursor: String?
    }
    let data: [Row]
    let pagination: Pagination

    init(_ body: [UInt8]) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(Page.self, from: Data(body))
    }
}

/// An API without a wire, and requests for it.
struct APIFixture {
    let api: KayleAPI

    init(_ configuration: StandInConfiguration = testConfiguration()) {
        api = KayleAPI(configuration)
    }

    func ask(
        _ method: String, _ target: String, authorization: String? = "Bearer kk_a",
        contentType: String? = nil,
        body: String = "", origin: String? = nil
    ) -> Answer {
        let fields = [("Authorization", authorization), ("Content-Type", contentType), ("Origin", origin)]
        return api.answer(
            RecordedRequest(
                connection: 1, head: [], method: method, target: target, version: "HTTP/1.1",
                fields: fields.compactMap { name, value in value.map { (name, $0) } }, body: Array(body.utf8))
        ).answer
    }

    func list(_ query: String, authorization: String = "Bearer kk_a") -> Answer {
        ask("GET", query.isEmpty ? "/v1/sessions" : "/v1/sessions?" + query, authorization: authorization)
    }

    func page(_ query: String, authorization: String = "Bearer kk_a") throws -> Page {
        try Page(list(query, authorization: authorization).body)
    }
}

extension Answer {
    var code: Int { status.code }

    var text: String { String(decoding: body, as: UTF8.self) }

    func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }
}
