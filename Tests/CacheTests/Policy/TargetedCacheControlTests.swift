import Testing

@testable import Cache

struct TargetedCacheControlTests {
    private static func read(_ text: String) -> CacheControl? {
        CacheControl(targeted: Array(text.utf8).span)
    }

    @Test(arguments: [
        ("max-age=5", CacheControl.Lifetime.seconds(5)),
        ("max-age=5;ext=1, stale-if-error=300", .seconds(5)),
        ("a=\"x,\\\"y\", b=:aGk=:, c=(1 2;q \"z\"), d=tok/en:x, e=?0, f=-1.25, max-age=5", .seconds(5)),
        ("max-age=5,\t max-age=6", .seconds(6)),
        ("s-maxage=7, max-age=5", .seconds(7)),
        ("max-age=999999999999999", .seconds(1 << 31)),
        ("max-age=-1", .doubtful),
        ("max-age=1.5", .absent),
        ("max-age=\"5\"", .absent),
        ("max-age", .absent),
    ])
    func lifetimesAreIntegers(text: String, expected: CacheControl.Lifetime) {
        #expect(Self.read(text)?.lifetime == expected)
    }

    @Test(arguments: [
        "", "   ", "max-age=5, &&&", "max-age=5,", "Max-Age=5", "max-age=", "max-age=5 6", "max-age =5",
        "max-age=1234567890123456", "a=1.2345", "a=1.", "a=-", "a=\"x", "a=\"\\x\"", "a=:*:", "a=(1",
        "a=(1\t2)",
        "a=?2", "a=@1", "a;", "a;=1", "a;B", ",a", "a,,b",
    ])
    func whatIsNoDictionaryIsAbsent(text: String) {
        #expect(Self.read(text) == nil)
    }

    @Test func booleansCountOnlyAsBooleans() {
        #expect(Self.read("no-store")?.noStore == true)
        #expect(Self.read("no-store=?0")?.noStore == false)
        #expect(Self.read("no-store=1")?.noStore == false)
        #expect(Self.read("no-cache=\"a\"")?.noCache == true)
    }

    @Test func everyCutIsReadWithoutHarm() {
        let bytes = Array("a=\"x\\\"y\", b=:aGk=:, c=(1 2;q \"z\"), d=tok, e=?0, max-age=5".utf8)
        for count in 0..<bytes.count {
            let control = CacheControl(targeted: bytes.span.extracting(first: count))
            #expect(control?.maxAge ?? .absent == .absent)
        }
    }
}
