/// Makes the rows an organization begins with.
struct SeededSessions {
    private var generator: SeededGenerator
    private let size: StandInConfiguration.RowSize
    private let reference: SessionTime

    /// Rows of `size`, the newest just before `reference`.
    init(generator: SeededGenerator, size: StandInConfiguration.RowSize, reference: SessionTime) {
        self.generator = generator
        self.size = size
        self.reference = reference
    }

    /// `count` rows in ascending order of id, as the database returns them.
    mutating func make(_ count: Int) -> [Session] {
        (0..<count).map { _ in session() }.sorted { $0.id < $1.id }
    }

    private mutating func session() -> Session {
        let id = generator.identifier("vs")
        let status = [
            SessionStatus.created, .inProgress, .completed, .completed, .completed, .completed, .expired,
            .expired,
            .cancelled, .cancelled,
        ][Int.random(in: 0..<10, using: &generator)]
        // An active session is younger than its hour; an ended one began before its hour, thirty days back at
        // most.
        let age =
            status.isTerminal
            ? Int64.random(in: 3_600_000_000..<2_592_000_000_000, using: &generator)
            : Int64.random(in: 1_000_000..<3_000_000_000, using: &generator)
        let createdAt = SessionTime(microseconds: reference.microseconds - age)
        let updatedAt: SessionTime =
            switch status {
            case .created: createdAt
            case .expired: createdAt.adding(seconds: 3_600 + Int64.random(in: 0..<60, using: &generator))
            case .inProgress, .completed, .cancelled:
                SessionTime(
                    microseconds: createdAt.microseconds + Int64.random(in: 1..<1_000_000, using: &generator))
            }
        return Session(
            id: id, createdAt: createdAt, shareFields: shareFields(),
            redirectURL: "https://rp.example/return/" + generator.characters(24),
            attempts: attempts(status: status, createdAt: createdAt), status: status, updatedAt: updatedAt)
    }

    private mutating func shareFields() -> [ShareField] {
        switch size {
        case .small: return [.documentID]
        case .documented:
            let others = ShareField.all.filter { $0.claim != ShareField.documentID.claim }
            let chosen = others.shuffled(using: &generator).prefix(Int.random(in: 0...12, using: &generator))
            return chosen + [.documentID]
        }
    }

    private mutating func attempts(status: SessionStatus, createdAt: SessionTime) -> [Attempt] {
        let failures = Int.random(in: 0...2, using: &generator)
        var attempts = (0..<failures).map { index in
            let start = createdAt.adding(seconds: Int64(30 + 60 * index))
            return Attempt(
                id: generator.identifier("va"), status: "failed", createdAt: start,
                completedAt: start.adding(seconds: 40))
        }
        let start = createdAt.adding(seconds: 200)
        switch status {
        case .inProgress:
            attempts.append(
                Attempt(
                    id: generator.identifier("va"), status: "in_progress", createdAt: start, completedAt: nil)
            )
        case .completed:
            attempts.append(
                Attempt(
                    id: generator.identifier("va"), status: "succeeded", createdAt: start,
                    completedAt: start.adding(seconds: 30)))
        case .created, .expired, .cancelled: break
        }
        return attempts
    }
}
