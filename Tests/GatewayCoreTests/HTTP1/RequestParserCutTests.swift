import HTTPModel
import Testing

@testable import GatewayCore

/// The answer depends on the bytes, not on how they arrived; and arriving slowly costs nobody more.
struct RequestParserCutTests {
    @Test(arguments: HTTP1Samples.validHeads)
    func aHeadCutInTwoAnywhereGivesWhatTheWholeGives(text: String) {
        let bytes = Array(text.utf8)
        let whole = HTTP1Samples.parse(bytes, cutAt: [])

        for cut in 0...bytes.count {
            let pieces = HTTP1Samples.parse(bytes, cutAt: [cut])
            #expect(pieces.outcome == whole.outcome, "cut at \(cut)")
            #expect(pieces.head.facts == whole.head.facts, "cut at \(cut)")
        }
    }

    @Test(arguments: HTTP1Samples.validHeads)
    func aHeadThatComesByteByByteGivesWhatTheWholeGives(text: String) {
        let bytes = Array(text.utf8)
        let whole = HTTP1Samples.parse(bytes, cutAt: [])

        let pieces = HTTP1Samples.parse(bytes, cutAt: 0..<bytes.count)

        #expect(pieces.outcome == whole.outcome)
        #expect(pieces.head.facts == whole.head.facts)
    }

    @Test(arguments: [
        "GET /" + String(repeating: "a", count: 8_000),
        "GET /?" + String(repeating: "q", count: 8_000),
        "GET http://" + String(repeating: "h", count: 8_000),
        "GET / HTTP/1.1\r\n" + String(repeating: "N", count: 30_000),
        "GET / HTTP/1.1\r\nX: " + String(repeating: "v", count: 30_000),
        "GET / HTTP/1.1\r\n" + String(repeating: "X: y\r\n", count: 99),
    ])
    func eachCallGoesOnWhereTheLastOneStopped(text: String) {
        var parser = RequestParser(limits: HTTP1Limits())
        var head = RequestHead()
        let bytes = Array(text.utf8)

        for count in 1...bytes.count {
            let outcome = parser.parse(bytes.span.extracting(first: count), into: &head)
            let unseen = count - parser.progress.cursor
            // A version is compared from its beginning until its line ends: ten bytes.
            guard outcome == .needMore, unseen <= 10 else {
                Issue.record("\(unseen) of \(count) bytes will be read again after \(outcome)")
                return
            }
        }
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func spoiledRequestsNeverTrapAndAreJudgedAlikeInPieces(seed: UInt64) {
        var generator = SeededNumbers(state: seed)
        for round in 0..<500 {
            let original = HTTP1Samples.validHeads[round % HTTP1Samples.validHeads.count]
            let bytes = generator.mutate(Array(original.utf8))
            let whole = HTTP1Samples.parse(bytes, cutAt: [])
            let cut = Int.random(in: 0...bytes.count, using: &generator)
            let inTwo = HTTP1Samples.parse(bytes, cutAt: [cut])
            let byteByByte = HTTP1Samples.parse(bytes, cutAt: 0..<bytes.count)

            guard inTwo.outcome == whole.outcome, byteByByte.outcome == whole.outcome else {
                Issue.record("seed \(seed), round \(round): \(whole.outcome), cut at \(cut) \(inTwo.outcome)")
                return
            }
            guard case .complete(let headBytes) = whole.outcome else { continue }
            let isInside = whole.head.ranges.allSatisfy { $0.end <= headBytes }
            let isSame = inTwo.head.facts == whole.head.facts && byteByByte.head.facts == whole.head.facts
            guard isInside, isSame else {
                Issue.record("seed \(seed), round \(round): inside \(isInside), the same \(isSame)")
                return
            }
        }
    }
}
