import CGatewayShims
import Glibc

/// A thread of the operating system, joined exactly once.
///
/// Boundary file for pthread_create and pthread_join. The body is handed over in a box that the new thread
/// releases; nothing else crosses.
package struct PlatformThread: ~Copyable, @unchecked Sendable {
    // Sendable without a lock: a thread's name may be passed around, and `join` consumes it.
    private let handle: pthread_t

    private final class Body {
        let name: String
        let run: () -> Void
        init(name: String, run: @escaping () -> Void) {
            self.name = name
            self.run = run
        }
    }

    /// Starts a thread; `name` is shown by top and perf, 15 characters of it.
    package init(name: String, _ run: @escaping @Sendable () -> Void) throws(SystemFailure) {
        let body = unsafe Unmanaged.passRetained(Body(name: name, run: run))
        var handle = pthread_t()
        let result = unsafe pthread_create(
            &handle, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                // The box was retained for this thread alone, which releases it here.
                let body = unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                _ = unsafe gw_name_thread(String(body.name.prefix(15)))
                body.run()
                return nil
            }, unsafe body.toOpaque())
        guard result == 0 else {
            unsafe body.release()
            throw SystemFailure("pthread_create", number: result)
        }
        self.handle = handle
    }

    /// Binds the calling thread to the processor that has this place among those that the process may use,
    /// and gives its number; `nil` if there is none or the kernel says no.
    package static func bind(toProcessorAt place: Int) -> Int32? {
        let number = gw_bind_to_processor(Int32(place))
        return number < 0 ? nil : number
    }

    /// Waits for the thread's end.
    package consuming func join() {
        let result = pthread_join(handle, nil)
        precondition(result == 0, "a thread cannot be joined: \(result)")
    }
}
