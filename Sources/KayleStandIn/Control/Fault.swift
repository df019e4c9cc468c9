/// Something that goes wrong, on order: which requests it hits, how often, and what it does to the answer.
///
/// All faults that match a request act on it together, in the order they were injected, so that a slow
/// chunked answer is a delay and a chunking.
public struct Fault: Sendable {
    /// How a connection ends.
    public enum Ending: String, Sendable, Decodable {
        /// An orderly close.
        case closed
        /// A reset: unsent bytes are thrown away.
        case reset
        /// Not at all: silence until the peer gives up.
        case silence
        /// As if nothing had happened: the next request is awaited.
        case kept
    }

    /// What a fault does.
    public enum Effect: Sendable {
        /// Waits before the first byte.
        case delay(milliseconds: Int)
        /// Answers this instead, and leaves the data as it is.
        case answer(status: Int, fields: [(name: String, value: String)], body: [UInt8])
        /// Adds fields, `Cache-Control: no-store` for instance.
        case fields([(name: String, value: String)])
        /// Answers 200 with this many bytes instead: 0 to 250, again and again.
        case largeBody(bytes: Int)
        /// Frames the content in chunks of this size instead of by length.
        case chunked(pieceBytes: Int)
        /// Codes the content in gzip, if the request accepts it; what cuts and frames content comes after.
        case gzip
        /// Announces no length and closes after the content.
        case untilClose
        /// Announces all of the content, sends this much of it, and ends.
        case breakOff(afterBodyBytes: Int, Ending)
        /// Sends the content in pieces with pauses between them.
        case trickle(pieceBytes: Int, everyMilliseconds: Int)
        /// Sends these bytes before the answer: an interim response, or garbage.
        case before([UInt8])
        /// Sends these bytes after the answer, later, on the then idle connection: nobody asked for them.
        case after([UInt8], milliseconds: Int)
        /// Ends the connection a while after the answer, as an upstream does with idle ones: without a word
        /// before.
        case endAfter(milliseconds: Int, Ending)
        /// Sends these bytes and nothing else.
        case raw([UInt8], Ending)
    }

    /// The method it hits; `nil` for all.
    public let method: String?
    /// The path it hits, exactly, or with a last `*` for everything that begins so.
    public let path: String
    /// How many requests it still hits.
    public var remaining: Int
    /// What it does.
    public let effect: Effect

    /// A fault that hits the next `times` requests for `path`.
    public init(_ effect: Effect, path: String = "*", method: String? = nil, times: Int = .max) {
        self.effect = effect
        self.path = path
        self.method = method
        remaining = times
    }

    /// Never answers: the request is read, then there is silence.
    public static func hang(path: String = "*", method: String? = nil, times: Int = .max) -> Fault {
        Fault(.raw([], .silence), path: path, method: method, times: times)
    }

    /// Whether a request is of the kind it hits.
    func matches(_ request: RecordedRequest) -> Bool {
        guard method == nil || method == request.method else { return false }
        return path.hasSuffix("*") ? request.path.hasPrefix(path.dropLast()) : request.path == path
    }
}
