import HTTPModel
import Testing

@testable import GatewayCore

struct TrustedProxiesTests {
    /// One request: the peer it comes from, its fields, and the client that is behind it.
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        var peer = "10.0.0.1"
        var field = TrustedProxies.Field.xForwardedFor
        var lines: [String]
        let client: String
        var isSecure = false
        var testDescription: String { name }
    }

    static let rows: [Row] = [
        Row(name: "no field", lines: [], client: "10.0.0.1"),
        Row(name: "one client", lines: ["X-Forwarded-For: 192.0.2.7"], client: "192.0.2.7"),
        Row(
            name: "a stranger's claim", peer: "198.51.100.1", lines: ["X-Forwarded-For: 192.0.2.7"],
            client: "198.51.100.1"),
        Row(
            name: "a client that puts an address before its own",
            lines: ["X-Forwarded-For: 203.0.113.1, 192.0.2.7"], client: "192.0.2.7"),
        Row(
            name: "a client that puts a trusted address before its own",
            lines: ["X-Forwarded-For: 10.9.9.9, 192.0.2.7"], client: "192.0.2.7"),
        Row(
            name: "two trusted proxies",
            lines: ["X-Forwarded-For: 203.0.113.1, 192.0.2.7, 10.0.0.2"], client: "192.0.2.7"),
        Row(
            name: "several lines are one list",
            lines: [
                "X-Forwarded-For: 203.0.113.1", "x-forwarded-for: 192.0.2.7", "X-Forwarded-For: 10.0.0.2",
            ],
            client: "192.0.2.7"),
        Row(
            name: "nobody but proxies", lines: ["X-Forwarded-For: 10.0.0.3, 10.0.0.2"], client: "10.0.0.3"),
        Row(
            name: "garbage in front of the client", lines: ["X-Forwarded-For: x'; --, 192.0.2.7"],
            client: "192.0.2.7"),
        Row(
            name: "garbage in the client's place", lines: ["X-Forwarded-For: 192.0.2.7, unknown, 10.0.0.2"],
            client: "10.0.0.2"),
        Row(name: "garbage last", lines: ["X-Forwarded-For: 192.0.2.7, unknown"], client: "10.0.0.1"),
        Row(name: "empty elements", lines: ["X-Forwarded-For: , 192.0.2.7 ,,"], client: "192.0.2.7"),
        Row(name: "a port", lines: ["X-Forwarded-For: 192.0.2.7:61234"], client: "192.0.2.7"),
        Row(name: "a port that is none", lines: ["X-Forwarded-For: 192.0.2.7:"], client: "10.0.0.1"),
        Row(name: "IPv6", lines: ["X-Forwarded-For: 2001:db8::7"], client: "2001:db8::7"),
        Row(name: "IPv6 with a port", lines: ["X-Forwarded-For: [2001:db8::7]:80"], client: "2001:db8::7"),
        Row(name: "IPv4 in brackets", lines: ["X-Forwarded-For: [192.0.2.7]"], client: "10.0.0.1"),
        Row(
            name: "the field that is not in use", lines: ["Forwarded: for=192.0.2.7"], client: "10.0.0.1"),
        Row(
            name: "the scheme", lines: ["X-Forwarded-For: 192.0.2.7", "X-Forwarded-Proto: https"],
            client: "192.0.2.7", isSecure: true),
        Row(
            name: "two schemes", lines: ["X-Forwarded-Proto: https", "X-Forwarded-Proto: https"],
            client: "10.0.0.1"),
        Row(
            name: "a stranger's scheme", peer: "198.51.100.1", lines: ["X-Forwarded-Proto: https"],
            client: "198.51.100.1"),
        Row(
            name: "RFC 7239, IPv4", field: .forwarded, lines: ["Forwarded: for=192.0.2.60;proto=https;by=x"],
            client: "192.0.2.60", isSecure: true),
        Row(
            name: "RFC 7239, IPv6 with port, any case", field: .forwarded,
            lines: ["Forwarded: For=\"[2001:db8:cafe::17]:4711\""], client: "2001:db8:cafe::17"),
        Row(
            name: "RFC 7239, a chain", field: .forwarded,
            lines: ["Forwarded: for=203.0.113.1, for=192.0.2.43;proto=http, for=10.0.0.2;proto=https"],
            client: "192.0.2.43"),
        Row(
            name: "RFC 7239, hidden", field: .forwarded, lines: ["Forwarded: for=192.0.2.1, for=_gazonk"],
            client: "10.0.0.1"),
        Row(
            name: "RFC 7239, two clients in one element", field: .forwarded,
            lines: ["Forwarded: for=192.0.2.1;for=192.0.2.2"], client: "10.0.0.1"),
        Row(
            name: "RFC 7239, a comma between quotes", field: .forwarded,
            lines: ["Forwarded: for=203.0.113.1;by=\"a, for=192.0.2.9\""], client: "203.0.113.1"),
        Row(
            name: "RFC 7239, an open quote", field: .forwarded,
            lines: ["Forwarded: for=192.0.2.1, by=\"\\\", for=10.0.0.2"], client: "10.0.0.1"),
        Row(
            name: "RFC 7239, the other field is not read", field: .forwarded,
            lines: ["X-Forwarded-For: 192.0.2.7", "X-Forwarded-Proto: https"], client: "10.0.0.1"),
    ]

    @Test(arguments: rows)
    func theClientIsTheLastThatNoProxyVouchesFor(row: Row) throws {
        let proxies = TrustedProxies(blocks: [try #require(AddressBlock("10.0.0.0/8"))], field: row.field)
        let text = "GET / HTTP/1.1\r\nHost: a\r\n" + row.lines.map { "\($0)\r\n" }.joined() + "\r\n"
        let head = HTTP1Samples.parse(text).head
        let peer = ClientSide(address: try #require(IPAddress(row.peer)), isSecure: false)

        let client = proxies.client(peer: peer, head, Array(text.utf8).span)

        #expect(client.address.text == row.client)
        #expect(client.isSecure == row.isSecure)
    }
}
