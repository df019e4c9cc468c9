/// A verification session: one row of the list, and the bytes it is shown as.
///
/// The bytes are made when the row is made or changed, never when it is read: a page is then a few copies,
/// and the row is the same in a page and alone, as upstream.
struct Session: Sendable {
    /// `vs_` and 64 characters of `[a-z0-9]`.
    let id: String
    /// Creation, with the microseconds that the API hides.
    let createdAt: SessionTime
    /// What the person is asked to share.
    let shareFields: [ShareField]
    /// Where the person is sent afterwards.
    let redirectURL: String?
    /// The tries so far.
    let attempts: [Attempt]
    /// Where it stands; changed through `move(to:at:)`.
    private(set) var status: SessionStatus
    /// When it last changed.
    private(set) var updatedAt: SessionTime
    private var completedAt: SessionTime?
    private var membersJSON: [UInt8] = []
    private var attemptsJSON: [UInt8] = []

    /// Makes a row; `updatedAt` is also the time of completion when `status` is terminal.
    init(
        id: String, createdAt: SessionTime, shareFields: [ShareField], redirectURL: String?,
        attempts: [Attempt] = [], status: SessionStatus = .created, updatedAt: SessionTime? = nil
    ) {
        self.id = id
        self.createdAt = createdAt
        self.shareFields = shareFields
        self.redirectURL = redirectURL
        self.attempts = attempts
        self.status = status
        self.updatedAt = updatedAt ?? createdAt
        completedAt = status.isTerminal ? self.updatedAt : nil
        render()
        var json = JSONText()
        json.array { json in
            for attempt in attempts { attempt.write(to: &json, sessionID: id) }
        }
        attemptsJSON = json.bytes
    }

    /// An hour after creation.
    var expiresAt: SessionTime { createdAt.adding(seconds: 3_600) }

    /// Changes the status; a terminal one also sets the time of completion.
    mutating func move(to status: SessionStatus, at now: SessionTime) {
        self.status = status
        updatedAt = now
        if status.isTerminal { completedAt = now }
        render()
    }

    /// Appends the row as JSON, with its attempts if asked for.
    func write(to json: inout JSONText, attempts: AttemptsMode) {
        var bytes = membersJSON
        bytes.removeLast()
        switch attempts {
        case .omitted: break
        case .included:
            bytes.append(contentsOf: ",\"attempts\":".utf8)
            bytes.append(contentsOf: attemptsJSON)
        }
        bytes.append(0x7D)
        json.raw(bytes)
    }

    /// The row as the answer to its creation shows it: with the one-shot token, alone and inside the address.
    func creationJSON(cancelToken: String, attempts: AttemptsMode) -> [UInt8] {
        var json = JSONText(capacity: 2_048)
        json.object { json in
            writeMembers(to: &json, verificationQuery: "?cancel_token=" + cancelToken)
            json.name("cancel_token")
            json.value(cancelToken)
            switch attempts {
            case .omitted: break
            case .included:
                json.name("attempts")
                json.raw(attemptsJSON)
            }
        }
        return json.bytes
    }

    private mutating func render() {
        var json = JSONText(capacity: 2_048)
        json.object { json in writeMembers(to: &json, verificationQuery: "") }
        membersJSON = json.bytes
    }

    private func writeMembers(to json: inout JSONText, verificationQuery: String) {
        json.name("id")
        json.value(id)
        json.name("status")
        json.value(status.rawValue)
        json.name("contract_version")
        json.value(1)
        json.name("share_fields")
        ShareField.write(shareFields, to: &json)
        json.name("redirect_url")
        json.value(redirectURL)
        json.name("verification_url")
        json.value("https://verify.kayle.id/" + id + verificationQuery)
        json.name("expires_at")
        json.value(expiresAt.text)
        json.name("completed_at")
        json.value(completedAt?.text)
        json.name("created_at")
        json.value(createdAt.text)
        json.name("updated_at")
        json.value(updatedAt.text)
    }
}
