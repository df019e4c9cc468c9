import Foundation
import HTTPModel
import KayleStandIn
import Testing

@testable import GatewayCore

/// `widen`: a larger page is fetched once, and small questions are answered from it.
@Suite(.timeLimit(.minutes(2)))
struct WidenTests {
    private let standIn: RunningStandIn
    private static let list = "/v1/sessions"

    init() throws {
        standIn = try KayleStandIn.launch(
            StandInConfiguration(organizations: [.init(name: "acme", keys: ["kk_acme"], sessionCount: 250)]))
    }

    private func gateway(_ cache: String = "", ttl: String = "1h") throws -> GatewayUnderTest {
        var options = GatewayUnderTest.Options()
        options.tenants = ["acme": "kk_acme"]
        // The time to live stands in quotes; what is closed here is opened again behind it.
        options.cacheTimeToLive = "\(ttl)\", \"jitter_percent\": 0, \"widen\": 100, \(cache) \"by\": \"tenant"
        return try GatewayUnderTest(upstream: standIn.url, options)
    }

    private var asked: [String] { standIn.control.requests.map(\.target) }

    private func truth(_ target: String) -> [UInt8] { standIn.truth(target, key: "kk_acme").body }

    @Test func aWalkInSmallPagesCostsFewLargeOnes() throws {
        let gateway = try gateway()
        var target = "\(Self.list)?include_attempts=true"
        var (pages, wrong, statuses): (Int, [String], [String]) = (0, [], [])

        while pages < 40 {
            let page = try gateway.ask("GET", target)
            if page.body != truth(target) { wrong.append(target) }
            statuses.append(page.value("Cache-Status") ?? "")
            pages += 1
            guard let cursor = page.text.firstMatch(of: #/"next_cursor":"(vs_[a-z0-9]+)"/#)?.1 else { break }
            target = "\(Self.list)?include_attempts=true&starting_after=\(cursor)"
        }

        #expect(pages == 25)
        #expect(wrong.isEmpty)
        #expect(asked.count == 3)
        #expect(asked.first == "\(Self.list)?limit=100&include_attempts=true")
        #expect(
            statuses.count {
                $0 == "kayle-gateway; fwd=uri-miss; fwd-status=200; stored; detail=widened"
            } == 3)
        #expect(statuses.count { $0.contains("; hit; ttl=") && $0.hasSuffix("detail=page-slice") } == 22)
    }

    @Test(arguments: ["limit=3", "status=created&limit=7", "limit=99", "limit=1&include_attempts=1"])
    func aSmallPageIsWhatTheUpstreamWouldAnswer(query: String) throws {
        let gateway = try gateway()
        let target = "\(Self.list)?\(query)"

        let page = try gateway.ask("GET", target)
        let again = try gateway.ask("GET", target)

        #expect(page.status == 200 && page.body == truth(target) && again.body == truth(target))
        #expect(page.value("ETag") == again.value("ETag"))
        #expect(asked.count == 1 && asked.allSatisfy { $0.contains("limit=100") })
    }

    @Test(arguments: ["limit=100", "limit=0x0A", "starting_after=VS_x"])
    func aLargePageAndWhatIsNotUnderstoodAreAskedAsTheyAre(query: String) throws {
        let gateway = try gateway()

        _ = try gateway.ask("GET", "\(Self.list)?\(query)")

        #expect(asked == ["\(Self.list)?\(query)"])
    }

    @Test func differentSmallPagesMeetInOneFetch() throws {
        let gateway = try gateway()
        standIn.control.inject(Fault(.delay(milliseconds: 2_000), path: "/v1/*", times: 1))
        let limits = [10, 20, 50, 10]
        let clients = try limits.map { _ in try RawConnection(port: gateway.port) }

        for (limit, client) in zip(limits, clients) {
            gateway.begin(gateway.request("GET", "\(Self.list)?limit=\(limit)"), on: client)
        }
        let answers = clients.map { $0.answer() }

        #expect(zip(limits, answers).allSatisfy { $1.body == truth("\(Self.list)?limit=\($0)") })
        let statuses = answers.map { $0.value("Cache-Status") ?? "" }
        #expect(statuses.count { $0 == "kayle-gateway; fwd=uri-miss; collapsed; detail=widened" } == 3)
        #expect(asked.count == 1)
    }

