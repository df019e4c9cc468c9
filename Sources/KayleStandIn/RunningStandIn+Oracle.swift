import FlyingFox

/// The stand-in as an oracle: what it says, would have said, and was told behind everybody's back. Nothing of
/// this is counted, recorded or hit by faults.
extension RunningStandIn {
    /// What the upstream would say to `GET target` under `key` at this moment.
    public func truth(_ target: String, key: String) -> (status: Int, body: [UInt8]) {
        act("GET", target, key: key)
    }

    /// Does what another client of the upstream does, past the gateway.
    @discardableResult
    public func act(_ method: String, _ target: String, key: String) -> (status: Int, body: [UInt8]) {
        let answer = responder.api.answer(Self.request(method, target, key: key)).answer
        return (answer.status.code, answer.body)
    }

    /// The number of the state that the rows under `key` are in; each change makes the next. Needs
    /// `remembersStates`.
    public func revision(key: String) -> Int { responder.api.organization(key: key)?.revision ?? 0 }

    /// Forgets the states before a revision.
    public func forget(before revision: Int, key: String) {
        responder.api.organization(key: key)?.forget(before: revision)
    }

    /// What the upstream would have said at a revision to `GET target`, had the rows of `later` been what
    /// they became at the revisions that stand with them.
    public func truth(
        _ target: String, key: String, at revision: Int, with later: [String: Int] = [:]
    ) -> (status: Int, body: [UInt8]) {
        guard let organization = responder.api.organization(key: key) else { return (401, []) }
        let api = KayleAPI(
            remembering: Organization(
                remembered: organization.rows(at: revision, with: later), name: organization.name), key: key)
        let answer = api.answer(Self.request("GET", target, key: key)).answer
        return (answer.status.code, answer.body)
    }

    /// The last of these revisions that made or changed the row with this id.
    public func lastChange(of id: String, key: String, in revisions: ClosedRange<Int>) -> Int? {
        responder.api.organization(key: key)?.lastChange(of: id, in: revisions)
    }

    private static func request(_ method: String, _ target: String, key: String) -> RecordedRequest {
        RecordedRequest(
            connection: 0, head: [], method: method, target: target, version: "HTTP/1.1",
            fields: [("Authorization", "Bearer " + key)], body: [])
    }
}
