import HTTPModel
import Testing

@testable import GatewayCore

struct AccessSnapshotTests {
    private static let now = AccessFixture.now.unixSeconds

    private func authenticate(
        _ snapshot: AccessSnapshot, _ authorization: [UInt8], at now: Int64 = now
    ) -> Authentication {
        snapshot.authenticate(authorization.span, nowUnixSeconds: now)
    }

    private func reason(_ authentication: Authentication) -> AccessRefusal? {
        switch authentication {
        case .granted: nil
        case .refused(let reason, _): reason
        }
    }

    @Test func aGoodTokenActsForItsTenantOnly() {
        var fixture = AccessFixture()
        var tokens: [(tenant: String, text: [UInt8])] = []
        for number in 0..<50 {
            fixture.addTenant("tenant-\(number)", plan: number % 2 == 0 ? "free" : "standard")
            for _ in 0..<3 { tokens.append(("tenant-\(number)", fixture.addToken())) }
        }
        let snapshot = fixture.snapshot()

        for (tenant, text) in tokens {
            guard case .granted(let grant) = authenticate(snapshot, AccessFixture.bearer(text)) else {
                Issue.record("a token of \(tenant) was refused")
                continue
            }
            let found = snapshot.tenant(of: grant)
            #expect(found.id == tenant)
            #expect(grant.tenantIdentity == found.identity)
            #expect(grant.credentialIdentity == found.credentialIdentity)
            #expect(found.credential?.withBytes { $0.text } == "kk_live_\(tenant)")
            #expect(["free", "standard"][found.planIndex] == found.plan)
            #expect(grant.token.text == String(decoding: text[5..<17], as: UTF8.self))
        }
    }

    @Test(arguments: ["bearer ", "BEARER ", "bEaReR "])
    func theSchemeHasNoCase(scheme: String) {
        var fixture = AccessFixture()
        fixture.addTenant("acme")
        let token = fixture.addToken()

        #expect(reason(authenticate(fixture.snapshot(), AccessFixture.bearer(token, scheme: scheme))) == nil)
    }

    @Test(arguments: ["", "Bearer", "Bearer  ", "Bearer\t", "Basic ", "Bearer: ", " Bearer ", "Bearex "])
    func anythingButTheSchemeAndOneSpaceIsMalformed(scheme: String) {
        var fixture = AccessFixture()
        fixture.addTenant("acme")
        let token = fixture.addToken()

        let authentication = authenticate(fixture.snapshot(), AccessFixture.bearer(token, scheme: scheme))

        #expect(reason(authentication) == .malformed)
    }

    @Test func everyByteOfTheFieldCounts() {
        var fixture = AccessFixture()
        fixture.addTenant("acme")
        let field = AccessFixture.bearer(fixture.addToken())
        let snapshot = fixture.snapshot()

        for index in field.indices.dropFirst(6) {
            var changed = field
            changed[index] ^= 0x20
            #expect(reason(authenticate(snapshot, changed)) == .malformed, "byte \(index)")
        }
        for count in field.indices {
            let expected: AccessRefusal = count == 0 ? .missing : .malformed
            #expect(reason(authenticate(snapshot, Array(field[..<count]))) == expected, "cut at \(count)")
        }
        #expect(reason(authenticate(snapshot, field + [0x20])) == .malformed)
    }

    @Test func aTokenNobodyIssuedIsUnknown() {
        var fixture = AccessFixture()
        fixture.addTenant("acme")
        _ = fixture.addToken()
        let snapshot = fixture.snapshot()
        let stranger = fixture.addToken()

        #expect(reason(authenticate(snapshot, AccessFixture.bearer(stranger))) == .unknown)
        #expect(reason(authenticate(AccessFixture().snapshot(), AccessFixture.bearer(stranger))) == .unknown)
    }

    @Test func aTokenWithAKnownIDAndAnotherSecretIsNoTokenOfThatTenant() throws {
        var fixture = AccessFixture()
        fixture.addTenant("acme")
        let good = fixture.addToken()
        var randomness = SystemRandomness()
        let parsed = Token.parse(good.span)
        let id = try #require(parsed)
        let forged = Token.make(id: id, randomness: &randomness).withBytes { $0.array }

        let authentication = authenticate(fixture.snapshot(), AccessFixture.bearer(forged))

        #expect(authentication == .refused(.digestMismatch, holder: nil))
    }

