import Testing

@testable import GatewayCore

struct SocketAddressTests {
    @Test(arguments: ["127.0.0.1:8443", "0.0.0.0:0", "[::1]:9443", "[2001:db8::7]:65535"])
    func anAddressIsReadAndPrintedAlike(text: String) {
        #expect(SocketAddress(text)?.text == text)
    }

    @Test(arguments: [
        "localhost:80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:+80", "::1:80",
        "[127.0.0.1]:80",
        "[::1]", "", ":80", "1.2.3:80",
    ])
    func anythingElseIsNoAddress(text: String) {
        #expect(SocketAddress(text) == nil)
    }

    @Test func onlyLoopbackIsLoopback() {
        #expect(IPAddress("127.8.9.1")?.isLoopback == true)
        #expect(IPAddress("::1")?.isLoopback == true)
        #expect(IPAddress("128.0.0.1")?.isLoopback == false)
        #expect(IPAddress("::ffff:127.0.0.1")?.isLoopback == true)
    }
}
