import HTTPModel
import Settings
import Testing

@testable import GatewayCore

struct StoreDifferenceTests {
    private var fixture: AccessFixture

    init() {
        fixture = AccessFixture()
        fixture.addTenant("acme")
        _ = fixture.addToken()
    }

    private func changes(_ edit: (inout TenantStore) -> Void) -> [String] {
        var after = fixture.store
        edit(&after)
        return StoreDifference(from: fixture.store, to: after).changes.map { change in
            let details = change.details.map {
                "\($0.key)=\(String(decoding: JSONText.line($0.value), as: UTF8.self))"
            }
            return ([change.what, change.tenant] + (change.token == nil ? [] : ["token"]) + details)
                .joined(separator: " ")
        }
    }

    @Test func nothingChangedIsNothingToSay() {
        #expect(changes { _ in } == [])
    }

    @Test func everyKindOfChangeIsFound() throws {
        let block = try #require(AddressBlock("192.0.2.0/24"))
        #expect(
            changes { $0.tenants[0].plan = "free" } == [#"tenant.changed acme plan="free""#])
        #expect(
            changes { $0.tenants[0].allow = [block] } == [#"tenant.changed acme allow=["192.0.2.0/24"]"#])
        #expect(
            changes { $0.tenants[0].upstreamTokenNext = .sealed("AAAA") } == [
                #"tenant.changed acme upstream_token_next="sealed""#
            ])
        #expect(
            changes { $0.tenants[0].tokens[0].revokedAt = AccessFixture.now } == [
                #"token.revoked acme token revoked_at="\#(AccessFixture.now.text)""#
            ])
        #expect(
            changes { $0.tenants[0].tokens[0].expiresAt = AccessFixture.now } == [
                #"token.changed acme token expires_at="\#(AccessFixture.now.text)""#
            ])
        #expect(changes { $0.tenants[0].tokens = [] } == ["token.removed acme token"])
        #expect(changes { $0.tenants = [] } == ["token.removed acme token", "tenant.removed acme"])
    }

    @Test func whatIsNewIsToldWithAllItSays() {
        let added = changes { store in
            var tenant = StoredTenant(id: "beta", plan: "standard", upstreamToken: .sealed("AAAA"))
            tenant.tokens = [
                StoredToken(
                    id: TokenID(value: 1), name: "web", digest: .zero, scopes: .sessionsRead, allow: [])
            ]
            store.tenants.append(tenant)
        }

        #expect(added.count == 2)
        #expect(
            added.first
                == #"tenant.added beta plan="standard" upstream_token="sealed" upstream_token_next=null allow=[]"#
        )
        #expect(
            added.last?.hasPrefix(#"token.issued beta token name="web" scopes=["sessions:read"]"#) == true)
    }

    @Test func aSecretIsNeverPartOfIt() {
        let text = changes { store in
            store.tenants[0].upstreamToken = .sealed("sealed-text")
            store.tenants[0].tokens[0] = StoredToken(
                id: store.tenants[0].tokens[0].id, digest: .zero, scopes: .sessionsRead, allow: [])
        }.joined()

        #expect(!text.contains("sealed-text"))
        #expect(text.contains(#"digest="replaced""#))
        #expect(!text.contains("hmac"))
    }

    @Test func anotherSealOfTheSameKindShows() {
        var before = fixture.store
        before.tenants[0].upstreamToken = .sealed("AAAA")
        var after = before
        after.tenants[0].upstreamToken = .sealed("BBBB")

        let changes = StoreDifference(from: before, to: after).changes

        #expect(changes.map(\.what) == ["tenant.changed"])
        #expect(changes.first?.details == [JSONMember("upstream_token", .string("sealed anew"))])
    }
}
