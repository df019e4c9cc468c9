import HTTPModel
import Testing

@testable import Cache

/// What `Accept-Encoding` says (RFC 9110 §12.5.3).
struct AcceptedCodingsTests {
    private static let all = ContentCodings([.zstd, .gzip])

    private func read(_ lines: String...) -> AcceptedCodings {
        var codings = AcceptedCodings.unsaid
        for line in lines { codings.read(Array(line.utf8).span) }
        return codings
    }

    @Test(
        arguments: [
            ("gzip", .gzip), ("zstd", .zstd), ("gzip, zstd", .zstd), ("zstd;q=0.5, gzip", .gzip),
            ("gzip;q=0.5,zstd;q=0.5", .zstd), ("x-gzip", .gzip), ("GZIP", .gzip), ("*", .zstd),
            ("*;q=0.1, gzip;q=0", .zstd), ("br, gzip;q=0.8, *;q=0.1", .gzip), ("", nil), ("identity", nil),
            ("br", nil), ("gzip;q=0", nil), ("gzip;q=0.000", nil), ("gzip;q=0.001", .gzip),
            ("identity, gzip;q=0.5", nil), ("identity;q=0.5, gzip", .gzip), ("gzip, identity", .gzip),
            ("gzip;q=0.2, *;q=0.5", .zstd), ("*;q=0", nil), ("*;q=0, gzip", .gzip), ("gzip ; q=1.000", .gzip),
            (",, gzip ,,", .gzip), ("gzip;Q=1", .gzip),
        ] as [(String, ContentCoding?)])
    func theBestLikedIsChosen(line: String, expected: ContentCoding?) {
        let codings = read(line)

        #expect(codings.preferred(among: Self.all) == expected)
    }

    @Test(arguments: [
        "gzip;q=2", "gzip;q=1.001", "gzip;q=", "gzip;q", "gzip;level=9", "gzip;q=0.1234", "gzip q=1",
        "gz ip", ";q=1", "gzip;q=-1", "gzip;q=.5", "\"gzip\"", "gzip;q=1;q=1",
    ])
    func whatCannotBeReadAcceptsNothing(line: String) {
        #expect(read(line).preferred(among: Self.all) == nil)
        #expect(read(line).isUnsaid)
    }

    @Test(
        arguments: [
            ("", 1), ("identity;q=0", 0), ("*;q=0", 0), ("*;q=0, identity", 1_000), ("gzip", 1),
            ("identity;q=0.25", 250), ("*;q=0.5", 500),
        ] as [(String, UInt16)])
    func plainIsAcceptedUnlessItIsRefused(line: String, expected: UInt16) {
        #expect(read(line).plainQuality == expected)
    }

    @Test func severalLinesAreOneList() {
        #expect(read("br", "gzip;q=0.5").preferred(among: Self.all) == .gzip)
        #expect(read("gzip;q=0", "gzip").preferred(among: Self.all) == nil)
    }

    @Test func onlyWhatWeHaveIsChosen() {
        #expect(read("zstd, gzip;q=0.1").preferred(among: ContentCodings([.gzip])) == .gzip)
        #expect(read("zstd").preferred(among: ContentCodings([.gzip])) == nil)
        #expect(read("gzip").preferred(among: []) == nil)
    }

    @Test func withoutAWordThereIsNothingToChoose() {
        #expect(AcceptedCodings.unsaid.isUnsaid && read("").isUnsaid && !read("identity").isUnsaid)
        #expect(request().codings == .unsaid)
        #expect(!request(.get, ["accept-encoding: gzip"]).codings.isUnsaid)
    }

    @Test(arguments: [21, 22, 23] as [UInt64])
    func noLineEndsTheProgram(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let pieces = [
            "gzip", "zstd", "identity", "*", ";", "q", "=", "0", "1", ".", "5", ",", " ", "\t", "\"", "x-",
        ]

        for _ in 0..<20_000 {
            let line = (0..<Int.random(in: 0..<12, using: &generator)).map { _ in
                pieces.randomElement(using: &generator) ?? ""
            }.joined()
            let codings = read(line)
            let best = codings.preferred(among: Self.all)
            if let best {
                #expect(codings.quality(of: best) >= codings.plainQuality, "seed \(seed): \(line)")
            }
            #expect(codings.plainQuality <= 1_000, "seed \(seed): \(line)")
        }
    }
}
