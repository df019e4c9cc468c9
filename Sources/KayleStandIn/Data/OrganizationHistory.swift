/// What an organization's rows were at each moment of its life: the memory of an oracle. A revision is a
/// number; the seeded rows are revision 0, and each change makes the next.
struct OrganizationHistory: Sendable {
    private var states: [[Session]]
    private var oldest = 0

    /// Begins with the seeded rows.
    init(_ sessions: [Session]) { states = [sessions] }

    /// The number of the present state.
    var revision: Int { oldest + states.count - 1 }

    /// Remembers a new state.
    mutating func append(_ sessions: [Session]) { states.append(sessions) }

    /// Forgets the states before a revision; the present one stays.
    mutating func forget(before revision: Int) {
        let count = min(revision, self.revision) - oldest
        guard count > 0 else { return }
        states.removeFirst(count)
        oldest += count
    }

    /// The rows at a revision that has not been forgotten.
    func rows(at revision: Int) -> [Session] { states[revision - oldest] }
}

extension Organization {
    /// The number of the present state; 0 where none are remembered.
    var revision: Int { remember { $0.revision } ?? 0 }

    /// Forgets the states before a revision.
    func forget(before revision: Int) { remember { $0.forget(before: revision) } }

    /// The rows as they were, with those of `later` as they were at the revisions that stand with them.
    func rows(at revision: Int, with later: [String: Int]) -> [Session] {
        remember { history in
            var rows = history.rows(at: revision)
            for (id, revision) in later {
                guard let row = history.rows(at: revision).first(where: { $0.id == id }) else { continue }
                if let index = rows.firstIndex(where: { $0.id >= id }) {
                    if rows[index].id == id { rows[index] = row } else { rows.insert(row, at: index) }
                } else {
                    rows.append(row)
                }
            }
            return rows
        } ?? sessions
    }

    /// The last revision of these that made or changed a row.
    func lastChange(of id: String, in revisions: ClosedRange<Int>) -> Int? {
        remember { history in
            func stamp(_ revision: Int) -> SessionTime? {
                history.rows(at: revision).first { $0.id == id }?.updatedAt
            }
            func status(_ revision: Int) -> SessionStatus? {
                history.rows(at: revision).first { $0.id == id }?.status
            }
            return revisions.dropFirst().last { revision in
                stamp(revision) != stamp(revision - 1) || status(revision) != status(revision - 1)
            }
        } ?? nil
    }
}
