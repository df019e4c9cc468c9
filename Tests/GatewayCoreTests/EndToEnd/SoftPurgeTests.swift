import HTTPModel
import KayleStandIn
import Testing

@testable import GatewayCore

/// A soft purge: nothing is fresh any more, and what may be given stale still is.
@Suite(.timeLimit(.minutes(2)))
struct SoftPurgeTests {
    private let standIn: RunningStandIn
    private static let list = "/v1/sessions?limit=20"

    init() throws {
        standIn = try KayleStandIn.launch(
            StandInConfiguration(organizations: [.init(name: "acme", keys: ["kk_acme"], sessionCount: 30)]))
    }

    private func gateway(_ cache: String) throws -> GatewayUnderTest {
        var options = GatewayUnderTest.Options()
        options.tenants = ["acme": "kk_acme"]
        // The time to live stands in quotes; what is closed here is opened again behind it.
        options.cacheTimeToLive = "1h\", \"jitter_percent\": 0, \(cache) \"by\": \"tenant"
        return try GatewayUnderTest(upstream: standIn.url, options)
    }

    private func purge(_ gateway: GatewayUnderTest) throws -> String {
        try gateway.askAdmin("POST", "/purge", body: #"{"tenant": "acme", "soft": true}"#).text
    }

    private func status(_ gateway: GatewayUnderTest, _ target: String = Self.list) throws -> String {
        try gateway.ask("GET", target).value("Cache-Status") ?? ""
    }

    @Test func nothingIsReadOffAPageThatWasMadeStale() throws {
        let gateway = try gateway("")
        _ = try gateway.ask("GET", Self.list)
        #expect(try status(gateway, "/v1/sessions?limit=5").contains("detail=page-slice"))

        #expect(try purge(gateway) == "{\"purged\":1}\n")

        #expect(try status(gateway, "/v1/sessions?limit=5").contains("fwd=uri-miss"))
        #expect(try status(gateway).contains("fwd="))
    }

    @Test func itIsGivenOnceMoreWhileOneRequestFetchesAnew() throws {
        let gateway = try gateway(#""stale_while_revalidate": "1h","#)
        let first = try gateway.ask("GET", Self.list)

        #expect(try purge(gateway) == "{\"purged\":1}\n")
        let stale = try gateway.ask("GET", Self.list)

        #expect(stale.value("Cache-Status")?.hasSuffix("detail=swr") == true)
        #expect(stale.body == first.body)
        #expect(
            try eventually {
                let status = try status(gateway)
                return status.contains("hit; ttl=") && !status.contains("detail")
            })
        #expect(standIn.control.requestCount == 2)
    }

    @Test func itIsGivenInPlaceOfAFailure() throws {
        let gateway = try gateway(#""stale_if_error": "1h","#)
        let first = try gateway.ask("GET", Self.list)
        _ = try purge(gateway)
        standIn.control.inject(Fault(.answer(status: 503, fields: [], body: []), path: "/v1/*"))

        let stale = try gateway.ask("GET", Self.list)

        #expect(stale.value("Cache-Status") == "kayle-gateway; fwd=stale; fwd-status=503; detail=sie")
        #expect(stale.body == first.body)
    }

    @Test func itIsConfirmedByTheUpstreamsValidator() throws {
        let gateway = try gateway("")
        standIn.control.inject(Fault(.fields([("ETag", "\"v1\"")]), path: "/v1/*", times: 1))
        let first = try gateway.ask("GET", Self.list)
        _ = try purge(gateway)
        standIn.control.inject(
            Fault(.answer(status: 304, fields: [("ETag", "\"v1\"")], body: []), path: "/v1/*", times: 1))

        let confirmed = try gateway.ask("GET", Self.list)

        #expect(confirmed.value("Cache-Status") == "kayle-gateway; fwd=stale; fwd-status=304; stored")
        #expect(confirmed.status == 200)
        #expect(confirmed.body == first.body)
        #expect(try status(gateway).contains("hit; ttl="))
    }

    @Test func aFetchUnderWayIsNotFreshAfterIt() throws {
        let gateway = try gateway("")
        standIn.control.inject(.hang(times: 1))
        let client = try RawConnection(port: gateway.port)
        client.send(gateway.request("GET", Self.list))
        #expect(eventually { standIn.control.requestCount == 1 })

        #expect(try purge(gateway) == "{\"purged\":0}\n")

        // Nobody joins the fetch of before.
        #expect(try status(gateway).contains("fwd=uri-miss; fwd-status=200; stored"))
        #expect(standIn.control.requestCount == 2)
    }
}
