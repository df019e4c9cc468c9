import Foundation
import HTTPModel
import Testing

@testable import GatewayCore

struct LogWriterTests {
    /// A directory of its own, gone with the test.
    private final class Directory {
        let path = FileManager.default.temporaryDirectory.appending(path: "kayle-log-\(UUID().uuidString)")
            .path

        init() throws {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }

        deinit {
            // A directory that stays behind harms nobody.
            try? FileManager.default.removeItem(atPath: path)
        }

        func lines(_ name: String) throws -> [String] {
            try String(contentsOfFile: "\(path)/\(name)", encoding: .utf8).split(separator: "\n").map(
                String.init)
        }
    }

    private func submit(_ text: String, to writer: LogWriter) {
        var buffer = ByteBuffer()
        buffer.append(Array(text.utf8).span)
        writer.submit(&buffer, lineCount: 1)
    }

    @Test func linesAreInTheFileInOrderOnceTheWriterIsClosed() throws {
        let directory = try Directory()
        let writer = try LogWriter(target: .file(path: "\(directory.path)/access.log"))
        for number in 0..<5 { submit("line \(number)\n", to: writer) }

        let isComplete = writer.close()

        #expect(isComplete)
        #expect(try directory.lines("access.log") == (0..<5).map { "line \($0)" })
        #expect(writer.droppedLineCount == 0)
    }

    @Test func aSubmittedBufferComesBackEmpty() throws {
        let directory = try Directory()
        let writer = try LogWriter(target: .file(path: "\(directory.path)/access.log"))
        var buffer = ByteBuffer()
        buffer.append("x\n")

        writer.submit(&buffer, lineCount: 1)

        let isEmpty = buffer.isEmpty
        #expect(isEmpty)
        writer.close()
    }

    @Test func whatIsWrittenAndWhatIsDroppedIsEverything() throws {
        let directory = try Directory()
        let writer = try LogWriter(target: .file(path: "\(directory.path)/access.log"))

        Crowd.run(4) { number in
            for line in 0..<2_000 {
                var buffer = ByteBuffer()
                buffer.append(Array("\(number) \(line)\n".utf8).span)
                writer.submit(&buffer, lineCount: 1)
            }
        }
        writer.close()

        let lines = try directory.lines("access.log")
        #expect(lines.count + Int(writer.droppedLineCount) == 8_000)
        #expect(Set(lines).count == lines.count)
        #expect(lines.allSatisfy { $0.split(separator: " ").count == 2 })
    }

    @Test func aRotatedFileIsOpenedAnew() throws {
        let directory = try Directory()
        let path = "\(directory.path)/access.log"
        let writer = try LogWriter(target: .file(path: path))
        try FileManager.default.moveItem(atPath: path, toPath: path + ".1")

        writer.reopen()
        submit("after\n", to: writer)
        writer.close()

        #expect(try directory.lines("access.log") == ["after"])
    }

    @Test func aFileThatCannotBeOpenedAnewGoesOnBeingWritten() throws {
        let directory = try Directory()
        let path = "\(directory.path)/logs/access.log"
        try FileManager.default.createDirectory(
            atPath: "\(directory.path)/logs", withIntermediateDirectories: true)
        let writer = try LogWriter(target: .file(path: path))
        try FileManager.default.moveItem(
            atPath: "\(directory.path)/logs", toPath: "\(directory.path)/moved")

        writer.reopen()
        submit("still here\n", to: writer)
        writer.close()

        #expect(try directory.lines("moved/access.log") == ["still here"])
        #expect(writer.failureCount == 1)
    }

    @Test func linesOfAFullDiskAreDroppedAndCounted() throws {
        let writer = try LogWriter(target: .file(path: "/dev/full"))

        submit("lost\n", to: writer)
        writer.close()

        #expect(writer.droppedLineCount == 1)
        #expect(writer.failureCount == 1)
    }

    @Test func aClosedWriterDropsAndCounts() throws {
        let directory = try Directory()
        let writer = try LogWriter(target: .file(path: "\(directory.path)/access.log"))
        writer.close()

        submit("late\n", to: writer)

        #expect(writer.droppedLineCount == 1)
        #expect(try directory.lines("access.log").isEmpty)
    }

    @Test func aFileThatCannotBeOpenedIsAFailureOfTheStart() {
        #expect(throws: LogWriterFailure.cannotOpen(path: "/nowhere/at/all", errno: 2)) {
            try LogWriter(target: .file(path: "/nowhere/at/all"))
        }
    }
}
