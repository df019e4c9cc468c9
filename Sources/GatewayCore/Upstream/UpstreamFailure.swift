package import HTTPModel

/// Why a request got no whole, trustworthy answer from the upstream.
///
/// The side is always the upstream's (or, for `uploadAborted` and `tooManyWaiting`, ours); the client's
/// answer, the log word and the `Proxy-Status` error (RFC 9209 §2.3) all follow from the case.
package enum UpstreamFailure: Error, Sendable, Hashable {
    /// The upstream's name does not resolve.
    case nameNotResolved
    /// The upstream's host refused the connection.
    case connectRefused
    /// No way leads to the upstream's host.
    case unreachable
    /// Name, connection and handshake were not done in time.
    case connectTimeout
    /// The certificate is not trusted, not valid now or not for this host.
    case tlsCertificate
    /// The TLS handshake failed for another reason.
    case tlsProtocol
    /// The request was sent; no final head came in time.
    case firstByteTimeout
    /// The whole answer took too long, waiting for a free connection included.
    case totalTimeout
    /// The connection ended before a head came, and the request may not be sent twice.
    case connectionClosed
    /// The answer broke off inside its content.
    case responseIncomplete
    /// The answer is not HTTP, or cannot be framed without doubt.
    case responseInvalid(ResponseDefect)
    /// The head is longer than configured, or interim heads do not end.
    case headTooLarge
    /// The upstream switched protocols although nobody asked (status 101).
    case upgradeNotAsked
    /// The client's content broke off, so the request was given up; never a short upload.
    case uploadAborted
    /// All connections are taken and the queue for them is full.
    case tooManyWaiting
    /// The upstream is in trouble, for everybody or for this credential, and is not asked for so long.
    case circuitOpen(retryAfterSeconds: UInt16)
    /// libcurl failed in a way the gateway does not expect; the number is its CURLcode.
    case library(Int32)

    /// The status of the answer made in place of the upstream's.
    package var status: Status {
        switch self {
        case .connectTimeout, .firstByteTimeout, .totalTimeout: .gatewayTimeout
        case .tooManyWaiting, .circuitOpen: .serviceUnavailable
        case .nameNotResolved, .connectRefused, .unreachable, .tlsCertificate, .tlsProtocol,
            .connectionClosed,
            .responseIncomplete, .responseInvalid, .headTooLarge, .upgradeNotAsked, .uploadAborted, .library:
            .badGateway
        }
    }

    /// The `error.code` of the answer's envelope.
    package var code: StaticString {
        switch self {
        case .nameNotResolved, .connectRefused, .unreachable, .tlsCertificate, .tlsProtocol,
            .connectionClosed,
            .uploadAborted, .library:
            "UPSTREAM_UNREACHABLE"
        case .connectTimeout, .firstByteTimeout, .totalTimeout: "UPSTREAM_TIMEOUT"
        case .responseIncomplete, .responseInvalid, .headTooLarge, .upgradeNotAsked:
            "UPSTREAM_INVALID_RESPONSE"
        case .tooManyWaiting: "OVERLOADED"
        case .circuitOpen: "UPSTREAM_UNAVAILABLE"
        }
    }

    /// The `error` token of `Proxy-Status` (RFC 9209 §2.3).
    package var proxyError: StaticString {
        switch self {
        case .nameNotResolved: "dns_error"
        case .connectRefused: "connection_refused"
        case .unreachable: "destination_ip_unroutable"
        case .connectTimeout: "connection_timeout"
        case .tlsCertificate: "tls_certificate_error"
        case .tlsProtocol: "tls_protocol_error"
        case .firstByteTimeout, .totalTimeout: "http_response_timeout"
        case .connectionClosed: "connection_terminated"
        case .responseIncomplete: "http_response_incomplete"
        case .responseInvalid(.transferCoding), .responseInvalid(.chunk): "http_response_transfer_coding"
        case .responseInvalid: "http_protocol_error"
        case .headTooLarge: "http_response_header_section_size"
        case .upgradeNotAsked: "http_upgrade_failed"
        case .uploadAborted: "http_request_error"
        case .tooManyWaiting: "connection_limit_reached"
        case .circuitOpen: "destination_unavailable"
        case .library: "proxy_internal_error"
        }
    }

    /// One sentence for the message of the envelope and for the log.
    package var sentence: StaticString {
        switch self {
        case .nameNotResolved: "The upstream's name does not resolve."
        case .connectRefused: "The upstream refused the connection."
        case .unreachable: "The upstream's host cannot be reached."
        case .connectTimeout: "The upstream did not accept a connection in time."
        case .tlsCertificate: "The upstream's certificate is not trusted."
        case .tlsProtocol: "The TLS handshake with the upstream failed."
        case .firstByteTimeout: "The upstream did not begin to answer in time."
        case .totalTimeout: "The upstream did not finish its answer in time."
        case .connectionClosed: "The upstream closed the connection without an answer."
        case .responseIncomplete: "The upstream's answer broke off."
        case .responseInvalid(let defect): defect.sentence
        case .headTooLarge: "The head of the upstream's answer is too large."
        case .upgradeNotAsked: "The upstream switched protocols without being asked."
        case .uploadAborted: "The content of the request broke off."
        case .tooManyWaiting: "Too many requests wait for the upstream."
        case .circuitOpen: "The upstream has failed repeatedly and is left alone for a moment."
        case .library: "The request to the upstream failed inside the gateway."
        }
    }
}

