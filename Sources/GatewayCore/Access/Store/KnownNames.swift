/// What of the configuration a store refers to, and tokens are judged by.
package struct KnownNames: Sendable, Hashable {
    /// The plans, in the order of the configuration.
    package let plans: [String]
    /// The routes, in the order of the configuration.
    package let routes: [String]
    /// How long before a token's end answers begin to tell of it.
    package let expiryNotice: Duration

    /// Takes the names.
    package init(plans: [String], routes: [String], expiryNotice: Duration = .seconds(604_800)) {
        self.plans = plans
        self.routes = routes
        self.expiryNotice = expiryNotice
    }
}
