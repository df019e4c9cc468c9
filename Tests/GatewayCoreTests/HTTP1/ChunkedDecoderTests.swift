import HTTPModel
import Testing

@testable import GatewayCore

struct ChunkedDecoderTests {
    /// How a message ended: its content, and the bytes behind its framing; or why it was refused.
    enum Ending: Equatable {
        case whole(String, rest: String)
        case unfinished(String)
        case refused(MessageRefusal)
    }

    /// Gives the decoder the bytes in pieces of at most `pieceBytes`, dropping what it consumes, as a
    /// connection does.
    private static func decode(_ bytes: [UInt8], pieceBytes: Int, maximum: UInt64 = 1_000) -> Ending {
        var decoder = ChunkedDecoder(maximumContentBytes: maximum)
        var content: [UInt8] = []
        var (start, end) = (0, 0)
        while true {
            switch decoder.next(bytes.span.extracting(start..<end)) {
            case .content(let range, let consumed):
                content += bytes[(start + Int(range.start))..<(start + range.end)]
                start += consumed
            case .finished(let consumed):
                return .whole(
                    String(decoding: content, as: UTF8.self),
                    rest: String(decoding: bytes[(start + consumed)...], as: UTF8.self))
            case .refused(let reason): return .refused(reason)
            case .needMore(let consumed):
                start += consumed
                guard end < bytes.count else { return .unfinished(String(decoding: content, as: UTF8.self)) }
                end = min(bytes.count, end + pieceBytes)
            }
        }
    }

    @Test(arguments: [
        ("0\r\n\r\n", ""), ("3\r\nabc\r\n0\r\n\r\n", "abc"),
        ("a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789"),
        ("0000000000000003\r\nabc\r\n00\r\n\r\n", "abc"), ("3;n=v;q=\"a b\"\r\nabc\r\n0;last\r\n\r\n", "abc"),
        ("2\r\n\r\n\r\n0\r\n\r\n", "\r\n"), ("1\r\na\r\n0\r\nX-Sum: 1\r\nY:\r\n\r\n", "a"),
    ])
    func wellFormedContentIsTheSameHoweverItIsCut(text: String, content: String) {
        for pieceBytes in 1...(text.utf8.count + 4) {
            let ending = Self.decode(Array((text + "next").utf8), pieceBytes: pieceBytes)

            #expect(ending == .whole(content, rest: "next"), "in pieces of \(pieceBytes)")
        }
    }

