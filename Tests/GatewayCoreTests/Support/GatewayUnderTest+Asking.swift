import Foundation
import HTTPModel
import Testing

@testable import GatewayCore

/// Asking a gateway in one line, and waiting for what it will do without sleeping.
extension GatewayUnderTest {
    /// Sends one request on a connection of its own and reads the answer.
    func ask(
        _ method: String, _ target: String, tenant: String = "acme", fields: String = "", body: String = ""
    ) throws -> RawConnection.Answer {
        let client = try RawConnection(port: port)
        let length = body.isEmpty && method != "POST" ? "" : "Content-Length: \(body.utf8.count)\r\n"
        client.send(request(method, target, tenant: tenant, fields: fields + length) + body)
        return client.answer(to: method)
    }

    /// Sends one request to the admin address and reads the answer. Without `fields` it shows the admin token
    /// if the gateway wants one.
    func askAdmin(
        _ method: String, _ target: String, body: String = "", fields: String? = nil
    ) throws -> RawConnection.Answer {
        let client = try RawConnection(port: adminPort)
        let fields = fields ?? adminToken.map { "Authorization: Bearer \($0)\r\n" } ?? ""
        client.send(
            "\(method) \(target) HTTP/1.1\r\nHost: admin\r\nContent-Length: \(body.utf8.count)\r\n\(fields)\r\n\(body)"
        )
        return client.answer(to: method)
    }

    /// The sum of a metric over all its labels that contain `label`.
    func metric(_ name: String, _ label: String = "") throws -> Double {
        try askAdmin("GET", "/metrics").text.split(separator: "\n")
            .filter { line in
                guard line.hasPrefix(name), label.isEmpty || line.contains(label) else { return false }
                return line.dropFirst(name.count).first.map { $0 == " " || $0 == "{" } ?? false
            }
            .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(0, +)
    }

    /// Sends a request and returns once the gateway has begun it: the answer to the `OPTIONS *` before it in
    /// the same segment leaves the gateway after both have been read.
    func begin(_ request: String, on client: RawConnection) {
        client.send("OPTIONS * HTTP/1.1\r\nHost: gateway\r\n\r\n" + request)
        let answer = client.answer()
        #expect(answer.status == 204)
    }
}

/// Asks again and again until the condition holds, at most ten seconds; whether it holds. The condition is
/// a round trip to the gateway or a glance at a counter; between two of them others get the processor.
func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
    let end = MonotonicClock.now().advanced(by: .seconds(10))
    while try !condition() {
        if MonotonicClock.now() >= end { return false }
        sched_yield()
    }
    return true
}

extension GatewayUnderTest {
    /// Issues one more token, as the command does; the gateway learns of it by itself.
    func issue(
        scopes: [Scope] = Scope.allCases, tenant: String = "acme", lifetime: Duration? = nil,
        allow: [AddressBlock] = [], ceilings: TokenCeilings = .none
    ) throws -> String {
        var randomness = SystemRandomness()
        guard
            let order = TokenOrder(
                name: "t", scopes: ScopeSet(scopes), lifetime: lifetime, allow: allow, ceilings: ceilings)
        else { throw Failure(description: "no order") }
        let issued = try editor().issueToken(
            order, for: tenant, now: UTCTimestamp(unixSeconds: WallClock.nowSeconds()),
            randomness: &randomness)
        return issued.text.withBytes { $0.text }
    }
}
