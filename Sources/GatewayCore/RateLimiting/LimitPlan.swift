/// The limits of one plan, with the field that announces them.
///
/// Made when a configuration is loaded and immutable since: an exchange keeps the one it started with. A
/// class, so that whoever holds one counts one reference and not one for each of its arrays.
package final class LimitPlan: Sendable {
    /// The limits, in the order of the configuration; at most `maximumLimits`.
    package let policies: [LimitPolicy]
    /// The whole field that announces the limits and the beginning of the one that reports on them, the same
    /// for every answer: `RateLimit-Policy: "tenant";q=200;w=2, "token";q=100;w=2` CR LF `RateLimit: `.
    let fieldsPrefix: [UInt8]

    /// Most limits of a plan: what one request must find, lock and report stays a few cache lines.
    package static let maximumLimits = 8

    /// Checks the limits against each other and renders their field.
    package init(_ policies: [LimitPolicy]) throws(LimitPolicyFailure) {
        guard policies.count <= Self.maximumLimits else { throw .tooManyLimits }
        for (index, policy) in policies.enumerated() {
            guard !policies[..<index].contains(where: { $0.name == policy.name }) else {
                throw .repeatedName(policy.name)
            }
        }
        self.policies = policies
        let members = policies.map { "\"\($0.name)\";q=\($0.burst);w=\($0.windowSeconds)" }
        fieldsPrefix = Array("RateLimit-Policy: \(members.joined(separator: ", "))\r\nRateLimit: ".utf8)
    }

    /// Whether nothing is limited, so that an answer carries neither field.
    package var isEmpty: Bool { policies.isEmpty }
}
