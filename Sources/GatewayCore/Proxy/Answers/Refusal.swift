package import HTTPModel

/// Every way in which the gateway says no by itself. The room that decides gives the reason; this table gives
/// it a status, a code, words for the client and a word for log and metric.
package enum Refusal: Sendable {
    /// The request cannot be framed, or breaks a bound of the listener.
    case message(MessageRefusal)
    /// The path cannot be made canonical.
    case path(PathRefusal)
    /// The query is outside the route's model.
    case query(QueryRefusal)
    /// No good token, or not one for this.
    case access(AccessRefusal)
    /// No route has the path.
    case noRoute
    /// The path has routes for other methods only.
    case methodNotAllowed(allow: String)
    /// The request did not arrive in time.
    case late
    /// A limit is exceeded.
    case limited(limit: String, retryAfterSeconds: UInt64)
    /// The upstream gave no usable answer.
    case upstream(UpstreamFailure)
    /// The gateway has no room for the request now.
    case overloaded(retryAfterSeconds: UInt64)

    /// One row of the table.
    private struct Entry {
        let status: Status
        let code: StaticString
        let word: String
        let hint: StaticString
    }

    /// The answer's status code.
    package var status: Status { entry.status }

    /// The answer's `error.code`; docs/errors.md lists them.
    package var code: StaticString { entry.code }

    /// The word in the log and in the metric `refusals_total`.
    package var word: String { entry.word }

    /// What the client can do about it.
    package var hint: StaticString { entry.hint }

    /// What is wrong, and what is allowed.
    package var message: ErrorEnvelope.Message {
        switch self {
        case .message(let refusal): .fixed(refusal.sentence)
        case .path(let refusal): .fixed(refusal.sentence)
        case .query(let refusal): .composed(refusal.message)
        case .access(let refusal):
            switch refusal.answer {
            case .unauthorized: .fixed("The request needs a valid token.")
            case .forbidden: .fixed("The token does not allow this request.")
            }
        case .noRoute: .fixed("The gateway has no such route.")
        case .methodNotAllowed: .fixed("The route does not take this method.")
        case .late: .fixed("The request did not arrive in time.")
        case .limited(let limit, let seconds):
            .composed("The limit \"\(limit)\" is exceeded; the next request succeeds in \(seconds) s.")
        case .upstream(let failure): .fixed(failure.sentence)
        case .overloaded: .fixed("The gateway is busy.")
        }
    }

    /// Seconds after which the request may succeed, for `Retry-After`; `nil` where waiting does not help.
    package var retryAfterSeconds: UInt64? {
        switch self {
        case .limited(_, let seconds), .overloaded(let seconds): seconds
        case .upstream(let failure): failure.status == .serviceUnavailable ? 1 : nil
        case .message, .path, .query, .access, .noRoute, .methodNotAllowed, .late: nil
        }
    }

    /// Whether the rest of the connection can be trusted. After a doubt about framing nobody knows where the
    /// next request begins.
    package var endsConnection: Bool {
        switch self {
        case .message, .late: true
        case .path, .query, .access, .noRoute, .methodNotAllowed, .limited, .upstream, .overloaded: false
        }
    }

    private var entry: Entry {
        switch self {
        case .message(let refusal):
            Entry(
                status: refusal.status, code: refusal.code, word: refusal.rawValue,
                hint: "Send one well-formed HTTP/1.1 request within the limits; the connection closes.")
        case .path:
            Entry(
                status: .badRequest, code: "BAD_REQUEST", word: "path_invalid",
                hint: "Send the path as the API documents it.")
        case .query:
            Entry(
                status: .badRequest, code: "INVALID_QUERY", word: "query_invalid",
                hint: "Correct the parameter; the upstream was not asked.")
        case .access(let refusal):
            switch refusal.answer {
            case .unauthorized:
                Entry(
                    status: .unauthorized, code: "UNAUTHORIZED", word: "\(refusal.word)",
                    hint: "Send Authorization: Bearer with the token that your operator issued.")
            case .forbidden:
                Entry(
                    status: .forbidden, code: "FORBIDDEN", word: "\(refusal.word)",
                    hint: "Ask your operator for a token with the scope of this route, for your address.")
            }
        case .noRoute:
            Entry(status: .notFound, code: "NOT_FOUND", word: "no_route", hint: "Check the path.")
        case .methodNotAllowed:
            Entry(
                status: .methodNotAllowed, code: "METHOD_NOT_ALLOWED", word: "method_not_allowed",
                hint: "Use one of the methods in Allow.")
        case .late:
            Entry(
                status: .requestTimeout, code: "REQUEST_TIMEOUT", word: "request_timeout",
                hint: "Send the whole request at once; the connection closes.")
        case .limited:
            Entry(
                status: .tooManyRequests, code: "RATE_LIMITED", word: "rate_limited",
                hint: "Wait as long as Retry-After says; refused requests cost nothing.")
        case .upstream(let failure):
            Entry(
                status: failure.status, code: failure.code, word: "\(failure.proxyError)",
                hint: "Try again later; a request that changes something may have been carried out.")
        case .overloaded:
            Entry(
                status: .serviceUnavailable, code: "OVERLOADED", word: "overloaded",
                hint: "Wait as long as Retry-After says.")
        }
    }
}
