import CGatewayShims

/// Whether the memory of this process may be written to disk when it crashes.
///
/// It holds upstream tokens and whatever clients have just sent, in buffers of our own, of OpenSSL's and of
/// libcurl's: a dump is a copy of all secrets in a place that nobody guards.
package enum CoreDumps: String, Sendable, Hashable, CaseIterable {
    /// The kernel writes none, and no other process of the same user may look into this one.
    case off
    /// The kernel does what the machine is set to.
    case on

    /// Tells the kernel. It cannot fail for a process that asks about itself.
    package func apply() {
        let result = gw_set_dumpable(self == .on ? 1 : 0)
        precondition(result == 0, "prctl: \(gw_errno())")
    }

    /// What the kernel has been told.
    package static var present: CoreDumps { gw_is_dumpable() == 0 ? .off : .on }
}
