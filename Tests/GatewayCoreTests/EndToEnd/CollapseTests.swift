import Foundation
import HTTPModel
import KayleStandIn
import Synchronization
import Testing

@testable import GatewayCore

/// Many who want the same thing at once: one upstream request, whatever becomes of it or of who asked first.
@Suite(.timeLimit(.minutes(2)))
struct CollapseTests {
    private static let page = "/v1/sessions?limit=3"

    /// An upstream that answers each request only when the test lets it, with what the test says.
    private final class Held: Sendable {
        let upstream: ScriptedUpstream
        let arrived: Gate
        let release: Gate

        init(_ answer: @escaping @Sendable (_ number: Int) -> String) {
            let (arrived, release) = (Gate(), Gate())
            (self.arrived, self.release) = (arrived, release)
            let counter = Counter()
            upstream = ScriptedUpstream { connection in
                while connection.readHead() != nil {
                    let number = counter.next()
                    arrived.open()
                    if number == 1 { release.wait() }
                    let text = answer(number)
                    connection.send(text)
                    if text.isEmpty || text.contains("Connection: close") { return }
                }
            }
        }

        deinit { upstream.stop() }
    }

    private final class Counter: Sendable {
        private let count = Atomic<Int>(0)
        func next() -> Int { count.add(1, ordering: .sequentiallyConsistent).newValue }
    }

    private static func answer(_ body: String, status: String = "200 OK", fields: String = "") -> String {
        "HTTP/1.1 \(status)\r\n\(fields)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    private func followers(_ count: Int, _ gateway: GatewayUnderTest) throws -> [RawConnection] {
        let clients = try (0..<count).map { _ in try RawConnection(port: gateway.port) }
        for client in clients { gateway.begin(gateway.request("GET", Self.page), on: client) }
        return clients
    }

    private func leader(_ gateway: GatewayUnderTest, _ held: Held) throws -> RawConnection {
        let client = try RawConnection(port: gateway.port)
        gateway.begin(gateway.request("GET", Self.page), on: client)
        held.arrived.wait()
        return client
    }

    /// Leaves, and returns once the gateway has taken note: it closes its side without an answer.
    private func leaves(_ client: RawConnection) -> Bool {
        client.endSending()
        return client.rest().isEmpty && client.end != .timeout
    }

    @Test func twoHundredMissesOnTwoWorkersAreOneUpstreamRequest() throws {
        let held = Held { _ in Self.answer("page") }
        let gateway = try GatewayUnderTest(upstream: held.upstream.url)
        let clients = try followers(200, gateway)

        held.release.open()
        let answers = clients.map { $0.answer() }

        #expect(held.upstream.requests.count == 1)
        #expect(answers.allSatisfy { $0.status == 200 && $0.text == "page" })
        #expect(answers.filter { $0.value("Cache-Status")?.hasSuffix("stored") == true }.count == 1)
        #expect(answers.filter { $0.value("Cache-Status")?.hasSuffix("collapsed") == true }.count == 199)
    }

    @Test func theLeadersClientMayLeaveAndTheFollowersStillGetTheOneAnswer() throws {
        let held = Held { _ in Self.answer("page") }
        let gateway = try GatewayUnderTest(upstream: held.upstream.url)
        let first = try leader(gateway, held)
        let clients = try followers(20, gateway)

        let hasLeft = leaves(first)
        held.release.open()
        let answers = clients.map { $0.answer() }

        #expect(hasLeft)
        #expect(answers.allSatisfy { $0.status == 200 && $0.text == "page" })
        #expect(held.upstream.requests.count == 1)
        #expect(try gateway.ask("GET", Self.page).value("Cache-Status")?.contains("hit") == true)
    }

    /// Ids that scan as a page: five rows of the list, and how many of them an answer shows.
    private static func page(_ count: Int, limit: Int, hasMore: Bool) -> String {
        let ids = (0..<count).map { "vs_" + String(repeating: "a", count: 63) + "\($0)" }
        let rows = ids.map {
            #"{"id":"\#($0)","status":"created","created_at":"2026-11-23T00:00:00.000Z"}"#
        }
        let next = hasMore ? "\"\(ids[count - 1])\"" : "null"
        return #"{"data":[\#(rows.joined(separator: ","))],"error":null,"#
            + #""pagination":{"limit":\#(limit),"has_more":\#(hasMore),"next_cursor":\#(next)}}"#
    }

    private static let json = "Content-Type: application/json\r\n"

    private func begin(_ targets: [String], _ gateway: GatewayUnderTest) throws -> [RawConnection] {
        try targets.map { target in
            let client = try RawConnection(port: gateway.port)
            gateway.begin(gateway.request("GET", target), on: client)
            return client
        }
    }

