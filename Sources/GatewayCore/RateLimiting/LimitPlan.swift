import HTTPModel

/// The limits that a request of one plan on one route must keep to, and what it costs.
///
/// Made when a configuration is loaded and immutable since: an exchange keeps the one it started with. A
/// class, so that whoever holds one counts one reference and not one for each of its arrays.
package final class LimitPlan: Sendable {
    /// The limits, in the order of the configuration; at most `maximumLimits`.
    package let policies: [LimitPolicy]
    /// What a request costs.
    package let cost: LimitCost
    /// Where quotas are counted; there if one of the limits is a quota.
    package let quotas: QuotaStore?
    /// Whether some limit counts requests at once.
    package let countsUnderWay: Bool
    /// How clients are told.
    package let fields: RateLimitFields

    /// Most limits of a plan: what one request must find, lock and report stays a few cache lines.
    package static let maximumLimits = LimitConfiguration.maximumCount

    /// Checks the limits against each other and renders what is constant of their fields.
    package init(
        _ policies: [LimitPolicy], cost: LimitCost = LimitCost(), quotas: QuotaStore? = nil,
        draft: RateLimitDraft = .draft11
    ) throws(LimitPolicyFailure) {
        guard policies.count <= Self.maximumLimits else { throw .tooManyLimits }
        for (index, policy) in policies.enumerated() {
            guard !policies[..<index].contains(where: { $0.name == policy.name }) else {
                throw .repeatedName(policy.name)
            }
            if let most = policy.maximumCost, cost.greatest > most { throw .costAboveMaximum(policy.name) }
            precondition(quotas != nil || policy.calendar == nil, "quota \(policy.name) is counted nowhere")
        }
        self.policies = policies
        self.cost = cost
        self.quotas = quotas
        countsUnderWay = policies.contains { $0.maximumCost == nil }
        fields = RateLimitFields(draft, policies)
    }

    /// Whether nothing is limited, so that an answer carries no field.
    package var isEmpty: Bool { policies.isEmpty }
}
