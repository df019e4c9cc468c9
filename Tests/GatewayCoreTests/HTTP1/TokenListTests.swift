import HTTPModel
import Testing

@testable import GatewayCore

struct TokenListTests {
    private func members(_ text: String) -> [String]? {
        let bytes = Array(text.utf8)
        var list = TokenList()
        var members: [String] = []
        while true {
            switch list.next(in: bytes.span) {
            case .member(let range): members.append(bytes.span.extracting(range.range).text)
            case .end: return members
            case .invalid: return nil
            }
        }
    }

    @Test(arguments: [
        ("", []), ("a", ["a"]), ("a,b", ["a", "b"]), (" a \t,\tb ", ["a", "b"]), (",,a,,b,,", ["a", "b"]),
        ("Keep-Alive, x!y", ["Keep-Alive", "x!y"]),
    ])
    func membersComeInOrderWithoutWhatPartsThem(text: String, expected: [String]) {
        #expect(members(text) == expected)
    }

    @Test(arguments: ["a b", "a;b", "\"a\"", "a, b c", "a, =", "a\u{7F}", "é"])
    func whatIsNoTokenIsInvalid(text: String) {
        #expect(members(text) == nil)
    }
}
