import Foundation
import Glibc
import Testing

@testable import GatewayCore

/// `kayle-gateway demo`: what it prints is pasted into a shell, line by line, and answers as it says.
@Suite(.timeLimit(.minutes(2)))
struct DemoCommandTests {
    private let demo: Program
    private let lines: [String]
    private let folder: String

    init() throws {
        demo = try Program(
            Program.gateway, ["demo", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
        let printed = demo.output.first(/(?s)\A.*everything lies in (\S+) until.*\ntail [^\n]+\n/)
        let script = try #require(printed, "the demo does not start: \(demo.errors.text)")
        lines = script.0.split(separator: "\n").map(String.init)
        folder = String(script.1)
    }

    /// Pastes a line into a shell.
    private func paste(_ line: String) throws -> String {
        let pasted = try Program.run("/bin/sh", ["-c", line])
        #expect(pasted.status == 0, "\(line): \(pasted.errors)")
        return pasted.output
    }

    private func curlLines() -> [String] { lines.filter { $0.hasPrefix("curl ") } }

    @Test func everyPrintedLineWorksAndShowsWhatItIsSaidToShow() throws {
        let curl = curlLines()
        try #require(curl.count == 10)

        let miss = try paste(curl[0])
        let hit = try paste(curl[1])
        let (page, other) = try (paste(curl[2]), paste(curl[3]))
        let (query, token, write) = try (paste(curl[4]), paste(curl[5]), paste(curl[6]))
        let afterWrite = try paste(curl[0])
        let statuses = try paste(curl[7]).split(separator: "\n")
        let (metrics, status) = try (paste(curl[8]), paste(curl[9]))
        let tail = try #require(lines.first { $0.hasPrefix("tail ") })
        // Lines are handed over a few times per second.
        let isLogged = try eventually { try paste(tail).contains(#""route":"sessions.list""#) }
        let log = try paste(tail)

        #expect(miss.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(miss.contains("Cache-Status: kayle-gateway; fwd=uri-miss; fwd-status=200; stored\r\n"))
        #expect(hit.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(hit.contains("Cache-Status: kayle-gateway; hit; ttl="))
        #expect(try Self.sessions(page).count == 1 && Self.sessions(other).count == 1)
        #expect(page != other)
        #expect(ErrorDocument(Array(query.utf8))?.code == "INVALID_QUERY")
        #expect(ErrorDocument(Array(query.utf8))?.message.contains("limit") == true)
        #expect(ErrorDocument(Array(token.utf8))?.code == "UNAUTHORIZED")
        #expect(write.contains(#""data""#) && !write.contains(#""data":null"#))
        // Whether it is fetched anew depends on where the new session stands in the list.
        #expect(afterWrite.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(statuses.count == 30 && statuses.first == "200" && statuses.last == "429")
        #expect(metrics.contains("\nkayle_gateway_requests_total{"))
        #expect(status.contains(#""state": "ready""#))
        #expect(isLogged)
        #expect(log.split(separator: "\n").count <= 3)
    }

    @Test func itsFolderGoesWithItAndTheEndIsOrderly() throws {
        #expect(FileManager.default.fileExists(atPath: "\(folder)/gateway.pem"))

        demo.signal(SIGINT)
        let ended = try demo.finish()

        #expect(ended.status == 0)
        #expect(ended.errors == "")
        #expect(!FileManager.default.fileExists(atPath: folder))
    }

    private static func sessions(_ text: String) throws -> [Any] {
        let document = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        return document?["data"] as? [Any] ?? []
    }
}
