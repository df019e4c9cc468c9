package import HTTPModel
package import Settings

/// What the admin address says. Shows and steers through closures; knows no worker and no socket.
package final class AdminServer {
    /// How the admin address reaches the rest.
    package struct Reach {
        /// Whether the gateway takes traffic.
        package let isReady: () -> Bool
        /// All metrics, as text.
        package let metrics: () -> String
        /// What the gateway is doing.
        package let status: () -> JSONValue
        /// Takes entries of a tenant, of one route or of all, out of the cache, or makes them stale; `nil`
        /// for an unknown tenant or route.
        package let purge: (PurgeOrder) -> Int?

        /// Puts the ways together.
        package init(
            isReady: @escaping () -> Bool, metrics: @escaping () -> String, status: @escaping () -> JSONValue,
            purge: @escaping (PurgeOrder) -> Int?
        ) {
            self.isReady = isReady
            self.metrics = metrics
            self.status = status
            self.purge = purge
        }
    }

    /// What was asked.
    package struct Request: Sendable {
        let method: Method
        let endpoint: AdminEndpoint?
        let isAuthorized: Bool
        let isLast: Bool

        /// Whether content belongs to the request and is to be waited for.
        package var takesContent: Bool { endpoint == .purge && isAuthorized && method == .post }
    }

    private let reach: Reach
    private let token: Secret?
    /// Bytes of the largest purge request.
    package static let maximumContentBytes = 4_096

    /// `token` is what requests must carry; `nil` leaves that to the address, which is then a loopback one.
    package init(token: Secret?, reach: Reach) {
        self.token = token
        self.reach = reach
    }

    /// Reads what is asked. `bytes` are those that `head` was parsed from.
    package func read(_ head: RequestHead, _ bytes: Span<UInt8>, isLast: Bool) -> Request {
        Request(
            method: head.method, endpoint: AdminEndpoint(bytes.extracting(head.path.range)),
            isAuthorized: isAuthorized(head, bytes), isLast: isLast || !head.keepsAlive)
    }

    /// Answers a request whose content, if it takes any, is `content`. Gives whether the connection may go
    /// on.
    package func answer(_ request: Request, content: [UInt8], into output: inout ByteBuffer) -> Persistence {
        let answer = decide(request, content)
        let body = Array(answer.body.utf8)
        ResponseEncoder.statusLine(answer.status, into: &output)
        ResponseEncoder.field("Content-Type", Array(answer.contentType.utf8).span, into: &output)
        ResponseEncoder.field("Content-Length", UInt64(body.count), into: &output)
        ResponseEncoder.field("Cache-Control", "no-store", into: &output)
        if answer.status == .unauthorized {
            ResponseEncoder.field("WWW-Authenticate", "Bearer", into: &output)
        }
        if let method = answer.allow { ResponseEncoder.field("Allow", method, into: &output) }
        if request.isLast { ResponseEncoder.field("Connection", "close", into: &output) }
        ResponseEncoder.endHead(into: &output)
        if request.method != .head { output.append(body.span) }
        return request.isLast ? .close : .keep
    }

    private struct Answer {
        var status = Status.ok
        var contentType = "application/json"
        var body: String
        var allow: StaticString?
    }

    private func decide(_ request: Request, _ content: [UInt8]) -> Answer {
        guard let endpoint = request.endpoint else {
            let known = AdminEndpoint.allCases.map(\.rawValue).joined(separator: ", ")
            return Self.mistake(.notFound, "no such endpoint; there are \(known)")
        }
        guard endpoint.isOpen || request.isAuthorized else {
            return Self.mistake(.unauthorized, "send Authorization: Bearer with the admin token")
        }
        guard request.method == endpoint.method || (request.method == .head && endpoint.method == .get) else {
            var answer = Self.mistake(.methodNotAllowed, "this endpoint takes \(endpoint.method.name ?? "")")
            answer.allow = endpoint.method.name
            return answer
        }
        switch endpoint {
        case .health: return Answer(contentType: "text/plain", body: "alive\n")
        case .readiness:
            let isReady = reach.isReady()
            return Answer(
                status: isReady ? .ok : .serviceUnavailable, contentType: "text/plain",
                body: isReady ? "ready\n" : "not ready\n")
        case .metrics: return Answer(contentType: PrometheusText.contentType, body: reach.metrics())
        case .status: return Answer(body: Self.text(reach.status()))
        case .purge: return purge(content)
        }
    }

    private func purge(_ content: [UInt8]) -> Answer {
        let allowed = "send {\"tenant\": \"ID\"}, with \"route\": \"NAME\" or \"soft\": true if wanted"
        guard content.count <= Self.maximumContentBytes, let order = PurgeOrder(content) else {
            return Self.mistake(.badRequest, allowed)
        }
        guard let count = reach.purge(order) else {
            return Self.mistake(.notFound, "no such tenant or route; \(allowed)")
        }
        return Answer(body: "{\"purged\":\(count)}\n")
    }

    private func isAuthorized(_ head: RequestHead, _ bytes: Span<UInt8>) -> Bool {
        guard let token else { return true }
        guard head.count(of: .authorization) == 1, let value = head.firstValue(of: .authorization) else {
            return false
        }
        let given = bytes.extracting(value.range)
        guard given.count == 7 + token.count, given.extracting(first: 7).equalsIgnoringCase("bearer ") else {
            return false
        }
        // Every byte is looked at, so that the time tells nothing about how many were right.
        return token.withBytes { known in
            var difference: UInt8 = 0
            for index in known.indices { difference |= known[index] ^ given[7 + index] }
            return difference == 0
        }
    }

    private static func mistake(_ status: Status, _ text: String) -> Answer {
        Answer(status: status, body: self.text(.object(["error": .string(text)])))
    }

    private static func text(_ value: JSONValue) -> String {
        String(decoding: JSONText.pretty(value), as: UTF8.self)
    }
}
