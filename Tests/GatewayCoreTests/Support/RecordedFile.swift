import Foundation
import Testing

/// A file of the repository that a test compares with what the code says.
///
/// With `KAYLE_GATEWAY_RECORD=1` in the environment the file is written anew and the test fails all the same,
/// so that recording can never pass for testing.
struct RecordedFile {
    /// The folder of Package.swift.
    static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private let url: URL
    private let path: String

    init(_ path: String) {
        self.path = path
        url = Self.repository.appending(path: path)
    }

    /// The file's text.
    var text: String {
        get throws { String(decoding: try Data(contentsOf: url), as: UTF8.self) }
    }

    /// Expects the file to hold exactly this text.
    func expect(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        if ProcessInfo.processInfo.environment["KAYLE_GATEWAY_RECORD"] == "1" {
            try Data(text.utf8).write(to: url)
            Issue.record(
                "\(path) was recorded; read what changed and run again", sourceLocation: sourceLocation)
            return
        }
        let lines = try self.text.split(separator: "\n", omittingEmptySubsequences: false)
        let expected = text.split(separator: "\n", omittingEmptySubsequences: false)
        for (number, pair) in zip(lines, expected).enumerated() where pair.0 != pair.1 {
            Issue.record(
                """
                \(path):\(number + 1) differs; KAYLE_GATEWAY_RECORD=1 writes it anew
                file: \(pair.0)
                code: \(pair.1)
                """, sourceLocation: sourceLocation)
            return
        }
        #expect(lines.count == expected.count, "\(path) has another length", sourceLocation: sourceLocation)
    }
}
