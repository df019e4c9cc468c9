import HTTPModel
import Testing

@testable import GatewayCore

struct TokenFarewellTests {
    /// One token: when it was made, rotated and ends, in seconds from now, and from when it is told.
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        var created: Int64? = -10_000
        var rotated: Int64?
        var ends: Int64?
        var told: Int64?
        var testDescription: String { name }
    }

    static let rows: [Row] = [
        Row(name: "a token without an end"),
        Row(name: "rotated, but without an end", rotated: -5),
        Row(name: "ends later than the notice", ends: 5_000, told: 4_000),
        Row(name: "ends within the notice", ends: 500, told: -500),
        Row(name: "rotated within the notice: it was told before", rotated: -5, ends: 500, told: -500),
        Row(name: "rotated before the notice", rotated: -5, ends: 5_000, told: -5),
        Row(name: "lives shorter than the notice", created: -10, ends: 50, told: -10),
        Row(name: "nobody knows when it was made", created: nil, ends: 50, told: -950),
        Row(name: "rotated after its end, by hand", rotated: 600, ends: 500, told: -500),
        Row(name: "made after its end, by hand", created: 600, ends: 500, told: 500),
    ]

    @Test(arguments: rows)
    func theEndIsToldInTime(row: Row) throws {
        var fixture = AccessFixture()
        fixture.addTenant("acme")
        let text = fixture.addToken(ends: row.ends, created: row.created, rotated: row.rotated)
        let snapshot = fixture.snapshot(notice: .seconds(1_000))
        let now = AccessFixture.now.unixSeconds
        func farewell(_ seconds: Int64) throws -> TokenFarewell {
            let field = AccessFixture.bearer(text)
            // Within every life of the table but the two impossible ones.
            let authentication = snapshot.authenticate(field.span, nowUnixSeconds: now)
            guard case .granted(let grant) = authentication else { throw Failure() }
            return snapshot.farewell(of: grant, nowUnixSeconds: now + seconds)
        }

        guard let told = row.told, let ends = row.ends else {
            #expect(try !farewell(1_000_000_000).isSaid)
            return
        }
        let said = TokenFarewell(deprecatedUnixSeconds: now + told, sunsetUnixSeconds: now + ends)
        #expect(try farewell(told) == said)
        #expect(try farewell(told + 1) == said)
        #expect(try !farewell(told - 1).isSaid)
    }

    private struct Failure: Error {}
}
