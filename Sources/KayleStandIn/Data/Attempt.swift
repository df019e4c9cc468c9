/// One try of a person at a session; 340 to 375 bytes as JSON.
struct Attempt: Sendable {
    /// `va_` and 64 characters.
    let id: String
    /// `in_progress`, `succeeded`, `failed` or `cancelled`.
    let status: String
    /// When it began.
    let createdAt: SessionTime
    /// When it ended.
    let completedAt: SessionTime?

    /// Writes the documented object.
    func write(to json: inout JSONText, sessionID: String) {
        json.object { json in
            json.name("id")
            json.value(id)
            json.name("session_id")
            json.value(sessionID)
            json.name("status")
            json.value(status)
            json.name("failure_code")
            json.value(status == "failed" ? "selfie_face_mismatch" : nil)
            json.name("risk_score")
            json.value(0)
            json.name("completed_at")
            json.value(completedAt?.text)
            json.name("created_at")
            json.value(createdAt.text)
            json.name("updated_at")
            json.value((completedAt ?? createdAt).text)
        }
    }
}

/// Whether rows carry their attempts.
enum AttemptsMode: Sendable {
    /// The member is absent.
    case omitted
    /// The member is there, possibly empty.
    case included
}
