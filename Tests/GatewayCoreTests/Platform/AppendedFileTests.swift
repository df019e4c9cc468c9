import Testing

@testable import GatewayCore

struct AppendedFileTests {
    @Test func whatIsAppendedStandsBehindWhatWasThere() throws {
        let folder = try TemporaryFolder()
        let file = AppendedFile(path: folder["log"])

        try file.append(Array("one\n".utf8).span)
        try file.append(Array("two\n".utf8).span)

        #expect(try folder.text(of: "log") == "one\ntwo\n")
        #expect(try folder.permissions(of: "log") == 0o600)
    }

    @Test func theTailIsTheEndOfTheFile() throws {
        let folder = try TemporaryFolder()
        let file = AppendedFile(path: folder["log"])
        #expect(try file.tail(maximumBytes: 10) == [])

        try file.append(Array("one\ntwo\n".utf8).span)

        #expect(try file.tail(maximumBytes: 5) == Array("\ntwo\n".utf8))
        #expect(try file.tail(maximumBytes: 100) == Array("one\ntwo\n".utf8))
    }

    @Test func aLinkIsNotFollowed() throws {
        let folder = try TemporaryFolder()
        try folder.link("log", to: folder["elsewhere"])

        #expect(throws: AtomicFileFailure.self) { try AppendedFile(path: folder["log"]).append([1].span) }
        #expect(folder.names == ["log"])
    }

    @Test func aFullDiskIsAFailure() {
        #expect(throws: AtomicFileFailure.self) { try AppendedFile(path: "/dev/full").append([1].span) }
    }
}
