import Foundation
import Glibc
import KayleStandIn
import Testing

@testable import GatewayCore

/// What limits remember of a gateway that has stopped, in order or not.
@Suite(.timeLimit(.minutes(2)))
struct LimitRestartTests {
    private let standIn: RunningStandIn
    private let stage: CommandStage
    private static let key = "kk_acme0secret000000000000000"

    init() throws {
        standIn = try KayleStandIn.launch(
            StandInConfiguration(organizations: [.init(name: "acme", keys: [Self.key])]))
        stage = try CommandStage(upstream: standIn.url)
    }

    private func limit(_ limit: [String: Any]) throws {
        try stage.configure { $0["plans"] = ["standard": ["limits": [limit]]] }
    }

    private func statuses(_ gateway: ServedGateway, _ count: Int, token: String) throws -> [Int] {
        let client = try RawConnection(port: gateway.port)
        return (0..<count).map { _ in
            client.send("GET /v1/sessions HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer \(token)\r\n\r\n")
            return client.answer().status
        }
    }

    @Test func aBucketGoesOnAfterADrain() throws {
        try limit(["name": "slow", "by": ["tenant"], "requests": 5, "per": "1h"])
        let token = try stage.addTenant("acme", upstreamToken: Self.key)
        let first = try ServedGateway(stage)
        let before = try statuses(first, 3, token: token)
        first.program.signal(SIGTERM)
        _ = try first.program.finish()

        let after = try statuses(try ServedGateway(stage), 3, token: token)

        #expect(before == [200, 200, 200])
        #expect(after == [200, 200, 429])
    }

    @Test func aQuotaGoesOnAfterKillNine() throws {
        try limit([
            "name": "day", "by": ["tenant"], "requests": 50, "per": "month", "time_zone": "Europe/Vienna",
        ])
        let token = try stage.addTenant("acme", upstreamToken: Self.key)
        var granted = 0
        for round in 0..<5 {
            let gateway = try ServedGateway(stage)
            granted += try statuses(gateway, 7 + round, token: token).count { $0 == 200 }
            gateway.program.signal(SIGKILL)
            _ = try gateway.program.finish()
        }
        #expect(granted == 45)

        let last = try statuses(try ServedGateway(stage), 10, token: token)

        // Exact to the request: what was answered was counted, and nothing else.
        #expect(last == [200, 200, 200, 200, 200, 429, 429, 429, 429, 429])
    }
}
