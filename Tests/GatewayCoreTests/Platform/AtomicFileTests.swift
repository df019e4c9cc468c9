import HTTPModel
import Synchronization
import Testing

@testable import GatewayCore

struct AtomicFileTests {
    private let folder: TemporaryFolder
    private let file: AtomicFile

    init() throws {
        folder = try TemporaryFolder()
        file = AtomicFile(path: folder["file"])
    }

    /// The reason why a call fails; `nil` if it does not.
    private func reason(_ call: () throws(AtomicFileFailure) -> Void) -> AtomicFileFailure.Reason? {
        do throws(AtomicFileFailure) {
            try call()
            return nil
        } catch {
            return error.reason
        }
    }

    @Test(arguments: [0, 1, 4_095, 4_096, 100_000])
    func whatIsWrittenIsRead(count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0) }

        try file.lock().replace(with: bytes.span)

        #expect(try file.read(maximumBytes: 100_000).bytes == bytes)
        #expect(folder.names == ["file", "file.lock"])
    }

    @Test func aFileLongerThanAllowedIsRefused() throws {
        try folder.write("12345", to: "file")

        #expect(try file.read(maximumBytes: 5).bytes.count == 5)
        #expect(
            reason { () throws(AtomicFileFailure) in _ = try file.read(maximumBytes: 4) }
                == .tooLarge(maximumBytes: 4))
    }

    @Test func whatIsNoFileIsRefusedWithItsReason() {
        func readReason(_ path: String) -> AtomicFileFailure.Reason? {
            reason { () throws(AtomicFileFailure) in _ = try AtomicFile(path: path).read(maximumBytes: 10) }
        }

        #expect(readReason(folder["nothing"]) == .missing)
        #expect(readReason(folder.path) == .notAFile)
        #expect(readReason("/dev/zero") == .notAFile)
    }

    @Test func aFileIsCreatedOnceAndForItsOwner() throws {
        try file.create(Array("first".utf8).span)
        let again = reason { () throws(AtomicFileFailure) in try file.create(Array("second".utf8).span) }

        #expect(again == .exists)
        #expect(try folder.text(of: "file") == "first")
        #expect(try folder.permissions(of: "file") == 0o600)
        #expect(folder.names == ["file"])
    }

    @Test func aSecondWriterWaitsForTheFirst() throws {
        let file = self.file
        let isHeld = Atomic(false)
        let overlaps = Atomic(0)

        TemporaryFolder.concurrently(8) { _ in
            for _ in 0..<10 {
                guard let locked = try? file.lock() else { return }
                if isHeld.exchange(true, ordering: .sequentiallyConsistent) {
                    overlaps.add(1, ordering: .sequentiallyConsistent)
                }
                _ = try? locked.replace(with: [1].span)
                isHeld.store(false, ordering: .sequentiallyConsistent)
            }
        }

        #expect(overlaps.load(ordering: .sequentiallyConsistent) == 0)
        #expect(try file.read(maximumBytes: 1).bytes == [1])
    }

    @Test func aLinkStaysALinkWhenItsFileIsReplaced() throws {
        try folder.write("old", to: "target")
        try folder.link("file", to: "target")

        try file.lock().replace(with: Array("new".utf8).span)

        #expect(try folder.text(of: "target") == "new")
        #expect(folder.isLink("file"))
    }

    @Test func everyReplacementHasItsOwnStamp() throws {
        let nothing = file.stamp
        try file.lock().replace(with: [1].span)
        let first = file.stamp
        try file.lock().replace(with: [2].span)
        let second = file.stamp

        #expect(nothing == nil)
        #expect(first != nil && second != nil && first != second)
    }

    @Test(arguments: [("file", ".", "file"), ("a/b", "a", "b"), ("/b", "/", "b"), ("/a/b", "/a", "b")])
    func aPathIsAFolderAndAName(path: String, folder: String, name: String) {
        #expect(AtomicFile(path: path).folder == folder)
        #expect(AtomicFile(path: path).name == name)
    }
}
