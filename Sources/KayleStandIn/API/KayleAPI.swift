import FlyingFox

/// The upstream's routes and rules, without any input or output: one request in, one answer out.
///
/// Order of checks as upstream: cross-origin preflight, open routes, authentication, route, query, path,
/// body. So a bad query under a bad key is 401, and an unknown path is 404 only to those who hold a key.
struct KayleAPI: Sendable {
    private let organizations: [Organization]
    private let organizationByKey: [String: Organization]
    private let now: @Sendable () -> Int64

    /// The API over seeded data.
    init(_ configuration: StandInConfiguration) {
        now = configuration.now
        let reference = SessionTime(
            microseconds: configuration.referenceUnixSeconds.map { $0 * 1_000_000 } ?? configuration.now())
        var byKey: [String: Organization] = [:]
        organizations = configuration.organizations.map { description in
            let organization = Organization(description, in: configuration, reference: reference)
            for key in description.keys { byKey[key] = organization }
            return organization
        }
        organizationByKey = byKey
    }

    /// The API over the rows of one organization as they once were.
    init(remembering organization: Organization, key: String) {
        now = { 0 }
        organizations = [organization]
        organizationByKey = [key: organization]
    }

    /// Whose rows a key shows.
    func organization(key: String) -> Organization? { organizationByKey[key] }

    /// The time of the API's clock.
    var time: SessionTime { SessionTime(microseconds: now()) }

    /// Answers a request; also names the route for the counters. HEAD runs as GET: the wire drops the
    /// content.
    func answer(_ request: RecordedRequest) -> (route: KayleRoute, answer: Answer) {
        let path = RequestPath(request.path).segments
        let method = request.method == "HEAD" ? "GET" : request.method
        let route = route(method, path)
        var answer = answer(request, route: route, path: path)
        if let origin = request.values("Origin").first, origin == "https://kayle.id" {
            answer.fields.append(("Access-Control-Allow-Origin", origin))
        }
        return (route, answer)
    }

    /// The route of a request that a fault answers instead: the data is neither read nor changed.
    func unanswered(_ request: RecordedRequest) -> (route: KayleRoute, answer: Answer) {
        let method = request.method == "HEAD" ? "GET" : request.method
        return (route(method, RequestPath(request.path).segments), .failure)
    }

    private func route(_ method: String, _ path: [String]) -> KayleRoute {
        if method == "OPTIONS" { return .preflight }
        switch path.count {
        case 1: return method == "GET" && path == [""] ? .health : .other
        case 2 where path[0] == "v1":
            switch (method, path[1]) {
            case ("GET", "sessions"): return .listSessions
            case ("POST", "sessions"): return .createSession
            case ("GET", "events"): return .listEvents
            default: return .other
            }
        case 3 where path[0] == "v1":
            if path[1] == "webhooks" { return method == "GET" && path[2] == "events" ? .listEvents : .other }
            return method == "GET" && path[1] == "sessions" && !path[2].isEmpty ? .getSession : .other
        case 4 where path[0] == "v1":
            switch (method, path[1], path[2], path[3]) {
            case ("POST", "sessions", _, "cancel"): return path[2].isEmpty ? .other : .cancelSession
            case ("GET", "analytics", "sessions", "overview"): return .analyticsOverview
            case ("GET", "verify", "session", _): return path[3].isEmpty ? .other : .verifySocket
            default: return .other
            }
        case 5:
            let isStatus = path[..<3] == ["v1", "verify", "session"] && path[4] == "status"
            return method == "GET" && isStatus ? .verifyStatus : .other
        default: return .other
        }
    }

    private func answer(_ request: RecordedRequest, route: KayleRoute, path: [String]) -> Answer {
        switch route {
        case .health: return health
        case .preflight: return preflight
        case .verifyStatus: return verifyStatus(path[3])
        case .verifySocket:
            return .bareError(
                HTTPStatusCode(426, phrase: "Upgrade Required"), code: "WEBSOCKET_REQUIRED",
                message: "This endpoint requires a WebSocket connection.")
        case .listSessions, .getSession, .createSession, .cancelSession, .listEvents, .analyticsOverview,
            .other:
            guard path.first == "v1" else { return .noRoute }
            guard let organization = organization(request) else {
                return .bareError(.unauthorized, code: "UNAUTHORIZED", message: "Unauthorized")
            }
            return answer(request, route: route, path: path, organization: organization)
        }
    }

    private func answer(
        _ request: RecordedRequest, route: KayleRoute, path: [String], organization: Organization
    ) -> Answer {
        let sessions = SessionRoutes(organization: organization, now: time)
        let query = QueryString(request.query)
        switch route {
        case .listSessions: return sessions.list(query)
        case .getSession: return sessions.get(path[2], query)
        case .createSession: return sessions.create(request, query)
        case .cancelSession: return sessions.cancel(path[2])
        case .listEvents: return ReportRoutes(organization: organization, now: time).events(query)
        case .analyticsOverview: return ReportRoutes(organization: organization, now: time).overview()
        case .health, .verifyStatus, .verifySocket, .preflight, .other: return .noRoute
        }
    }

    // The key is what stands between the first and the second space, after exactly `Bearer`; further words
    // are ignored.
    private func organization(_ request: RecordedRequest) -> Organization? {
        guard let value = request.values("Authorization").first, value.hasPrefix("Bearer ") else {
            return nil
        }
        let words = value.split(separator: " ", omittingEmptySubsequences: false)
        return organizationByKey[String(words[1])]
    }

    private var health: Answer {
        .success { json in
            json.object { json in
                for (name, value) in [
                    ("message", "Kayle ID API stand-in"), ("docs", "https://kayle.id/docs/api"),
                    ("status", "healthy"),
                ] {
                    json.name(name)
                    json.value(value)
                }
            }
        }
    }

    private var preflight: Answer {
        var answer = Answer(.noContent, contentType: nil, body: [])
        answer.fields += [
            ("Access-Control-Allow-Methods", "GET,POST,PUT,DELETE,OPTIONS"),
            ("Access-Control-Allow-Headers", "Authorization,Content-Type"),
        ]
        return answer
    }

    // Reading the status of a session whose hour is over ends it: the upstream's lazy expiry.
    private func verifyStatus(_ id: String) -> Answer {
        guard SessionRoutes.isSessionID(id) else {
            return .bareError(.badRequest, code: "INVALID_SESSION_ID", message: "Invalid session ID.")
        }
        for organization in organizations {
            guard let found = organization.session(id) else { continue }
            if !found.status.isTerminal, found.expiresAt < time {
                _ = organization.end(id, as: .expired, at: time)
            }
            let session = organization.session(id) ?? found
            return .success { json in
                json.object { json in
                    json.name("session_id")
                    json.value(session.id)
                    json.name("status")
                    json.value(session.status.rawValue)
                    json.name("is_terminal")
                    json.value(session.status.isTerminal)
                }
            }
        }
        return .bareError(.notFound, code: "SESSION_NOT_FOUND", message: "Session not found.")
    }
}
