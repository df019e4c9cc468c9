import Dispatch

/// Runs all of the stand-in's tasks, one at a time, on a thread of its own.
///
/// Tests call blocking functions from Swift's shared pool, which has no more threads than the machine has
/// cores. A stand-in on the same pool would then wait for a thread that waits for the stand-in.
///
/// Boundary file: the only `unsafe` here hands a job, which the runtime passes to `enqueue` to be run once,
/// to the queue, which runs it once.
final class StandInExecutor: TaskExecutor {
    private let queue = DispatchQueue(label: "kayle-stand-in")

    /// Runs `job` after those before it.
    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = unsafe asUnownedTaskExecutor()
        queue.async { unsafe job.runSynchronously(on: executor) }
    }

    /// Suspends the caller for a while. Not `Task.sleep`, which needs a thread of the shared pool to wake up.
    func pause(milliseconds: Int) async {
        await withCheckedContinuation { continuation in
            queue.asyncAfter(deadline: .now() + .milliseconds(milliseconds)) { continuation.resume() }
        }
    }
}
