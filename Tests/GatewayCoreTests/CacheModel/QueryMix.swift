import KayleStandIn

/// Random questions to one organization's sessions, some of which come up again and again.
struct QueryMix {
    /// A question in some spelling, and in the plain one.
    struct Question {
        let spelled: String
        let plain: String
    }

    private static let hotCount = 6

    private var dice: QuerySpeller
    /// The ids of all rows, as of the last look.
    private(set) var ids: [String] = []
    private var moments: [Int] = []
    private var hot: [QueryMeaning] = []

    init(seed: UInt64) { dice = QuerySpeller(seed: seed) }

    /// Looks which rows there are.
    mutating func learn(from standIn: RunningStandIn, key: String) {
        var ids: [String] = []
        moments = []
        for _ in 0..<6 {
            let cursor = ids.last.map { "&starting_after=\($0)" } ?? ""
            let page = standIn.truth("/v1/sessions?limit=100\(cursor)", key: key).body
            let text = String(decoding: page, as: UTF8.self)
            ids += text.matches(of: #/\{"id":"(vs_[a-z0-9]{64})"/#).map { String($0.1) }
            moments += text.matches(of: #/"created_at":"([^"]*)"/#).prefix(20)
                .compactMap { ModelTime.milliseconds(String($0.1)) }
        }
        self.ids = ids
    }

    /// The next question: one of six for a page, in any spelling, or else for a session by its id.
    mutating func question() -> Question {
        if dice.number(below: 6) == 0 {
            let target = "/v1/sessions/" + id()
            return Question(spelled: target, plain: target)
        }
        let meaning = meaning()
        return Question(
            spelled: "/v1/sessions?" + String(decoding: dice.query(meaning), as: UTF8.self),
            plain: Self.plain(meaning))
    }

    /// The id of some row, of few again and again, or of none.
    mutating func id() -> String {
        if dice.number(below: 20) == 0 { return "vs_" + String(repeating: "m", count: 64) }
        return dice.number(below: 2) == 0 ? dice.pick(ids) : ids[dice.number(below: min(ids.count, 6))]
    }

    private mutating func meaning() -> QueryMeaning {
        if hot.count == Self.hotCount, dice.number(below: 10) < 8 { return dice.pick(hot) }
        let meaning = newMeaning()
        if hot.count < Self.hotCount {
            hot.append(meaning)
        } else if dice.number(below: 6) == 0 {
            hot[dice.number(below: Self.hotCount)] = meaning
        }
        return meaning
    }

    private mutating func newMeaning() -> QueryMeaning {
        var meaning = QueryMeaning()
        meaning.limit = dice.pick([1, 2, 3, 5, 10, 10, 10, 20, 50, 100])
        if dice.number(below: 3) == 0 {
            meaning.status = dice.pick(["created", "in_progress", "completed", "cancelled", "expired"])
        }
        if dice.number(below: 8) == 0 { meaning.createdFrom = moment() }
        if dice.number(below: 8) == 0 { meaning.createdTo = moment() }
        if dice.number(below: 3) == 0 { meaning.startingAfter = id() }
        meaning.includesAttempts = dice.number(below: 4) == 0
        return meaning
    }

    private mutating func moment() -> Int {
        dice.pick(Array(moments.prefix(6)) + [dice.pick(moments)]) + dice.pick([0, 0, 1, -1])
    }

    private static func plain(_ meaning: QueryMeaning) -> String {
        var plain = "/v1/sessions?limit=\(meaning.limit)"
        if let status = meaning.status { plain += "&status=\(status)" }
        if let from = meaning.createdFrom { plain += "&created_from=\(ModelTime.text(from))" }
        if let to = meaning.createdTo { plain += "&created_to=\(ModelTime.text(to))" }
        if let cursor = meaning.startingAfter { plain += "&starting_after=\(cursor)" }
        if meaning.includesAttempts { plain += "&include_attempts=true" }
        return plain
    }
}
