import HTTPModel
import Testing

@testable import GatewayCore

/// The safety property of the cache: equal meanings meet, different meanings never do. Each run draws a new
/// seed, which every failure names.
struct QueryPropertyTests {
    private let seed = UInt64.random(in: 0 ... .max)

    @Test func equalMeaningsMeet() {
        var speller = QuerySpeller(seed: seed)
        var normalizer = ListQueryNormalizer()

        for _ in 0..<600 {
            let meaning = speller.meaning()
            let canonical = Self.canonical(speller.query(meaning), &normalizer)
            for _ in 0..<4 {
                let spelling = speller.query(meaning)
                #expect(
                    canonical != nil && Self.canonical(spelling, &normalizer) == canonical,
                    "seed \(seed): \(String(decoding: spelling, as: UTF8.self))")
            }
        }
    }

    @Test func differentMeaningsNeverMeet() {
        var speller = QuerySpeller(seed: seed)
        var normalizer = ListQueryNormalizer()
        var meanings: [[UInt8]: QueryMeaning] = [:]

        for _ in 0..<3_000 {
            let meaning = speller.meaning()
            guard let canonical = Self.canonical(speller.query(meaning), &normalizer) else {
                Issue.record("seed \(seed): \(meaning) has no canonical form")
                return
            }
            #expect(
                meanings.updateValue(meaning, forKey: canonical) ?? meaning == meaning,
                "seed \(seed): \(String(decoding: canonical, as: UTF8.self)) means two things")
        }
        #expect(meanings.count > 1_000, "seed \(seed)")
    }

    @Test func theUpstreamTakesTheCanonicalFormForWhatTheDocumentationPromises() {
        var speller = QuerySpeller(seed: seed)
        var normalizer = ListQueryNormalizer()
        let reference = QueryReference()
        var counts = (understood: 0, opaque: 0, refused: 0)

        for _ in 0..<1_500 {
            let meaning = speller.meaning()
            let query = Self.damaged(speller.query(meaning), by: &speller)
            let comment: Comment = "seed \(seed): \(String(decoding: query, as: UTF8.self))"
            var output = ByteBuffer()
            let answer = normalizer.normalize(query.span, model: KayleQueries.sessionsList, into: &output)
            switch (reference.documented(query), answer) {
            case (.meaning(let meaning), .canonical(let limit)):
                counts.understood += 1
                #expect(reference.upstream(output.withBytes { $0.array }) == meaning, comment)
                #expect(limit == meaning.limit, comment)
            case (.opaque, .opaque): counts.opaque += 1
            case (.refused, .refused): counts.refused += 1
            case (let documented, _): Issue.record("\(comment): \(documented), but \(answer)")
            }
        }
        // The three outcomes all came up, or the property said nothing about one of them.
        #expect(min(counts.understood, counts.opaque, counts.refused) > 50, "seed \(seed): \(counts)")
    }

    @Test func canonicalFormsAreFixedPoints() {
        var speller = QuerySpeller(seed: seed)
        var normalizer = ListQueryNormalizer()

        for _ in 0..<1_000 {
            let meaning = speller.meaning()
            guard let canonical = Self.canonical(speller.query(meaning), &normalizer) else {
                Issue.record("seed \(seed): \(meaning) has no canonical form")
                return
            }
            #expect(
                Self.canonical(canonical, &normalizer) == canonical,
                "seed \(seed): \(String(decoding: canonical, as: UTF8.self))")
        }
    }

    @Test func textMeetsWhenItsDecodedBytesAreEqualAndOnlyThen() throws {
        let model = try ListQueryModel(
            parameters: [
                QueryParameter("q", .text(maximumBytes: 64)),
                QueryParameter("limit", .integer(minimum: 1, maximum: 9, default: 5)),
            ], pageSize: "limit")
        var speller = QuerySpeller(seed: seed)
        var normalizer = ListQueryNormalizer()
        var texts: [[UInt8]: [UInt8]] = [:]
        let pieces = [
            "a", "b", "%", "+", "%2B", "%20", "%25", "%32%42", "%C3%A9", "%C3", "%A9", "%FF", "~", "%7E",
        ]

        for _ in 0..<2_000 {
            let text = Array((0..<speller.number(below: 5)).map { _ in speller.pick(pieces) }.joined().utf8)
            var output = ByteBuffer()
            let answer = normalizer.normalize((Array("q=".utf8) + text).span, model: model, into: &output)
            let canonical = output.withBytes { $0.array }
            var decoded: [UInt8] = []
            var decodedAgain: [UInt8] = []
            FormDecoding.decode(text.span, into: &decoded)
            FormDecoding.decode(canonical.span.extracting(droppingFirst: 2), into: &decodedAgain)

            let comment: Comment = "seed \(seed): \(String(decoding: text, as: UTF8.self))"
            #expect(answer == .canonical(limit: 5), comment)
            #expect(decodedAgain == decoded, comment)
            #expect(texts.updateValue(canonical, forKey: decoded) ?? canonical == canonical, comment)
        }
    }

    @Test func randomBytesNeverTrap() {
        var speller = QuerySpeller(seed: seed)
        var normalizer = ListQueryNormalizer()
        var output = ByteBuffer()
        var answers: Set<String> = []

        for _ in 0..<20_000 {
            let query = (0..<speller.number(below: 40)).map { _ in UInt8(speller.number(below: 256)) }
            let answer = normalizer.normalize(query.span, model: KayleQueries.sessionsList, into: &output)
            if case .canonical = answer { answers.insert("canonical") } else { answers.insert("other") }
        }
        #expect(answers.count == 2, "seed \(seed)")
    }

    // MARK: Tools

    /// The canonical form, or `nil` if the query has none.
    private static func canonical(_ query: [UInt8], _ normalizer: inout ListQueryNormalizer) -> [UInt8]? {
        var output = ByteBuffer()
        guard
            case .canonical = normalizer.normalize(
                query.span, model: KayleQueries.sessionsList, into: &output)
        else { return nil }
        return output.withBytes { $0.array }
    }

    /// Replaces, drops or inserts a few bytes, or adds another value: most of it is wrong in some small way.
    private static func damaged(_ query: [UInt8], by speller: inout QuerySpeller) -> [UInt8] {
        var query = query
        for _ in 0..<speller.number(below: 3) {
            let position = speller.number(below: query.count + 1)
            let byte = speller.pick(Array("0159aeZzvs_=&+-.:T%".utf8))
            switch speller.number(below: 4) {
            case 0: query.insert(byte, at: position)
            case 1 where position < query.count: query[position] = byte
            case 2 where position < query.count: query.remove(at: position)
            default:
                let pair = speller.pick([
                    "limit=0x1F", "limit=1e1", "limit=%2B7", "limit=7.0", "limit=+7", "limit=%E2%80%A87",
                    "limit=%C2%85",
                    "limit=.5e1", "limit=7.5", "limit=0b11", "limit=0x65", "limit=", "starting_after=abc",
                    "starting_after=%00", "starting_after=%ff", "starting_after=%E2%82%AC",
                    "include_attempts=yes",
                    "include_attempts=%66alse", "created_from=2026-01-01T00:00+01:00",
                    "created_to=2026-01-01",
                    "created_from=2026-01-01T00:00:00.Z", "status=Created", "status=", "%6Cimit=3",
                    "limit%FF=3",
                ])
                query = query.isEmpty ? Array(pair.utf8) : query + Array("&\(pair)".utf8)
            }
        }
        return query
    }
}
