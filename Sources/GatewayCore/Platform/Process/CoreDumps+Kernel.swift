import CGatewayShims

extension CoreDumps {
    /// Tells the kernel, before the process has a secret. It cannot fail for a process that asks about
    /// itself.
    package func apply() {
        if self == .withoutMemory {
            // core(5): ELF headers (bit 4) and none of the kinds of memory.
            let result = gw_set_dump_filter(0x10)
            precondition(result == 0, "/proc/self/coredump_filter: \(gw_errno())")
        }
        let result = gw_set_dumpable(self == .off ? 0 : 1)
        precondition(result == 0, "prctl: \(gw_errno())")
    }

    /// Whether the kernel may write a dump of this process.
    package static var areWritten: Bool { gw_is_dumpable() != 0 }
}
