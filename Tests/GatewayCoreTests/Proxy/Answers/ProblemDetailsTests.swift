import HTTPModel
import Testing

@testable import GatewayCore

struct ProblemDetailsTests {
    @Test func theMembersStandBeforeWhateverFollows() {
        var body = ByteBuffer()

        ProblemDetails.append(
            status: .tooManyRequests, detail: { $0.append("wait") }, violated: ["a", "b"], to: &body)

        #expect(
            body.withBytes { $0.text }
                == #""type":"https://iana.org/assignments/http-problem-types#quota-exceeded","#
                + #""title":"Quota exceeded","status":429,"detail":"wait","violated-policies":["a","b"],"#)
    }
}
