import Foundation
import Testing

@testable import GatewayCore

struct PrivateFolderTests {
    @Test func onlyThisUserMayEnterAndNoTwoAreTheSame() throws {
        let first = try #require(PrivateFolder.make(prefix: "kayle-test-"))
        let second = try #require(PrivateFolder.make(prefix: "kayle-test-"))

        let attributes = try FileManager.default.attributesOfItem(atPath: first)
        #expect(attributes[.posixPermissions] as? Int == 0o700)
        #expect(first != second)
        PrivateFolder.remove(first, files: [])
        PrivateFolder.remove(second, files: [])
    }

    @Test func whatIsNotListedStays() throws {
        let folder = try #require(PrivateFolder.make(prefix: "kayle-test-"))
        try Data("a".utf8).write(to: URL(filePath: "\(folder)/a"))
        try Data("b".utf8).write(to: URL(filePath: "\(folder)/b"))

        PrivateFolder.remove(folder, files: ["a", "missing"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["b"])
        PrivateFolder.remove(folder, files: ["b"])
        #expect(!FileManager.default.fileExists(atPath: folder))
    }
}
