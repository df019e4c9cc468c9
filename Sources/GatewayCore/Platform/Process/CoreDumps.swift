/// Whether the memory of this process may be written to disk when it crashes.
///
/// It holds upstream tokens and whatever clients have just sent, in buffers of our own, of OpenSSL's and of
/// libcurl's: a dump is a copy of all secrets in a place that nobody guards.
package enum CoreDumps: String, Sendable, Hashable, CaseIterable {
    /// The kernel writes none, and no other process of the same user may look into this one.
    case off
    /// The kernel writes what it always does but for memory: registers, threads and what is mapped where, and
    /// no byte that the process has written. Enough to tell where it was, and nothing of what it knew.
    case withoutMemory = "without_memory"
    /// The kernel does what the machine is set to.
    case on
}
