import HTTPModel
import Testing

@testable import Cache

/// Which answers are given in a coding.
struct CompressionPolicyTests {
    private static let json = "Content-Type: application/json"

    private func covers(
        _ lines: [String], status: UInt16 = 200, byteCount: Int = 4_096,
        policy: CompressionPolicy = CompressionPolicy()
    ) -> Bool {
        policy.covers(response(status, lines), byteCount: byteCount)
    }

    @Test(arguments: [
        json, "content-type: Application/JSON; charset=utf-8", "Content-Type: text/plain",
        "Content-Type: text/html;charset=utf-8",
    ])
    func textOfSomeSizeIs(type: String) {
        #expect(covers([type]))
    }

    @Test(arguments: [
        [], ["Content-Type: image/png"], ["Content-Type: text"], ["Content-Type: application/jsonp"],
        [json, "Content-Encoding: identity"], [json, "Content-Encoding: br"],
        [json, "Cache-Control: max-age=5, No-Transform"], [json, "Content-Digest: sha-256=:AA==:"],
        [json, "Repr-Digest: sha-256=:AA==:"], [json, "Digest: x"], [json, "Content-MD5: x"],
    ])
    func whatIsNoTextOrMustStayAsItIsIsNot(lines: [String]) {
        #expect(!covers(lines))
    }

    @Test func smallAnswersErrorsAndSwitchedOffCodingsAreNot() {
        #expect(covers([Self.json], byteCount: 1_024) && !covers([Self.json], byteCount: 1_023))
        #expect(!covers([Self.json], status: 404))
        #expect(!covers([Self.json], policy: .off))
        var gzipOnly = CompressionPolicy()
        gzipOnly.zstdLevel = 0
        #expect(covers([Self.json], policy: gzipOnly))
        #expect(gzipOnly.codings == ContentCodings([.gzip]))
    }
}
