import Foundation
import Locking
import Testing

struct LockTests {
    /// Runs `body` on so many threads at once, and waits for all.
    private func crowd(_ count: Int, _ body: @escaping @Sendable () -> Void) {
        let group = DispatchGroup()
        for _ in 0..<count {
            group.enter()
            Thread {
                body()
                group.leave()
            }.start()
        }
        group.wait()
    }

    private final class Shared: Sendable {
        let pair = Lock((count: 0, copy: 0))
        let differences = Lock(0)
    }

    private final class Witness: Sendable {
        let onEnd: @Sendable () -> Void
        init(onEnd: @escaping @Sendable () -> Void) { self.onEnd = onEnd }
        deinit { onEnd() }
    }

    @Test func noThreadSeesAnothersHalfDoneChange() {
        let shared = Shared()

        crowd(8) {
            for _ in 0..<10_000 {
                let isTorn = shared.pair.withLock { pair in
                    let isTorn = pair.count != pair.copy
                    pair.count += 1
                    pair.copy += 1
                    return isTorn
                }
                if isTorn { shared.differences.withLock { $0 += 1 } }
            }
        }

        #expect(shared.pair.withLock { $0.count } == 80_000)
        #expect(shared.differences.withLock { $0 } == 0)
    }

    @Test func anErrorGivesTheLockBack() {
        struct Broken: Error {}
        let lock = Lock([1])

        #expect(throws: Broken.self) {
            try lock.withLock { value throws(Broken) in
                value.append(2)
                throw Broken()
            }
        }

        #expect(lock.withLock { $0 } == [1, 2])
    }

    @Test func theValueGoesWithItsLock() {
        let ended = Lock(false)

        do {
            let lock = Lock<Witness?>(Witness { ended.withLock { $0 = true } })
            #expect(lock.withLock { $0 != nil })
            #expect(!ended.withLock { $0 })
        }

        #expect(ended.withLock { $0 })
    }

    @Test func aSanitizedBuildHasTheLockThatTheSanitizerSees() {
        // RTLD_DEFAULT: whatever is loaded into this process.
        let isSanitized = unsafe dlsym(nil, "__tsan_init") != nil

        #if THREAD_SANITIZER
            #expect(isSanitized, "the pthread lock is for the sanitizer only")
        #else
            #expect(!isSanitized, "build with -Xswiftc -DTHREAD_SANITIZER, or every lock looks like a race")
        #endif
    }
}
