/// The routes of the stand-in, as its counters name them.
public enum KayleRoute: String, Sendable, CaseIterable {
    /// `GET /`
    case health
    /// `GET /v1/sessions`
    case listSessions = "sessions.list"
    /// `GET /v1/sessions/{id}`
    case getSession = "sessions.get"
    /// `POST /v1/sessions`
    case createSession = "sessions.create"
    /// `POST /v1/sessions/{id}/cancel`
    case cancelSession = "sessions.cancel"
    /// `GET /v1/events` and `GET /v1/webhooks/events`
    case listEvents = "events.list"
    /// `GET /v1/analytics/sessions/overview`
    case analyticsOverview = "analytics.overview"
    /// `GET /v1/verify/session/{id}/status`, open to everybody
    case verifyStatus = "verify.status"
    /// `GET /v1/verify/session/{id}`, which wants a WebSocket
    case verifySocket = "verify.socket"
    /// `OPTIONS` on any path
    case preflight
    /// Everything else
    case other
}
