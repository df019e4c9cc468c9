/// Takes a request to the API or to the control routes, and makes of the answer what the faults demand.
struct StandInResponder: Sendable {
    /// Counters, record and faults.
    let control: StandInControl
    /// The imitated upstream.
    let api: KayleAPI
    private let controlRoutes: ControlRoutes

    /// A responder over the seeded data of `configuration`.
    init(_ configuration: StandInConfiguration) {
        control = StandInControl(configuration)
        api = KayleAPI(configuration)
        controlRoutes = ControlRoutes(control: control)
    }

    /// The steps that answer a request. It is noted before its answer is begun, so that whoever has seen any
    /// of the answer finds the request counted.
    func respond(to request: RecordedRequest) async -> AnswerScript {
        guard !request.path.hasPrefix(ControlRoutes.prefix) else {
            return AnswerScript(
                await controlRoutes.answer(request), to: request, date: api.time.httpDate, effects: [])
        }
        let effects = control.takeEffects(for: request)
        let (route, answer) =
            effects.contains(where: \.replacesAnswer) ? api.unanswered(request) : api.answer(request)
        control.note(request, route: route)
        return AnswerScript(answer, to: request, date: api.time.httpDate, effects: effects)
    }

    /// What is sent to a peer that does not speak HTTP, before the connection is closed.
    func refusal() -> [UInt8] {
        control.countMalformed()
        return Array("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".utf8)
    }
}

extension Fault.Effect {
    /// Whether the API is not even asked, so that a failing write leaves the data as it was.
    fileprivate var replacesAnswer: Bool {
        switch self {
        case .answer, .largeBody, .raw: true
        case .delay, .fields, .chunked, .gzip, .untilClose, .breakOff, .trickle, .before, .after, .endAfter:
            false
        }
    }
}
