import Foundation
import KayleStandIn
import Testing

@testable import GatewayCore

/// The commands of docs/limits.md against a gateway with the plan and the route that the page shows.
@Suite(.timeLimit(.minutes(2)))
struct LimitsPageTests {
    private static let key = "kk_acme0secret000000000000000"

    /// The JSON of the page that begins so, as the value of one member.
    private func shown(_ page: String, _ beginning: String) throws -> Any {
        let block = page.components(separatedBy: "```json\n").dropFirst()
            .compactMap { $0.components(separatedBy: "\n```").first }.first { $0.hasPrefix(beginning) }
        let text = try #require(block)
        let object = text.hasPrefix("{") ? text : "{\(text)}"
        return try JSONSerialization.jsonObject(with: Data(object.utf8))
    }

    @Test func everyCommandDoesWhatThePageShows() throws {
        let page = try RecordedFile("docs/limits.md").text
        let standIn = try KayleStandIn.launch(
            StandInConfiguration(organizations: [.init(name: "acme", keys: [Self.key])]))
        let stage = try CommandStage(upstream: standIn.url)
        let plans = try shown(page, #""plans""#) as? [String: Any]
        let route = try shown(page, #"{ "name""#)
        try stage.configure {
            $0["plans"] = plans?["plans"]
            $0["routes"] = [route, ["name": "rest", "path": "/v1/*"]]
        }
        let token = try stage.addTenant("acme", upstreamToken: Self.key)
        let gateway = try ServedGateway(stage)
        let script = "#!/bin/sh\nexec '\(Program.gateway)' \"$@\" --config running.json\n"
        try stage.write(script, to: "kayle-gateway")
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o755], ofItemAtPath: stage.path("kayle-gateway"))
        let environment = [
            "PATH": "\(stage.folder):/usr/bin:/bin", "TOKEN": token,
            "GATEWAY": "http://127.0.0.1:\(gateway.port)",
        ]
        var count = 0

        for block in page.components(separatedBy: "```\n$ ").dropFirst() {
            let text = block.components(separatedBy: "\n```").first ?? ""
            for step in text.components(separatedBy: "\n$ ") {
                let lines = step.components(separatedBy: "\n")
                let finished = try Program.run(
                    "/bin/sh", ["-c", lines[0]], environment: environment, folder: stage.folder)
                let real = finished.output.split(whereSeparator: \.isNewline).map(String.init)

                #expect(Self.shape(Array(lines.dropFirst())) == Self.shape(real), "\(lines[0])")
                count += 1
            }
        }
        #expect(count == 4)
    }

    /// The lines without what time alone changes: the seconds until midnight, and what has grown back.
    private static func shape(_ lines: [String]) -> [String] {
        lines.filter { !$0.isEmpty }.map {
            $0.replacing(/("daily";r=[0-9]+;t=)[0-9]+/) { "\($0.1)" }
                .replacing(/"tenant";r=(199|200);/, with: "\"tenant\";r=N;")
        }
    }
}
