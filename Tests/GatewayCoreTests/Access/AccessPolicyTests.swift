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
            revoked: row.revoked)
        let subject = AccessSubject(
            method: row.method, address: try #require(IPAddress(row.address)),
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

    @Test func anOpenRouteAsksForNothingAndKnowsNoTenant() throws {
        var fixture = AccessFixture()
        fixture.addTenant("acme")
        let token = fixture.addToken()
        let subject = AccessSubject(method: .get, address: IPAddress(ipv4: 1), nowUnixSeconds: 0)

        for authorization in [[], Array("nonsense".utf8), AccessFixture.bearer(token)] {
            let decision = AccessPolicy.open.decide(
                subject, authorization: authorization.span, in: fixture.snapshot())
            #expect(decision == .open)
        }
    }

    @Test func everyTokenThatIsNotGoodIsAnsweredAlike() {
        let forbidden = AccessRefusal.allCases.filter { $0.answer == .forbidden }

        #expect(forbidden == [.addressNotAllowed, .scopeMissing])
        #expect(Set(AccessRefusal.allCases.map { "\($0.word)" }).count == AccessRefusal.allCases.count)
    }
}
