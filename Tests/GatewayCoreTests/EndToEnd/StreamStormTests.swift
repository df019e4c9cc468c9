import Glibc
import Locking
import Synchronization
import Testing

@testable import GatewayCore

/// Many clients that come, wait, read, dawdle and leave at random, and an upstream whose answers are of all
/// sizes and ends: each answer tells what it must be, so that whatever a client is given can be checked.
@Suite(.timeLimit(.minutes(4)), .serialized)
struct StreamStormTests {
    /// What clients were given.
    private final class Findings: Sendable {
        private let counts = Lock<[Verdict: Int]>([:])
        func add(_ verdict: Verdict) { counts.withLock { $0[verdict, default: 0] += 1 } }
        func count(_ verdict: Verdict) -> Int { counts.withLock { $0[verdict] ?? 0 } }
    }

    private final class Answers: Sendable {
        private let count = Atomic<Int>(0)
        func next() -> Int { count.add(1, ordering: .relaxed).newValue }
    }

    private enum Verdict { case whole, cut, refused, wrong }

    /// Content that begins with its number and its length, and goes on so that every lost, doubled or foreign
    /// byte shows.
    private static func content(_ number: Int, _ length: Int) -> [UInt8] {
        let begin = Array("\(number) \(length);".utf8)
        let start = number % 50_000
        return begin + filling[start..<(start + length - begin.count)]
    }

    private static let filling = UnmeasuredOrigin.content(500_000)

    private static func verdict(_ body: [UInt8], isWhole: Bool) -> Verdict {
        guard let end = body.firstIndex(of: UInt8(ascii: ";")) else { return isWhole ? .wrong : .cut }
        let words = String(decoding: body[..<end], as: UTF8.self).split(separator: " ").map { Int($0) }
        guard words.count == 2, let number = words[0], let length = words[1] else { return .wrong }
        let right = content(number, length)
        if isWhole { return body == right ? .whole : .wrong }
        return Array(right.prefix(body.count)) == body ? .cut : .wrong
    }

    private static func serve(_ connection: ScriptedConnection, _ numbers: inout SeededNumbers, _ number: Int)
        -> Bool
    {
        let content = content(number, Int.random(in: 100...400_000, using: &numbers))
        guard let form = UnmeasuredOrigin.Form.allCases.randomElement(using: &numbers) else { return false }
        let coded = form.coded(content)
        connection.send(form.head(coded))
        var start = 0
        while start < coded.count {
            let end = min(coded.count, start + Int.random(in: 1...20_000, using: &numbers))
            if Int.random(in: 0..<60, using: &numbers) == 0 {
                if Bool.random(using: &numbers) { connection.reset() }
                return false
            }
            guard connection.send(form.framed(Array(coded[start..<end]))) else { return false }
            start = end
            // Others get the processor, so that it comes in more than one read.
            for _ in 0..<10 { sched_yield() }
        }
        return form.end.isEmpty || connection.send(form.end)
    }

    private static func ask(_ gateway: GatewayUnderTest, round: Int, _ numbers: inout SeededNumbers) throws
        -> Verdict?
    {
        let isSlow = Int.random(in: 0..<4, using: &numbers) == 0
        let client = try RawConnection(port: gateway.port, receiveBufferBytes: isSlow ? 16_384 : nil)
        let target = "/v1/sessions?limit=\(round)"
        let kind = Int.random(in: 0..<10, using: &numbers)
        let method = kind == 0 ? "HEAD" : "GET"
        // Leaves before its answer, or in the middle of it.
        let leaves = Int.random(in: 0..<5, using: &numbers) == 0
        let request = gateway.request(
            method, target, tenant: kind == 1 ? "globex" : "acme",
            fields: (kind == 2 ? "If-None-Match: \"no\"\r\n" : "") + (leaves ? "Connection: close\r\n" : ""))
        client.send(kind == 3 ? request.replacing(" HTTP/1.1\r\n", with: " HTTP/1.0\r\n") : request)
        if leaves {
            if Bool.random(using: &numbers) { _ = client.take(Int.random(in: 1...100_000, using: &numbers)) }
            client.reset()
            return nil
        }
        let answer = client.answer(to: method)
        if client.end == .timeout { return .wrong }
        if method == "HEAD" { return answer.status == 200 ? .whole : .refused }
        if answer.status == 502 { return answer.isWhole ? .refused : .wrong }
        // A reset takes with it what has not been read yet.
        if answer.status == 0 { return .cut }
        return answer.status == 200 ? verdict(answer.body, isWhole: answer.isWhole) : .wrong
    }

    @Test func everybodyGetsOneAnswerWholeOrSeesThatItIsCut() throws {
        let answers = Answers()
        let upstream = ScriptedUpstream { connection in
            while connection.readHead() != nil {
                let number = answers.next()
                var numbers = SeededNumbers(state: UInt64(number))
                guard Self.serve(connection, &numbers, number) else { return }
            }
        }
        defer { upstream.stop() }
        var options = GatewayUnderTest.Options()
        options.upstream = #", "circuit": { "failures": 0 }, "retry": { "count": 0 }"#
        options.cache = #", "maximum_entry": "128KiB", "stream_from": "16KiB""#
        let gateway = try GatewayUnderTest(upstream: upstream.url, options)
        let findings = Findings()

        for round in 1...100 {
            Crowd.run(12) { thread in
                var numbers = SeededNumbers(state: UInt64(round * 1_000 + thread))
                if let verdict = try? Self.ask(gateway, round: round, &numbers) { findings.add(verdict) }
            }
        }

        #expect(findings.count(.wrong) == 0)
        #expect(findings.count(.whole) > 100)
        #expect(findings.count(.cut) > 0)
        #expect(findings.count(.refused) > 0)
        #expect(try eventually { try gateway.metric("kayle_gateway_requests_in_flight") == 0 })
        #expect(try eventually { try gateway.metric("kayle_gateway_upstream_in_flight") == 0 })
        #expect(try gateway.metric("kayle_gateway_cache_streams_total") > 50)
    }
}
