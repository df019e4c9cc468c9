import HTTPModel
import Settings
import Testing

@testable import GatewayCore

struct TokenStoreTests {
    @Test func nothingAtAllIsAnEmptyStore() throws {
        let fixture = try StoreFixture()

        let snapshot = try fixture.store.load()

        #expect(snapshot.tenants.isEmpty)
        #expect(fixture.folder.names.isEmpty)
    }

    @Test func aSealedTokenMovedToAnotherTenantIsWorthless() throws {
        let fixture = try StoreFixture()
        try fixture.addTenant("acme")
        try fixture.addTenant("beta")
        let text = try fixture.folder.text(of: "tenants.json")
        let sealed = try fixture.editor.read().tenants.map(\.upstreamToken)
        guard case .sealed(let first) = sealed[0], case .sealed(let second) = sealed[1] else {
            Issue.record("the tokens are not sealed")
            return
        }

        try fixture.folder.write(text.replacing(second, with: first), to: "tenants.json")
        let snapshot = try fixture.store.load()

        #expect(snapshot.tenants[0].credential?.withBytes { $0.text } == "kk_live_acme")
        #expect(snapshot.tenants[1].credential == nil)
        try #require(snapshot.warnings.count == 1)
        #expect(snapshot.warnings[0].contains("tenant beta: its sealed upstream_token does not open"))
    }

    @Test(arguments: ["kk_live_file", "kk_live_file\n", "kk_live_file\r\n"])
    func anUpstreamTokenFromAFileEndsBeforeItsLineEnd(text: String) throws {
        let fixture = try StoreFixture()
        try fixture.folder.write(text, to: "acme.key")
        try fixture.editor.addTenant(
            "acme", plan: "standard", upstreamToken: .file(fixture.folder["acme.key"]))

        let snapshot = try fixture.store.load()

        #expect(snapshot.tenants[0].credential?.withBytes { $0.text } == "kk_live_file")
        #expect(try fixture.folder.text(of: "tenants.json").contains(#"{ "file": "acme.key" }"#))
    }

    @Test(arguments: [
        "", "\n", "two words", "a\r\nX-Evil: 1", "ümlaut", "nul\0", String(repeating: "x", count: 4_097),
    ])
    func anUpstreamTokenThatCannotStandInAFieldIsNone(text: String) throws {
        let fixture = try StoreFixture()
        try fixture.folder.write(text, to: "acme.key")
        try fixture.editor.addTenant(
            "acme", plan: "standard", upstreamToken: .file(fixture.folder["acme.key"]))

        let snapshot = try fixture.store.load()

        #expect(snapshot.tenants[0].credential == nil)
        #expect(snapshot.warnings.count == 1)
    }

    @Test func missingUpstreamTokensConcernTheirTenantsOnly() throws {
        let fixture = try StoreFixture()
        try fixture.editor.addTenant("a", plan: "standard", upstreamToken: .environment("KGW_TEST_NOT_SET"))
        try fixture.editor.addTenant("b", plan: "standard", upstreamToken: .file("/nonexistent/b.key"))
        try fixture.addTenant("c")
        let token = try fixture.issue("c")

        let snapshot = try fixture.store.load()

        try #require(snapshot.warnings.count == 2)
        #expect(snapshot.warnings[0].contains("KGW_TEST_NOT_SET"))
        #expect(snapshot.warnings[1].contains("/nonexistent/b.key"))
        #expect(try fixture.verdict(token) == "c")
    }

    @Test func aCorruptStoreIsToldAndGivesNoSnapshot() throws {
        let fixture = try StoreFixture()
        try fixture.folder.write("{\"tenants\":[{}]}", to: "tenants.json")

        let failure = #expect(throws: AccessFailure.self) { _ = try fixture.store.load() }

        #expect(failure?.description.contains("tenants.json:1:13: tenants[0].id: missing") == true)
    }
}
