/// The fields in which the answers of one plan tell of its limits: rendered as far as they are constant, the
/// same for every answer. Limits in shadow are not told of: nobody is held to them.
package struct RateLimitFields: Sendable {
    /// The generation.
    package let draft: RateLimitDraft
    // What is constant, all in one: what stands before the first number, then each limit's part by position,
    // empty where it has none. One array, so that a worker counts one reference.
    private let bytes: [UInt8]
    // Where each of them ends.
    private let ends: InlineArray<9, Int>

    /// Renders what is constant (draft-ietf-httpapi-ratelimit-headers-11 §3 and §4, -07 §5, -06 §5).
    init(_ draft: RateLimitDraft, _ policies: [LimitPolicy]) {
        self.draft = draft
        let told = policies.filter { !$0.isShadow }
        var parts: [String] = []
        switch draft {
        case .draft11:
            let list = told.map {
                "\"\($0.name)\";q=\($0.maximum)" + Self.window($0, or: ";qu=\"concurrent-requests\"")
            }
            parts = ["RateLimit-Policy: \(list.joined(separator: ", "))\r\nRateLimit: "]
            for policy in policies {
                let comma = parts.dropFirst().allSatisfy(\.isEmpty) ? "" : ", "
                parts.append(policy.isShadow ? "" : "\(comma)\"\(policy.name)\";r=")
            }
        case .draft07:
            let list = told.map { "\($0.maximum)" + Self.window($0, or: "") + ";comment=\"\($0.name)\"" }
            parts = ["RateLimit-Policy: \(list.joined(separator: ", "))\r\nRateLimit: "]
            parts += policies.map { $0.isShadow ? "" : "limit=\($0.maximum), remaining=" }
        case .draft06:
            let list = told.map { "\($0.maximum)" + Self.window($0, or: "") }.joined(separator: ", ")
            parts = ["RateLimit-Limit: "]
            parts += policies.map { $0.isShadow ? "" : "\($0.maximum), \(list)\r\nRateLimit-Remaining: " }
        case .off: break
        }
        if told.isEmpty { parts = [] }
        bytes = Array(parts.joined().utf8)
        var ends = InlineArray<9, Int>(repeating: 0)
        var end = 0
        for (index, part) in parts.enumerated() {
            end += part.utf8.count
            ends[index] = end
        }
        self.ends = ends
    }

    /// Appends the fields, each with its line end; nothing when nothing was reported or there is nobody to
    /// tell.
    package func append(
        _ report: borrowing LimitReport, _ plan: LimitPlan, into buffer: inout ByteBuffer
    ) {
        guard report.count > 0, ends[0] > 0 else { return }
        let bytes = bytes
        buffer.append(bytes.span.extracting(0..<ends[0]))
        switch draft {
        case .draft11: appendList(report, plan, bytes.span, into: &buffer)
        case .draft07:
            let tightest = Self.tightest(report, plan)
            buffer.append(bytes.span.extracting(ends[tightest]..<ends[tightest + 1]))
            buffer.append(decimal: report[tightest].remaining)
            buffer.append(", reset=")
            buffer.append(decimal: report[tightest].resetSeconds)
        case .draft06:
            let tightest = Self.tightest(report, plan)
            buffer.append(bytes.span.extracting(ends[tightest]..<ends[tightest + 1]))
            buffer.append(decimal: report[tightest].remaining)
            buffer.append("\r\nRateLimit-Reset: ")
            buffer.append(decimal: report[tightest].resetSeconds)
        case .off: break
        }
        buffer.append("\r\n")
    }

    /// `"tenant";r=199;t=1, "token";r=99;t=1`.
    private func appendList(
        _ report: borrowing LimitReport, _ plan: LimitPlan, _ bytes: Span<UInt8>,
        into buffer: inout ByteBuffer
    ) {
        for index in 0..<report.count where ends[index] < ends[index + 1] {
            buffer.append(bytes.extracting(ends[index]..<ends[index + 1]))
            buffer.append(decimal: report[index].remaining)
            // Nobody knows when a request ends: a limit of requests at once has no time.
            if case .concurrent = plan.policies[index].rule { continue }
            buffer.append(";t=")
            buffer.append(decimal: report[index].resetSeconds)
        }
    }

    /// The limit with the least left that clients are told of; of several, the one that takes longest.
    private static func tightest(_ report: borrowing LimitReport, _ plan: LimitPlan) -> Int {
        var tightest: Int?
        for index in 0..<report.count where !plan.policies[index].isShadow {
            guard let best = tightest else {
                tightest = index
                continue
            }
            let (one, other) = (report[index], report[best])
            let isTighter =
                one.remaining != other.remaining
                ? one.remaining < other.remaining : one.resetSeconds > other.resetSeconds
            if isTighter { tightest = index }
        }
        guard let tightest else { preconditionFailure("no limit is told of") }
        return tightest
    }

    private static func window(_ policy: LimitPolicy, or other: String) -> String {
        policy.windowSeconds.map { ";w=\($0)" } ?? other
    }
}
