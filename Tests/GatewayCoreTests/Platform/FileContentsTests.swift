import Foundation
import GatewayCore
import Testing

/// Whole small files, and everything that is none.
struct FileContentsTests {
    static func withFile(_ bytes: [UInt8], _ body: (String) throws -> Void) throws {
        let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try Data(bytes).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        try body(file.path)
    }

    @Test(arguments: [0, 1, 65_535, 65_536, 65_537, 200_000])
    func fileIsReadWholeUpToItsBound(count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }

        try Self.withFile(bytes) { path in
            let read = try FileContents.read(path, maximumBytes: count)

            #expect(read == bytes)
        }
    }

    @Test(arguments: [1, 65_536, 200_000])
    func fileOneByteAboveItsBoundIsRefused(count: Int) throws {
        try Self.withFile([UInt8](repeating: 0x20, count: count)) { path in
            #expect(throws: FileFailure.tooLarge(maximumBytes: count - 1)) {
                try FileContents.read(path, maximumBytes: count - 1)
            }
        }
    }

    @Test func whatIsNoFileIsRefusedWithoutWaiting() {
        #expect(throws: FileFailure.notAFile) { try FileContents.read("/", maximumBytes: 10) }
        #expect(throws: FileFailure.notAFile) { try FileContents.read("/dev/zero", maximumBytes: 10) }
    }

    @Test func reasonForAnAbsentFileIsTheSystems() {
        #expect(FileContents.whyUnreadable("/nowhere/file") == "cannot be read (No such file or directory)")
    }

    @Test func readableFileHasNoReason() throws {
        try Self.withFile([]) { path in
            #expect(FileContents.whyUnreadable(path) == nil)
        }
    }
}
