import Foundation
import Testing

@testable import KayleStandIn

struct SchemaIssueTests {
    @Test func issuesAreAnIndentedArrayInsideAString() throws {
        struct Violation: Decodable {
            struct Failure: Decodable {
                let name: String
                let message: String
            }
            let success: Bool
            let error: Failure
        }
        let answer = Answer.schemaViolation([.tooBig(maximum: 100, "limit")])

        let violation = try JSONDecoder().decode(Violation.self, from: Data(answer.body))

        let expected = """
            [
              {
                "origin": "number",
                "code": "too_big",
                "maximum": 100,
                "inclusive": true,
                "path": [
                  "limit"
                ],
                "message": "Too big: expected number to be <=100"
              }
            ]
            """
        #expect(violation.error.message == expected)
        #expect(violation.error.name == "ZodError" && !violation.success && answer.code == 400)
    }
}
