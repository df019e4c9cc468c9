import Synchronization

@testable import GatewayCore

/// An upstream that does not say how long its answers are. It sends the begin of its first answer, and the
/// rest when the test lets it; all others are sent at once.
final class UnmeasuredOrigin: Sendable {
    /// The ways in which an answer comes without a length.
    enum Form: String, CaseIterable, Sendable {
        case chunked, gzip, gzipInChunks

        func coded(_ content: [UInt8]) -> [UInt8] { self == .chunked ? content : Encoding.gzip(content) }

        func head(_ coded: [UInt8]) -> String {
            let coding = self == .chunked ? "" : "Content-Encoding: gzip\r\n"
            let framing = self == .gzip ? "Content-Length: \(coded.count)" : "Transfer-Encoding: chunked"
            return "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\n\(coding)\(framing)\r\n\r\n"
        }

        func framed(_ piece: [UInt8]) -> [UInt8] {
            if self == .gzip { return piece }
            return Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + Array("\r\n".utf8)
        }

        var end: [UInt8] { self == .gzip ? [] : Array("0\r\n\r\n".utf8) }
    }

    /// What becomes of the first answer after its begin.
    enum Fate: String, CaseIterable, Sendable {
        case whole, closed, reset, withoutLastChunk, misframed, withWrongChecksum, cutGzip
    }

    /// What it answers, unless told otherwise.
    static let content = content(400_000)
    /// The begin: of so much of it more is decoded than an answer is passed on from.
    static let half = 200_000

    let upstream: ScriptedUpstream
    let release = Gate()
    private let answers = Counter()

    private final class Counter: Sendable {
        private let count = Atomic<Int>(0)
        func next() -> Int { count.add(1, ordering: .relaxed).newValue }
    }

    init(
        _ content: [UInt8] = content, form: Form = .chunked, fate: Fate = .whole, beginBytes: Int = half
    ) {
        let (release, answers) = (release, answers)
        let coded = form.coded(content)
        upstream = ScriptedUpstream { connection in
            while connection.readHead() != nil {
                connection.send(form.head(coded))
                guard answers.next() == 1 else {
                    connection.send(form.framed(coded) + form.end)
                    continue
                }
                connection.send(form.framed(Array(coded[..<beginBytes])))
                release.wait()
                var rest = Array(coded[beginBytes...])
                switch fate {
                case .whole: break
                case .closed: return
                case .reset: return connection.reset()
                case .withoutLastChunk:
                    connection.send(form.framed(rest))
                    return
                case .misframed:
                    connection.send("no size\r\n")
                    return
                case .withWrongChecksum: rest[rest.count - 6] ^= 1
                case .cutGzip: rest.removeLast(20)
                }
                connection.send(form.framed(rest) + form.end)
            }
        }
    }

    deinit { upstream.stop() }

    /// Bytes that gzip makes little of, so that half of them coded are about half of them.
    static func content(_ count: Int) -> [UInt8] {
        var numbers = SeededNumbers(state: 5)
        var content: [UInt8] = []
        content.reserveCapacity(count + 8)
        while content.count < count {
            let number = numbers.next()
            for shift in 0..<8 { content.append(UInt8(truncatingIfNeeded: number >> (8 * UInt64(shift)))) }
        }
        content.removeLast(content.count - count)
        return content
    }
}