    @Test(arguments: [
        ("no JSON", Fault.Effect.answer(status: 200, fields: [], body: Array("soon".utf8))),
        (
            "another shape",
            .answer(status: 200, fields: [("Content-Type", "application/json")], body: Array("{}".utf8))
        ),
        ("not found", .answer(status: 404, fields: [], body: [])),
        ("too much asked", .answer(status: 400, fields: [], body: [])),
        ("an error", .answer(status: 500, fields: [], body: [])),
        ("not to be stored", .fields([("Cache-Control", "no-store")])),
        ("too large to be stored", .largeBody(bytes: 3_000_000)),
    ])
    func aLargePageOfNoUseIsFollowedByTheClientsOwnQuestion(name: String, effect: Fault.Effect) throws {
        let gateway = try gateway()
        standIn.control.inject(Fault(effect, path: "/v1/*", times: 1))

        let page = try gateway.ask("GET", "\(Self.list)?limit=5")
        let next = try gateway.ask("GET", "\(Self.list)?status=created&limit=5")

        #expect(page.status == 200 && page.body == truth("\(Self.list)?limit=5"))
        #expect(page.value("Cache-Status") == "kayle-gateway; fwd=uri-miss; fwd-status=200; stored")
        // For a while small questions are asked as they are.
        #expect(next.body == truth("\(Self.list)?status=created&limit=5"))
        #expect(
            asked == [
                "\(Self.list)?limit=100", "\(Self.list)?limit=5", "\(Self.list)?status=created&limit=5",
            ])
        #expect(try gateway.metric("kayle_gateway_cache_narrowings_total") == 1)
        #expect(try gateway.metric("kayle_gateway_upstream_requests_total") == 3)
    }

    @Test func thoseWhoWaitForALargePageOfNoUseAskTogether() throws {
        let gateway = try gateway()
        standIn.control.inject(Fault(.answer(status: 500, fields: [], body: []), path: "/v1/*", times: 1))
        standIn.control.inject(Fault(.delay(milliseconds: 1_000), path: "/v1/*", times: 2))
        let limits = [5, 5, 5, 7]
        let clients = try limits.map { _ in try RawConnection(port: gateway.port) }

        for (limit, client) in zip(limits, clients) {
            gateway.begin(gateway.request("GET", "\(Self.list)?limit=\(limit)"), on: client)
        }
        let answers = clients.map { $0.answer() }

        #expect(zip(limits, answers).allSatisfy { $1.body == truth("\(Self.list)?limit=\($0)") })
        #expect(asked.count <= 4)
    }

    @Test(arguments: [401, 403, 410, 429])
    func whatTheUpstreamSaysOfTheCredentialIsPassedOn(status: Int) throws {
        let gateway = try gateway()
        standIn.control.inject(
            Fault(.answer(status: status, fields: [], body: Array("no".utf8)), path: "/v1/*", times: 1))

        let answer = try gateway.ask("GET", "\(Self.list)?limit=5")

        #expect(answer.status == status && answer.text == "no")
        #expect(asked.count == 1)
    }

    @Test func aTokensCeilingIsAboutWhatTheClientSees() throws {
        let gateway = try gateway()
        let token = try gateway.issue(ceilings: #require(TokenCeilings(maximumLimit: 20, routes: [])))
        func ask(_ limit: Int) throws -> Int {
            let client = try RawConnection(port: gateway.port)
            client.send(
                "GET \(Self.list)?limit=\(limit) HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer \(token)\r\n\r\n"
            )
            return client.answer().status
        }

        #expect(try eventually { try ask(20) == 200 })
        #expect(try ask(21) == 403)
        #expect(asked == ["\(Self.list)?limit=100"])
    }

    @Test func anOldLargePageIsGivenInPartsWhileItIsFetchedAnew() throws {
        let gateway = try gateway(#""stale_while_revalidate": "1h","#, ttl: "100ms")
        _ = try gateway.ask("GET", "\(Self.list)?limit=5")

        var stale: RawConnection.Answer?
        #expect(
            try eventually {
                let answer = try gateway.ask("GET", "\(Self.list)?limit=7")
                if answer.value("Cache-Status")?.hasSuffix("detail=swr") == true { stale = answer }
                return stale != nil
            })

        #expect(stale?.body == truth("\(Self.list)?limit=7"))
        #expect(stale?.value("Cache-Control") == "private, max-age=0")
        #expect(eventually { asked.count >= 2 })
        #expect(asked.allSatisfy { $0 == "\(Self.list)?limit=100" })
    }

    @Test func anOldLargePageIsGivenInPartsInPlaceOfAFailure() throws {
        let gateway = try gateway(#""stale_if_error": "1h","#, ttl: "100ms")
        _ = try gateway.ask("GET", "\(Self.list)?limit=5")
        standIn.control.inject(Fault(.answer(status: 503, fields: [], body: []), path: "/v1/*"))

        var stale: RawConnection.Answer?
        #expect(
            try eventually {
                let answer = try gateway.ask("GET", "\(Self.list)?limit=7")
                if answer.value("Cache-Status")?.contains("fwd=stale") == true { stale = answer }
                return stale != nil
            })

        #expect(stale?.status == 200)
        #expect(stale?.body == truth("\(Self.list)?limit=7"))
        #expect(stale?.value("Cache-Status") == "kayle-gateway; fwd=stale; fwd-status=503; detail=sie")
    }

    @Test func anOldLargeAnswerThatShowsNoPageIsNotGivenInPlaceOfAFailure() throws {
        let gateway = try gateway(#""stale_if_error": "1h","#)
        standIn.control.inject(
            Fault(.answer(status: 200, fields: [], body: Array("soon".utf8)), path: "/v1/*", times: 1))
        _ = try gateway.ask("GET", "\(Self.list)?limit=100")
        _ = try gateway.askAdmin("POST", "/purge", body: #"{"tenant": "acme", "soft": true}"#)
        standIn.control.inject(Fault(.answer(status: 503, fields: [], body: []), path: "/v1/*", times: 1))

        let page = try gateway.ask("GET", "\(Self.list)?limit=5")

        #expect(page.status == 200 && page.body == truth("\(Self.list)?limit=5"))
        #expect(asked == ["limit=100", "limit=100", "limit=5"].map { "\(Self.list)?\($0)" })
    }

    @Test func aClientThatHasThePageIsToldSo() throws {
        let gateway = try gateway()
        let tag = try #require(try gateway.ask("GET", "\(Self.list)?limit=5").value("ETag"))
        _ = try gateway.askAdmin("POST", "/purge", body: #"{"tenant": "acme"}"#)

        let answer = try gateway.ask("GET", "\(Self.list)?limit=5", fields: "If-None-Match: \(tag)\r\n")

        #expect(answer.status == 304)
        #expect(asked.count == 2)
    }

    @Test func anOldLargePageIsConfirmedByTheUpstreamsValidator() throws {
        let gateway = try gateway()
        standIn.control.inject(Fault(.fields([("ETag", "\"v1\"")]), path: "/v1/*", times: 1))
        _ = try gateway.ask("GET", "\(Self.list)?limit=5")
        _ = try gateway.askAdmin("POST", "/purge", body: #"{"tenant": "acme", "soft": true}"#)
        standIn.control.inject(
            Fault(.answer(status: 304, fields: [("ETag", "\"v1\"")], body: []), path: "/v1/*", times: 1))

        let answer = try gateway.ask("GET", "\(Self.list)?limit=7")

        #expect(answer.body == truth("\(Self.list)?limit=7"))
        #expect(
            answer.value("Cache-Status")
                == "kayle-gateway; fwd=stale; fwd-status=304; stored; detail=widened")
        #expect(asked.count == 2)
    }
}
