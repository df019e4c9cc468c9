import Foundation
import Glibc
import KayleStandIn
import Testing

@testable import GatewayCore

/// `kayle-gateway purge` and `kayle-gateway status`, which ask the running gateway.
@Suite(.timeLimit(.minutes(2)))
struct AdminCommandTests {
    private let standIn: RunningStandIn
    private let stage: CommandStage
    private let token: String
    private let gateway: ServedGateway

    init() throws {
        standIn = try KayleStandIn.launch(
            StandInConfiguration(organizations: [.init(name: "acme", keys: ["kk_acme"])]))
        stage = try CommandStage(upstream: standIn.url)
        token = try stage.addTenant("acme", upstreamToken: "kk_acme")
        gateway = try ServedGateway(stage)
    }

    private func cacheStatus(_ target: String) throws -> String {
        let client = try RawConnection(port: gateway.port)
        client.send("GET \(target) HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer \(token)\r\n\r\n")
        return client.answer().value("Cache-Status") ?? ""
    }

    private func run(_ arguments: [String]) throws -> Program.Finished {
        try stage.run(arguments, config: "running.json")
    }

    @Test func aPurgeTellsHowManyEntriesWentAndTheyAreGone() throws {
        for limit in 1...3 { _ = try cacheStatus("/v1/sessions?limit=\(limit)") }
        #expect(try cacheStatus("/v1/sessions?limit=1").contains("hit"))

        let purged = try run(["purge", "--tenant", "acme", "--route", "sessions.list"])
        let again = try stage.document(["purge", "--tenant", "acme"], config: "running.json")

        #expect(purged.status == 0)
        #expect(purged.output == "purged 3\n")
        #expect(purged.errors == "")
        #expect(again as? [String: Int] == ["purged": 0])
        #expect(try cacheStatus("/v1/sessions?limit=1").contains("fwd=uri-miss"))
    }

    @Test func aSoftPurgeTellsHowManyEntriesAreStale() throws {
        for limit in 1...3 { _ = try cacheStatus("/v1/sessions?limit=\(limit)") }

        let softened = try run(["purge", "--tenant", "acme", "--soft"])

        #expect(softened.status == 0)
        #expect(softened.output == "made 3 stale\n")
        #expect(try !cacheStatus("/v1/sessions?limit=1").contains("hit"))
    }

    @Test func whatTheGatewayDoesNotKnowIsStatus65() throws {
        let refused = try [["--tenant", "nobody"], ["--tenant", "acme", "--route", "nothing"]]
            .map { try run(["purge"] + $0) }

        #expect(refused.map(\.status) == [65, 65])
        #expect(refused.allSatisfy { $0.output == "" && $0.errors.contains("no such tenant or route") })
    }

    @Test func statusIsOneDocumentAndWatchingGivesMoreUntilInterrupted() throws {
        let told = try run(["status"])
        let watching = try Program(
            Program.gateway, ["status", "--watch", "--config", stage.path("running.json")])
        let twice = watching.output.first(/"uptime_seconds"[^@]*"uptime_seconds"/)
        watching.signal(SIGINT)
        let ended = try watching.finish()

        #expect(told.status == 0)
        let document = try JSONSerialization.jsonObject(with: Data(told.output.utf8)) as? [String: Any]
        #expect(document?["state"] as? String == "ready")
        #expect(document?["version"] as? String == GatewayVersion.text)
        #expect(!told.output.contains(CommandStage.adminToken))
        #expect(twice != nil)
        #expect(ended.status == 128 + SIGINT)
    }

    @Test func aGatewayThatDoesNotAnswerIsStatus69() throws {
        let port = gateway.adminPort
        gateway.program.signal(SIGTERM)
        let ended = try gateway.program.finish()

        let refused = try [["status"], ["purge", "--tenant", "acme"]].map { try run($0) }

        #expect(ended.status == 0)
        #expect(refused.map(\.status) == [69, 69])
        #expect(refused.allSatisfy { $0.output == "" && $0.errors.contains("127.0.0.1:\(port)") })
    }

    @Test func aWrongAdminTokenIsToldAndNotShown() throws {
        try stage.write("adm_another_token_of_the_same_kind\n", to: "admin.token")

        let refused = try run(["status"])

        #expect(refused.status == 78)
        #expect(refused.output == "")
        #expect(refused.errors.contains("401"))
        #expect(!refused.errors.contains("adm_"))
    }
}
