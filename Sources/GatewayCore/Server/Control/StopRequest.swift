import Synchronization

/// Somebody's wish that the gateway stop, from whatever thread; and the workers' way to wake the main thread
/// when they have.
package final class StopRequest: Sendable {
    private let wakeup: Wakeup
    private let isWished = Atomic<Bool>(false)

    /// Makes one; fails when the process is out of descriptors.
    init() throws(SystemFailure) { wakeup = try Wakeup() }

    /// Has the gateway drain and end, as SIGTERM does. Any thread.
    package func request() {
        isWished.store(true, ordering: .releasing)
        wakeup.signal()
    }

    /// Whether that was asked for.
    var isRequested: Bool { isWished.load(ordering: .acquiring) }

    /// The descriptor the main thread watches.
    var number: Int32 { wakeup.number }

    /// Wakes the main thread to look around; any thread.
    func wake() { wakeup.signal() }

    /// Takes note of having been woken; the main thread.
    func acknowledge() { wakeup.acknowledge() }
}
