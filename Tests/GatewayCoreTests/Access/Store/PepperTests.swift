import HTTPModel
import Settings
import Testing

@testable import GatewayCore

struct PepperTests {
    @Test func aPepperIsMadeOnceAndKept() throws {
        let fixture = try StoreFixture()
        try fixture.addTenant("acme")
        let pepper = try fixture.folder.text(of: "pepper.key")
        _ = try fixture.issue("acme")

        #expect(try fixture.folder.text(of: "pepper.key") == pepper)
        #expect(pepper.utf8.count == 44)
    }

    @Test(arguments: [0o644, 0o640, 0o604, 0o660, 0o620])
    func aPepperThatOthersCanReachIsRefused(permissions: Int) throws {
        let fixture = try StoreFixture()
        try fixture.addTenant("acme")
        let pepper = try fixture.folder.text(of: "pepper.key")
        try fixture.folder.write(pepper, to: "pepper.key", permissions: permissions)

        let reading = #expect(throws: AccessFailure.self) { _ = try fixture.store.load() }
        let writing = #expect(throws: AccessFailure.self) { _ = try fixture.issue("acme") }

        #expect(reading?.description.contains("chmod 600") == true)
        #expect(writing?.description.contains("chmod 600") == true)
    }

    @Test func anOwnerWhoMayOnlyReadWillDo() throws {
        let fixture = try StoreFixture()
        try fixture.addTenant("acme")
        let pepper = try fixture.folder.text(of: "pepper.key")
        try fixture.folder.write(pepper, to: "pepper.key", permissions: 0o400)

        #expect(try fixture.store.load().tenants.count == 1)
    }

    @Test(arguments: ["", "\n", "short", String(repeating: "x", count: 42) + "\n"])
    func aShortPepperIsRefused(text: String) throws {
        let fixture = try StoreFixture()
        try fixture.folder.write(text, to: "pepper.key")

        let failure = #expect(throws: AccessFailure.self) { try fixture.addTenant("acme") }

        #expect(failure?.description.contains("at least 43 are needed") == true)
    }

    @Test func aLostPepperIsNotReplacedWhileTokensDependOnIt() throws {
        let fixture = try StoreFixture()
        try fixture.addTenant("acme")
        let token = try fixture.issue("acme")
        let pepper = try fixture.folder.text(of: "pepper.key")
        try fixture.folder.remove("pepper.key")

        #expect(throws: AccessFailure.self) { _ = try fixture.issue("acme") }
        #expect(throws: AccessFailure.self) { _ = try fixture.store.load() }
        #expect(!fixture.folder.names.contains("pepper.key"))

        try fixture.folder.write(pepper, to: "pepper.key")
        #expect(try fixture.verdict(token) == "acme")
    }

    @Test func anotherPepperMakesTokensAndSealsWorthless() throws {
        let fixture = try StoreFixture()
        try fixture.addTenant("acme")
        let token = try fixture.issue("acme")
        try fixture.folder.write(String(repeating: "another ", count: 8), to: "pepper.key")

        #expect(try fixture.verdict(token) == "token_digest_mismatch")
        #expect(try fixture.store.load().tenants[0].credential == nil)
    }

    @Test func aSecondLineIsASecondPepper() throws {
        let fixture = try StoreFixture()
        try fixture.addTenant("acme")
        let old = try fixture.issue("acme")
        let pepper = try fixture.folder.text(of: "pepper.key")
        let identity = try fixture.store.load().tenants[0].identity

        try fixture.folder.write(String(repeating: "another ", count: 8) + "\n" + pepper, to: "pepper.key")
        let new = try fixture.issue("acme")

        #expect(try fixture.verdict(old) == "acme")
        #expect(try fixture.verdict(new) == "acme")
        let snapshot = try fixture.store.load()
        #expect(snapshot.tenants[0].credential?.withBytes { $0.text } == "kk_live_acme")
        #expect(snapshot.tenants[0].identity == identity)
        #expect(try fixture.editor.read().tenants[0].tokens.map { $0.pepper == nil } == [true, false])
    }

    @Test func thereIsABoundToTheLines() throws {
        let fixture = try StoreFixture()
        let line = String(repeating: "pepper ", count: 8) + "\r\n\n"
        try fixture.folder.write(String(repeating: line, count: 9), to: "pepper.key")

        let failure = #expect(throws: AccessFailure.self) { try fixture.addTenant("acme") }

        #expect(failure?.description.contains("has 9 lines; allowed: 1 to 8") == true)
    }

