import HTTPModel
import KayleStandIn
import Testing

@testable import GatewayCore

/// Answers for the cache come in gzip where the upstream can, and nobody sees a difference.
@Suite(.timeLimit(.minutes(2)))
struct UpstreamGzipTests {
    private let standIn: RunningStandIn
    private static let list = "/v1/sessions?limit=50"

    init() throws {
        standIn = try KayleStandIn.launch(
            StandInConfiguration(organizations: [.init(name: "acme", keys: ["kk_acme"], sessionCount: 80)]))
    }

    private func gateway(_ upstream: String = "") throws -> GatewayUnderTest {
        var options = GatewayUnderTest.Options()
        options.tenants = ["acme": "kk_acme"]
        options.upstream = #", "circuit": { "failures": 0 }, "retry": { "count": 0 }"# + upstream
        return try GatewayUnderTest(upstream: standIn.url, options)
    }

    private func truth(_ target: String = Self.list) -> [UInt8] {
        standIn.truth(target, key: "kk_acme").body
    }

    @Test func aPageInGzipIsTheSamePage() throws {
        let gateway = try gateway()
        let plain = try gateway.ask("GET", Self.list)
        _ = try gateway.askAdmin("POST", "/purge", body: #"{"tenant": "acme"}"#)
        standIn.control.inject(Fault(.gzip, path: "/v1/*"))
        standIn.control.inject(Fault(.chunked(pieceBytes: 1_000), path: "/v1/*"))

        let page = try gateway.ask("GET", Self.list, fields: "Accept-Encoding: br\r\n")
        let hit = try gateway.ask("GET", Self.list)
        let slice = try gateway.ask("GET", "/v1/sessions?limit=5")

        #expect(page.body == truth() && hit.body == truth())
        #expect(page.value("Content-Encoding") == nil)
        #expect(page.value("ETag") == plain.value("ETag"))
        #expect(page.value("Cache-Status")?.hasSuffix("stored") == true)
        #expect(slice.body == truth("/v1/sessions?limit=5"))
        #expect(standIn.control.requests.map { $0.values("Accept-Encoding") } == [["gzip"], ["gzip"]])
        #expect(try gateway.metric("kayle_gateway_upstream_gzip_answers_total") == 1)
    }

    @Test func theUpstreamIsNotAskedForGzipWhereThatIsSwitchedOff() throws {
        let gateway = try gateway(#", "accept_encoding": "identity""#)
        standIn.control.inject(Fault(.gzip, path: "/v1/*"))

        #expect(try gateway.ask("GET", Self.list).body == truth())
        #expect(standIn.control.requests.map { $0.values("Accept-Encoding") } == [[]])
    }

    @Test func requestsThatPassThroughKeepTheCodingsOfTheirClients() throws {
        let gateway = try gateway()

        _ = try gateway.ask("GET", "/v1/webhooks/endpoints", fields: "Accept-Encoding: br\r\n")

        #expect(standIn.control.requests.map { $0.values("Accept-Encoding") } == [["br"]])
    }

    @Test func anAnswerThatIsNotStoredIsDecodedOnItsWayThrough() throws {
        let gateway = try gateway()
        standIn.control.inject(
            Fault(.fields([("Cache-Control", "no-store"), ("ETag", "\"v1\"")]), path: "/v1/*"))
        standIn.control.inject(Fault(.gzip, path: "/v1/*"))

        let answer = try gateway.ask("GET", Self.list)

        #expect(answer.body == truth() && answer.isWhole)
        #expect(answer.value("Content-Encoding") == nil && answer.value("Content-Length") == nil)
        // Other bytes than those that the strong tag stood for.
        #expect(answer.value("ETag") == "W/\"v1\"")
    }

    @Test(arguments: ["cut", "cut before the end of the gzip", "not gzip", "checksum", "bomb"])
    func aBrokenCodingIsACleanRefusalAndIsNotStored(kind: String) throws {
        let gateway = try gateway()
        var member = Encoding.gzip(truth())
        switch kind {
        case "cut": standIn.control.inject(Fault(.breakOff(afterBodyBytes: 100, .closed), times: 1))
        case "cut before the end of the gzip": member.removeLast(3)
        case "not gzip": member = truth()
        case "checksum": member[member.count - 7] ^= 1
        default: member = Encoding.gzip([UInt8](repeating: 0, count: 1 << 24))
        }
        standIn.control.inject(
            Fault(
                .answer(
                    status: 200,
                    fields: [("Content-Type", "application/json"), ("Content-Encoding", "gzip")],
                    body: member), times: 1))

        let refusal = try gateway.ask("GET", Self.list)
        let next = try gateway.ask("GET", Self.list)

        #expect(refusal.status == 502 && refusal.isWhole)
        #expect(next.body == truth())
        #expect(next.value("Cache-Status") == "kayle-gateway; fwd=uri-miss; fwd-status=200; stored")
    }

    @Test func aCodingThatNobodyAskedForIsPassedOnAsItIs() throws {
        let gateway = try gateway()
        standIn.control.inject(Fault(.fields([("Content-Encoding", "br")]), path: "/v1/*", times: 1))

        let answer = try gateway.ask("GET", Self.list)

        #expect(answer.value("Content-Encoding") == "br" && answer.body == truth())
        #expect(answer.value("Cache-Status")?.contains("detail=content-encoded") == true)
    }

    @Test func aPageInGzipIsConfirmedByItsValidator() throws {
        let gateway = try gateway()
        standIn.control.inject(Fault(.fields([("ETag", "\"v1\"")]), path: "/v1/*", times: 1))
        standIn.control.inject(Fault(.gzip, path: "/v1/*", times: 1))
        _ = try gateway.ask("GET", Self.list)
        _ = try gateway.askAdmin("POST", "/purge", body: #"{"tenant": "acme", "soft": true}"#)
        standIn.control.inject(
            Fault(.answer(status: 304, fields: [("ETag", "\"v1\"")], body: []), path: "/v1/*", times: 1))

        let answer = try gateway.ask("GET", Self.list)

        #expect(standIn.control.requests.last?.values("If-None-Match") == ["W/\"v1\""])
        #expect(answer.status == 200 && answer.body == truth())
        #expect(answer.value("Cache-Status") == "kayle-gateway; fwd=stale; fwd-status=304; stored")
    }
}
