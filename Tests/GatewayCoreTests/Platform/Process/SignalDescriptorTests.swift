import Glibc
import Locking
import Testing

@testable import GatewayCore

/// On a thread of its own: the mask of signals is the thread's, and must not stay on a thread of the test
/// runner.
struct SignalDescriptorTests {
    private final class Taken: Sendable {
        let requests = Lock<[SignalDescriptor.Request?]>([])
        let failure = Lock<String?>(nil)
    }

    /// Sends these signals to a thread that has a descriptor, and gives what it takes, one time too often.
    private func take(_ signals: [Int32]) throws -> [SignalDescriptor.Request?] {
        let taken = Taken()
        let thread = try PlatformThread(name: "signals") {
            do {
                let descriptor = try SignalDescriptor()
                for signal in signals {
                    _ = pthread_kill(pthread_self(), signal)
                    let request = descriptor.next()
                    taken.requests.withLock { $0.append(request) }
                }
                let last = descriptor.next()
                taken.requests.withLock { $0.append(last) }
            } catch {
                taken.failure.withLock { $0 = "\(error)" }
            }
        }
        thread.join()
        #expect(taken.failure.withLock { $0 } == nil)
        return taken.requests.withLock { $0 }
    }

    @Test func stopAndReloadAreToldApart() throws {
        #expect(try take([SIGTERM, SIGHUP, SIGINT]) == [.stop, .reload, .stop, nil])
    }

    @Test func withoutASignalThereIsNothing() throws {
        #expect(try take([]) == [nil])
    }

    @Test func aBrokenPipeIsBlockedAndNoRequest() throws {
        #expect(try take([SIGPIPE]) == [nil, nil])
    }
}
