/// A fault as JSON orders it: `{"effect": "delay", "milliseconds": 200, "path": "/v1/sessions", "times": 1}`.
struct FaultOrder: Decodable {
    private let effect: Name
    private let path: String?
    private let method: String?
    private let times: Int?
    private let milliseconds: Int?
    private let bytes: Int?
    private let status: Int?
    private let fields: [String: String]?
    private let text: String?
    private let ending: Fault.Ending?

    private enum Name: String, Decodable {
        case delay
        case answer
        case fields
        case largeBody = "large_body"
        case chunked
        case gzip
        case untilClose = "until_close"
        case breakOff = "break_off"
        case trickle
        case before
        case after
        case endAfter = "end_after"
        case raw
        case hang
    }

    /// An order that lacks what its effect needs.
    struct Failure: Error, CustomStringConvertible {
        /// The missing member.
        let missing: String
        /// A sentence for the answer.
        var description: String { "This effect needs \"\(missing)\"." }
    }

    /// The fault; throws when a member that its effect needs is missing.
    func fault() throws(Failure) -> Fault {
        Fault(try ordered(), path: path ?? "*", method: method, times: times ?? .max)
    }

    private func ordered() throws(Failure) -> Fault.Effect {
        let pairs = (fields ?? [:]).sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
        let content = Array((text ?? "").utf8)
        return switch effect {
        case .delay: .delay(milliseconds: try needed(milliseconds, "milliseconds"))
        case .answer: .answer(status: try needed(status, "status"), fields: pairs, body: content)
        case .fields: .fields(pairs)
        case .largeBody: .largeBody(bytes: try needed(bytes, "bytes"))
        case .chunked: .chunked(pieceBytes: bytes ?? 1_024)
        case .gzip: .gzip
        case .untilClose: .untilClose
        case .breakOff: .breakOff(afterBodyBytes: try needed(bytes, "bytes"), ending ?? .closed)
        case .trickle:
            .trickle(
                pieceBytes: try needed(bytes, "bytes"),
                everyMilliseconds: try needed(milliseconds, "milliseconds"))
        case .before: .before(content)
        case .after: .after(content, milliseconds: milliseconds ?? 0)
        case .endAfter: .endAfter(milliseconds: milliseconds ?? 0, ending ?? .closed)
        case .raw: .raw(content, ending ?? .closed)
        case .hang: .raw([], .silence)
        }
    }

    private func needed(_ value: Int?, _ name: String) throws(Failure) -> Int {
        guard let value, value >= 0 else { throw Failure(missing: name) }
        return value
    }
}
