import HTTPModel
import KayleStandIn
import Testing

@testable import GatewayCore

/// Validators: what clients have is not sent again, and neither is what the gateway has.
@Suite(.timeLimit(.minutes(2)))
struct ConditionalTests {
    private let standIn: RunningStandIn
    private let gateway: GatewayUnderTest
    private static let list = "/v1/sessions"

    init() throws {
        standIn = try KayleStandIn.launch(
            StandInConfiguration(organizations: [
                .init(name: "acme", keys: ["kk_acme"], sessionCount: 30),
                .init(name: "globex", keys: ["kk_globex"], sessionCount: 3),
            ]))
        gateway = try GatewayUnderTest(upstream: standIn.url)
    }

    private func ask(
        _ target: String = list, method: String = "GET", ifNoneMatch: String
    ) throws -> RawConnection.Answer {
        try gateway.ask(method, target, fields: "If-None-Match: \(ifNoneMatch)\r\n")
    }

    @Test(arguments: ["{tag}", "W/{tag}", "\"other\", {tag}", "*", "\"a\",W/{tag},\"b\""])
    func whatTheClientHasIsConfirmed(list: String) throws {
        let tag = try #require(try gateway.ask("GET", Self.list).value("ETag"))

        let answer = try ask(ifNoneMatch: list.replacing("{tag}", with: tag))

        #expect(answer.status == 304)
        #expect(answer.value("ETag") == tag)
        #expect(answer.value("Cache-Control")?.hasPrefix("private, max-age=") == true)
        #expect(answer.value("CDN-Cache-Control") == "no-store")
        #expect(answer.value("Date") != nil)
        #expect(answer.value("Vary") == "Origin")
        #expect(answer.value("Age") != nil)
        #expect(answer.value("Cache-Status")?.contains("hit") == true)
        #expect(answer.value("Content-Type") == nil)
        #expect(answer.value("Content-Length") == nil)
        #expect(standIn.control.requestCount == 1)
    }

    @Test(arguments: ["\"other\"", "", "\"a\" \"b\"", "W/\"other\", \"x\""])
    func whatTheClientDoesNotHaveIsSent(list: String) throws {
        _ = try gateway.ask("GET", Self.list)

        let answer = try ask(ifNoneMatch: list)

        #expect(answer.status == 200)
        #expect(!answer.body.isEmpty)
    }

    @Test func aPageThatIsFetchedForTheClientIsConfirmedToo() throws {
        let tag = try #require(try gateway.ask("GET", Self.list).value("ETag"))
        _ = try gateway.askAdmin("POST", "/purge", body: #"{"tenant": "acme"}"#)

        let answer = try ask(ifNoneMatch: tag)

        #expect(answer.status == 304)
        #expect(answer.value("Cache-Status") == "kayle-gateway; fwd=uri-miss; fwd-status=200; stored")
        // The upstream never saw the client's condition: its answer is for everybody.
        let names = standIn.control.requests.flatMap { $0.fields.map { $0.name.lowercased() } }
        #expect(!names.contains("if-none-match"))
    }

    @Test func aPageReadOffAnotherIsConfirmed() throws {
        _ = try gateway.ask("GET", "/v1/sessions?limit=30")
        let slice = try gateway.ask("GET", "/v1/sessions?limit=5")
        let tag = try #require(slice.value("ETag"))

        let answer = try ask("/v1/sessions?limit=5", ifNoneMatch: tag)
        let other = try ask("/v1/sessions?limit=6", ifNoneMatch: tag)

        #expect(answer.status == 304)
        #expect(answer.value("Cache-Status")?.hasSuffix("detail=page-slice") == true)
        #expect(other.status == 200)
    }

    @Test func aHeadIsConfirmedAndTheConnectionGoesOn() throws {
        let tag = try #require(try gateway.ask("GET", Self.list).value("ETag"))
        let client = try RawConnection(port: gateway.port)
        client.send(
            gateway.request("HEAD", Self.list, fields: "If-None-Match: \(tag)\r\n")
                + gateway.request("GET", Self.list, fields: "If-None-Match: \(tag)\r\n")
                + gateway.request("GET", Self.list))

        #expect(client.answer(to: "HEAD").status == 304)
        #expect(client.answer().status == 304)
        #expect(client.answer().status == 200)
    }

    @Test func noTenantLearnsWhatAnotherHas() throws {
        let tag = try #require(try gateway.ask("GET", Self.list).value("ETag"))

        let other = try gateway.ask(
            "GET", Self.list, tenant: "globex", fields: "If-None-Match: \(tag)\r\n")

        #expect(other.status == 200)
    }

    @Test(arguments: ["\"v1\"", "W/\"v1\""])
    func whatTheUpstreamConfirmsIsNotSentAgain(validator: String) throws {
        let pages = ScriptedUpstream { connection in
            while let head = connection.readHead() {
                if head.lowercased().contains("if-none-match: \(validator.lowercased())\r\n") {
                    connection.send(
                        "HTTP/1.1 304 Not Modified\r\nETag: \(validator)\r\nX-Seen: again\r\n\r\n")
                } else {
                    connection.send(
                        "HTTP/1.1 200 OK\r\nETag: \(validator)\r\nContent-Type: application/json\r\n"
                            + "X-Seen: first\r\nContent-Length: 9\r\n\r\n{\"a\":\"b\"}")
                }
            }
        }
        defer { pages.stop() }
        var options = GatewayUnderTest.Options()
        options.cacheTimeToLive = "100ms"
        let gateway = try GatewayUnderTest(upstream: pages.url, options)
        let first = try gateway.ask("GET", Self.list)

        var confirmed: RawConnection.Answer?
        let isConfirmed = try eventually {
            let answer = try gateway.ask("GET", Self.list)
            if answer.value("Cache-Status")?.contains("fwd-status=304") == true { confirmed = answer }
            return confirmed != nil
        }

        #expect(isConfirmed)
        #expect(confirmed?.status == 200)
        #expect(confirmed?.body == first.body)
        #expect(confirmed?.value("X-Seen") == "again")
        #expect(confirmed?.value("Content-Type") == "application/json")
        #expect(confirmed?.value("ETag") == first.value("ETag"))
        #expect(confirmed?.value("Cache-Status") == "kayle-gateway; fwd=stale; fwd-status=304; stored")
    }
}
