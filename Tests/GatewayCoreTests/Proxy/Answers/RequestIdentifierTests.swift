import HTTPModel
import Testing

@testable import GatewayCore

struct RequestIdentifierTests {
    /// The identifier of a request with these values of `X-Request-Id`.
    private func identifier(_ values: String...) -> String {
        var source = RequestIdentifier(prefix: 0x1234)
        let fields = values.map { "X-Request-Id: \($0)\r\n" }.joined()
        let text = "GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n"
        let head = HTTP1Samples.parse(text).head
        source.take(from: head, Array(text.utf8).span)
        return source.bytes.withBytes { $0.text }
    }

    @Test(arguments: [
        "12345678", "ABCxyz0189._-", String(repeating: "a", count: 128),
        "00000000-0000-0000-0000-000000000000",
    ])
    func aUsableIdentifierIsTakenOver(value: String) {
        #expect(identifier(value) == value)
    }

    @Test(arguments: [
        "", "1234567", String(repeating: "a", count: 129), "1234 5678", "12345678\"", "12345678,",
        "1234567/8",
        "12345678é", "12345678:", "12345678@", "12345678[", "12345678`", "12345678{",
    ])
    func anyOtherIsReplaced(value: String) {
        #expect(identifier(value) == "8000000000001234-1")
    }

    @Test func withoutOneItIsMade() {
        #expect(identifier() == "8000000000001234-1")
    }

    @Test func madeIdentifiersAreAcceptableThemselvesAndNeverTheSame() {
        var source = RequestIdentifier(prefix: .max)
        var seen: Set<String> = []
        for _ in 0..<1_000 {
            source.make()
            seen.insert(source.bytes.withBytes { $0.text })
        }

        #expect(seen.count == 1_000)
        #expect(seen.allSatisfy { identifier($0) == $0 })
    }

    @Test func nothingOfTheLastIdentifierIsLeft() {
        var source = RequestIdentifier(prefix: 1)
        source.make()
        let first = source.bytes.count
        source.make()
        let second = source.bytes.count

        #expect(first == second)
    }
}
