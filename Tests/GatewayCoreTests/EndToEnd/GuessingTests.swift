import HTTPModel
import KayleStandIn
import Settings
import Testing

@testable import GatewayCore

/// Whoever tries tokens is held up, and nobody else is.
@Suite(.timeLimit(.minutes(2)))
struct GuessingTests {
    private let standIn: RunningStandIn
    private let gateway: GatewayUnderTest

    init() throws {
        standIn = try KayleStandIn.launch(
            StandInConfiguration(organizations: [.init(name: "acme", keys: ["kk_acme"], sessionCount: 5)]))
        var options = GatewayUnderTest.Options()
        options.tenants = ["acme": "kk_acme"]
        options.failedTokens = 5
        options.members = #", "trusted_proxies": ["127.0.0.1"]"#
        gateway = try GatewayUnderTest(upstream: standIn.url, options)
    }

    private func ask(_ authorization: String?, from address: String) throws -> RawConnection.Answer {
        let client = try RawConnection(port: gateway.port)
        let field = authorization.map { "Authorization: Bearer \($0)\r\n" } ?? ""
        client.send(
            "GET /v1/sessions HTTP/1.1\r\nHost: g\r\nX-Request-Id: same-for-all\r\n"
                + "X-Forwarded-For: \(address)\r\n\(field)\r\n")
        return client.answer()
    }

    /// A token nobody has, and one with the id of a good one.
    private func guesses() throws -> (unknown: String, known: String) {
        var randomness = SystemRandomness()
        let good = Array(gateway.token("acme").utf8)
        let parsed = Token.parse(good.span)
        let id = try #require(parsed)
        return (
            Token.make(id: TokenID(value: 77), randomness: &randomness).withBytes { $0.text },
            Token.make(id: id, randomness: &randomness).withBytes { $0.text }
        )
    }

    @Test func afterSoManyFailuresAnAddressGets429AndItsGoodTokensGoOn() throws {
        let (unknown, known) = try guesses()

        // The first run of the bucket, within the second in which it grows back by five.
        var statuses: [Int] = []
        for index in 0..<40 {
            statuses.append(try ask(index % 2 == 0 ? unknown : known, from: "192.0.2.1").status)
        }
        let refused = try ask(unknown, from: "192.0.2.1")

        #expect(statuses.prefix(5).allSatisfy { $0 == 401 })
        #expect(statuses.contains(429))
        #expect(Set(statuses).isSubset(of: [401, 429]))
        #expect([401, 429].contains(refused.status))
        #expect(try ask(gateway.token("acme"), from: "192.0.2.1").status == 200)
        #expect(try ask(unknown, from: "192.0.2.2").status == 401)
        #expect(try gateway.metric("kayle_gateway_refusals_total", "too_many_failed_tokens") > 0)
    }

    @Test func noTokenIsNoAttempt() throws {
        for _ in 0..<30 { #expect(try ask(nil, from: "192.0.2.3").status == 401) }
        #expect(try ask("x", from: "192.0.2.3").status == 401)
    }

    /// Every way in which a token can be refused. What each costs, `bench/instructions` counts.
    @Test func everyRefusedTokenGetsTheSameBytes() throws {
        let (unknown, known) = try guesses()
        let ways = ["revoked", "expired", "early", "removed", "tenant removed"]
        let tokens = try ways.map { _ in try gateway.issue() }
        let ids = try tokens.map { try #require(TokenID(String($0.dropFirst(5).prefix(12)))) }
        try gateway.editor().edit { store in
            var other = StoredTenant(
                id: "gone", plan: store.tenants[0].plan, upstreamToken: .environment("HOME"))
            other.tokens = store.tenants[0].tokens.filter { $0.id == ids[4] }
            store.tenants[0].tokens.removeAll { $0.id == ids[3] || $0.id == ids[4] }
            store.tenants.append(other)
            for index in store.tenants[0].tokens.indices {
                let token = store.tenants[0].tokens[index]
                if token.id == ids[0] { store.tenants[0].tokens[index].revokedAt = AccessFixture.now }
                if token.id == ids[1] {
                    store.tenants[0].tokens[index].expiresAt = UTCTimestamp(unixSeconds: 1)
                }
                if token.id == ids[2] {
                    store.tenants[0].tokens[index] = StoredToken(
                        id: token.id, digest: token.digest, scopes: token.scopes, pepper: token.pepper,
                        notBefore: UTCTimestamp.latest, allow: [])
                }
            }
        }
        try gateway.editor().removeTenant("gone")
        var number = 0
        func answer(_ token: String) throws -> String {
            // From a new address each time, so that each has its attempts.
            number += 1
            let answer = try ask(token, from: "198.51.100.\(number)")
            return "\(answer.status) " + answer.head.replacing(/Date: [^\r]*/, with: "") + answer.text
        }
        #expect(try eventually { try ask(tokens[4], from: "192.0.2.9").status == 401 })

        let shapes = try (tokens + [unknown, known, "x", String(unknown.dropLast()) + "!"]).map(answer)

        #expect(Set(shapes).count == 1, "\(Set(shapes))")
        #expect(shapes[0].hasPrefix("401 "))
    }

    @Test func refusalsLookAlikeWithAndWithoutAnAttemptLeft() throws {
        let (unknown, known) = try guesses()
        let guesses = [unknown, known, "x", String(gateway.token("acme").dropLast()) + "!"]
        func shape(_ answer: RawConnection.Answer) -> String {
            answer.head.replacing(/Date: [^\r]*/, with: "").replacing(/Retry-After: [^\r]*/, with: "")
                + answer.text
        }

        var shapes: [Int: Set<String>] = [:]
        for round in 0..<20 {
            let answer = try ask(guesses[round % 4], from: "192.0.2.4")
            shapes[answer.status, default: []].insert(shape(answer))
        }

        #expect(shapes[401]?.count == 1)
        #expect(shapes[429]?.count == 1)
        #expect(shapes.count == 2)
    }
}
