/// The settings that a reload leaves as they were at the start: what stands on them are sockets, threads and
/// memory that live as long as the process.
enum RestartSettings {
    /// The outermost keys, in the order of the configuration. `routes`, `plans`, `trusted_proxies`,
    /// `forwarded_field` and `drain` are the others.
    static let names = [
        "name", "workers", "worker_placement", "listeners", "admin", "upstream", "credentials", "limits",
        "overload", "cache",
        "log",
        "core_dumps",
    ]

    /// Which of them differ between the configuration that the process runs on and one just read, in the
    /// order of `names`. Compared with the start, not with the last reload: a change that is taken back is
    /// none.
    static func changed(from started: GatewayConfiguration, to next: GatewayConfiguration) -> [String] {
        names.filter { name in
            switch name {
            case "name": started.name != next.name
            case "workers": started.workers != next.workers
            case "worker_placement": started.workerPlacement != next.workerPlacement
            case "listeners": started.listeners != next.listeners
            case "admin": started.admin != next.admin
            case "upstream": started.upstream != next.upstream
            case "credentials": started.credentials != next.credentials
            case "limits": !started.limits.isSettled(like: next.limits)
            case "overload": started.overload != next.overload
            case "cache": started.cache != next.cache
            case "log": started.log != next.log
            case "core_dumps": started.coreDumps != next.coreDumps
            default: preconditionFailure("no setting \(name)")
            }
        }
    }

    /// The event about one of them.
    static func warning(_ name: String) -> String {
        "\(name) changed, and is used only after a restart"
    }
}
