/// How much a token may do within its scopes: the routes it may use, and the largest page it may ask for.
///
/// Scopes are the upstream's words and coarse; ceilings are the gateway's own. Both must allow a request.
package struct TokenCeilings: Sendable, Hashable {
    /// No ceilings: the scopes alone decide.
    package static let none = TokenCeilings(checkedLimit: nil, routes: [])
    /// Routes in the longest list.
    package static let maximumRoutes = 64
    /// The largest ceiling that can be set: no page is that large.
    package static let largestLimit = 1_000_000

    /// The largest `limit` it may ask for; absent, as large as the route takes.
    package let maximumLimit: Int?
    /// The routes it may use, by name; empty, all.
    package let routes: [String]

    /// Makes ceilings; `nil` if the limit is not 1 to `largestLimit` or there are too many routes.
    package init?(maximumLimit: Int?, routes: [String]) {
        if let maximumLimit, !(1...Self.largestLimit).contains(maximumLimit) { return nil }
        // A list with a repetition could not be read again.
        let routes = routes.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        guard routes.count <= Self.maximumRoutes else { return nil }
        self.init(checkedLimit: maximumLimit, routes: routes)
    }

    private init(checkedLimit: Int?, routes: [String]) {
        maximumLimit = checkedLimit
        self.routes = routes
    }
}

/// The routes that some tokens are bound to, as bits in one piece of memory: whether a token may use a route
/// costs one load, and no reference is counted.
struct RouteLists: Sendable {
    private let wordsPerList: Int
    private var words: [UInt64] = []

    /// No lists yet, for a table of so many routes.
    init(routeCount: Int) { wordsPerList = max(1, (routeCount + 63) / 64) }

    /// Adds a list of positions in the route table and gives its number.
    mutating func add(_ positions: [Int]) -> Int32 {
        let list = words.count / wordsPerList
        words += [UInt64](repeating: 0, count: wordsPerList)
        for position in positions {
            precondition(position / 64 < wordsPerList, "route \(position) of \(wordsPerList * 64)")
            words[list * wordsPerList + position / 64] |= 1 << UInt64(position % 64)
        }
        return Int32(list)
    }

    /// Whether a list holds the route at this position.
    func list(_ list: Int32, holds position: Int) -> Bool {
        precondition(position >= 0 && position / 64 < wordsPerList, "route \(position) is not in the table")
        return words[Int(list) * wordsPerList + position / 64] >> UInt64(position % 64) & 1 == 1
    }
}
