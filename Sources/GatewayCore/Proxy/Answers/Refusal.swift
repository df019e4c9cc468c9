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
    /// Too many tokens that are not good came from the client's address.
    case guessing(retryAfterSeconds: UInt64)
    /// The token is good, but not for so large a page.
    case pageTooLarge(maximum: UInt32)
    /// No route has the path.
    case noRoute
    /// The path has routes for other methods only.
    case methodNotAllowed(allow: String)
    /// The request did not arrive in time.
    case late
    /// A limit is exceeded, or several.
    case limited(ExceededLimits, retryAfterSeconds: UInt64)
    /// The upstream has said that it takes no more requests with the tenant's credential now.
    case upstreamLimited(retryAfterSeconds: UInt64)
    /// The upstream gave no usable answer.
    case upstream(UpstreamFailure)
    /// The gateway has no room for the request now.
    case overloaded(retryAfterSeconds: UInt64)

    /// One row of the table.
    private struct Entry {
        let status: Status
        let code: StaticString
        let hint: StaticString
    }

    /// The answer's status code.
    package var status: Status { entry.status }

    /// The answer's `error.code`; docs/errors.md lists them.
    package var code: StaticString { entry.code }

    /// The reason without its particulars, for the record.
    package var reason: RefusalReason {
        switch self {
        case .message(let refusal): .message(refusal)
        case .path: .path
        case .query: .query
        case .access(let refusal): .access(refusal)
        case .guessing: .guessing
        case .pageTooLarge: .pageTooLarge
        case .noRoute: .noRoute
        case .methodNotAllowed: .methodNotAllowed
        case .late: .late
        case .limited: .limited
        case .upstreamLimited: .upstreamLimited
        case .upstream(let failure): .upstream(failure)
        case .overloaded: .overloaded
        }
    }

    /// The word in the log and in the metric `refusals_total`.
    package var word: String { reason.word }

    /// What the client can do about it.
    package var hint: StaticString { entry.hint }

    /// What is wrong, and what is allowed.
    package var message: ErrorEnvelope.Message {
        switch self {
        case .message(let refusal): .fixed(refusal.sentence)
        case .path(let refusal): .fixed(refusal.sentence)
        case .query(let refusal): .composed(refusal.message)
        case .access(let refusal): .fixed(refusal.sentence)
        case .guessing: .fixed("Too many requests from this address came with a token that is not valid.")
        case .pageTooLarge(let maximum):
            .composed("The token may ask for a \"limit\" of at most \(maximum), written in digits.")
        case .noRoute: .fixed("The gateway has no such route.")
        case .methodNotAllowed: .fixed("The route does not take this method.")
        case .late: .fixed("The request did not arrive in time.")
        case .limited(let limits, let seconds): .limit(limits, waitSeconds: seconds)
        case .upstreamLimited(let seconds):
            .composed("The upstream takes no more requests now; the next one is sent in \(seconds) s.")
        case .upstream(let failure): .fixed(failure.sentence)
        case .overloaded: .fixed("The gateway is busy.")
        }
    }

    /// Seconds after which the request may succeed, for `Retry-After`; `nil` where waiting does not help.
    package var retryAfterSeconds: UInt64? {
        switch self {
        case .limited(_, let seconds), .upstreamLimited(let seconds), .guessing(let seconds),
            .overloaded(let seconds):
            seconds
        case .upstream(let failure): failure.retryAfterSeconds
        case .message, .path, .query, .access, .pageTooLarge, .noRoute, .methodNotAllowed, .late: nil
        }
    }

    /// Whether the rest of the connection can be trusted. After a doubt about framing nobody knows where the
    /// next request begins.
    package var endsConnection: Bool {
        switch self {
        case .message, .late: true
        case .path, .query, .access, .guessing, .pageTooLarge, .noRoute, .methodNotAllowed, .limited,
            .upstreamLimited, .upstream, .overloaded:
            false
        }
    }

    private var entry: Entry {
        switch self {
        case .message(let refusal):
            Entry(
                status: refusal.status, code: refusal.code,
                hint: "Send one well-formed HTTP/1.1 request within the limits; the connection closes.")
        case .path:
            Entry(
                status: .badRequest, code: "BAD_REQUEST",
                hint: "Send the path as the API documents it.")
        case .query:
            Entry(
                status: .badRequest, code: "INVALID_QUERY",
                hint: "Correct the parameter; the upstream was not asked.")
        case .access(let refusal):
            switch refusal.answer {
            case .unauthorized:
                Entry(
                    status: .unauthorized, code: "UNAUTHORIZED",
                    hint: "Send Authorization: Bearer with the token that your operator issued.")
            case .forbidden:
                Entry(
                    status: .forbidden, code: "FORBIDDEN",
                    hint: "Ask your operator for a token for this route, with its scope, for your address.")
            }
        case .guessing:
            Entry(
                status: .tooManyRequests, code: "RATE_LIMITED",
                hint: "Send the token that your operator issued; it is accepted at once.")
        case .pageTooLarge:
            Entry(
                status: .forbidden, code: "FORBIDDEN",
                hint: "Ask for smaller pages, or your operator for a token with a higher ceiling.")
        case .noRoute:
            Entry(status: .notFound, code: "NOT_FOUND", hint: "Check the path.")
        case .methodNotAllowed:
            Entry(
                status: .methodNotAllowed, code: "METHOD_NOT_ALLOWED",
                hint: "Use one of the methods in Allow.")
        case .late:
            Entry(
                status: .requestTimeout, code: "REQUEST_TIMEOUT",
                hint: "Send the whole request at once; the connection closes.")
        case .limited:
            Entry(
                status: .tooManyRequests, code: "RATE_LIMITED",
                hint: "Wait as long as Retry-After says; refused requests cost nothing.")
        case .upstreamLimited:
            Entry(
                status: .tooManyRequests, code: "RATE_LIMITED",
                hint: "Wait as long as Retry-After says; the upstream was not asked.")
        case .upstream(let failure) where failure.retryAfterSeconds != nil:
            Entry(
                status: failure.status, code: failure.code,
                hint: "Wait as long as Retry-After says; the upstream has not seen the request.")
        case .upstream(let failure):
            Entry(
                status: failure.status, code: failure.code,
                hint: "Try again later; a request that changes something may have been carried out.")
        case .overloaded:
            Entry(
                status: .serviceUnavailable, code: "OVERLOADED",
                hint: "Wait as long as Retry-After says.")
        }
    }
}

