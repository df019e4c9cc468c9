import FlyingFox
import Foundation

/// Evidence and faults over HTTP, under `/__stand-in/`, for tests that run outside the process.
struct ControlRoutes: Sendable {
    /// What every control path begins with.
    static let prefix = "/__stand-in/"

    private let handler: RoutedHTTPHandler

    /// The routes over `control`.
    init(control: StandInControl) {
        var handler = RoutedHTTPHandler()
        handler.appendRoute("GET /__stand-in/counters") { _ in Self.response(Self.counters(control)) }
        handler.appendRoute("GET /__stand-in/requests") { _ in Self.response(Self.requests(control)) }
        handler.appendRoute("POST /__stand-in/reset") { _ in
            control.reset()
            return HTTPResponse(statusCode: .noContent)
        }
        handler.appendRoute("POST /__stand-in/faults") { request in
            do {
                let order = try JSONDecoder().decode(FaultOrder.self, from: await request.bodyData)
                control.inject(try order.fault())
                return HTTPResponse(statusCode: .noContent)
            } catch {
                return HTTPResponse(statusCode: .badRequest, body: Data("\(error)\n".utf8))
            }
        }
        handler.appendRoute("DELETE /__stand-in/faults") { _ in
            control.clearFaults()
            return HTTPResponse(statusCode: .noContent)
        }
        self.handler = handler
    }

    /// Answers a control request.
    func answer(_ request: RecordedRequest) async -> Answer {
        let asked = HTTPRequest(
            method: HTTPMethod(request.method), version: .http11,
            target: .init(path: request.path, query: request.query),
            headers: HTTPHeaders(), body: HTTPBodySequence(data: Data(request.body)))
        guard let response = try? await handler.handleRequest(asked), let body = try? await response.bodyData
        else {
            return .noRoute
        }
        let contentType = response.headers[.contentType] ?? "text/plain; charset=UTF-8"
        return Answer(response.statusCode, contentType: body.isEmpty ? nil : contentType, body: Array(body))
    }

    private static func response(_ json: JSONText) -> HTTPResponse {
        HTTPResponse(
            statusCode: .ok, headers: [.contentType: "application/json"], body: Data(json.bytes))
    }

    private static func counters(_ control: StandInControl) -> JSONText {
        var json = JSONText()
        json.object { json in
            json.name("routes")
            json.object { json in
                for route in KayleRoute.allCases {
                    json.name(route.rawValue)
                    json.value(control.requestCount(route))
                }
            }
            for (name, count) in [
                ("requests", control.requestCount), ("malformed", control.malformedCount),
                ("alarms", control.alarms.count), ("connections", control.connectionCount),
            ] {
                json.name(name)
                json.value(count)
            }
        }
        return json
    }

    private static func requests(_ control: StandInControl) -> JSONText {
        var json = JSONText()
        json.array { json in
            for request in control.requests {
                json.object { json in
                    json.name("connection")
                    json.value(request.connection)
                    for (name, text) in [
                        ("method", request.method), ("target", request.target),
                        ("head", String(decoding: request.head, as: UTF8.self)),
                        ("body", String(decoding: request.body, as: UTF8.self)),
                    ] {
                        json.name(name)
                        json.value(text)
                    }
                }
            }
        }
        return json
    }
}
