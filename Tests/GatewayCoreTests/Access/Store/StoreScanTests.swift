import HTTPModel
import Settings
import Testing

@testable import GatewayCore

/// The quick reading of a store against the careful one, and a store that is read again and again, as a
/// running gateway does.
struct StoreScanTests {
    private static let file = "etc/tenants.json"
    private static let plans = ["free", "standard"]

    private func reading(
        _ read: () throws(SettingsFailure) -> TenantStore
    ) -> Result<TenantStore, SettingsFailure> {
        do throws(SettingsFailure) { return .success(try read()) } catch { return .failure(error) }
    }

    /// Reads a text in both ways, which must agree, and gives what it says.
    @discardableResult
    private func readInBothWays(_ text: [UInt8]) -> Result<TenantStore, SettingsFailure> {
        let careful = reading { () throws(SettingsFailure) in
            try TenantStore(carefully: text, file: Self.file, plans: Self.plans)
        }
        let usual = reading { () throws(SettingsFailure) in
            try TenantStore(text, file: Self.file, plans: Self.plans)
        }
        #expect(usual == careful, "\(String(decoding: text, as: UTF8.self))")
        return careful
    }

    /// A store in which every key occurs, and every kind of secret.
    private func richStore() throws -> TenantStore {
        var fixture = AccessFixture()
        fixture.addTenant("acme")
        _ = fixture.addToken([.sessionsRead, .webhooksWrite], begins: -5, ends: 5, revoked: 0, rotated: -1)
        let blocks = try ["10.0.0.0/8", "::1"].map { try #require(AddressBlock($0)) }
        _ = fixture.addToken(
            allow: blocks, created: 0,
            ceilings: try #require(TokenCeilings(maximumLimit: 20, routes: ["sessions.list", "rest"])))
        fixture.store.tenants[0].tokens.append(
            StoredToken(
                id: TokenID(value: 7), name: "Käthe's \"laptop\" 😀", digest: .zero, scopes: .analyticsRead,
                pepper: "2026-11", allow: []))
        var second = StoredTenant(id: "b", plan: "free", upstreamToken: .file("etc/b.key"))
        second.upstreamTokenNext = .sealed("AX7k")
        (second.organization, second.allow) = ("umbrella", blocks)
        fixture.store.tenants.append(second)
        return fixture.store
    }

    /// The same JSON in other spellings: what editors and configuration tools make of a file.
    static let respellings: [(name: String, respell: @Sendable (String) -> String)] = [
        ("as it is", { $0 }),
        (
            "with blanks everywhere",
            { text in
                text.replacing(":", with: " :\t").replacing(",", with: " ,\r\n").replacing(
                    "+00 :\t", with: "+00:")
            }
        ),
        ("on one line", { $0.replacing("\n", with: " ") }),
        (
            "with escapes",
            {
                $0.replacing("ä", with: "\\u00e4").replacing("😀", with: "\\ud83d\\uDE00").replacing(
                    "/", with: "\\/")
            }
        ),
    ]

    @Test(arguments: respellings.indices)
    func everySpellingOfAGoodStoreIsReadQuickly(index: Int) throws {
        let store = try richStore()
        let written = String(decoding: store.text(for: Self.file), as: UTF8.self)
        // Times and addresses hold colons and commas of their own, so only those between tokens are changed.
        var text = ""
        for (number, piece) in written.split(separator: "\"", omittingEmptySubsequences: false).enumerated() {
            let isOutside = number.isMultiple(of: 2) || index == 3
            text +=
                (number == 0 ? "" : "\"")
                + (isOutside ? Self.respellings[index].respell(String(piece)) : String(piece))
        }
        let bytes = Array(text.utf8)

        let tenants = StoreScan.tenants(bytes.span, file: Self.file, plans: Self.plans)

        #expect(tenants == store.tenants, "\(text)")
        #expect(try readInBothWays(bytes).get() == store)
    }

    @Test func whatIsNoStoreIsLeftToTheCarefulReading() {
        for text in [
            "", "{", "[]", "{}x", "null", "{\"tenants\":null}", "{\"tenants\":[1]}",
            "{\"tenants\":[],\"tenants\":[]}",
            "\u{FEFF}{}", "{\"tenants\":[{}]}", "{\"more\":1}",
        ] {
            #expect(StoreScan.tenants(Array(text.utf8).span, file: "f", plans: Self.plans) == nil, "\(text)")
            #expect(throws: SettingsFailure.self) { try readInBothWays(Array(text.utf8)).get() }
        }
        #expect(StoreScan.tenants(Array(" {} ".utf8).span, file: "f", plans: []) == [])
    }

    /// Pieces that are put anywhere: what a slip of the hand, a merge or another tool leaves in a file.
    private static let pieces = [
        ",", "{", "}", "[", "]", "\"", "\\", ":", "0", "-1", "1.0", "1000001", "null", "true", " ", "\n", "é",
        "\u{0}",
        "\"id\":\"a\",", "\"scopes\":[],", "\"scopes\":[\"sessions:read\",\"sessions:read\"],",
        "\"max_limit\":5,",
        "\"max_limit\":null,", "\"allow\":[\"10.0.0.0/8\"],", "\"routes\":[\"a\",\"a\"],", "\"more\":{},",
        "\"created_at\":\"2026-02-30T00:00:00Z\",", "\"name\":\"\\u0007\",", "\"name\":\"\\ud800\",",
        "\"organization\":\"\",", "\"upstream_token_next\":{\"env\":\"A\",\"file\":\"b\"},",
        "\"upstream_token_next\":{\"file\":\"a\\u0000\"},", "\"plan\":\"gold\",", "\"pepper\":\"\",",
        "{\"id\":\"b\"},",
    ]

    @Test func afterAnyEditsBothReadingsSayTheSame() throws {
        let good = try richStore().text(for: Self.file)
        var random = SeededNumbers(state: 20_261_128)
        var outcomes = (good: 0, bad: 0)

        for _ in 0..<400 {
            var text = good
            // Some edits heal each other or do no harm; most texts end broken.
            for _ in 0..<Int.random(in: 1...5, using: &random) {
                let start = Int.random(in: 0...text.count, using: &random)
                let end = min(text.count, start + Int.random(in: 0...40, using: &random))
                switch Int.random(in: 0..<6, using: &random) {
                case 0: text.removeSubrange(start..<end)
                case 1: text.insert(contentsOf: text[start..<end], at: start)
                case 2 where start < text.count: text[start] = UInt8.random(in: 0...255, using: &random)
                case 3: text.removeSubrange(end..<text.count)
                case 4:
                    // Behind the start of an object, where a member may be.
                    let opening = text[start..<text.count].firstIndex(of: UInt8(ascii: "{")) ?? 0
                    let piece = Self.pieces.randomElement(using: &random) ?? ""
                    text.insert(contentsOf: Array(piece.utf8), at: min(opening + 1, text.count))
                default:
                    let piece = Self.pieces.randomElement(using: &random) ?? ""
                    text.insert(contentsOf: Array(piece.utf8), at: start)
                }
                switch readInBothWays(text) {
                case .success: outcomes.good += 1
                case .failure: outcomes.bad += 1
                }
            }
        }

        #expect(outcomes.good > 20 && outcomes.bad > 400, "\(outcomes)")
    }

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
