import HTTPModel
import Settings
import Testing

@testable import GatewayCore

struct AuditLogTests {
    private let fixture: StoreFixture

    init() throws {
        fixture = try StoreFixture()
        try fixture.addTenant("acme")
        let token = try fixture.issue("acme")
        _ = try fixture.rotate(token.id, overlap: .seconds(60))
        try fixture.editor.revokeToken(token.id, now: AccessFixture.now)
    }

    private func lines() throws -> [String] {
        try fixture.folder.text(of: "tenants.json.audit").split(separator: "\n").map(String.init)
    }

    private func what() throws -> [String] {
        try lines().map { line in
            let document = try JSONDocument(Array(line.utf8))
            guard case .string(let what)? = document.root["what"]?.content else { return "?" }
            return what
        }
    }

    private func rewrite(_ lines: [String], end: String = "\n") throws {
        try fixture.folder.write(lines.joined(separator: "\n") + end, to: "tenants.json.audit")
    }

    @Test func everyChangeHasItsLine() throws {
        #expect(
            try what() == [
                "audit.begun", "tenant.added", "token.issued", "token.changed", "token.issued",
                "token.revoked",
            ])
        let line = try #require(try lines().last)
        #expect(
            line.contains(#""tenant":"acme""#) && line.contains(#""uid":"#) && line.contains(#""time":"20"#))
        #expect(try fixture.folder.permissions(of: "tenants.json.audit") == 0o600)
    }

    @Test func aChangeThatChangesNothingHasNoLine() throws {
        let before = try lines()
        let token = try #require(try fixture.editor.read().tenants[0].tokens.first)

        try fixture.editor.revokeToken(token.id, now: AccessFixture.now)

        #expect(try lines() == before)
    }

    @Test func noLineHoldsASecret() throws {
        let token = try fixture.issue("acme")
        let text = try lines().joined()

        #expect(!text.contains("kk_live"))
        #expect(!text.contains("hmac-sha256"))
        #expect(!text.contains(String(token.text.withBytes { $0.text }.dropFirst(17).prefix(31))))
    }

    @Test func aWholeLogIsWhole() throws {
        guard case .whole(let count, let head, let describesStore) = try fixture.editor.verifyAudit() else {
            Issue.record("it is broken")
            return
        }

        #expect(count == 6)
        #expect(head == Digest.sha256(Array(try #require(try lines().last).utf8).span).hexadecimal)
        #expect(describesStore)
    }

    @Test func anyChangedByteShowsAtTheLineAfterIt() throws {
        let lines = try lines()
        for number in lines.indices.dropLast() {
            var changed = lines
            changed[number] = changed[number].replacing("\"time\":\"2", with: "\"time\":\"3")

            try rewrite(changed)

            guard case .broken(let line, _) = try fixture.editor.verifyAudit() else {
                Issue.record("a change of line \(number + 1) does not show")
                continue
            }
            #expect(line == number + 2)
        }
    }

    @Test func linesTakenOutPutInOrSwappedShow() throws {
        let lines = try lines()
        var without = lines
        without.remove(at: 2)
        var twice = lines
        twice.insert(lines[2], at: 3)
        var swapped = lines
        swapped.swapAt(2, 3)
        let headless = Array(lines.dropFirst())

        let found = try [without, twice, swapped, headless].map { lines -> Int? in
            try rewrite(lines)
            guard case .broken(let line, _) = try fixture.editor.verifyAudit() else { return nil }
            return line
        }

        #expect(found == [3, 4, 3, 1])
    }

    @Test func linesMissingAtTheEndShowByTheStore() throws {
        try rewrite(try lines().dropLast())

        guard case .whole(let count, _, let describesStore) = try fixture.editor.verifyAudit() else {
            Issue.record("what is left of it is whole")
            return
        }

        #expect(count == 5)
        #expect(!describesStore)
    }

    @Test func aCutLineShowsAndTheLogGoesOnBehindIt() throws {
        let lines = try lines()
        let cut = lines.dropLast() + [String(lines[5].prefix(40))]
        try rewrite(Array(cut), end: "")

        let found = try fixture.editor.verifyAudit()
        _ = try fixture.issue("acme")
        let after = try fixture.editor.verifyAudit()

        #expect(found == .broken(line: 6, why: "it is not a line of an audit log"))
        #expect(after == found)
        #expect(try self.lines().count == 8)
    }

    @Test func aStoreChangedByOthersIsTold() throws {
        let text = try fixture.folder.text(of: "tenants.json")
        try fixture.folder.write(text + " ", to: "tenants.json")

        _ = try fixture.issue("acme")

        #expect(try what().suffix(2) == ["store.changed_by_others", "token.issued"])
        #expect(try fixture.editor.verifyAudit() != .broken(line: 1, why: ""))
    }

    @Test func aChangeThatWasWrittenDownAndNotMadeIsTold() throws {
        // A command that was killed between its line and the store leaves this behind.
        let before = try fixture.folder.text(of: "tenants.json")
        _ = try fixture.issue("acme")
        try fixture.folder.write(before, to: "tenants.json")

        _ = try fixture.issue("acme")

        #expect(try what().suffix(3) == ["token.issued", "change.not_made", "token.issued"])
    }

    @Test func withoutAPlaceForTheLineNothingIsChanged() throws {
        let before = try fixture.folder.text(of: "tenants.json")
        try fixture.folder.remove("tenants.json.audit")
        try fixture.folder.link("tenants.json.audit", to: "/dev/full")

        #expect(throws: AccessFailure.self) { try fixture.issue("acme") }

        #expect(try fixture.folder.text(of: "tenants.json") == before)
    }

    @Test func manyAtOnceMakeOneChain() throws {
        let fixture = fixture

        TemporaryFolder.concurrently(12) { _ in _ = try? fixture.issue("acme") }

        guard case .whole(let count, _, let describesStore) = try fixture.editor.verifyAudit() else {
            Issue.record("it is broken")
            return
        }
        #expect(count == 18)
        #expect(describesStore)
    }
}