/// Why a request was refused, as a plain value: what is written down and counted.
package enum RefusalReason: Sendable, Hashable {
    /// See the cases of `Refusal`.
    case message(MessageRefusal), path, query, access(AccessRefusal), guessing, pageTooLarge, noRoute,
        methodNotAllowed, late, limited, upstreamLimited
    /// See the cases of `Refusal`.
    case upstream(UpstreamFailure), overloaded
    /// An answer too large to be stored was cut off for a client that read along: it was too far behind the
    /// one that fetches.
    case streamOutrun
    /// The same, because whoever fetched it has left.
    case streamAbandoned

    /// The word in the log and in the metric `refusals_total`.
    package var word: String {
        switch self {
        case .message(let refusal): refusal.rawValue
        case .path: "path_invalid"
        case .query: "query_invalid"
        case .access(let refusal): "\(refusal.word)"
        case .guessing: "too_many_failed_tokens"
        case .pageTooLarge: "limit_above_ceiling"
        case .noRoute: "no_route"
        case .methodNotAllowed: "method_not_allowed"
        case .late: "request_timeout"
        case .limited: "rate_limited"
        case .upstreamLimited: "upstream_rate_limited"
        case .upstream(let failure): "\(failure.proxyError)"
        case .overloaded: "overloaded"
        case .streamOutrun: "stream_outrun"
        case .streamAbandoned: "stream_abandoned"
        }
    }
}
