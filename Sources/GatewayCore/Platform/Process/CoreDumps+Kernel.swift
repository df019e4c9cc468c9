import CGatewayShims

extension CoreDumps {
    /// Tells the kernel. It cannot fail for a process that asks about itself.
    package func apply() {
        let result = gw_set_dumpable(self == .on ? 1 : 0)
        precondition(result == 0, "prctl: \(gw_errno())")
    }

    /// What the kernel has been told.
    package static var present: CoreDumps { gw_is_dumpable() == 0 ? .off : .on }
}
