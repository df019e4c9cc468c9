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
}
