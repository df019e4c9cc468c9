import HTTPModel
import Testing

@testable import Cache

struct PageQuestionTests {
    private static func question(_ target: String) -> PageQuestion? {
        PageQuestion(Array(target.utf8).span, model: sessionsModel)
    }

    @Test func aPathAloneAsksForTheFirstPage() throws {
        let question = try #require(Self.question("/v1/sessions"))

        #expect(question.path.count == 12)
        #expect(question.limit == 10)
        #expect(question.cursor.isEmpty)
        #expect(!question.includes)
        #expect(question.otherCount == 0)
    }

    @Test func everyParameterIsFoundByWhatItMeans() throws {
        let target =
            "/l?status=created&created_from=2026-01-01T00:00:00.000Z&limit=7&starting_after=vs_aaaa"
            + "&include_attempts=true&q=1"
        let bytes = Array(target.utf8)
        let question = try #require(Self.question(target))

        func text(_ range: ByteRange) -> String { String(decoding: bytes[range.range], as: UTF8.self) }
        #expect(question.limit == 7)
        #expect(text(question.cursor) == "vs_aaaa")
        #expect(question.includes)
        #expect(text(question.values[0]) == "created")
        #expect(text(question.values[1]) == "2026-01-01T00:00:00.000Z")
        #expect(question.values[2].isEmpty)
        #expect(question.otherCount == 1)
        #expect(text(question.others[0]) == "q=1")
    }

    @Test(arguments: [
        "/l?", "/l?limit", "/l?limit=", "/l?=1", "/l?limit=01", "/l?limit=1x", "/l?limit=1234567890",
        "/l?a=1&", "/l?a=1&&b=2", "/l?a=1&b=2&c=3&d=4&e=5", "/l\naccept:x", "/l?a=1\naccept:x",
    ])
    func whatTheNormalizerNeverWritesIsNoQuestion(target: String) {
        #expect(Self.question(target) == nil)
    }

    @Test func familiesAreTheSameListOfTheSamePath() throws {
        func isFamily(_ a: String, _ b: String) throws -> Bool {
            let (mine, other) = (try #require(Self.question(a)), try #require(Self.question(b)))
            return mine.isFamily(of: other, Array(a.utf8).span, otherTarget: Array(b.utf8).span)
        }

        #expect(try isFamily("/l?limit=1", "/l?status=created&starting_after=vs_aaaa"))
        #expect(try isFamily("/l?q=1&limit=1", "/l?q=1"))
        #expect(try !isFamily("/l?q=1", "/l?q=2"))
        #expect(try !isFamily("/l?q=1", "/l"))
        #expect(try !isFamily("/l", "/m"))
    }

    @Test func textsAreOrderedByteByByteWhateverTheirLength() {
        let texts: [[UInt8]] = [
            [], [0], [1], [1, 0], [0xFF], Array("vs_aaaaaaaaaaaa0".utf8), Array("vs_aaaaaaaaaaaa1".utf8),
            Array("vs_aaaaaaaaaaab".utf8), Array("vs_abaaaaaaaaaa0".utf8), Array("vs_aaaaaaaaaaaa10".utf8),
            Array("vs_baaaaaaaaaaaaaaaa".utf8), [0x80, 0, 0, 0, 0, 0, 0, 0], [0x7F, 1, 0, 0, 0, 0, 0, 0],
        ]
        for a in texts {
            for b in texts {
                let order = a.span.order(against: b.span)
                #expect((order < 0) == a.lexicographicallyPrecedes(b), "\(a), \(b)")
                #expect((order == 0) == (a == b), "\(a), \(b)")
            }
        }
    }
}
