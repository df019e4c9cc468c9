package import Cache
package import HTTPModel

/// One rule of the configuration, prepared: which requests it takes and which policy of each kind they meet.
///
/// Immutable and shared by all workers as part of a snapshot.
package final class Route: Sendable {
    /// The position in the configuration, which orders the rules and numbers the route in metrics.
    package let index: Int
    /// The name in logs, metrics and limits.
    package let name: String
    /// A number that stands for the route in limits and cache keys: the same for the same name.
    package let identity: UInt64
    /// The same as the cache takes it.
    package var number: UInt32 { UInt32(truncatingIfNeeded: identity) }
    /// The name as it stands in log lines.
    package let logText: [UInt8]
    /// The route's number in metrics.
    package let label: LabelValue
    /// The methods taken; empty for any. GET includes HEAD.
    package let methods: [Method]
    /// The paths taken.
    package let path: PathPattern
    /// What a request needs.
    package let access: AccessPolicy
    /// What its query may say; `nil` passes any query on as it came.
    package let query: ListQueryModel?
    /// How its answers are kept; `nil` for not at all.
    package let cache: RouteCacheConfiguration?
    /// What its pages look like, if one of them can answer another's question.
    package let page: PageModel?
    /// Where its list is, if it is one path whose pages can be read.
    package let address: ListAddress?
    /// Where the list is whose rows, alone, are this route's answers.
    package let list: ListAddress?

    /// Puts the parts together.
    package init(
        index: Int, configuration: RouteConfiguration, identity: UInt64, access: AccessPolicy,
        query: ListQueryModel?, label: LabelValue, list: ListAddress? = nil
    ) {
        self.index = index
        name = configuration.name
        logText = LogText.escaped(configuration.name)
        self.label = label
        self.identity = identity
        methods = configuration.methods
        path = configuration.path
        self.access = access
        self.query = query
        cache = configuration.cache
        page = query?.page
        let number = UInt32(truncatingIfNeeded: identity)
        address =
            if let page, configuration.path.isExact {
                ListAddress(route: number, path: Array(configuration.path.text.utf8), model: page)
            } else {
                nil
            }
        self.list = list
    }

    /// Whether the route takes a method.
    package func takes(_ method: Method) -> Bool {
        if methods.isEmpty { return true }
        // HEAD is GET without the content (RFC 9110 §9.3.2).
        return methods.contains(method) || (method == .head && methods.contains(.get))
    }
}