    @Test(
        arguments: [
            (nil, nil, nil, nil), (0, nil, nil, nil), (nil, 1, nil, nil), (-10, 10, nil, nil),
            (1, nil, nil, .notYetValid), (nil, 0, nil, .expired), (nil, -1, nil, .expired),
            (nil, nil, -1, .revoked), (nil, nil, 1_000, .revoked), (1, 10, -1, .revoked),
            (nil, -5, -1, .revoked),
        ] as [(Int64?, Int64?, Int64?, AccessRefusal?)])
    func aTokenIsGoodDuringItsLifeOnly(
        begins: Int64?, ends: Int64?, revoked: Int64?, expected: AccessRefusal?
    ) {
        var fixture = AccessFixture()
        fixture.addTenant("acme")
        let token = fixture.addToken(begins: begins, ends: ends, revoked: revoked)

        #expect(reason(authenticate(fixture.snapshot(), AccessFixture.bearer(token))) == expected)
    }

    @Test func aTenantWithoutUpstreamTokenIsRefusedAndTold() {
        var fixture = AccessFixture()
        fixture.addTenant("poor")
        let token = fixture.addToken()
        let snapshot = fixture.snapshot()

        let authentication = authenticate(snapshot, AccessFixture.bearer(token))

        #expect(reason(authentication) == .upstreamCredentialMissing)
        #expect(snapshot.warnings == ["tenant poor: it has none"])
    }

    @Test func aGrantCarriesTheCeilingOfItsToken() throws {
        var fixture = AccessFixture()
        fixture.addTenant("acme")
        let free = fixture.addToken()
        let bound = fixture.addToken(ceilings: try #require(TokenCeilings(maximumLimit: 20, routes: [])))
        let snapshot = fixture.snapshot()

        let limits = [free, bound].map { token -> UInt32? in
            guard case .granted(let grant) = authenticate(snapshot, AccessFixture.bearer(token)) else {
                return nil
            }
            return grant.maximumLimit
        }

        #expect(limits == [.max, 20])
    }

    @Test func lastUsesAreNotedByTokenAndTheLatestStands() throws {
        var fixture = AccessFixture()
        fixture.addTenant("acme")
        let tokens = [fixture.addToken(), fixture.addToken(), fixture.addToken()]
        let snapshot = fixture.snapshot()
        func use(_ index: Int, at seconds: Int64) throws {
            guard case .granted(let grant) = authenticate(snapshot, AccessFixture.bearer(tokens[index]))
            else {
                Issue.record("a good token was refused")
                return
            }
            snapshot.noteUse(of: grant, nowUnixSeconds: seconds)
        }

        try use(0, at: 100)
        try use(2, at: 101)
        try use(0, at: 160)

        let uses = Dictionary(uniqueKeysWithValues: snapshot.uses.map { ($0.token, $0.atUnixSeconds) })
        let ids = fixture.store.tenants[0].tokens.map(\.id)
        #expect(uses == [ids[0]: 160, ids[2]: 101])
        #expect(snapshot.tokenIDs == Set(ids))
    }

    @Test func aRouteThatIsNoMoreIsTold() throws {
        var fixture = AccessFixture()
        fixture.addTenant("acme")
        _ = fixture.addToken(ceilings: try #require(TokenCeilings(maximumLimit: nil, routes: ["gone"])))

        let warnings = fixture.snapshot().warnings

        #expect(warnings.count == 1)
        #expect(warnings.first?.hasSuffix("of tenant acme: there is no route gone") == true)
    }

    @Test func identitiesOutliveASnapshotAndFollowTheCredential() {
        var fixture = AccessFixture()
        fixture.addTenant("acme")
        fixture.addTenant("beta")
        let before = fixture.snapshot()
        fixture.store.tenants.swapAt(0, 1)
        let after = AccessSnapshot(fixture.store, known: StoreFixture.known, keys: fixture.keys) { _ in
            .found(Secret("kk_live_shared"))
        }

        #expect(before.tenants[0].identity == after.tenants[1].identity)
        #expect(before.tenants[0].credentialIdentity != after.tenants[1].credentialIdentity)
        #expect(after.tenants[0].credentialIdentity != after.tenants[1].credentialIdentity)
    }

    @Test func nothingOfASnapshotPrintsASecret() {
        var fixture = AccessFixture()
        fixture.addTenant("acme")
        let token = fixture.addToken()
        let snapshot = fixture.snapshot()
        let authentication = authenticate(snapshot, AccessFixture.bearer(token))

        var shown = "\(snapshot) \(authentication) \(snapshot.tenants) \(fixture.keys)"
        dump(snapshot, to: &shown)
        dump(authentication, to: &shown)
        dump(fixture.keys, to: &shown)

        #expect(!shown.contains("kk_live"))
        #expect(!shown.contains(String(decoding: token[17..<48], as: UTF8.self)))
    }
}
