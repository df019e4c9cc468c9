import Foundation
import HTTPModel
import Testing

@testable import GatewayCore

/// Large answers that say how long they are reach all who wait for them while they arrive, and are stored
/// once they are whole.
@Suite(.timeLimit(.minutes(2)))
struct StreamedAnswerTests {
    private static let page = "/v1/sessions?limit=100"
    private static let half = 70_000
    private static let content = (0..<2 * half).map { UInt8(truncatingIfNeeded: $0 % 251) }

    /// An upstream that sends half of its first answer and the rest when the test lets it.
    private final class Halves: Sendable {
        let upstream: ScriptedUpstream
        let release = Gate()

        init(_ fields: String = "", breaksOff: Bool = false) {
            let release = release
            upstream = ScriptedUpstream { connection in
                var number = connection.number
                while connection.readHead() != nil {
                    connection.send("HTTP/1.1 200 OK\r\n\(fields)Content-Length: \(2 * half)\r\n\r\n")
                    connection.send(Array(content[..<half]))
                    if number == 1 { release.wait() }
                    if number == 1, breaksOff { return }
                    connection.send(Array(content[half...]))
                    number += 1
                }
            }
        }

        deinit { upstream.stop() }
    }

    private func gateway(_ halves: Halves, _ cache: String = "") throws -> GatewayUnderTest {
        var options = GatewayUnderTest.Options()
        options.upstream = #", "circuit": { "failures": 0 }, "retry": { "count": 0 }"#
        options.cache = cache
        return try GatewayUnderTest(upstream: halves.upstream.url, options)
    }

    private func begin(
        _ gateway: GatewayUnderTest, method: String = "GET", fields: String = ""
    ) throws -> RawConnection {
        let client = try RawConnection(port: gateway.port)
        gateway.begin(gateway.request(method, Self.page, fields: fields), on: client)
        return client
    }

    /// Reads the first half of an answer, which comes although the upstream holds back the other.
    private func firstHalf(_ client: RawConnection) -> (head: String, content: [UInt8]) {
        (client.head() ?? "", client.take(Self.half))
    }

    @Test func theFirstHalfIsThereBeforeTheSecondHasLeftTheUpstream() throws {
        let halves = Halves("ETag: \"v1\"\r\n")
        let gateway = try gateway(halves)
        let leader = try begin(gateway)
        let first = firstHalf(leader)
        let followers = try (0..<10).map { _ in try begin(gateway) }

        halves.release.open()
        let rest = leader.take(Self.half)
        let answers = followers.map { $0.answer() }
        let hit = try gateway.ask("GET", Self.page)

        #expect(first.content + rest == Self.content)
        #expect(first.head.contains("Content-Length: \(2 * Self.half)\r\n"))
        #expect(
            first.head.contains("Cache-Status: kayle-gateway; fwd=uri-miss; fwd-status=200; detail=streamed"))
        #expect(!first.head.contains("ETag"))
        #expect(answers.allSatisfy { $0.status == 200 && $0.body == Self.content })
        #expect(answers.allSatisfy { $0.value("Cache-Status")?.contains("; collapsed") == true })
        #expect(hit.body == Self.content && hit.value("Cache-Status")?.contains("; hit") == true)
        #expect(halves.upstream.requests.count == 1)
        #expect(try gateway.metric("kayle_gateway_requests_in_flight") == 0)
    }

    @Test func thoseWhoWaitReadAlong() throws {
        let release = (Gate(), Gate())
        let upstream = ScriptedUpstream { connection in
            guard connection.readHead() != nil else { return }
            release.0.wait()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(2 * Self.half)\r\n\r\n")
            connection.send(Array(Self.content[..<Self.half]))
            release.1.wait()
            connection.send(Array(Self.content[Self.half...]))
        }
        defer { upstream.stop() }
        let gateway = try GatewayUnderTest(upstream: upstream.url)
        let clients = try (0..<20).map { _ in try begin(gateway) }
        #expect(try eventually { try gateway.metric("kayle_gateway_requests_in_flight") == 20 })

        release.0.open()
        let halves = clients.map { firstHalf($0) }
        release.1.open()
        let rests = clients.map { $0.take(Self.half) }

        #expect(zip(halves, rests).allSatisfy { $0.content + $1 == Self.content })
        #expect(halves.count { $0.head.contains("; collapsed; detail=streamed\r\n") } == 19)
        #expect(upstream.requests.count == 1)
        #expect(try gateway.metric("kayle_gateway_cache_streams_total") == 20)
    }

    @Test func anUpstreamThatBreaksOffCutsOffAllWhoHaveBegunAndIsNotStored() throws {
        let halves = Halves(breaksOff: true)
        let gateway = try gateway(halves)
        let leader = try begin(gateway)
        let first = firstHalf(leader)
        // What this one wants is known only of a whole answer.
        let conditional = try begin(gateway, fields: "If-None-Match: \"no\"\r\n")
        #expect(try eventually { try gateway.metric("kayle_gateway_requests_in_flight") == 2 })

        halves.release.open()
        let rest = leader.rest()
        let refusal = conditional.answer()
        let next = try gateway.ask("GET", Self.page)

        #expect(first.content == Array(Self.content[..<Self.half]) && rest.isEmpty)
        #expect(refusal.status == 502 && refusal.isWhole)
        #expect(next.body == Self.content)
        #expect(next.value("Cache-Status")?.contains("fwd=uri-miss") == true)
    }

    @Test func theLeadersClientMayLeaveInTheMiddle() throws {
        let halves = Halves()
        let gateway = try gateway(halves)
        let leader = try begin(gateway)
        _ = firstHalf(leader)
        let followers = try (0..<5).map { _ in try begin(gateway) }
        #expect(try eventually { try gateway.metric("kayle_gateway_requests_in_flight") == 6 })

        leader.reset()
        #expect(try eventually { try gateway.metric("kayle_gateway_connections") == 5 })
        halves.release.open()

        #expect(followers.allSatisfy { $0.answer().body == Self.content })
        #expect(halves.upstream.requests.count == 1)
    }

    /// What comes in one go may be whole before its head is written; either way it says what it is.
    @Test func onlyWhatIsStreamedSaysSo() throws {
        let halves = Halves()
        halves.release.open()
        let gateway = try gateway(halves)

        for number in 1...40 {
            let answer = try gateway.ask("GET", "/v1/sessions?limit=\(number)")
            let isStreamed = answer.value("Cache-Status")?.contains("detail=streamed") == true
            #expect(answer.body == Self.content)
            #expect(isStreamed == (answer.value("ETag") == nil), "\(answer.head)")
        }
    }

    @Test(arguments: [
        ("a condition", "GET", "If-None-Match: \"no\"\r\n", ""), ("the head alone", "HEAD", "", ""),
        ("too small", "GET", "", #", "stream_from": "200KiB""#),
    ])
    func otherAnswersAreGivenWhole(
        name: String, method: String, fields: String, cache: String
    ) throws {
        let halves = Halves()
        let gateway = try gateway(halves, cache)
        halves.release.open()
        let client = try begin(gateway, method: method, fields: fields)

        let answer = client.answer(to: method)

        #expect(answer.status == 200 && answer.isWhole)
        #expect(method == "HEAD" || answer.body == Self.content)
        #expect(answer.value("ETag") != nil)
        #expect(answer.value("Cache-Status")?.hasSuffix("; stored") == true)
    }
}
