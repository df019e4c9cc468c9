import HTTPModel
import KayleStandIn
import Testing

@testable import GatewayCore

/// What is given when its time is over: while one request fetches anew, and when the upstream fails.
@Suite(.timeLimit(.minutes(2)))
struct StaleAnswerTests {
    private let standIn: RunningStandIn
    private static let list = "/v1/sessions"

    init() throws {
        standIn = try KayleStandIn.launch(
            StandInConfiguration(organizations: [.init(name: "acme", keys: ["kk_acme"], sessionCount: 30)]))
    }

    private func gateway(_ cache: String, upstream: String = "") throws -> GatewayUnderTest {
        var options = GatewayUnderTest.Options()
        options.tenants = ["acme": "kk_acme"]
        // The time to live stands in quotes; what is closed here is opened again behind it.
        options.cacheTimeToLive = "100ms\", \"jitter_percent\": 0, \(cache), \"by\": \"tenant"
        options.upstream = upstream
        return try GatewayUnderTest(upstream: standIn.url, options)
    }

    private func status(_ gateway: GatewayUnderTest) throws -> String {
        try gateway.ask("GET", Self.list).value("Cache-Status") ?? ""
    }

    @Test func anOldPageIsGivenWhileItIsFetchedAnew() throws {
        let gateway = try gateway(#""stale_while_revalidate": "1h""#)
        let first = try gateway.ask("GET", Self.list)
        var stale: RawConnection.Answer?
        let isGivenStale = try eventually {
            let answer = try gateway.ask("GET", Self.list)
            if answer.value("Cache-Status")?.hasSuffix("detail=swr") == true { stale = answer }
            return stale != nil
        }

        #expect(isGivenStale)
        #expect(stale?.status == 200)
        #expect(stale?.body == first.body)
        #expect(stale?.value("Cache-Status")?.contains("hit; ttl=-") == true)
        #expect(stale?.value("Cache-Control") == "private, max-age=0")
        #expect(stale?.value("Age") != nil)
        #expect(try eventually { try gateway.metric("kayle_gateway_cache_refreshes_total") >= 1 })
        #expect(try eventually { try status(gateway).contains("hit; ttl=0") })
        #expect(try gateway.metric("kayle_gateway_requests_in_flight") == 0)
    }

    @Test func oneRequestFetchesForAllWhoAreGivenTheOldPage() throws {
        let gateway = try gateway(#""stale_while_revalidate": "1h""#)
        _ = try gateway.ask("GET", Self.list)
        standIn.control.inject(.hang(times: 1))
        #expect(try eventually { try status(gateway).hasSuffix("detail=swr") })

        for _ in 0..<20 { #expect(try status(gateway).hasSuffix("detail=swr")) }

        #expect(eventually { standIn.control.requestCount == 2 })
        #expect(standIn.control.requestCount == 2)
    }

    @Test(arguments: [
        ("an error", Fault(.answer(status: 503, fields: [], body: []), path: "/v1/*"), "fwd-status=503; "),
        (
            "another error", Fault(.answer(status: 500, fields: [], body: []), path: "/v1/*"),
            "fwd-status=500; "
        ),
        ("a reset", Fault(.raw([], .reset), path: "/v1/*"), ""),
        ("no answer in time", Fault.hang(path: "/v1/*"), ""),
        (
            "an answer cut short", Fault(.breakOff(afterBodyBytes: 10, .closed), path: "/v1/*"),
            "fwd-status=200; "
        ),
    ])
    func anOldPageIsGivenInPlaceOfAFailure(name: String, fault: Fault, status: String) throws {
        let gateway = try gateway(
            #""stale_if_error": "1h""#, upstream: #", "first_byte_timeout": "300ms", "total_timeout": "5s""#)
        let first = try gateway.ask("GET", Self.list)
        standIn.control.inject(fault)

        var stale: RawConnection.Answer?
        let isGivenStale = try eventually {
            let answer = try gateway.ask("GET", Self.list)
            if answer.value("Cache-Status")?.hasPrefix("kayle-gateway; hit") != true { stale = answer }
            return stale != nil
        }

        #expect(isGivenStale)
        #expect(stale?.status == 200)
        #expect(stale?.body == first.body)
        #expect(stale?.value("Cache-Status") == "kayle-gateway; fwd=stale; \(status)detail=sie")
        #expect(stale?.value("Cache-Control") == "private, max-age=0")
    }

    /// RFC 9111 §5.1: also where nothing but "you have it" is said of an old page.
    @Test func whoHasTheOldPageIsToldItsAge() throws {
        let gateway = try gateway(#""stale_if_error": "1h""#)
        let tag = try #require(try gateway.ask("GET", Self.list).value("ETag"))
        standIn.control.inject(Fault(.answer(status: 503, fields: [], body: []), path: "/v1/*"))

        var old: RawConnection.Answer?
        #expect(
            try eventually {
                let answer = try gateway.ask("GET", Self.list, fields: "If-None-Match: \(tag)\r\n")
                let status = answer.value("Cache-Status") ?? ""
                if status.contains("detail=sie"), answer.value("Age") != nil { old = answer }
                return old != nil
            })

        #expect(old?.status == 304)
        #expect(old?.value("Age").flatMap { Int($0) }.map { $0 >= 1 } == true)
    }

    /// Those who wait for a fetch that fails are given the old page as well, and told what it is.
    @Test func whoWaitsForAFetchThatFailsIsGivenTheOldPageToo() throws {
        let gateway = try gateway(#""stale_if_error": "1h""#)
        let first = try gateway.ask("GET", Self.list)
        #expect(try eventually { try !status(gateway).contains("; hit") })
        standIn.control.inject(Fault(.delay(milliseconds: 300), path: "/v1/*"))
        standIn.control.inject(Fault(.answer(status: 503, fields: [], body: []), path: "/v1/*"))
        var answers: [RawConnection.Answer] = []

        let haveMet = try eventually {
            let clients = try (0..<10).map { _ in try RawConnection(port: gateway.port) }
            for client in clients { gateway.begin(gateway.request("GET", Self.list), on: client) }
            answers = clients.map { $0.answer() }
            return answers.contains { $0.value("Cache-Status")?.contains("collapsed") == true }
        }

        #expect(haveMet)
        for answer in answers where answer.value("Cache-Status")?.contains("; hit") != true {
            #expect(answer.status == 200 && answer.body == first.body)
            #expect(answer.value("Cache-Status")?.hasSuffix("detail=sie") == true)
            #expect(answer.value("Cache-Control") == "private, max-age=0")
        }
    }

    @Test func aRefusalOfTheUpstreamIsNoFailure() throws {
        let gateway = try gateway(#""stale_if_error": "1h""#)
        _ = try gateway.ask("GET", Self.list)
        standIn.control.inject(Fault(.answer(status: 401, fields: [], body: []), path: "/v1/*"))

        #expect(try eventually { try gateway.ask("GET", Self.list).status == 401 })
    }

    @Test func whatMustBeRevalidatedIsNeverGivenOld() throws {
        let gateway = try gateway(#""stale_while_revalidate": "1h", "stale_if_error": "1h""#)
        standIn.control.inject(Fault(.fields([("Cache-Control", "must-revalidate")]), times: 1))
        _ = try gateway.ask("GET", Self.list)
        standIn.control.inject(Fault(.answer(status: 503, fields: [], body: []), path: "/v1/*"))

        var details: [String] = []
        let isPassedOn = try eventually {
            let answer = try gateway.ask("GET", Self.list)
            details += answer.values("Cache-Status").filter { $0.contains("detail=") }
            return answer.status == 503
        }

        #expect(isPassedOn)
        #expect(details == ["kayle-gateway; fwd=stale; fwd-status=503; detail=status"])
    }

    @Test func withoutAWordAboutItNothingOldIsGiven() throws {
        let gateway = try gateway(#""stale_if_error": "0s""#)
        _ = try gateway.ask("GET", Self.list)
        standIn.control.inject(Fault(.answer(status: 503, fields: [], body: []), path: "/v1/*"))

        #expect(try eventually { try gateway.ask("GET", Self.list).status == 503 })
    }

    @Test func aWriteEndsOldPagesToo() throws {
        let gateway = try gateway(#""stale_while_revalidate": "1h", "stale_if_error": "1h""#)
        let page = try gateway.ask("GET", Self.list)
        let id = try #require(page.text.firstMatch(of: #/vs_[a-z0-9]{64}/#)).output
        #expect(try eventually { try status(gateway).hasSuffix("detail=swr") })

        _ = try gateway.ask("POST", "\(Self.list)/\(id)/cancel")

        let answer = try gateway.ask("GET", Self.list)
        #expect(answer.value("Cache-Status")?.contains("fwd=uri-miss") == true)
        #expect(answer.body == standIn.truth(Self.list, key: "kk_acme").body)
    }
}