    @Test func aPepperIsChangedWithoutAnythingFailing() throws {
        let fixture = try StoreFixture()
        try fixture.addTenant("acme")
        let old = try fixture.issue("acme")
        let sealed = try fixture.editor.read().tenants[0].upstreamToken

        let rotation = try fixture.editor.rotatePepper()
        let new = try fixture.issue("acme")

        #expect(rotation.peppers.count == 2 && rotation.sealedCount == 1 && rotation.retired.isEmpty)
        #expect(try fixture.editor.read().tenants[0].upstreamToken != sealed)
        #expect(try fixture.folder.permissions(of: "pepper.key") == 0o600)
        for token in [old, new] { #expect(try fixture.verdict(token) == "acme") }
    }

    @Test func whoReadsBetweenPepperAndStoreFindsEverything() throws {
        let fixture = try StoreFixture()
        try fixture.addTenant("acme")
        let token = try fixture.issue("acme")
        let before = try fixture.folder.text(of: "tenants.json")

        _ = try fixture.editor.rotatePepper()
        // The pepper is written first: this is what a gateway may read in between.
        try fixture.folder.write(before, to: "tenants.json")

        #expect(try fixture.verdict(token) == "acme")
        #expect(try fixture.store.load().warnings == [])
    }

    @Test func aPepperIsRetiredOnceNothingNeedsIt() throws {
        let fixture = try StoreFixture()
        try fixture.addTenant("acme")
        let old = try fixture.issue("acme")
        _ = try fixture.editor.rotatePepper()
        let new = try fixture.issue("acme")

        let early = try fixture.editor.retirePeppers()
        try fixture.editor.removeToken(old.id)
        let late = try fixture.editor.retirePeppers()

        #expect(early.retired.isEmpty && early.peppers.count == 2)
        #expect(late.retired == [early.peppers[1]] && late.peppers == [early.peppers[0]])
        #expect(try fixture.verdict(new) == "acme")
        #expect(try fixture.store.load().tenants[0].credential?.withBytes { $0.text } == "kk_live_acme")
        #expect(try fixture.verdict(fixture.issue("acme")) == "acme")
    }

    @Test func aTokenWhosePepperIsGoneIsRefusedAndTold() throws {
        let fixture = try StoreFixture()
        try fixture.addTenant("acme")
        _ = try fixture.editor.rotatePepper()
        let token = try fixture.issue("acme")
        let lines = try fixture.folder.text(of: "pepper.key").split(separator: "\n")

        try fixture.folder.write(lines[1] + "\n", to: "pepper.key")

        #expect(try fixture.verdict(token) == "token_digest_mismatch")
        #expect(try fixture.store.load().warnings.contains { $0.contains("its pepper is gone") })
    }

    @Test func whatDoesNotOpenStopsTheChangeBeforeItBegins() throws {
        let fixture = try StoreFixture()
        try fixture.addTenant("acme")
        let pepper = try fixture.folder.text(of: "pepper.key")
        let store = try fixture.folder.text(of: "tenants.json")
        try fixture.folder.write(store.replacing("\"acme\"", with: "\"other\""), to: "tenants.json")

        let failure = #expect(throws: AccessFailure.self) { _ = try fixture.editor.rotatePepper() }

        #expect(failure?.description.contains("nothing was changed") == true)
        #expect(try fixture.folder.text(of: "pepper.key") == pepper)
    }

    @Test func whatIsSealedForOnePlaceOpensThereOnly() throws {
        let fixture = try StoreFixture()
        try fixture.addTenant("acme")
        let context = SealingContext(tenant: "acme", field: "upstream_token_next")

        let text = try fixture.editor.seal(Secret("kk_next"), for: context)

        let pepper = try fixture.folder.text(of: "pepper.key")
        let keys = AccessKeys(pepper: Array(pepper.utf8.dropLast()).span)
        #expect(keys.open(text, of: "acme", "upstream_token_next")?.withBytes { $0.text } == "kk_next")
        #expect(keys.open(text, of: "acme", "upstream_token") == nil)
        #expect(keys.open(text, of: "beta", "upstream_token_next") == nil)
    }
}
