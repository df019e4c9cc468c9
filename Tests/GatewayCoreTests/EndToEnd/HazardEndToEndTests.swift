import Foundation
import HTTPModel
import Synchronization
import Testing

@testable import GatewayCore

/// Everything a broken or lying upstream can send while many wait for it on two workers: nothing of it is
/// ever stored as whole, nobody waits for ever, and nobody gets a body twice or in parts without seeing it.
@Suite(.timeLimit(.minutes(5)))
struct HazardEndToEndTests {
    private static let page = "/v1/sessions?limit=50"
    private static let smaller = "/v1/sessions?limit=5"

    /// What the upstream sends to the first request; to every other it gives a good answer.
    struct Hazard: Sendable, CustomTestStringConvertible {
        /// What the client that asked first gets.
        enum Fate: Sendable, Equatable {
            /// The gateway's own refusal, and so do those who wait for the very same.
            case refused(Int)
            /// The upstream's answer, as it came; the others ask for themselves.
            case passed(String)
            /// Part of it, and sees that it broke off; the others ask for themselves.
            case cut
        }
        /// What is done.
        enum Act: Sendable {
            case send(String)
            /// The pieces one by one, a little later each, for ever.
            case trickle(String, String)
            /// Silence.
            case hang
            case reset(String)
        }
        let name: String
        let act: Act
        let fate: Fate
        var testDescription: String { name }

        init(_ name: String, _ act: Act, _ fate: Fate) {
            self.name = name
            self.act = act
            self.fate = fate
        }
    }

    private static func head(_ fields: String, status: String = "200 OK") -> String {
        "HTTP/1.1 \(status)\r\nContent-Type: application/json\r\n\(fields)\r\n"
    }

    private static let big = String(repeating: "0123456789", count: 30_000)

    static let hazards: [Hazard] =
        UpstreamHazardTests.badAnswers.filter { !$0.bytes.isEmpty }.map { bad in
            Hazard(
                "mis-framed: \(bad.name)", .send(bad.bytes),
                .refused(bad.failure.status.rawValue == 504 ? 504 : 502))
        } + [
            Hazard("truncated in the head", .send("HTTP/1.1 200 OK\r\nContent-Ty"), .refused(502)),
            Hazard("truncated before the content", .send(head("Content-Length: 9\r\n")), .refused(502)),
            Hazard("truncated in the content", .send(head("Content-Length: 9\r\n") + "half"), .refused(502)),
            Hazard(
                "truncated in a chunk",
                .send(head("Transfer-Encoding: chunked\r\n") + "9\r\nhalf"), .refused(502)),
            Hazard(
                "truncated before the last chunk",
                .send(head("Transfer-Encoding: chunked\r\n") + "4\r\nhalf\r\n"), .refused(502)),
            Hazard("reset at once", .reset(""), .refused(502)),
            Hazard("reset in the content", .reset(head("Content-Length: 9\r\n") + "half"), .refused(502)),
            Hazard(
                "an end that only the closing shows", .send(head("Connection: close\r\n") + "all?"),
                .passed("all?")),
            Hazard(
                "oversized by its length", .send(head("Content-Length: \(big.count)\r\n") + big),
                .passed(big)),
            Hazard(
                "oversized by its chunks",
                .send(
                    head("Transfer-Encoding: chunked\r\n")
                        + "\(String(big.count, radix: 16))\r\n\(big)\r\n0\r\n\r\n"), .passed(big)),
            Hazard(
                "oversized and cut", .send(head("Content-Length: \(big.count + 5)\r\n") + big), .cut),
            Hazard(
                "oversized chunks and cut",
                .send(
                    head("Transfer-Encoding: chunked\r\n") + "\(String(big.count, radix: 16))\r\n\(big)\r\n"),
                .cut),
            Hazard("slow to begin", .hang, .refused(504)),
            Hazard("slow in the head", .trickle("HTTP/1.1 200 OK\r\n", "X: 1\r\n"), .refused(504)),
            Hazard("slow in the content", .trickle(head("Content-Length: 50000\r\n"), "x"), .refused(504)),
            Hazard(
                "slow in chunks", .trickle(head("Transfer-Encoding: chunked\r\n"), "1\r\nx\r\n"),
                .refused(504)),
            Hazard(
                "lying: a length below the content", .send(head("Content-Length: 4\r\n") + "more than four"),
                .refused(502)),
            Hazard(
                "lying: a second answer behind the first",
                .send(head("Content-Length: 2\r\n") + "ok" + head("Content-Length: 3\r\n") + "two"),
                .refused(502)),
            Hazard(
                "lying: a part that nobody asked for",
                .send(
                    head("Content-Range: bytes 0-3/9\r\nContent-Length: 4\r\n", status: "206 Partial Content")
                        + "part"),
                .passed("part")),
            Hazard(
                "lying: not modified, though nobody asked", .send(head("", status: "304 Not Modified")),
                .passed("")),
        ]

