import Foundation
import Testing

@testable import GatewayCore

struct FolderWatchTests {
    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = try #require(PrivateFolder.make(prefix: "kayle-test-"))
        defer { PrivateFolder.remove(folder, files: ["a", "b", "c"]) }
        try body(folder)
    }

    @Test func aFileThatIsPutInPlaceIsNews() throws {
        try withFolder { folder in
            var watch = try FolderWatch(folder: folder)
            let before = watch.drain(for: "a")

            try Data("a".utf8).write(to: URL(filePath: "\(folder)/b"))
            try FileManager.default.moveItem(atPath: "\(folder)/b", toPath: "\(folder)/a")
            let after = watch.drain(for: "a")
            let later = watch.drain(for: "a")

            #expect([before, after, later] == [.quiet, .file, .quiet])
        }
    }

    @Test func anotherFileIsNewsOfTheFolderOnly() throws {
        try withFolder { folder in
            var watch = try FolderWatch(folder: folder)

            try Data("b".utf8).write(to: URL(filePath: "\(folder)/b"))
            let news = watch.drain(for: "a")

            #expect(news == .folder)
        }
    }

    @Test func aFileThatGoesIsNewsOfTheFolder() throws {
        try withFolder { folder in
            try Data("a".utf8).write(to: URL(filePath: "\(folder)/a"))
            var watch = try FolderWatch(folder: folder)

            try FileManager.default.removeItem(atPath: "\(folder)/a")
            let news = watch.drain(for: "a")

            #expect(news == .folder)
        }
    }

    @Test func aFolderThatIsNotThereCannotBeWatched() {
        do {
            _ = try FolderWatch(folder: "/nonexistent")
            Issue.record("watching nothing")
        } catch {
            #expect("\(error)".hasPrefix("inotify_add_watch: "))
        }
    }
}
