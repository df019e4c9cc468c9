/// What happened to a session, as the events list shows it.
struct WebhookEvent: Sendable {
    /// `evt_` and 64 characters.
    let id: String
    /// For instance `verification.session.cancelled`.
    let type: String
    /// The session it is about.
    let sessionID: String
    /// When it happened.
    let createdAt: SessionTime

    /// The event of a session's end; `nil` while the session is active.
    init?(ending session: Session, id: String) {
        guard session.status.isTerminal else { return nil }
        self.id = id
        type = "verification.session." + session.status.rawValue
        sessionID = session.id
        createdAt = session.updatedAt
    }

    /// Writes the object.
    func write(to json: inout JSONText) {
        json.object { json in
            json.name("id")
            json.value(id)
            json.name("type")
            json.value(type)
            json.name("trigger_id")
            json.value(sessionID)
            json.name("trigger_type")
            json.value("verification_session")
            json.name("created_at")
            json.value(createdAt.text)
        }
    }
}
