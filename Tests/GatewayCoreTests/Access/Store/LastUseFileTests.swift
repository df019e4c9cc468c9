import HTTPModel
import Testing

@testable import GatewayCore

struct LastUseFileTests {
    private static let tokens = ["000000000001", "000000000002", "000000000003"].compactMap { TokenID($0) }
    private static let known = Set(tokens)

    private func time(_ seconds: Int64) -> UTCTimestamp {
        UTCTimestamp(unixSeconds: AccessFixture.now.unixSeconds + seconds)
    }

    @Test func withoutAFileNothingWasUsed() throws {
        let fixture = try StoreFixture()

        #expect(try LastUseFile(fixture.credentials).read() == [:])
    }

    @Test func theLaterUseWinsWhoeverWroteIt() throws {
        let fixture = try StoreFixture()
        let file = LastUseFile(fixture.credentials)

        try file.merge([Self.tokens[0]: time(10), Self.tokens[1]: time(20)], known: Self.known)
        try file.merge([Self.tokens[0]: time(5), Self.tokens[2]: time(7)], known: Self.known)

        #expect(
            try file.read() == [
                Self.tokens[0]: time(10), Self.tokens[1]: time(20), Self.tokens[2]: time(7),
            ])
        #expect(try fixture.folder.permissions(of: "tenants.json.last-use") == 0o600)
    }

    @Test func tokensThatAreNoMoreAreForgotten() throws {
        let fixture = try StoreFixture()
        let file = LastUseFile(fixture.credentials)
        try file.merge([Self.tokens[0]: time(10), Self.tokens[1]: time(20)], known: Self.known)

        try file.merge([Self.tokens[2]: time(1)], known: [Self.tokens[1]])

        #expect(try file.read() == [Self.tokens[1]: time(20)])
    }

    @Test(arguments: ["", "{}", "[]", #"{"last_used":[]}"#, #"{"last_used":{"x":"y"}}"#])
    func aBrokenFileIsToldToReadersAndMadeAnewByWriters(text: String) throws {
        let fixture = try StoreFixture()
        let file = LastUseFile(fixture.credentials)
        try fixture.folder.write(text, to: "tenants.json.last-use")

        #expect(throws: AccessFailure.self) { try file.read() }
        try file.merge([Self.tokens[0]: time(1)], known: Self.known)

        #expect(try file.read() == [Self.tokens[0]: time(1)])
    }

    @Test func writersOnSeveralThreadsLoseNoUse() throws {
        let fixture = try StoreFixture()
        let credentials = fixture.credentials
        let ids = (0..<20).map { TokenID(value: UInt64($0)) }
        let time = time(1)

        TemporaryFolder.concurrently(20) { index in
            // A failure shows as a use that is missing.
            try? LastUseFile(credentials).merge([ids[index]: time], known: Set(ids))
        }

        #expect(try LastUseFile(credentials).read().count == 20)
    }
}
