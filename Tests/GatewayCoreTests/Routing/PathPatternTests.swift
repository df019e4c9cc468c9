import GatewayCore
import HTTPModel
import Testing

/// Which texts are patterns, and which pattern takes all that another takes.
struct PathPatternTests {
    static func pattern(_ text: String) throws -> PathPattern { try PathPattern.parse(text).get() }

    @Test(
        arguments: [
            ("/", [.literal([])], false), ("/*", [], true), ("/v1", [.literal(Array("v1".utf8))], false),
            ("/v1/", [.literal(Array("v1".utf8)), .literal([])], false),
            ("/v1/*", [.literal(Array("v1".utf8))], true),
            ("/{a}/b", [.parameter("a"), .literal([0x62])], false),
        ] as [(String, [PathPattern.Segment], Bool)])
    func patternIsRead(text: String, segments: [PathPattern.Segment], takesRest: Bool) throws {
        let pattern = try Self.pattern(text)

        #expect(pattern.segments == segments)
        #expect(pattern.takesRest == takesRest)
    }

    @Test(
        arguments: [
            ("", .noSlash), ("v1", .noSlash), ("*", .noSlash), ("//", .emptySegment),
            ("/a//b", .emptySegment),
            ("//*", .emptySegment), ("/.", .dotSegment), ("/a/../b", .dotSegment), ("/a*", .wildcardInside),
            ("/*/a", .wildcardInside), ("/**", .wildcardInside), ("/a{b}", .wildcardInside),
            ("/{b}c", .wildcardInside),
            ("/{}", .parameterName), ("/{a b}", .parameterName), ("/{a}/{a}", .parameterTwice),
            ("/%41", .character),
            ("/a b", .character), ("/é", .character), ("/a?b", .character), ("/a#b", .character),
            ("/\u{0}", .character),
        ] as [(String, PathPatternFailure)])
    func otherTextIsRefusedWithItsReason(text: String, failure: PathPatternFailure) {
        #expect(PathPattern.parse(text) == .failure(failure))
    }

    @Test(arguments: [
        ("/*", "/"), ("/*", "/v1"), ("/*", "/*"), ("/v1/*", "/v1/"), ("/v1/*", "/v1/a/b"),
        ("/v1/*", "/v1/a/*"),
        ("/v1/{id}", "/v1/a"), ("/v1/{id}", "/v1/{other}"), ("/{a}/*", "/v1/x"), ("/v1", "/v1"),
        ("/v1/*", "/v1/*"),
    ])
    func patternCoversWhatItTakesWhole(wide: String, narrow: String) throws {
        #expect(try Self.pattern(wide).covers(Self.pattern(narrow)))
    }

    @Test(arguments: [
        ("/v1/*", "/v1"), ("/v1/*", "/v2/a"), ("/v1/a", "/v1/{id}"), ("/v1/{id}", "/v1/"),
        ("/v1/{id}", "/v1/*"),
        ("/v1/{id}", "/v1/a/b"), ("/v1", "/v1/"), ("/v1/a/*", "/v1/*"), ("/{a}/*", "/*"), ("/v1/A", "/v1/a"),
    ])
    func patternDoesNotCoverWhatItLeavesToOthers(first: String, second: String) throws {
        #expect(try !Self.pattern(first).covers(Self.pattern(second)))
    }

    @Test(arguments: [
        ("/", "/"), ("/*", "/"), ("/*", "/a/b"), ("/v1", "/v1"), ("/v1/", "/v1/"), ("/v1/*", "/v1/"),
        ("/v1/*", "/v1/a/"), ("/v1/{id}", "/v1/a"), ("/{a}/{b}", "/x/y"), ("/{a}/*", "/x/"),
        ("/v1/{id}/y", "/v1/%2F/y"),
    ])
    func patternMatchesItsPaths(text: String, path: String) throws {
        let isMatch = try Self.pattern(text).matches(Array(path.utf8).span)
        #expect(isMatch)
    }

    @Test(arguments: [
        ("/", ""), ("/", "/a"), ("/*", ""), ("/*", "a"), ("/v1", "/v1/"), ("/v1", "/v"), ("/v1", "/v12"),
        ("/v1", "/V1"), ("/v1/", "/v1"), ("/v1/*", "/v1"), ("/v1/{id}", "/v1/"), ("/v1/{id}", "/v1"),
        ("/v1/{id}", "/v1/a/"), ("/v1/{id}", "/v1/a/b"), ("/{a}/*", "//x"), ("/a/b", "/a"), ("/a", "*"),
    ])
    func patternMatchesNoOtherPath(text: String, path: String) throws {
        let isMatch = try Self.pattern(text).matches(Array(path.utf8).span)
        #expect(!isMatch)
    }
}
