import Locking

/// The rows of one customer. Safe from any thread; each call holds one lock for as long as it copies or
/// changes rows.
final class Organization: Sendable {
    /// The name from the configuration.
    let name: String
    private let state: Lock<State>

    private struct State {
        var sessions: [Session]
        var events: [WebhookEvent]
        var generator: SeededGenerator
        var history: OrganizationHistory?
    }

    /// Makes the seeded rows of `configuration`; `reference` is the newest moment in them.
    init(
        _ organization: StandInConfiguration.Organization, in configuration: StandInConfiguration,
        reference: SessionTime
    ) {
        name = organization.name
        var generator = SeededGenerator(seed: configuration.seed, stream: organization.name)
        var seeded = SeededSessions(
            generator: SeededGenerator(seed: configuration.seed, stream: organization.name + "/rows"),
            size: configuration.rowSize, reference: reference)
        let sessions = seeded.make(organization.sessionCount)
        let events = sessions.compactMap { session in
            WebhookEvent(ending: session, id: generator.identifier("evt"))
        }
        state = Lock(
            State(
                sessions: sessions, events: events.sorted { $0.createdAt < $1.createdAt },
                generator: generator,
                history: configuration.remembersStates ? OrganizationHistory(sessions) : nil))
    }

    /// Rows as they once were, for an oracle.
    init(remembered sessions: [Session], name: String) {
        self.name = name
        state = Lock(
            State(sessions: sessions, events: [], generator: SeededGenerator(seed: 0, stream: name)))
    }

    /// Asks or changes what is remembered; `nil` where nothing is.
    @discardableResult
    func remember<Value>(_ body: (inout OrganizationHistory) -> Value) -> Value? {
        state.withLock { state in
            guard var history = state.history.take() else { return nil }
            defer { state.history = history }
            return body(&history)
        }
    }

    /// The rows that `query` selects, ascending by id, and whether more follow.
    func page(_ query: ListQuery) -> (rows: [Session], hasMore: Bool) {
        let sessions = state.withLock { $0.sessions }
        let start = query.startingAfter.map { cursor in Self.firstIndex(after: cursor, in: sessions) } ?? 0
        var rows: [Session] = []
        for session in sessions[start...] where query.admits(session) {
            guard rows.count < query.limit else { return (rows, true) }
            rows.append(session)
        }
        return (rows, false)
    }

    /// The row with this id.
    func session(_ id: String) -> Session? {
        state.withLock { state in
            Self.index(of: id, in: state.sessions).map { state.sessions[$0] }
        }
    }

    /// Adds a new session under a fresh id, at the place in the order where that id falls; also gives its
    /// one-shot token, 43 characters.
    func create(
        shareFields: [ShareField], redirectURL: String?, at now: SessionTime
    ) -> (session: Session, cancelToken: String) {
        state.withLock { state in
            let session = Session(
                id: state.generator.identifier("vs"), createdAt: now, shareFields: shareFields,
                redirectURL: redirectURL)
            state.sessions.insert(session, at: Self.firstIndex(after: session.id, in: state.sessions))
            state.history?.append(state.sessions)
            return (session, state.generator.characters(43))
        }
    }

    /// How an attempt to end a session turned out.
    enum Ending: Sendable, Equatable {
        /// Ended now, or ended before: both are success.
        case ended
        /// No such row here.
        case unknown
    }

    /// Ends a session unless it has ended already.
    func end(_ id: String, as status: SessionStatus, at now: SessionTime) -> Ending {
        state.withLock { state in
            guard let index = Self.index(of: id, in: state.sessions) else { return .unknown }
            guard !state.sessions[index].status.isTerminal else { return .ended }
            state.sessions[index].move(to: status, at: now)
            state.history?.append(state.sessions)
            if let event = WebhookEvent(
                ending: state.sessions[index], id: state.generator.identifier("evt"))
            {
                state.events.append(event)
            }
            return .ended
        }
    }

    /// All rows, ascending by id.
    var sessions: [Session] { state.withLock { $0.sessions } }

    /// All events, oldest first.
    var events: [WebhookEvent] { state.withLock { $0.events } }

    // Ids and cursors compare by bytes: for `[a-z0-9]` that is also what the database's collation does.
    private static func firstIndex(after cursor: String, in sessions: [Session]) -> Int {
        partition(sessions) { !cursor.utf8.lexicographicallyPrecedes($0.id.utf8) }
    }

    private static func index(of id: String, in sessions: [Session]) -> Int? {
        let index = partition(sessions) { $0.id.utf8.lexicographicallyPrecedes(id.utf8) }
        return index < sessions.count && sessions[index].id == id ? index : nil
    }

    // The first index for which `isBefore` no longer holds; it holds for a prefix of the array.
    private static func partition(_ sessions: [Session], _ isBefore: (Session) -> Bool) -> Int {
        var low = 0
        var high = sessions.count
        while low < high {
            let middle = low + (high - low) / 2
            if isBefore(sessions[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
