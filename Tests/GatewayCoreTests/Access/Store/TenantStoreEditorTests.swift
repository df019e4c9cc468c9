import HTTPModel
import Settings
import Locking
import Testing

@testable import GatewayCore

struct TenantStoreEditorTests {
    @Test func aTokenIsGoodFromTheMomentItIsIssued() throws {
        let fixture = try StoreFixture()
        try fixture.addTenant("acme")
        try fixture.addTenant("beta")
        let first = try fixture.issue("acme")
        let second = try fixture.issue("beta")

        #expect(try fixture.verdict(first) == "acme")
        #expect(try fixture.verdict(second) == "beta")
        #expect(
            try fixture.store.load().tenants.map { $0.credential?.withBytes { $0.text } } == [
                "kk_live_acme", "kk_live_beta",
            ])
    }

    @Test func storeAndPepperAreForTheirOwnerAndHoldNoSecret() throws {
        let fixture = try StoreFixture()
        try fixture.addTenant("acme")
        let token = try fixture.issue("acme")

        let text = try fixture.folder.text(of: "tenants.json")

        #expect(!text.contains("kk_live"))
        #expect(!text.contains(String(token.text.withBytes { $0.text }.dropFirst(17).prefix(31))))
        #expect(try fixture.folder.permissions(of: "tenants.json") == 0o600)
        #expect(try fixture.folder.permissions(of: "pepper.key") == 0o600)
        #expect(
            fixture.folder.names == ["pepper.key", "tenants.json", "tenants.json.audit", "tenants.json.lock"])
        #expect(!"\(token)".contains("kgw_"))
    }

    @Test func twentyConcurrentIssuersLoseNoToken() throws {
        let fixture = try StoreFixture()
        try fixture.editor.addTenant("acme", plan: "standard", upstreamToken: .environment("HOME"))
        let issued = Lock<[IssuedToken]>([])

        // The pepper is not there yet: they race for that as well.
        TemporaryFolder.concurrently(20) { _ in
            for _ in 0..<3 {
                if let token = try? fixture.issue("acme") { issued.withLock { $0.append(token) } }
            }
        }

        let tokens = issued.withLock { $0 }
        #expect(tokens.count == 60)
        let snapshot = try fixture.store.load()
        for token in tokens {
            let field = AccessFixture.bearer(token.text.withBytes { $0.array })
            let authentication = snapshot.authenticate(
                field.span, nowUnixSeconds: AccessFixture.now.unixSeconds)
            if case .refused(let reason, _) = authentication { Issue.record("\(reason)") }
        }
        #expect(try fixture.editor.read().tenants[0].tokens.count == 60)
    }

    @Test func readersSeeOnlyWholeStoresWhileWritersReplaceThem() throws {
        let fixture = try StoreFixture()
        try fixture.addTenant("acme")
        let failures = Lock<[String]>([])

        TemporaryFolder.concurrently(4) { thread in
            for _ in 0..<20 {
                do {
                    if thread == 0 {
                        _ = try fixture.issue("acme")
                    } else {
                        _ = try fixture.store.load()
                    }
                } catch {
                    failures.withLock { $0.append("\(error)") }
                }
            }
        }

        #expect(failures.withLock { $0 } == [])
    }

    @Test func aRevokedTokenIsRefusedAndStaysRevoked() throws {
        let fixture = try StoreFixture()
        try fixture.addTenant("acme")
        let token = try fixture.issue("acme")
        let other = try fixture.issue("acme")

        try fixture.editor.revokeToken(token.id, now: AccessFixture.now)
        let before = try fixture.folder.text(of: "tenants.json")
        try fixture.editor.revokeToken(token.id, now: UTCTimestamp(unixSeconds: 0))

        #expect(try fixture.verdict(token) == "token_revoked")
        #expect(try fixture.verdict(other) == "acme")
        #expect(try fixture.folder.text(of: "tenants.json") == before)
    }

    @Test func bothTokensWorkUntilTheOverlapEnds() throws {
        let fixture = try StoreFixture()
        try fixture.addTenant("acme")
        let old = try fixture.issue("acme")

        let new = try fixture.rotate(old.id, overlap: .seconds(3_600))

        #expect(try fixture.verdict(old) == "acme")
        #expect(try fixture.verdict(old, after: 3_599) == "acme")
        #expect(try fixture.verdict(old, after: 3_600) == "token_expired")
        #expect(try fixture.verdict(new, after: 3_600) == "acme")
        #expect(new.expiresAt == nil)
        let tokens = try fixture.editor.read().tenants[0].tokens
        #expect(tokens.map(\.name) == ["web", "web"])
        #expect(tokens[0].scopes == tokens[1].scopes)
    }

    @Test func aTenantIsChangedInPlace() throws {
        let fixture = try StoreFixture()
        try fixture.addTenant("acme")
        let token = try fixture.issue("acme")
        let block = try #require(AddressBlock("192.0.2.0/24"))
        var change = TenantChange(allow: [block])
        change.nextUpstreamToken = .set(.sealing(Secret("kk_next")))

        try fixture.editor.changeTenant("acme", change)
        let changed = try fixture.store.load().tenants[0]
        change = TenantChange(allow: [])
        change.nextUpstreamToken = .promoted
        try fixture.editor.changeTenant("acme", change)
        let promoted = try fixture.store.load().tenants[0]

        #expect(changed.credential?.withBytes { $0.text } == "kk_live_acme")
        #expect(changed.standby?.withBytes { $0.text } == "kk_next")
        #expect(promoted.credential?.withBytes { $0.text } == "kk_next")
        #expect(promoted.standby == nil)
        #expect(try fixture.verdict(token) == "acme")
        #expect(try fixture.editor.read().tenants[0].allow == [])
    }

    @Test func aChangeThatCannotBeIsRefused() throws {
        let fixture = try StoreFixture()
        try fixture.addTenant("acme")
        let before = try fixture.folder.text(of: "tenants.json")
        var promotion = TenantChange()
        promotion.nextUpstreamToken = .promoted
        let promote = promotion

        #expect(throws: AccessFailure.self) { try fixture.editor.changeTenant("acme", promote) }
        #expect(throws: AccessFailure.self) {
            try fixture.editor.changeTenant("acme", TenantChange(plan: "gold"))
        }
        #expect(throws: AccessFailure.self) {
            try fixture.editor.changeTenant("nobody", TenantChange(allow: []))
        }

        #expect(try fixture.folder.text(of: "tenants.json") == before)
    }

    @Test func aRemovedTokenIsUnknown() throws {
        let fixture = try StoreFixture()
        try fixture.addTenant("acme")
        let token = try fixture.issue("acme")

        try fixture.editor.removeToken(token.id)

        #expect(try fixture.verdict(token) == "token_unknown")
        #expect(throws: AccessFailure.self) { try fixture.editor.removeToken(token.id) }
    }

    @Test func aRouteThatIsNotThereBindsNoToken() throws {
        let fixture = try StoreFixture()
        try fixture.addTenant("acme")
        let ceilings = try #require(TokenCeilings(maximumLimit: nil, routes: ["nowhere"]))
        let order = try #require(
            TokenOrder(name: "", scopes: [], lifetime: nil, allow: [], ceilings: ceilings))

        let failure = #expect(throws: AccessFailure.self) {
            var randomness = SystemRandomness()
            _ = try fixture.editor.issueToken(
                order, for: "acme", now: AccessFixture.now, randomness: &randomness)
        }

        #expect(failure?.description.contains("it has: sessions.list, rest") == true)
    }

    @Test func aRotatedTokenSaysSinceWhen() throws {
        let fixture = try StoreFixture()
        try fixture.addTenant("acme")
        let old = try fixture.issue("acme")

        let new = try fixture.rotate(old.id, overlap: .seconds(3_600))

        let tokens = try fixture.editor.read().tenants[0].tokens
        #expect(tokens.map(\.id) == [old.id, new.id])
        #expect(tokens.map(\.rotatedAt) == [AccessFixture.now, nil])
    }

    @Test func aLifeThatBeginsLaterEndsLater() throws {
        let fixture = try StoreFixture()
        try fixture.addTenant("acme")
        var order = try #require(
            TokenOrder(name: "", scopes: .sessionsRead, lifetime: .seconds(100), allow: []))
        order.notBefore = UTCTimestamp(unixSeconds: AccessFixture.now.unixSeconds + 50)
        var randomness = SystemRandomness()

        let token = try fixture.editor.issueToken(
            order, for: "acme", now: AccessFixture.now, randomness: &randomness)

        let verdicts = try [0, 49, 50, 149, 150].map { try fixture.verdict(token, after: $0) }
        #expect(verdicts == ["token_not_yet_valid", "token_not_yet_valid", "acme", "acme", "token_expired"])
    }

    @Test func aSuccessorLivesAsLongAsTheOldTokenWasMeantTo() throws {
        let fixture = try StoreFixture()
        try fixture.addTenant("acme")
        let old = try fixture.issue("acme", lifetime: .seconds(100))

        // The overlap ends after the old token's life, and must not prolong it.
        let new = try fixture.rotate(old.id, overlap: .seconds(3_600))

        #expect(new.expiresAt?.unixSeconds == AccessFixture.now.unixSeconds + 100)
        #expect(try fixture.verdict(old, after: 99) == "acme")
        #expect(try fixture.verdict(old, after: 100) == "token_expired")
    }

    @Test func aTokenWhoseLifeIsOverIsNotRotated() throws {
        let fixture = try StoreFixture()
        try fixture.addTenant("acme")
        let token = try fixture.issue("acme")
        _ = try fixture.rotate(token.id, overlap: .zero)

        let failure = #expect(throws: AccessFailure.self) { try fixture.rotate(token.id, overlap: .zero) }

        #expect(failure?.description.contains("issue a new one instead") == true)
    }

    @Test func aRemovedTenantTakesItsTokensAlong() throws {
        let fixture = try StoreFixture()
        try fixture.addTenant("acme")
        try fixture.addTenant("beta")
        let token = try fixture.issue("acme")

        try fixture.editor.removeTenant("acme")

        #expect(try fixture.verdict(token) == "token_unknown")
        #expect(try fixture.editor.read().tenants.map(\.id) == ["beta"])
    }

    @Test func whatDoesNotFitIsRefusedAndChangesNothing() throws {
        let fixture = try StoreFixture()
        try fixture.addTenant("acme")
        let before = try fixture.folder.text(of: "tenants.json")
        let nobody = try #require(TokenID("000000000000"))
        let refused: [(expected: String, edit: () throws -> Void)] = [
            ("there is a tenant acme already", { try fixture.addTenant("acme") }),
            ("is no tenant id", { try fixture.addTenant("a/b") }),
            ("there is no tenant \"gamma\"", { _ = try fixture.issue("gamma") }),
            ("there is no tenant \"gamma\"", { try fixture.editor.removeTenant("gamma") }),
            ("there is no token", { try fixture.editor.revokeToken(nobody, now: AccessFixture.now) }),
            ("there is no token", { _ = try fixture.rotate(nobody, overlap: .zero) }),
            (
                "has no plan \"gold\"; it has: standard",
                { try fixture.editor.addTenant("x", plan: "gold", upstreamToken: .environment("X")) }
            ),
            (
                "cannot name an environment variable",
                { try fixture.editor.addTenant("x", plan: "standard", upstreamToken: .environment("1=")) }
            ),
        ]

        for (expected, edit) in refused {
            let failure = #expect(throws: AccessFailure.self) { try edit() }
            #expect(failure?.description.contains(expected) == true, "\(expected)")
        }
        #expect(try fixture.folder.text(of: "tenants.json") == before)
    }

    @Test func aBrokenStoreIsNotOverwritten() throws {
        let fixture = try StoreFixture()
        try fixture.folder.write("{ \"tenants\": [", to: "tenants.json")

        #expect(throws: AccessFailure.self) { try fixture.addTenant("acme") }
        #expect(try fixture.folder.text(of: "tenants.json") == "{ \"tenants\": [")
    }

    @Test func whatAKilledWriterLeftIsIgnoredAndCleared() throws {
        let fixture = try StoreFixture()
        try fixture.addTenant("acme")
        let token = try fixture.issue("acme")
        try fixture.folder.write("{ \"tenants\": [ half", to: "tenants.json.new")

        #expect(try fixture.verdict(token) == "acme")
        let next = try fixture.issue("acme")

        #expect(try fixture.verdict(next) == "acme")
        #expect(try fixture.verdict(token) == "acme")
        #expect(
            fixture.folder.names == ["pepper.key", "tenants.json", "tenants.json.audit", "tenants.json.lock"])
    }

    @Test func anExistingStoreKeepsItsPermissions() throws {
        let fixture = try StoreFixture()
        try fixture.folder.write("{\"tenants\":[]}", to: "tenants.json", permissions: 0o640)

        try fixture.addTenant("acme")

        #expect(try fixture.folder.permissions(of: "tenants.json") == 0o640)
    }

    @Test(arguments: ["tab\there", String(repeating: "x", count: 101)])
    func anOrderThatTheStoreCouldNotHoldIsNone(name: String) {
        #expect(TokenOrder(name: name, scopes: [], lifetime: nil, allow: []) == nil)
    }
}
