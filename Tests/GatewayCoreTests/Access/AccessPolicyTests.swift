import HTTPModel
import Testing

@testable import GatewayCore

struct AccessPolicyTests {
    /// One row of "who may do what".
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        var needs: Scope? = .sessionsRead
        var method = Method.get
        var holds: ScopeSet = .sessionsRead
        var allow: [String] = []
        var address = "192.0.2.7"
        var revoked: Int64?
        var begins: Int64?
        var ends: Int64?
        var routes: [String] = []
        var refusal: AccessRefusal?
        var testDescription: String { name }
    }

    static let rows: [Row] = [
        Row(name: "read with read"),
        Row(name: "read with write", holds: .sessionsWrite),
        Row(name: "read with another area's", holds: .webhooksRead, refusal: .scopeMissing),
        Row(name: "read with another area's write", holds: .webhooksWrite, refusal: .scopeMissing),
        Row(name: "read with nothing", holds: [], refusal: .scopeMissing),
        Row(name: "write with read", needs: .sessionsWrite, method: .post, refusal: .scopeMissing),
        Row(name: "write with write", needs: .sessionsWrite, method: .post, holds: .sessionsWrite),
        Row(
            name: "write with all but the write", needs: .sessionsWrite, method: .post,
            holds: [.sessionsRead, .webhooksRead, .webhooksWrite, .analyticsRead], refusal: .scopeMissing),
        Row(name: "analytics with analytics", needs: .analyticsRead, holds: .analyticsRead),
        Row(name: "analytics with sessions", needs: .analyticsRead, refusal: .scopeMissing),
        Row(name: "unnamed GET with any scope", needs: nil, holds: .analyticsRead),
        Row(name: "unnamed HEAD with any scope", needs: nil, method: .head),
        Row(name: "unnamed GET with nothing", needs: nil, holds: [], refusal: .scopeMissing),
        Row(name: "unnamed POST with reads", needs: nil, method: .post, refusal: .scopeMissing),
        Row(name: "unnamed DELETE with reads", needs: nil, method: .delete, refusal: .scopeMissing),
        Row(name: "unnamed unknown method with reads", needs: nil, method: .other, refusal: .scopeMissing),
        Row(name: "unnamed POST with a write", needs: nil, method: .post, holds: .webhooksWrite),
        Row(name: "from the address allowed", allow: ["192.0.2.7"]),
        Row(name: "from the block allowed", allow: ["198.51.100.0/24", "192.0.2.0/24"]),
        Row(name: "from elsewhere", allow: ["198.51.100.0/24"], refusal: .addressNotAllowed),
        Row(
            name: "from IPv6 with IPv4 allowed", allow: ["0.0.0.0/0"], address: "::1",
            refusal: .addressNotAllowed),
        Row(name: "from IPv6 allowed", allow: ["2001:db8::/32"], address: "2001:db8::5"),
        Row(
            name: "from elsewhere without the scope: the address is told first", needs: .webhooksRead,
            allow: ["198.51.100.0/24"], refusal: .addressNotAllowed),
        Row(name: "on the route it is bound to", routes: ["sessions.list"]),
        Row(name: "on one of the routes it is bound to", routes: ["route-3", "sessions.list", "route-69"]),
        Row(name: "on another route", routes: ["route-3"], refusal: .routeNotAllowed),
        Row(name: "bound to a route that is no more", routes: ["gone"], refusal: .routeNotAllowed),
        Row(
            name: "on its route without the scope", needs: .webhooksRead, routes: ["sessions.list"],
            refusal: .scopeMissing),
        Row(
            name: "on another route without the scope: the route is told first", needs: .webhooksRead,
            routes: ["route-3"], refusal: .routeNotAllowed),
        Row(name: "before its life", begins: 1, refusal: .notYetValid),
        Row(name: "after its life", ends: 0, refusal: .expired),
        Row(name: "revoked from elsewhere", allow: ["198.51.100.0/24"], revoked: -1, refusal: .revoked),
    ]

    @Test(arguments: rows)
    func whoMayDoWhat(row: Row) throws {
        var fixture = AccessFixture()
        fixture.addTenant("acme")
        let token = fixture.addToken(
            row.holds, allow: row.allow.compactMap { AddressBlock($0) }, begins: row.begins, ends: row.ends,
            revoked: row.revoked,
            ceilings: try #require(TokenCeilings(maximumLimit: nil, routes: row.routes)))
        let subject = AccessSubject(
            method: row.method, address: try #require(IPAddress(row.address)), routeIndex: 70,
            nowUnixSeconds: AccessFixture.now.unixSeconds)

        let decision = AccessPolicy.token(needs: row.needs).decide(
            subject, authorization: AccessFixture.bearer(token).span, in: fixture.snapshot())

        switch decision {
        case .open: Issue.record("a route that needs a token was open")
        case .granted(let grant):
            #expect(row.refusal == nil)
            #expect(grant.scopes == row.holds)
        case .refused(let reason, let holder):
            #expect(reason == row.refusal)
            let id = Token.parse(token.span)
            #expect(holder?.token == id)
        }
    }

    /// The scopes that meet a need, written out: those of the upstream's documentation.
    static let meets: [(need: Scope?, method: Method, scopes: [Scope])] = [
        (.sessionsRead, .get, [.sessionsRead, .sessionsWrite]), (.sessionsWrite, .post, [.sessionsWrite]),
        (.webhooksRead, .get, [.webhooksRead, .webhooksWrite]), (.webhooksWrite, .delete, [.webhooksWrite]),
        (.analyticsRead, .get, [.analyticsRead]), (nil, .get, Scope.allCases), (nil, .head, Scope.allCases),
        (nil, .options, Scope.allCases), (nil, .post, [.sessionsWrite, .webhooksWrite]),
        (nil, .delete, [.sessionsWrite, .webhooksWrite]), (nil, .other, [.sessionsWrite, .webhooksWrite]),
    ]

    /// When a token's life begins and ends and whether it is revoked, and what that comes to.
    static let lives: [(begins: Int64?, ends: Int64?, revoked: Int64?, refusal: AccessRefusal?)] = [
        (nil, nil, nil, nil), (0, 1, nil, nil), (1, nil, nil, .notYetValid), (nil, 0, nil, .expired),
        (nil, nil, -1, .revoked),
    ]

    /// Every set of scopes × every need with its method × both addresses × both routes × every life, against
    /// the two tables above: 14 080 decisions.
    @Test func everyCombinationIsDecidedByTheTables() throws {
        let block = try #require(AddressBlock("192.0.2.0/24"))
        let bound = try #require(TokenCeilings(maximumLimit: nil, routes: ["route-3"]))
        let addresses = try ["192.0.2.7", "198.51.100.7"].map { try #require(IPAddress($0)) }
        var fixture = AccessFixture()
        fixture.addTenant("acme")
        var tokens: [(text: [UInt8], scopes: ScopeSet, life: Int, isBound: Bool)] = []
        for raw in UInt8(0)..<32 {
            for life in Self.lives.indices {
                for isBound in [false, true] {
                    let (begins, ends, revoked, _) = Self.lives[life]
                    let text = fixture.addToken(
                        ScopeSet(rawValue: raw), allow: [block], begins: begins, ends: ends, revoked: revoked,
                        ceilings: isBound ? bound : .none)
                    tokens.append((text, ScopeSet(rawValue: raw), life, isBound))
                }
            }
        }
        let snapshot = fixture.snapshot()
        var wrong: [String] = []

        for token in tokens {
            for (need, method, scopes) in Self.meets {
                for (address, isAllowed) in zip(addresses, [true, false]) {
                    for route in [3, 70] {
                        let subject = AccessSubject(
                            method: method, address: address, routeIndex: route,
                            nowUnixSeconds: AccessFixture.now.unixSeconds)
                        let decision = AccessPolicy.token(needs: need).decide(
                            subject, authorization: AccessFixture.bearer(token.text).span, in: snapshot)

                        let expected: AccessRefusal? =
                            Self.lives[token.life].refusal ?? (isAllowed ? nil : .addressNotAllowed)
                            ?? (token.isBound && route != 3 ? .routeNotAllowed : nil)
                            ?? (token.scopes.isDisjoint(with: ScopeSet(scopes)) ? .scopeMissing : nil)
                        if Self.refusal(decision) != expected {
                            wrong.append("\(need as Any) \(method) \(token)")
                        }
                    }
                }
            }
        }

        #expect(wrong.isEmpty, "\(wrong.count) wrong, such as \(wrong.first ?? "")")
    }

    private static func refusal(_ decision: AccessDecision) -> AccessRefusal? {
        switch decision {
        case .open, .granted: nil
        case .refused(let reason, _): reason
        }
    }

    @Test func anOpenRouteAsksForNothingAndKnowsNoTenant() throws {
        var fixture = AccessFixture()
        fixture.addTenant("acme")
        let token = fixture.addToken()
        let subject = AccessSubject(
            method: .get, address: IPAddress(ipv4: 1), routeIndex: 0, nowUnixSeconds: 0)

        for authorization in [[], Array("nonsense".utf8), AccessFixture.bearer(token)] {
            let decision = AccessPolicy.open.decide(
                subject, authorization: authorization.span, in: fixture.snapshot())
            #expect(decision == .open)
        }
    }

    @Test func everyTokenThatIsNotGoodIsAnsweredAlike() {
        let forbidden = AccessRefusal.allCases.filter { $0.answer == .forbidden }

        #expect(forbidden == [.addressNotAllowed, .routeNotAllowed, .scopeMissing])
        #expect(Set(AccessRefusal.allCases.map { "\($0.word)" }).count == AccessRefusal.allCases.count)
    }
}
