/// What an operator is told of the upstream's health: one line for each change, and none while all is well.
enum HealthNews: Hashable {
    case warning(String)
    case info(String)

    /// The lines for what has happened between two looks.
    static func between(_ before: HealthReport, _ now: HealthReport) -> [HealthNews] {
        var news: [HealthNews] = []
        if before.probe != now.probe {
            switch now.probe {
            case .unhealthy: news.append(.warning("the upstream's health probe fails"))
            case .healthy where before.probe == .unhealthy:
                news.append(.info("the upstream's health probe succeeds again"))
            case .healthy, .unknown: break
            }
        }
        let opened = now.openedCount - before.openedCount
        if opened > 0 { news.append(.warning("the upstream's circuit opened\(times(opened))")) }
        if now.circuit == .closed, before.circuit != .closed || opened > 0 {
            news.append(.info("the upstream's circuit closed"))
        }
        let ofCredentials = now.openedForCredentialCount - before.openedForCredentialCount
        if ofCredentials > 0 {
            news.append(
                .warning("the circuit of a single upstream credential opened\(times(ofCredentials))"))
        }
        return news
    }

    private static func times(_ count: UInt64) -> String { count == 1 ? "" : ", \(count) times" }
}
