import HTTPModel
import KayleStandIn
import Testing

@testable import GatewayCore

@Suite(.timeLimit(.minutes(2)))
struct FirstPageTests {
    private let gateway: GatewayUnderTest
    private let standIn: RunningStandIn

    init() throws {
        standIn = try KayleStandIn.launch(
            StandInConfiguration(organizations: [
                .init(name: "acme", keys: ["kk_acme"], sessionCount: 60),
                .init(name: "globex", keys: ["kk_globex"], sessionCount: 60),
            ]))
        gateway = try GatewayUnderTest(upstream: standIn.url)
    }

    @Test func aPageIsByteForByteTheUpstreamsAndTheSecondTimeAHit() throws {
        let truth = standIn.truth("/v1/sessions?limit=20", key: "kk_acme")
        let client = try RawConnection(port: gateway.port)

        client.send(gateway.request("GET", "/v1/sessions?limit=20"))
        let first = client.answer()
        client.send(gateway.request("GET", "/v1/sessions?foo=bar&limit=020"))
        let second = client.answer()

        #expect(first.status == 200)
        #expect(first.body == truth.body)
        #expect(first.value("Cache-Status") == "kayle-gateway; fwd=uri-miss; fwd-status=200; stored")
        #expect(second.body == truth.body)
        #expect(second.value("Cache-Status")?.hasPrefix("kayle-gateway; hit; ttl=") == true)
        #expect(standIn.control.requestCount == 1)
    }

    @Test func theUpstreamSeesTheTenantsOwnKeyAndNeverAGatewayToken() throws {
        let client = try RawConnection(port: gateway.port)

        client.send(gateway.request("GET", "/v1/sessions", tenant: "globex"))
        _ = client.answer()
        client.send(gateway.request("POST", "/v1/sessions", tenant: "acme", fields: "Content-Length: 0\r\n"))
        _ = client.answer()

        let keys = standIn.control.requests.map { $0.values("Authorization") }
        #expect(keys == [["Bearer kk_globex"], ["Bearer kk_acme"]])
        #expect(standIn.control.alarms.isEmpty)
    }

    @Test func oneTenantsWriteMakesItsOwnPagesUselessAndNobodyElses() throws {
        let client = try RawConnection(port: gateway.port)
        func page(_ tenant: String) -> RawConnection.Answer {
            client.send(gateway.request("GET", "/v1/sessions", tenant: tenant))
            return client.answer()
        }
        func status(_ tenant: String) -> String { page(tenant).value("Cache-Status") ?? "" }
        let id = try #require(page("acme").text.firstMatch(of: #/vs_[a-z0-9]{64}/#)).output
        _ = status("globex")

        client.send(
            gateway.request("POST", "/v1/sessions/\(id)/cancel", fields: "Content-Length: 0\r\n"))
        #expect(client.answer().status == 204)

        #expect(status("globex").contains("hit"))
        #expect(status("acme").contains("fwd=uri-miss"))
    }

    @Test func twoHundredEqualMissesAreOneUpstreamRequest() throws {
        standIn.control.inject(Fault(.delay(milliseconds: 300), times: 1))
        let clients = try (0..<200).map { _ in try RawConnection(port: gateway.port) }

        for client in clients { client.send(gateway.request("GET", "/v1/sessions?limit=3")) }
        let answers = clients.map { $0.answer() }

        #expect(standIn.control.requestCount == 1)
        #expect(Set(answers.map(\.body)).count == 1)
        #expect(answers.allSatisfy { $0.status == 200 && $0.isWhole })
        #expect(answers.contains { $0.value("Cache-Status")?.contains("collapsed") == true })
    }
}
