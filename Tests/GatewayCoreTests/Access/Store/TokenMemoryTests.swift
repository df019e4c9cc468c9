import HTTPModel
import Testing

@testable import GatewayCore

/// A store that is read again and again, as a running gateway does.
struct TokenMemoryTests {
    /// Changes the file as configuration management would.
    private func change(_ fixture: StoreFixture, _ change: (inout TenantStore) -> Void) throws {
        let bytes = try FileContents.read(fixture.folder["tenants.json"], maximumBytes: 1_000_000)
        var store = try TenantStore(bytes, file: "tenants.json", plans: ["standard"])
        change(&store)
        try fixture.folder.write(
            String(decoding: store.text(for: "tenants.json"), as: UTF8.self), to: "tenants.json")
    }

    @Test func everyChangeToATokenIsSeenAtTheNextReading() throws {
        let fixture = try StoreFixture()
        try fixture.addTenant("acme")
        try fixture.addTenant("globex")
        let tokens = try (0..<20).map { try fixture.issue($0 < 10 ? "acme" : "globex") }
        for token in tokens { #expect(try fixture.verdict(token) != "unknown") }

        for (index, token) in tokens.enumerated() where index.isMultiple(of: 3) {
            _ = try fixture.editor.revokeToken(token.id, now: AccessFixture.now)
            let verdicts = try tokens.map { try fixture.verdict($0, after: 1) }
            for (other, verdict) in verdicts.enumerated() {
                let isRevoked = other <= index && other.isMultiple(of: 3)
                #expect(verdict == (isRevoked ? "token_revoked" : other < 10 ? "acme" : "globex"), "\(other)")
            }
        }
    }

    @Test func aTokenThatMovesToAnotherTenantIsThatTenants() throws {
        let fixture = try StoreFixture()
        try fixture.addTenant("acme")
        try fixture.addTenant("globex")
        let token = try fixture.issue("acme")
        #expect(try fixture.verdict(token) == "acme")

        try change(fixture) { store in
            store.tenants[1].tokens = store.tenants[0].tokens
            store.tenants[0].tokens = []
        }

        #expect(try fixture.verdict(token) == "globex")
    }

    @Test func aTokenTwiceIsAMistakeAlsoWhenItIsKnown() throws {
        let fixture = try StoreFixture()
        try fixture.addTenant("acme")
        try fixture.addTenant("globex")
        let token = try fixture.issue("acme")
        #expect(try fixture.verdict(token) == "acme")
        try change(fixture) { $0.tenants[1].tokens = $0.tenants[0].tokens }

        let failure = #expect(throws: AccessFailure.self) { _ = try fixture.store.load() }

        #expect(failure?.description.contains("another token has the id") == true)
    }
}
