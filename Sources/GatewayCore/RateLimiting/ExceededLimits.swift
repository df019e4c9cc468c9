/// The limits that a request was refused for.
package struct ExceededLimits: Sendable {
    /// The plan they are of.
    private let plan: LimitPlan
    // By position, as bits.
    private let mask: UInt8
    /// The position of the one that takes longest.
    private let longest: Int

    /// Names the limits by what a take reported of them.
    package init(_ plan: LimitPlan, _ report: borrowing LimitReport, longest: Int) {
        let isExceeded = report.isExceeded(longest)
        precondition(isExceeded, "limit \(longest) is not exceeded")
        self.plan = plan
        self.longest = longest
        mask = report.exceeded
    }

    /// Appends the name of the one that takes longest, which needs no escape: the one to tell of.
    package func appendName(to buffer: inout ByteBuffer) {
        let name = plan.policies[longest].nameBytes
        buffer.append(name.span)
    }

    /// The names of all that clients are told of, in the order of the configuration.
    package var names: [String] {
        plan.policies.indices.filter { mask & 1 << UInt8($0) != 0 && !plan.policies[$0].isShadow }
            .map { plan.policies[$0].name }
    }
}
