import HTTPModel
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

    @Test(arguments: [
        "127.0.0.1", "::", "2001:db8::7", "0:0:0:0:0:ffff:192.0.2.1", "1.2.3", "1.2.3.4 ", " 1.2.3.4",
        "1.2.3.4\0",
        "1.2.3.4\0x", "", "::1%lo", "[::1]", "1.2.3.256", "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
        "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.2550", "::\u{FF}",
    ])
    func receivedBytesAreReadAsTheirTextIs(text: String) {
        let fromText = text.utf8.contains(0) ? nil : IPAddress(text)

        #expect(IPAddress(Array(text.utf8).span) == fromText)
    }

    @Test func onlyLoopbackIsLoopback() {
        #expect(IPAddress("127.8.9.1")?.isLoopback == true)
        #expect(IPAddress("::1")?.isLoopback == true)
        #expect(IPAddress("128.0.0.1")?.isLoopback == false)
        #expect(IPAddress("::ffff:127.0.0.1")?.isLoopback == true)
    }

    @Test(arguments: ["192.0.2.1", "0.0.0.0", "255.255.255.255", "10.20.30.40", "2001:db8::7", "::1"])
    func anAddressIsAppendedAsItIsSpelled(text: String) {
        var bytes: [UInt8] = [0x20]

        IPAddress(text)?.append(to: &bytes)

        #expect(bytes.span.text == " \(text)")
    }
}
