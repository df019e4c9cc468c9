import FlyingFox
import Foundation

/// The routes under `/v1/sessions`, for one organization at one moment.
struct SessionRoutes {
    /// Whose rows.
    let organization: Organization
    /// The moment of the request.
    let now: SessionTime

    /// Whether a path segment has the documented form of an id: `vs_` and 64 letters or digits.
    static func isSessionID(_ text: String) -> Bool {
        text.hasPrefix("vs_") && text.utf8.count == 67
            && text.utf8.dropFirst(3).allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                default: false
                }
            }
    }

    /// `GET /v1/sessions`
    func list(_ query: QueryString) -> Answer {
        switch ListQuery.read(query) {
        case .invalid(let issues): return .schemaViolation(issues)
        case .databaseFails: return .failure
        case .page(let query):
            let page = organization.page(query)
            return .page(limit: query.limit, nextCursor: page.hasMore ? page.rows.last?.id : nil) { json in
                for row in page.rows { row.write(to: &json, attempts: query.attempts) }
            }
        }
    }

    /// `GET /v1/sessions/{id}`
    func get(_ id: String, _ query: QueryString) -> Answer {
        guard Self.isSessionID(id) else { return Self.wrongID }
        guard let session = organization.session(id) else { return Self.unknownSession("get-by-id") }
        return .success { json in
            session.write(to: &json, attempts: query.isTruthy("include_attempts") ? .included : .omitted)
        }
    }

    /// `POST /v1/sessions/{id}/cancel`: nothing to say, also when the session had ended before.
    func cancel(_ id: String) -> Answer {
        guard Self.isSessionID(id) else { return Self.wrongID }
        switch organization.end(id, as: .cancelled, at: now) {
        case .ended: return Answer(.noContent, contentType: nil, body: [])
        case .unknown: return Self.unknownSession("cancel-by-id")
        }
    }

    /// `POST /v1/sessions`: 200, not 201; a content that is not declared as JSON is ignored.
    func create(_ request: RecordedRequest, _ query: QueryString) -> Answer {
        switch CreationOrder.read(request) {
        case .refused(let answer): return answer
        case .order(let order):
            let made = organization.create(
                shareFields: order.shareFields, redirectURL: order.redirectURL, at: now)
            let attempts: AttemptsMode = query.isTruthy("include_attempts") ? .included : .omitted
            return .success { json in
                json.raw(made.session.creationJSON(cancelToken: made.cancelToken, attempts: attempts))
            }
        }
    }

    private static let wrongID = Answer.schemaViolation([
        .wrongForm(
            "regex", ["id"], message: "Invalid string: must match pattern /^vs_[A-Za-z0-9]{64}$/")
    ])

    private static func unknownSession(_ anchor: String) -> Answer {
        .envelope(
            .notFound, code: "NOT_FOUND", message: "Session not found.",
            hint: "The session with the given ID was not found.",
            docs: "https://kayle.id/docs/api/sessions#" + anchor)
    }
}
