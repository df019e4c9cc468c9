import GatewayCore
import Testing

/// Which URLs name an upstream.
struct UpstreamOriginTests {
    @Test(
        arguments: [
            ("https://api.kayle.id", "api.kayle.id", 443, "api.kayle.id"),
            ("https://API.Kayle.ID/", "api.kayle.id", 443, "api.kayle.id"),
            ("HTTPS://api.kayle.id:8443", "api.kayle.id", 8_443, "api.kayle.id:8443"),
            ("https://192.0.2.1:443", "192.0.2.1", 443, "192.0.2.1"),
            ("https://[2001:DB8::1]:444/", "2001:db8::1", 444, "[2001:db8::1]:444"),
            ("http://127.0.0.1:8080", "127.0.0.1", 8_080, "127.0.0.1:8080"),
            ("http://[::1]", "::1", 80, "[::1]"),
            ("http://localhost:80", "localhost", 80, "localhost"),
        ] as [(String, String, UInt16, String)])
    func originIsRead(url: String, host: String, port: UInt16, authority: String) throws {
        let origin = try UpstreamOrigin.parse(url).get()

        #expect(origin.host == host)
        #expect(origin.port == port)
        #expect(origin.authority == authority)
    }

    @Test(
        arguments: [
            ("", .scheme), ("api.kayle.id", .scheme), ("ftp://127.0.0.1", .scheme), ("https:/a", .scheme),
            ("https://", .host), ("https:///", .host), ("https://api.kayle.id//", .path),
            ("https://a/v1", .path),
            ("https://a?x", .path), ("https://a#x", .path), ("https://me:secret@a", .user),
            ("https://a:", .port),
            ("https://a:0", .port), ("https://a:65536", .port), ("https://a:+80", .port),
            ("https://a..b", .host),
            ("https://-a.b", .host), ("https://a_b", .host), ("https://a b", .host),
            ("https://10.0.0.256", .host),
            ("https://[::1", .host), ("https://[127.0.0.1]", .host), ("https://[fe80::1%25eth0]", .host),
            ("https://::1", .host), ("https://a\u{0}b", .host), ("https://127.0.0.1\u{0}", .host),
            ("http://api.kayle.id", .inTheClear), ("http://10.0.0.1", .inTheClear),
            ("http://127.0.0.1.kayle.id", .inTheClear), ("https://é.id", .host), ("https://https://a", .path),
        ] as [(String, UpstreamOriginFailure)])
    func otherTextIsRefusedWithItsReason(url: String, failure: UpstreamOriginFailure) {
        #expect(UpstreamOrigin.parse(url) == .failure(failure))
    }

    @Test(arguments: ["https://api.kayle.id", "https://[2001:db8::1]:444", "http://127.0.0.1:8080"])
    func urlIsReadBackAsTheSameOrigin(url: String) throws {
        #expect(try UpstreamOrigin.parse(url).get().url == url)
    }
}