    @Test(
        arguments: [
            (MessageRefusal.chunkSizeInvalid, "\r\n"), (.chunkSizeInvalid, ";x\r\n"),
            (.chunkSizeInvalid, "g\r\n"),
            (.chunkSizeInvalid, "0x3\r\nabc\r\n"), (.chunkSizeInvalid, "+3\r\n"),
            (.chunkSizeInvalid, "-1\r\n"),
            (.chunkSizeInvalid, " 3\r\n"), (.chunkSizeInvalid, "3 \r\nabc\r\n"),
            (.chunkSizeInvalid, "3 ;x\r\nabc\r\n"),
            (.chunkSizeInvalid, "00000000000000003\r\n"), (.chunkSizeInvalid, "1_0\r\n"),
            (.chunkSizeInvalid, "\0"),
            (.bareLineFeed, "3\nabc\r\n"), (.bareCarriageReturn, "3\rabc\r\n"),
            (.bareCarriageReturn, "3\r\rabc"),
            (.bareLineFeed, "3;x\nabc\r\n"), (.bareCarriageReturn, "3;x\ry\r\nabc"),
            (.chunkExtensionInvalid, "3;\0\r\nabc"),
            (.chunkExtensionInvalid, "3;a\u{B}\r\nabc"), (.chunkEndMissing, "3\r\nabcd\r\n"),
            (.chunkEndMissing, "3\r\nabc\n"),
            (.chunkEndMissing, "3\r\nabc\r\r"), (.chunkEndMissing, "3\r\nabc0\r\n\r\n"),
            (.contentTooLarge, "3e9\r\n"), (.contentTooLarge, "ffffffffffffffff\r\n"),
            (.contentTooLarge, "1\r\na\r\nffffffffffffffff\r\n"), (.contentTooLarge, "1\r\na\r\n3e8\r\n"),
            (.bareLineFeed, "0\r\n\n"), (.bareCarriageReturn, "0\r\n\rx"), (.fieldNameEmpty, "0\r\n: x\r\n"),
            (.fieldNameInvalid, "0\r\nX(: y\r\n"), (.whitespaceBeforeColon, "0\r\nX : y\r\n"),
            (.colonMissing, "0\r\nX\r\n"),
            (.foldedFieldLine, "0\r\nX: y\r\n z\r\n\r\n"), (.foldedFieldLine, "0\r\n X: y\r\n"),
            (.fieldValueInvalid, "0\r\nX: \0\r\n"),
            (.bareLineFeed, "0\r\nX: y\n\r\n"), (.bareCarriageReturn, "0\r\nX: y\rZ"),
            (.bareLineFeed, "0\r\nX\n"),
            (.whitespaceBeforeColon, "0\r\nGET / HTTP/1.1\r\n"),
        ] as [(MessageRefusal, String)])
    func brokenFramingIsRefusedHoweverItIsCut(reason: MessageRefusal, text: String) {
        for pieceBytes in [1, 2, 3, 1_000] {
            #expect(
                Self.decode(Array(text.utf8), pieceBytes: pieceBytes) == .refused(reason), "\(pieceBytes)")
        }
    }

    @Test func anUnfinishedMessageIsNeverTakenForAWholeOne() {
        let whole = Array("3;x\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n".utf8)

        for count in 0..<whole.count {
            let ending = Self.decode(Array(whole.prefix(count)), pieceBytes: 4)
            guard case .unfinished(let content) = ending else {
                Issue.record("cut at \(count): \(ending)")
                return
            }
            #expect("abcde".hasPrefix(content))
        }
    }

    @Test func contentMayBeAsLargeAsTheMaximum() {
        let text = Array("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n".utf8)

        #expect(Self.decode(text, pieceBytes: 100, maximum: 5) == .whole("abcde", rest: ""))
        #expect(Self.decode(text, pieceBytes: 100, maximum: 4) == .refused(.contentTooLarge))
    }

    @Test(arguments: [4_096, 4_097])
    func extensionsAreBoundedOverAllChunksTogether(extensionBytes: Int) {
        let half = String(repeating: "e", count: 2_047)
        let rest = String(repeating: "e", count: extensionBytes - 2_048 - 1)
        let text = "1;\(half)\r\na\r\n1;\(rest)\r\nb\r\n0\r\n\r\n"

        let ending = Self.decode(Array(text.utf8), pieceBytes: 512)

        #expect(
            ending == (extensionBytes <= 4_096 ? .whole("ab", rest: "") : .refused(.chunkExtensionsTooLong)))
    }

    @Test(arguments: [(8_192 - 8, nil), (8_192 - 7, MessageRefusal.trailerTooLarge)])
    func theTrailerSectionIsBoundedInBytes(valueBytes: Int, reason: MessageRefusal?) {
        // `X: ` and its CR LF are five bytes; the CR LF of the empty line two, of which the LF is not
        // counted.
        let text = "0\r\nX: " + String(repeating: "v", count: valueBytes + 2) + "\r\n\r\n"

        let ending = Self.decode(Array(text.utf8), pieceBytes: 1_000)

        #expect(ending == (reason.map { .refused($0) } ?? .whole("", rest: "")))
    }

    @Test(arguments: [(64, nil), (65, MessageRefusal.trailerTooLarge)])
    func theTrailerSectionIsBoundedInLines(lines: Int, reason: MessageRefusal?) {
        let text = "0\r\n" + String(repeating: "X: y\r\n", count: lines) + "\r\n"

        let ending = Self.decode(Array(text.utf8), pieceBytes: 7)

        #expect(ending == (reason.map { .refused($0) } ?? .whole("", rest: "")))
    }

    @Test(arguments: [11, 12, 13] as [UInt64])
    func spoiledChunksNeverTrapAndAreJudgedAlikeInPieces(seed: UInt64) {
        var generator = SeededNumbers(state: seed)
        let original = Array("3;n=v\r\nabc\r\n0b\r\nhello world\r\n0\r\nX: y\r\n\r\n".utf8)
        for round in 0..<2_000 {
            let bytes = generator.mutate(original)
            let whole = Self.decode(bytes, pieceBytes: bytes.count + 1)
            let pieces = Self.decode(bytes, pieceBytes: Int.random(in: 1...5, using: &generator))

            guard whole == pieces else {
                Issue.record("seed \(seed), round \(round): whole \(whole), in pieces \(pieces)")
                return
            }
        }
    }
}
