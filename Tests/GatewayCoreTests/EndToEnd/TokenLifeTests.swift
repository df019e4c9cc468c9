import Foundation
import HTTPModel
import KayleStandIn
import Testing

@testable import GatewayCore

/// Tokens change while the gateway runs: no restart, no wrong moment, no secret in anything it writes.
@Suite(.timeLimit(.minutes(2)))
struct TokenLifeTests {
    private let standIn: RunningStandIn
    private let gateway: GatewayUnderTest
    private static let keys = ["acme": "kk_acme00secret00000000000000000000", "globex": "kk_globex0secret00"]

    init() throws {
        standIn = try KayleStandIn.launch(
            StandInConfiguration(
                organizations: Self.keys.sorted { $0.key < $1.key }.map {
                    .init(name: $0.key, keys: [$0.value], sessionCount: 20)
                }))
        var options = GatewayUnderTest.Options()
        options.tenants = Self.keys
        gateway = try GatewayUnderTest(upstream: standIn.url, options)
    }

    private static var now: UTCTimestamp { UTCTimestamp(unixSeconds: WallClock.nowSeconds()) }

    private func status(_ token: String, _ target: String = "/v1/sessions") throws -> Int {
        let client = try RawConnection(port: gateway.port)
        client.send("GET \(target) HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer \(token)\r\n\r\n")
        return client.answer().status
    }

    /// Does something and gives the time until `token` is answered with `status`.
    private func time(until token: String, is status: Int, after change: () throws -> Void) throws -> Duration
    {
        try change()
        let start = MonotonicClock.now()
        let came = try eventually { try self.status(token) == status }
        #expect(came, "the change has not come to the gateway within ten seconds")
        return MonotonicClock.now().elapsed(since: start)
    }

    private func tokenID(of tenant: String) throws -> TokenID {
        let store = try gateway.editor().read()
        return try #require(store.tenants.first { $0.id == tenant }?.tokens.first?.id)
    }

    private func issue(_ scopes: [Scope], tenant: String = "acme") throws -> String {
        var randomness = SystemRandomness()
        let order = try #require(TokenOrder(name: "t", scopes: ScopeSet(scopes), lifetime: nil, allow: []))
        let issued = try gateway.editor().issueToken(
            order, for: tenant, now: Self.now, randomness: &randomness)
        return issued.text.withBytes { $0.text }
    }

    @Test func aRevokedTokenStopsWorkingAndAnswersFromTheCacheStopWithIt() throws {
        let (mine, theirs) = (gateway.token("acme"), gateway.token("globex"))
        #expect(try status(mine) == 200)
        let id = try tokenID(of: "acme")

        let time = try time(until: mine, is: 401) { try gateway.editor().revokeToken(id, now: Self.now) }

        // A test may say how long it took: it is what an operator wants to know.
        FileHandle.standardError.write(Data("revoked after \(time)\n".utf8))
        #expect(time < .seconds(5))
        #expect(try status(theirs) == 200)
    }

    @Test func aNewTokenWorksWithoutARestart() throws {
        let before = try gateway.askAdmin("GET", "/status")
        let token = try issue(Scope.allCases)

        let time = try time(until: token, is: 200) {}

        FileHandle.standardError.write(Data("issued after \(time)\n".utf8))
        #expect(before.status == 200)
        #expect(try status(gateway.token("acme")) == 200)
    }

    @Test func ofARotatedTokenOldAndNewWorkUntilTheOverlapEnds() throws {
        let old = gateway.token("acme")
        let id = try tokenID(of: "acme")
        var randomness = SystemRandomness()
        let issued = try gateway.editor().rotateToken(
            id, overlap: .seconds(2), now: Self.now, randomness: &randomness)
        let new = issued.text.withBytes { $0.text }

        let cameUp = try eventually { try status(new) == 200 }
        let oldStillWorked = try status(old)
        let oldEnded = try eventually { try status(old) == 401 }

        #expect(cameUp)
        #expect([200, 401].contains(oldStillWorked))
        #expect(oldEnded)
        #expect(try status(new) == 200)
    }

