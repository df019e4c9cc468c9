import Testing

@testable import GatewayCore

struct AuthorityTests {
    @Test(arguments: [
        "a", "gateway.example.com", "a:0", "a:80", "a:65535", "a:00080", "192.0.2.1", "192.0.2.1:8443", "a_b",
        "a~b",
        "xn--bcher-kva.example", "a%2Db", "a!$&'()*+,;=b", "[::]", "[::1]:443", "[2001:db8::7]", "[1::]",
        "[1:2:3:4:5:6:7::]",
        "[1:2:3:4:5:6:7:8]", "[::ffff:192.0.2.1]", "[1:2:3:4:5:6:192.0.2.1]", "[ABCD::ef]",
    ])
    func aHostWithAnOptionalPortIsValid(text: String) {
        let bytes = Array(text.utf8)

        let isValid = Authority.isValid(bytes.span)

        #expect(isValid)
    }

    @Test(arguments: [
        "", ":", ":80", "a:", "a:x", "a:65536", "a:000080", "a:+1", "a: 1", "a:1:1", "u@a", "u:p@a", "a/",
        "a b", "a\0",
        "caf\u{E9}", "a%", "a%2", "a%2g", "%", "[", "[]", "]", "[::1", "::1", "[::1]]", "[::1]1", "[1]",
        "[1:2]", "[:1]",
        "[1:]", "[:::]", "[1::2::3]", "[1:2:3:4:5:6:7:8:9]", "[1:2:3:4:5:6:7:8::]", "[::12345]", "[::g]",
        "[::1.2.3]",
        "[::1.2.3.4.5]", "[::1.2.3.256]", "[::01.2.3.4]", "[::1..3.4]", "[1.2.3.4]",
        "[1:2:3:4:5:6:7:1.2.3.4]",
        "[fe80::1%25eth0]", "[v7.x]",
    ])
    func anythingElseIsNot(text: String) {
        let bytes = Array(text.utf8)

        let isValid = Authority.isValid(bytes.span)

        #expect(!isValid)
    }
}
