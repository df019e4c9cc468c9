import Foundation
import Locking
import Synchronization
import Testing

@testable import GatewayCore

struct PlatformThreadTests {
    /// What a thread leaves behind for the test.
    private final class Trace: Sendable {
        let count = Atomic(0)
        let name = Lock("")
    }

    @Test func theBodyHasRunOnceWhenJoinReturns() throws {
        let trace = Trace()

        let thread = try PlatformThread(name: "test") { trace.count.add(1, ordering: .relaxed) }
        thread.join()

        #expect(trace.count.load(ordering: .relaxed) == 1)
    }

    @Test(arguments: [("worker-3", "worker-3"), ("a name of more than fifteen", "a name of more ")])
    func theSystemKnowsTheThreadByName(name: String, shown: String) throws {
        let trace = Trace()

        let thread = try PlatformThread(name: name) {
            let known = try? String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8)
            trace.name.withLock { $0 = known ?? "" }
        }
        thread.join()

        #expect(trace.name.withLock { $0 } == "\(shown)\n")
    }

    @Test func whatTheBodyHoldsIsReleasedAtItsEnd() throws {
        let watched: Watched = Watched()
        try Self.run(watched)

        #expect(watched.held == nil)
    }

    /// Looks at an object without keeping it.
    private final class Watched {
        weak var held: Trace?
    }

    private static func run(_ watched: Watched) throws {
        let trace = Trace()
        watched.held = trace
        try PlatformThread(name: "test") { [trace] in trace.count.add(1, ordering: .relaxed) }.join()
    }
}
