/// Which processors workers run on.
package enum WorkerPlacement: String, Sendable, Hashable, CaseIterable {
    /// Those that the kernel gives them, another one now and then.
    case free
    /// Each on one of its own, where it takes the connections whose packets come in there, as long as it has
    /// not more of them than others. For machines that do little else: whatever the kernel has to do on that
    /// processor, the worker waits for (docs/decisions/0020).
    case bound
}