    @Test func smallerPagesWaitForALargerOneAndAreReadOffIt() throws {
        let held = Held { _ in Self.answer(Self.page(5, limit: 50, hasMore: false), fields: Self.json) }
        let gateway = try GatewayUnderTest(upstream: held.upstream.url)
        let leader = try begin(["/v1/sessions?limit=50"], gateway)[0]
        held.arrived.wait()
        let clients = try begin(
            (0..<40).map { $0 % 2 == 0 ? "/v1/sessions?limit=3" : "/v1/sessions?limit=20" }, gateway)
        // Another cursor, other filters and more rows are other questions.
        let others = try begin(
            ["/v1/sessions?limit=51", "/v1/sessions?limit=3&status=created"], gateway)
        held.arrived.wait()
        held.arrived.wait()
        #expect(others.allSatisfy { $0.answer().status == 200 })

        held.release.open()
        let first = leader.answer()
        let answers = clients.map { $0.answer() }

        #expect(held.upstream.requests.count == 3)
        #expect(first.value("Cache-Status")?.hasSuffix("stored") == true)
        for (index, answer) in answers.enumerated() {
            let page =
                index % 2 == 0
                ? Self.page(3, limit: 3, hasMore: true) : Self.page(5, limit: 20, hasMore: false)
            #expect(answer.text == page)
            #expect(
                answer.value("Cache-Status")
                    == "kayle-gateway; fwd=uri-miss; collapsed; detail=page-slice")
            #expect(answer.value("ETag") != nil)
        }
        #expect(try gateway.metric("kayle_gateway_cache_followed_larger_total") == 40)
    }

    /// How the fetch of a larger page can come to nothing for those who want a part of it.
    enum Disappointment: String, CaseIterable, Sendable {
        case noPage, forTheLeaderAlone, brokenOff

        func answer(_ number: Int) -> String {
            switch self {
            case .noPage: CollapseTests.answer("no page", fields: CollapseTests.json)
            case .forTheLeaderAlone: CollapseTests.answer("x", fields: "Cache-Control: no-store\r\n")
            case .brokenOff:
                number == 1
                    ? "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 100\r\n\r\nhalf"
                    : CollapseTests.answer("small", fields: CollapseTests.json)
            }
        }
    }

    @Test(arguments: Disappointment.allCases)
    func ifTheLargerPageIsNoneTheSmallerOnesAreAskedForOnceTogether(kind: Disappointment) throws {
        let held = Held { kind.answer($0) }
        let gateway = try GatewayUnderTest(upstream: held.upstream.url)
        let leader = try begin(["/v1/sessions?limit=50"], gateway)[0]
        held.arrived.wait()
        let clients = try begin(Array(repeating: "/v1/sessions?limit=3", count: 20), gateway)

        held.release.open()
        _ = leader.answer()
        let answers = clients.map { $0.answer() }

        #expect(answers.allSatisfy { $0.status == 200 && $0.isWhole && !$0.text.contains("half") })
        // What may not be stored each of them asks for itself.
        if kind != .forTheLeaderAlone { #expect(held.upstream.requests.count == 2) }
    }

    @Test func theLeaderOfALargerPageMayLeaveAndThoseWhoWaitStillGetTheirPart() throws {
        let held = Held { _ in Self.answer(Self.page(5, limit: 50, hasMore: false), fields: Self.json) }
        let gateway = try GatewayUnderTest(upstream: held.upstream.url)
        let leader = try begin(["/v1/sessions?limit=50"], gateway)[0]
        held.arrived.wait()
        let clients = try begin(Array(repeating: "/v1/sessions?limit=2", count: 20), gateway)

        let hasLeft = leaves(leader)
        held.release.open()
        let answers = clients.map { $0.answer() }

        #expect(hasLeft)
        #expect(answers.allSatisfy { $0.text == Self.page(2, limit: 2, hasMore: true) })
        #expect(held.upstream.requests.count == 1)
    }

    @Test func aFetchThatHasBecomeTooOldIsOvertaken() throws {
        let held = Held { _ in Self.answer("page") }
        var options = GatewayUnderTest.Options()
        options.cache = #", "collapse_age": "10ms", "collapse_wait": "1m""#
        let gateway = try GatewayUnderTest(upstream: held.upstream.url, options)
        let first = try leader(gateway, held)

        // As soon as the first is too old, somebody else asks and is answered at once.
        #expect(
            try eventually {
                let client = try RawConnection(port: gateway.port)
                gateway.begin(gateway.request("GET", Self.page), on: client)
                return held.upstream.requests.count > 1
            })
        #expect(try eventually { try gateway.ask("GET", Self.page).text == "page" })
        #expect(try gateway.metric("kayle_gateway_cache_fetches_overtaken_total") >= 1)
        held.release.open()

        #expect(first.answer().text == "page")
    }

    @Test func aFollowerThatLeavesDisturbsNobody() throws {
        let held = Held { _ in Self.answer("page") }
        let gateway = try GatewayUnderTest(upstream: held.upstream.url)
        let first = try leader(gateway, held)
        let leaving = try followers(10, gateway)
        let staying = try followers(10, gateway)

        let haveLeft = leaving.allSatisfy { leaves($0) }
        held.release.open()

        #expect(haveLeft)
        #expect(first.answer().text == "page")
        #expect(staying.allSatisfy { $0.answer().text == "page" })
        #expect(held.upstream.requests.count == 1)
    }

    @Test func anUpstreamThatRefusesTheConnectionFailsEveryoneQuickly() throws {
        let upstream = ScriptedUpstream { _ in }
        let url = upstream.url
        upstream.stop()
        var options = GatewayUnderTest.Options()
        // Who comes after five failures would be told of the circuit instead.
        options.upstream = #", "circuit": { "failures": 0 }"#
        let gateway = try GatewayUnderTest(upstream: url, options)
        #expect(try eventually { try gateway.ask("GET", "/v1/sessions?limit=1").status == 502 })

        let clients = try followers(20, gateway)
        let answers = clients.map { $0.answer() }

        #expect(answers.allSatisfy { $0.status == 502 && $0.text.contains("UPSTREAM_UNREACHABLE") })
    }

    @Test func anAnswerThatBreaksOffIsA502ForEveryoneAndIsAskedOnce() throws {
        let held = Held { number in
            number == 1
                ? "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 100\r\n\r\nhalf"
                : Self.answer("whole")
        }
        let gateway = try GatewayUnderTest(upstream: held.upstream.url)
        let first = try leader(gateway, held)
        let clients = try followers(20, gateway)

        held.release.open()
        let answers = [first.answer()] + clients.map { $0.answer() }

        #expect(answers.allSatisfy { $0.status == 502 && $0.isWhole && !$0.text.contains("half") })
        #expect(held.upstream.requests.count == 1)
        #expect(try gateway.ask("GET", Self.page).text == "whole")
    }

    @Test(arguments: [
        ("500 Internal Server Error", "", 500), ("200 OK", "Cache-Control: no-store\r\n", 200),
        ("200 OK", "Set-Cookie: a=b\r\n", 200), ("404 Not Found", "", 404),
    ])
    func anAnswerForTheLeaderAloneHasEveryFollowerFetchItsOwn(
        status: String, fields: String, code: Int
    ) throws {
        let held = Held { Self.answer("answer \($0)", status: status, fields: fields) }
        var options = GatewayUnderTest.Options()
        // Eleven failures one after the other would be reason enough to leave the upstream alone.
        options.upstream = #", "circuit": { "failures": 0 }"#
        let gateway = try GatewayUnderTest(upstream: held.upstream.url, options)
        let first = try leader(gateway, held)
        let clients = try followers(10, gateway)

        held.release.open()
        let answers = [first.answer()] + clients.map { $0.answer() }

        #expect(answers[0].text == "answer 1")
        #expect(answers.allSatisfy { $0.status == code && $0.isWhole })
        #expect(Set(answers.map(\.text)).count == 11)
        #expect(held.upstream.requests.count == 11)
    }

    @Test func aFollowerWhoseTimeIsUpAsksForItself() throws {
        let held = Held { Self.answer("answer \($0)") }
        var options = GatewayUnderTest.Options()
        options.cache = #", "collapse_wait": "50ms""#
        let gateway = try GatewayUnderTest(upstream: held.upstream.url, options)
        let first = try leader(gateway, held)
        let clients = try followers(1, gateway)

        let own = clients[0].answer()
        held.release.open()

        #expect(own.text == "answer 2")
        #expect(first.answer().text == "answer 1")
        #expect(held.upstream.requests.count == 2)
    }

    @Test func afterAWriteNobodyJoinsAFetchFromBeforeItNorIsThatFetchStored() throws {
        let held = Held { Self.answer("answer \($0)") }
        let gateway = try GatewayUnderTest(upstream: held.upstream.url)
        let before = try leader(gateway, held)

        let written = try gateway.ask("POST", "/v1/sessions")
        let after = try gateway.ask("GET", Self.page)
        held.release.open()
        let old = before.answer()
        let later = try gateway.ask("GET", Self.page)

        #expect(written.text == "answer 2")
        #expect(after.text == "answer 3")
        #expect(old.text == "answer 1")
        #expect(old.value("Cache-Status")?.contains("generation-passed") == true)
        #expect(later.text == "answer 3")
        #expect(later.value("Cache-Status")?.contains("hit") == true)
    }

    @Test func tenantsNeverFollowEachOther() throws {
        let held = Held { Self.answer("answer \($0)") }
        let gateway = try GatewayUnderTest(upstream: held.upstream.url)
        let first = try leader(gateway, held)

        let other = try gateway.ask("GET", Self.page, tenant: "globex")
        held.release.open()

        #expect(other.text == "answer 2")
        #expect(first.answer().text == "answer 1")
        let keys = held.upstream.requests.map { $0.contains("Bearer kk_globex") }
        #expect(keys == [false, true])
    }
}