    private static let good = "good and whole"

    /// Does one hazard to the first request, once everybody has come, and answers all others well.
    private final class Stage: Sendable {
        let upstream: ScriptedUpstream
        let arrived: Gate
        let release: Gate
        private let count: Counter

        private final class Counter: Sendable {
            let number = Atomic<Int>(0)
        }

        init(_ act: Hazard.Act, patience: Int = 2_000) {
            let (arrived, release, count) = (Gate(), Gate(), Counter())
            (self.arrived, self.release, self.count) = (arrived, release, count)
            upstream = ScriptedUpstream { connection in
                while connection.readHead() != nil {
                    if count.number.add(1, ordering: .sequentiallyConsistent).newValue > 1 {
                        connection.send(
                            HazardEndToEndTests.head("Content-Length: \(good.utf8.count)\r\n") + good)
                        continue
                    }
                    arrived.open()
                    release.wait()
                    switch act {
                    case .send(let text): connection.send(text)
                    case .reset(let text):
                        connection.send(text)
                        connection.reset()
                    case .hang: _ = connection.readsEnd()
                    case .trickle(let begin, let piece):
                        connection.send(begin)
                        for _ in 0..<patience where connection.send(Array(piece.utf8)) { usleep(10_000) }
                    }
                    return
                }
            }
        }

        deinit { upstream.stop() }
    }

    private func gateway(_ stage: Stage) throws -> GatewayUnderTest {
        var options = GatewayUnderTest.Options()
        options.cache = #", "maximum_entry": "64KiB", "collapse_wait": "1m", "collapse_age": "1m""#
        options.upstream =
            #", "connect_timeout": "2s", "first_byte_timeout": "2s", "total_timeout": "3s", "retry": { "count": 0 }"#
        return try GatewayUnderTest(upstream: stage.upstream.url, options)
    }

    private func begin(_ target: String, _ count: Int, _ gateway: GatewayUnderTest) throws -> [RawConnection]
    {
        try (0..<count).map { _ in
            let client = try RawConnection(port: gateway.port)
            gateway.begin(gateway.request("GET", target), on: client)
            return client
        }
    }

    @Test(arguments: hazards)
    func nobodyTakesItForAWholeAnswerAndNobodyWaitsForEver(hazard: Hazard) throws {
        let stage = Stage(hazard.act)
        let gateway = try gateway(stage)
        let leader = try begin(Self.page, 1, gateway)[0]
        stage.arrived.wait()
        let followers = try begin(Self.page, 12, gateway)
        let partial = try begin(Self.smaller, 6, gateway)

        stage.release.open()
        let first = leader.answer()
        let answers = followers.map { $0.answer() }
        let parts = partial.map { $0.answer() }

        switch hazard.fate {
        case .refused(let status):
            #expect(first.status == status && first.isWhole, "\(first.head)")
            // They are told the same, and nothing is asked for them.
            #expect(answers.allSatisfy { $0.status == status && $0.isWhole }, "\(answers.map(\.status))")
        case .passed(let body):
            #expect(first.text == body && first.isWhole, "\(first.head)")
            #expect(answers.allSatisfy { $0.text == Self.good && $0.isWhole }, "\(answers.map(\.status))")
        case .cut:
            #expect(first.status == 200 && !first.isWhole && first.body.count <= Self.big.count)
            #expect(answers.allSatisfy { $0.text == Self.good && $0.isWhole }, "\(answers.map(\.status))")
        }
        // Who waited for a part of it asks for that.
        #expect(parts.allSatisfy { $0.text == Self.good && $0.isWhole }, "\(parts.map(\.status))")
        // Nothing of it was stored.
        let next = try gateway.ask("GET", Self.page)
        #expect(next.text == Self.good, "\(next.head)")
        #expect(next.value("Cache-Status")?.contains("fwd=uri-miss") == true, "\(next.head)")
        #expect(try gateway.metric("kayle_gateway_requests_in_flight") == 0)
    }

    /// The same, while the one who asked first is gone before the upstream does its worst.
    @Test(arguments: hazards.filter { $0.name.hasPrefix("truncated") || $0.name.hasPrefix("slow") })
    func whoAskedFirstMayBeGone(hazard: Hazard) throws {
        let stage = Stage(hazard.act)
        let gateway = try gateway(stage)
        let leader = try begin(Self.page, 1, gateway)[0]
        stage.arrived.wait()
        let followers = try begin(Self.page, 8, gateway)

        leader.reset()
        stage.release.open()
        let answers = followers.map { $0.answer() }

        #expect(answers.allSatisfy { $0.isWhole && [200, 502, 504].contains($0.status) })
        #expect(answers.allSatisfy { $0.status != 200 || $0.text == Self.good })
        #expect(try gateway.ask("GET", Self.page).text == Self.good)
    }
}
