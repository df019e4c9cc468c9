import Testing

@testable import Cache

struct CacheControlTests {
    private static func read(_ lines: String...) -> CacheControl {
        var control = CacheControl()
        for line in lines { control.read(Array(line.utf8).span) }
        return control
    }

    @Test(arguments: [
        ("max-age=5", CacheControl.Lifetime.seconds(5)),
        ("MAX-AGE=5", .seconds(5)),
        ("max-age=\"5\"", .seconds(5)),
        ("max-age=0005", .seconds(5)),
        (" , max-age=5 ,, ", .seconds(5)),
        ("max-age=5, max-age=5", .seconds(5)),
        ("max-age=4294967296", .seconds(1 << 31)),
        ("max-age=99999999999999999999999999", .seconds(1 << 31)),
        ("foo=\"max-age=9\", max-age=5", .seconds(5)),
        ("foo=\"a\\\"b, max-age=9\", max-age=5", .seconds(5)),
        ("max-age=5, max-age=6", .doubtful),
        ("max-age", .doubtful),
        ("max-age=", .absent),
        ("max-age=-5", .doubtful),
        ("max-age=5.0", .doubtful),
        ("max-age=5;a", .absent),
        ("max-age =5", .absent),
        ("max-age=\"5", .absent),
        ("max-ages=5", .absent),
        ("xmax-age=5", .absent),
        ("", .absent),
    ])
    func maxAgeIsReadOrDoubted(text: String, expected: CacheControl.Lifetime) {
        #expect(Self.read(text).maxAge == expected)
    }

    @Test(arguments: [
        "max-age=", "max-age=5;a", "max-age =5", "max-age=\"5", "=5", "a=\"b\"c", "a b", "\"quoted\"", "\\",
        "a=\"\\",
    ])
    func whatCannotBeReadIsCalledMalformed(text: String) {
        #expect(Self.read(text).isMalformed)
    }

    @Test(arguments: ["no-store", "No-Store", "no-store=1", "a, no-store", "a b, no-store", "=, no-store ,"])
    func noStoreIsSeenBesideAnything(text: String) {
        #expect(Self.read(text).noStore)
    }

    @Test(arguments: ["no-cache", "no-cache=\"set-cookie\"", "max-age=5, NO-CACHE"])
    func noCacheIsSeenWithAndWithoutNames(text: String) {
        #expect(Self.read(text).noCache)
    }

    @Test func severalLinesAreOneList() {
        let control = Self.read("max-age=5", "no-store", "max-age=6")

        #expect(control.noStore)
        #expect(control.maxAge == .doubtful)
    }

    @Test func theSharedLifetimeWins() {
        #expect(Self.read("max-age=9, s-maxage=3").lifetime == .seconds(3))
        #expect(Self.read("max-age=9, s-maxage=x").lifetime == .doubtful)
        #expect(Self.read("max-age=9").lifetime == .seconds(9))
    }

    @Test func unknownDirectivesSayNothing() {
        #expect(Self.read("private, public, immutable, foo=bar, baz=\"q\"").isSilent)
    }

    @Test func everyCutOfALongLineIsReadWithoutHarm() {
        let bytes = Array("no-store, a=\"x\\\"y\", max-age=\"15\" , s-maxage=7,".utf8)
        for count in 0...bytes.count {
            var control = CacheControl()
            control.read(bytes.span.extracting(first: count))
            #expect(control.noStore == (count >= 8))
        }
    }
}