extension UpstreamFailure {
    /// Whether it is certain that the upstream has not seen the request: there was no connection to send it
    /// on. Not after a handshake that failed, which may have been the upstream's doubt about something it
    /// read.
    package var isBeforeSending: Bool {
        switch self {
        case .nameNotResolved, .connectRefused, .unreachable, .connectTimeout, .tlsCertificate,
            .tooManyWaiting,
            .circuitOpen:
            true
        case .tlsProtocol, .firstByteTimeout, .totalTimeout, .connectionClosed, .responseIncomplete,
            .responseInvalid, .headTooLarge, .upgradeNotAsked, .uploadAborted, .library:
            false
        }
    }

    /// Seconds after which the request may succeed; `nil` where nobody knows.
    package var retryAfterSeconds: UInt64? {
        switch self {
        case .tooManyWaiting: 1
        case .circuitOpen(let seconds): UInt64(seconds)
        case .nameNotResolved, .connectRefused, .unreachable, .connectTimeout, .tlsCertificate, .tlsProtocol,
            .firstByteTimeout, .totalTimeout, .connectionClosed, .responseIncomplete, .responseInvalid,
            .headTooLarge, .upgradeNotAsked, .uploadAborted, .library:
            nil
        }
    }
}

/// What makes an upstream answer impossible to trust; each is refused, none is repaired.
package enum ResponseDefect: Sendable, Hashable, CaseIterable {
    /// Something that does not begin with an HTTP/1 status line.
    case notHTTP
    /// A status line that is not `HTTP/1.x`, three digits and a reason.
    case statusLine
    /// A line that does not end with CRLF, or holds a bare CR, a NUL or another control character.
    case lineEnd
    /// A field line without a name that is a token directly followed by a colon; folded lines included.
    case fieldLine
    /// Content-Length twice, not plain digits, or too large.
    case contentLength
    /// A transfer coding other than one `chunked`, or together with Content-Length, or in HTTP/1.0.
    case transferCoding
    /// A chunk that RFC 9112 §7.1 does not allow.
    case chunk
    /// Content where none may be, or bytes after the end of the answer.
    case bytesAfterEnd
    /// Content that is not the gzip it is said to be, or would become more than any text does.
    case contentCoding

    /// One sentence for a person.
    package var sentence: StaticString {
        switch self {
        case .notHTTP: "The upstream does not speak HTTP/1.1."
        case .statusLine: "The upstream's status line is malformed."
        case .lineEnd: "A line in the upstream's head holds a forbidden character."
        case .fieldLine: "A field line in the upstream's head is malformed."
        case .contentLength: "The upstream's Content-Length is doubtful."
        case .transferCoding: "The upstream's Transfer-Encoding is doubtful."
        case .chunk: "A chunk of the upstream's answer is malformed."
        case .bytesAfterEnd: "The upstream sent bytes beyond the end of its answer."
        case .contentCoding: "The upstream's content is not what its Content-Encoding says."
        }
    }
}
