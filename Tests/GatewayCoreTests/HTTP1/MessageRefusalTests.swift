import HTTPModel
import Testing

@testable import GatewayCore

struct MessageRefusalTests {
    @Test(arguments: [
        (Status.badRequest, "BAD_REQUEST"), (.contentTooLarge, "CONTENT_TOO_LARGE"),
        (.uriTooLong, "URI_TOO_LONG"),
        (.headersTooLarge, "HEADERS_TOO_LARGE"), (.notImplemented, "NOT_IMPLEMENTED"),
        (.versionNotSupported, "HTTP_VERSION_NOT_SUPPORTED"),
    ])
    func everyStatusOfTheTableHasItsCode(status: Status, code: String) {
        let codes = Set(MessageRefusal.allCases.filter { $0.status == status }.map { "\($0.code)" })

        #expect(codes == [code])
    }

    @Test func everyReasonHasASentenceOfItsOwn() {
        let sentences = MessageRefusal.allCases.map { "\($0.sentence)" }

        #expect(Set(sentences).count == MessageRefusal.allCases.count)
        #expect(sentences.allSatisfy { $0.hasSuffix(".") && !$0.contains("\"") && !$0.contains("\\") })
    }

    @Test func everyWordIsFitForAMetricLabel() {
        let letters = Set("abcdefghijklmnopqrstuvwxyz0123456789_")

        #expect(MessageRefusal.allCases.allSatisfy { $0.rawValue.allSatisfy { letters.contains($0) } })
    }
}