    @Test func answersToARotatedTokenTellOfItsEndAlsoOutOfTheCache() throws {
        let old = gateway.token("acme")
        let first = try gateway.ask("GET", "/v1/sessions")
        var randomness = SystemRandomness()
        let issued = try gateway.editor().rotateToken(
            try tokenID(of: "acme"), overlap: .seconds(3_600), now: Self.now, randomness: &randomness)
        let new = issued.text.withBytes { $0.text }
        #expect(try eventually { try status(new) == 200 })

        let answer = try gateway.ask("GET", "/v1/sessions")
        let refusal = try gateway.ask("GET", "/v1/sessions?limit=0")
        let client = try RawConnection(port: gateway.port)
        client.send("GET /v1/sessions HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer \(new)\r\n\r\n")
        let other = client.answer()

        #expect(old != new)
        #expect(first.value("Deprecation") == nil && first.value("Sunset") == nil)
        #expect(answer.value("Cache-Status")?.contains("hit") == true)
        #expect(answer.value("Deprecation")?.wholeMatch(of: /@[0-9]{10}/) != nil)
        #expect(answer.value("Sunset").flatMap { HTTPDate(Array($0.utf8).span) } != nil)
        #expect(refusal.value("Sunset") == answer.value("Sunset"))
        #expect(other.value("Deprecation") == nil && other.value("Sunset") == nil)
    }

    @Test func lastUsesAreWrittenBesideTheStoreAndNotIntoIt() throws {
        let store = try String(contentsOfFile: "\(gateway.folder)/tenants.json", encoding: .utf8)
        #expect(try status(gateway.token("acme")) == 200)
        #expect(try status(gateway.token("globex") + "x") == 401)
        let id = try tokenID(of: "acme")

        // A gateway that ends writes at once what it would have written within the minute.
        #expect(gateway.stop())

        let uses = try gateway.editor().readLastUses()
        #expect(uses.keys.map(\.text) == [id.text])
        #expect(abs((uses[id]?.unixSeconds ?? 0) - Self.now.unixSeconds) < 60)
        #expect(try String(contentsOfFile: "\(gateway.folder)/tenants.json", encoding: .utf8) == store)
    }

    @Test func aTokenWithoutTheScopeIsRefusedAlsoForWhatIsInTheCache() throws {
        #expect(try status(gateway.token("acme")) == 200)
        let other = try issue([.webhooksRead])

        #expect(try eventually { try status(other) == 403 })
    }

    @Test func aRemovedTenantIsGoneAndTheOthersStay() throws {
        #expect(try status(gateway.token("acme")) == 200)

        try gateway.editor().removeTenant("acme")

        #expect(try eventually { try status(gateway.token("acme")) == 401 })
        #expect(try status(gateway.token("globex")) == 200)
    }

    @Test func aBrokenStoreChangesNothingAndIsReportedUntilItIsWhole() throws {
        let path = "\(gateway.folder)/tenants.json"
        let whole = try String(contentsOfFile: path, encoding: .utf8)
        func failure() throws -> Bool {
            try !gateway.askAdmin("GET", "/status").text.contains(#""tenant_store_failure": null"#)
        }
        #expect(try !failure())

        try whole.prefix(whole.count / 2).description.write(toFile: path, atomically: true, encoding: .utf8)
        let isReported = try eventually { try failure() }
        let whileBroken = try (status(gateway.token("acme")), status(gateway.token("globex")))
        try whole.write(toFile: path, atomically: true, encoding: .utf8)
        let isWhole = try eventually { try !failure() }

        #expect(isReported)
        #expect(whileBroken == (200, 200))
        #expect(isWhole)
        #expect(try status(gateway.token("acme")) == 200)
    }

    @Test func nothingTheGatewayWritesHoldsASecret() throws {
        let tokens = [gateway.token("acme"), gateway.token("globex")]
        for (tenant, token) in zip(["acme", "globex"], tokens) {
            _ = try gateway.ask("GET", "/v1/sessions", tenant: tenant)
            _ = try gateway.ask("POST", "/v1/sessions", tenant: tenant)
            // Where people put a token by mistake: in the query, or in a field of another name.
            _ = try gateway.ask("GET", "/v1/sessions?token=\(token)", tenant: tenant)
            _ = try gateway.ask("GET", "/v1/nowhere?access_token=\(token)", tenant: tenant)
            _ = try gateway.ask("GET", "/v1/events", tenant: tenant, fields: "X-Api-Key: \(token)\r\n")
            #expect(try status(token + "x") == 401)
        }
        let pages = try ["/metrics", "/status", "/healthz"].map { try gateway.askAdmin("GET", $0).text }
        #expect(gateway.stop())

        var texts = pages
        for name in ["access.log", "tenants.json", "gateway.json"] {
            texts.append(try String(contentsOfFile: "\(gateway.folder)/\(name)", encoding: .utf8))
        }
        let log = texts[3]
        #expect(log.split(separator: "\n").count >= 12)
        for text in texts {
            for secret in tokens + Self.keys.values { #expect(!text.contains(secret)) }
            // Nor the secret half alone; the public half is what logs name tokens by.
            for token in tokens {
                #expect(!text.contains(token.dropFirst(17).prefix(31)))
            }
        }
    }
}
