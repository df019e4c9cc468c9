import HTTPModel
import Settings
import Testing

@testable import GatewayCore

struct TenantStoreTests {
    private static let digest = "hmac-sha256:" + String(repeating: "A", count: 43)

    private func read(_ text: String) -> Result<TenantStore, SettingsFailure> {
        do throws(SettingsFailure) {
            return .success(try TenantStore(Array(text.utf8), file: "etc/tenants.json", plans: ["standard"]))
        } catch {
            return .failure(error)
        }
    }

    @Test func everythingReadsBackAsItIsWritten() throws {
        var fixture = AccessFixture()
        fixture.addTenant("acme")
        _ = fixture.addToken([.sessionsRead, .webhooksWrite], begins: -5, ends: 5, revoked: 0, rotated: -1)
        _ = fixture.addToken(
            allow: try [#require(AddressBlock("10.0.0.0/8")), #require(AddressBlock("::1"))],
            ceilings: try #require(TokenCeilings(maximumLimit: 20, routes: ["sessions.list", "rest"])))
        fixture.store.tenants.append(
            StoredTenant(id: "b", plan: "standard", upstreamToken: .file("etc/b.key")))
        fixture.store.tenants.append(StoredTenant(id: "c", plan: "standard", upstreamToken: .file("/c.key")))
        fixture.store.tenants.append(StoredTenant(id: "d", plan: "standard", upstreamToken: .sealed("AX7k")))

        let text = String(decoding: fixture.store.text(for: "etc/tenants.json"), as: UTF8.self)

        #expect(try read(text).get() == fixture.store)
        #expect(text.contains(#"{ "file": "b.key" }"#))
    }

    @Test func theExampleOfTheInterfaceIsAStore() throws {
        let store = try read(
            """
            { "tenants": [
              { "id": "acme", "plan": "standard", "upstream_token": { "env": "KAYLE_KEY_ACME" },
                "tokens": [ { "id": "k3v9a0b1c2d3", "name": "web", "digest": "\(Self.digest)",
                              "scopes": ["sessions:read"],
                              "created_at": "2026-11-23T00:00:00Z", "not_before": null, "expires_at": null,
                              "revoked_at": null, "allow": [] } ] } ] }
            """
        ).get()

        let token = try #require(store.tenants.first?.tokens.first)
        #expect(store.tenants[0].upstreamToken == .environment("KAYLE_KEY_ACME"))
        #expect(token.name == "web")
        #expect(token.scopes == .sessionsRead)
        #expect(token.createdAt?.text == "2026-11-23T00:00:00Z")
        #expect(token.state(at: AccessFixture.now) == .active)
    }

    @Test func aTokenThatSaysLittleCanDoNothingForEver() throws {
        let store = try read(
            #"{"tenants":[{"id":"a","plan":"standard","upstream_token":{"env":"A"},"tokens":[{"#
                + "\(Self.token())}]}]}"
        ).get()

        let token = try #require(store.tenants.first?.tokens.first)
        #expect(token.scopes.isEmpty)
        #expect(token.expiresAt == nil && token.notBefore == nil && token.revokedAt == nil)
    }

    /// The members of a token, and whatever else it shall have.
    static func token(_ more: String = "", id: String = "000000000000") -> String {
        #""id":"\#(id)","digest":"\#(digest)""# + (more.isEmpty ? "" : "," + more)
    }

    /// One mistake: the members of a tenant and of its token, and the message.
    struct Mistake: Sendable, CustomTestStringConvertible {
        let name: String
        var tenant = #""id":"a","plan":"standard","upstream_token":{"env":"A"}"#
        var token = TenantStoreTests.token()
        let message: String
        var testDescription: String { name }
    }

    static let mistakes: [Mistake] = [
        Mistake(
            name: "a plan that does not exist",
            tenant: #""id":"a","plan":"gold","upstream_token":{"env":"A"}"#,
            message: "etc/tenants.json:2:18: tenants[0].plan: there is no plan gold; allowed: standard"),
        Mistake(
            name: "a plain upstream token",
            tenant: #""id":"a","plan":"standard","upstream_token":"kk_live_0123456789""#,
            message: "etc/tenants.json:2:46: tenants[0].upstream_token: this is not a reference to a secret"),
        Mistake(
            name: "a missing id", tenant: #""plan":"standard","upstream_token":{"env":"A"}"#,
            message: "etc/tenants.json:2:1: tenants[0].id: missing"),
        Mistake(
            name: "an id that would break a log line",
            tenant: #""id":"a b","plan":"standard","upstream_token":{"env":"A"}"#,
            message: #"etc/tenants.json:2:7: tenants[0].id: "a b" is not a name"#),
        Mistake(
            name: "an unknown key",
            token: TenantStoreTests.token(#""scope":[]"#),
            message: #"tenants[0].tokens[0].scope: unknown key; did you mean "scopes"?"#),
        Mistake(
            name: "an id in capitals", token: TenantStoreTests.token(id: "ABCDEFGHIJKL"),
            message: #"etc/tenants.json:3:7: tenants[0].tokens[0].id: "ABCDEFGHIJKL" is not a token id"#),
        Mistake(
            name: "a plaintext token as digest", token: #""id":"000000000000","digest":"kgw_1abc""#,
            message: "tenants[0].tokens[0].digest: \"kgw_1abc\" is not a digest; allowed: hmac-sha256:"),
        Mistake(
            name: "a digest that is too short",
            token: #""id":"000000000000","digest":"hmac-sha256:AAAA""#,
            message: "tenants[0].tokens[0].digest: \"hmac-sha256:AAAA\" is not a digest"),
        Mistake(
            name: "a second spelling of a digest",
            token: #""id":"000000000000","digest":"hmac-sha256:\#(String(repeating: "A", count: 42))B""#,
            message: "is not a digest"),
        Mistake(
            name: "an unknown scope",
            token: TenantStoreTests.token(#""scopes":["sessions:all"]"#),
            message: "tenants[0].tokens[0].scopes[0]: \"sessions:all\" is not one of the words"),
        Mistake(
            name: "a time with an offset",
            token:
                TenantStoreTests.token(#""expires_at":"2026-11-23T00:00:00+01:00""#),
            message: "tenants[0].tokens[0].expires_at: \"2026-11-23T00:00:00+01:00\" is not a time"),
        Mistake(
            name: "a day that does not exist",
            token:
                TenantStoreTests.token(#""revoked_at":"2026-02-29T00:00:00Z""#),
            message: "tenants[0].tokens[0].revoked_at: \"2026-02-29T00:00:00Z\" is not a time"),
        Mistake(
            name: "a block with bits beyond its prefix",
            token: TenantStoreTests.token(#""allow":["10.0.0.1/8"]"#),
            message: "tenants[0].tokens[0].allow[0]: \"10.0.0.1/8\" is not an address block"),
        Mistake(
            name: "a ceiling of nothing", token: TenantStoreTests.token(#""max_limit":0"#),
            message: "tenants[0].tokens[0].max_limit: 0 is out of bounds; allowed: 1 to 1000000"),
        Mistake(
            name: "a route twice", token: TenantStoreTests.token(#""routes":["rest","rest"]"#),
            message: "tenants[0].tokens[0].routes[1]: \"rest\" is listed twice"),
        Mistake(
            name: "a tenant twice",
            token: TenantStoreTests.token()
                + #"}]},{"id":"a","plan":"standard","upstream_token":{"env":"A"},"#
                + #""tokens":[{"# + TenantStoreTests.token(id: "000000000001"),
            message: "tenants[1].id: another tenant has the id a"),
        Mistake(
            name: "a token twice, in two tenants",
            token: TenantStoreTests.token()
                + #"}]},{"id":"b","plan":"standard","upstream_token":{"env":"A"},"#
                + #""tokens":[{"# + TenantStoreTests.token(id: "000000000000"),
            message: "tenants[1].tokens[0].id: another token has the id 000000000000"),
    ]

    @Test(arguments: mistakes)
    func aMistakeIsToldWithItsPlace(mistake: Mistake) throws {
        let text = "{\"tenants\":[\n{\(mistake.tenant),\"tokens\":[\n{\(mistake.token)}]}]}"

        let failure = try #require(throws: SettingsFailure.self) { try read(text).get() }

        #expect(failure.mistakes.count == 1)
        #expect(failure.description.contains(mistake.message))
        #expect(!failure.description.contains("kk_live"))
    }

    @Test func whatIsNotSetIsNotWritten() {
        var fixture = AccessFixture()
        fixture.addTenant("acme")
        _ = fixture.addToken()

        let text = String(decoding: fixture.store.text(for: "tenants.json"), as: UTF8.self)

        #expect(!text.contains("max_limit") && !text.contains("routes") && !text.contains("rotated_at"))
    }

    @Test func aTokenPassesThroughTheStatesOfItsLife() {
        var fixture = AccessFixture()
        fixture.addTenant("acme")
        _ = fixture.addToken(begins: 0, ends: 10)
        var token = fixture.store.tenants[0].tokens[0]
        func state(_ seconds: Int64) -> TokenState {
            token.state(at: UTCTimestamp(unixSeconds: AccessFixture.now.unixSeconds + seconds))
        }

        #expect([-1, 0, 9, 10].map(state) == [.pending, .active, .active, .expired])
        token.revokedAt = AccessFixture.now
        #expect([-1, 0, 10].map(state) == [.revoked, .revoked, .revoked])
    }
}
