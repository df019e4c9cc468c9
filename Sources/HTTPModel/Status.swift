/// A response status code (RFC 9110 §15), 100–599.
public struct Status: RawRepresentable, Sendable, Hashable {
    /// The three digits as a number.
    public let rawValue: UInt16

    /// Makes a status from its code. Any number is taken: whoever parses one checks its bounds first.
    @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }

    public static let `continue` = Status(rawValue: 100)
    public static let ok = Status(rawValue: 200)
    public static let noContent = Status(rawValue: 204)
    public static let notModified = Status(rawValue: 304)
    public static let badRequest = Status(rawValue: 400)
    public static let unauthorized = Status(rawValue: 401)
    public static let forbidden = Status(rawValue: 403)
    public static let notFound = Status(rawValue: 404)
    public static let methodNotAllowed = Status(rawValue: 405)
    public static let requestTimeout = Status(rawValue: 408)
    public static let gone = Status(rawValue: 410)
    public static let contentTooLarge = Status(rawValue: 413)
    public static let uriTooLong = Status(rawValue: 414)
    public static let tooManyRequests = Status(rawValue: 429)
    public static let headersTooLarge = Status(rawValue: 431)
    /// Written down when the client left before its answer; never sent.
    public static let clientGone = Status(rawValue: 499)
    public static let internalServerError = Status(rawValue: 500)
    public static let notImplemented = Status(rawValue: 501)
    public static let badGateway = Status(rawValue: 502)
    public static let serviceUnavailable = Status(rawValue: 503)
    public static let gatewayTimeout = Status(rawValue: 504)
    public static let versionNotSupported = Status(rawValue: 505)

    /// Whether the answer is interim (RFC 9110 §15.2): another head follows.
    @inlinable public var isInformational: Bool { rawValue < 200 }

    /// Whether no content may follow the head, whatever its fields say (RFC 9112 §6.3 rule 1).
    @inlinable public var forbidsContent: Bool { rawValue < 200 || rawValue == 204 || rawValue == 304 }

    /// The phrase we send in status lines of answers made here; empty for codes we never make ourselves.
    public var reasonPhrase: StaticString {
        switch rawValue {
        case 100: "Continue"
        case 103: "Early Hints"
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 204: "No Content"
        case 304: "Not Modified"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 410: "Gone"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        default: ""
        }
    }
}
