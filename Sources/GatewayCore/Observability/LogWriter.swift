// Boundary file. C calls: pthread_create, pthread_detach, pthread_sigmask, eventfd, open, write, read, poll,
// close. `run` and what it calls live on the writer's own thread, everything else on any. The descriptors are
// closed in `deinit`, which comes after the thread has let go of its reference.
import CGatewayShims
import Glibc
import HTTPModel
import Locking
import Synchronization

/// Where log lines go.
package enum LogDestination: Sendable, Hashable {
    case standardError
    case standardOutput
    /// A file that is appended to, and opened anew by its path on `reopen`.
    case file(path: String)
}

/// Why a log cannot be written.
package enum LogWriterFailure: Error, Sendable, Hashable {
    /// The file cannot be opened for appending.
    case cannotOpen(path: String, errno: Int32)
    /// The system gives no thread or descriptor.
    case noResources(errno: Int32)
}

/// Writes blocks of log lines on a thread of its own, so that no worker ever waits for a disk or a pipe.
///
/// Workers swap full blocks for empty ones. When all blocks are full the newest lines are dropped and
/// counted: answering requests comes before telling about them. `close` writes what is there and ends the
/// thread; it must be called, the thread keeps the writer alive.
package final class LogWriter: Sendable {
    private struct Queue: ~Copyable {
        // A ring: `count` full blocks from `first` on, the others are empty and keep their memory.
        var blocks = InlineArray<8, ByteBuffer> { _ in ByteBuffer() }
        var lineCounts = InlineArray<8, UInt64>(repeating: 0)
        var first = 0
        var count = 0
        var isReopenAsked = false
        var isClosing = false
    }

    /// What the thread does next.
    private enum Step {
        case write(lineCount: UInt64)
        case reopen
        case sleep
        case end
    }

    private let target: LogDestination
    private let queue = Lock(Queue())
    private let dropped = Atomic<UInt64>(0)
    private let failures = Atomic<UInt64>(0)
    // Counts up when there is work, and when the thread has ended.
    private let work: Int32
    private let ended: Int32
    // The file in use, only touched by the thread once it runs; -1 for none.
    private let file: Atomic<Int32>
    // Nanoseconds of monotonic time after which a target that takes nothing is given up; max while not
    // closing.
    private let deadline = Atomic<UInt64>(.max)

    /// Blocks that wait at most: 8 × 64 KiB, about 1 200 lines.
    package static let maximumBlocks = 8

    /// Opens the target and starts the thread.
    package init(target: LogDestination) throws(LogWriterFailure) {
        self.target = target
        file = Atomic(try Self.open(target))
        work = eventfd(0, Int32(EFD_CLOEXEC))
        ended = eventfd(0, Int32(EFD_CLOEXEC))
        guard work >= 0, ended >= 0 else { throw .noResources(errno: gw_errno()) }
        var thread = pthread_t()
        // The thread takes over this reference and gives it back at its end.
        let argument = unsafe Unmanaged.passRetained(self)
        let result = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let writer = unsafe Unmanaged<LogWriter>.fromOpaque(argument).takeRetainedValue()
                writer.run()
                return nil
            }, argument.toOpaque())
        guard result == 0 else {
            unsafe argument.release()
            throw .noResources(errno: result)
        }
        pthread_detach(thread)
    }

    deinit {
        closeFile()
        if work >= 0 { Glibc.close(work) }
        if ended >= 0 { Glibc.close(ended) }
    }

    /// Lines dropped since the start, because the target was too slow, failed, or was closed.
    package var droppedLineCount: UInt64 { dropped.load(ordering: .relaxed) }
    /// Writes and reopenings that failed since the start.
    package var failureCount: UInt64 { failures.load(ordering: .relaxed) }

    /// Takes the lines out of `buffer`, which is empty afterwards; drops them if there is no room.
    package func submit(_ buffer: inout ByteBuffer, lineCount: UInt64) {
        let isTaken = queue.withLock { queue in
            guard queue.count < Self.maximumBlocks, !queue.isClosing else { return false }
            let last = (queue.first + queue.count) % Self.maximumBlocks
            swap(&queue.blocks[last], &buffer)
            queue.lineCounts[last] = lineCount
            queue.count += 1
            return true
        }
        if isTaken {
            wake(work)
        } else {
            buffer.removeAll()
            dropped.wrappingAdd(lineCount, ordering: .relaxed)
        }
    }

    /// Opens the file of the path anew before the next write: for rotation.
    package func reopen() {
        queue.withLock { $0.isReopenAsked = true }
        wake(work)
    }

    /// Writes what is there and ends; `false` if the target took not all of it in time. Lines submitted later
    /// are dropped. For the end of a drain, when nobody else is served any more.
    @discardableResult
    package func close(timeoutMilliseconds: Int32 = 5_000) -> Bool {
        let now = MonotonicClock.now().nanoseconds
        deadline.store(now + UInt64(max(0, timeoutMilliseconds)) * 1_000_000, ordering: .relaxed)
        queue.withLock { $0.isClosing = true }
        wake(work)
        var events = pollfd(fd: ended, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&events, 1, timeoutMilliseconds) == 1
    }

    /// The thread: one step after the other until the end.
    private func run() {
        // Signals are somebody else's; a reader that has gone must be an error of write, not the end of us.
        var all = sigset_t()
        unsafe sigfillset(&all)
        unsafe pthread_sigmask(SIG_SETMASK, &all, nil)
        unsafe gw_name_thread("log-writer")
        var block = ByteBuffer()
        while true {
            switch nextStep(&block) {
            case .write(let lineCount):
                if !write(block) { dropped.wrappingAdd(lineCount, ordering: .relaxed) }
                block.removeAll()
            case .reopen: reopenFile()
            case .sleep: sleep()
            case .end:
                wake(ended)
                return
            }
        }
    }

    /// Takes the oldest block in exchange for `block`, which is empty.
    private func nextStep(_ block: inout ByteBuffer) -> Step {
        queue.withLock { queue in
            if queue.isReopenAsked {
                queue.isReopenAsked = false
                return .reopen
            }
            guard queue.count > 0 else { return queue.isClosing ? .end : .sleep }
            let lineCount = queue.lineCounts[queue.first]
            swap(&queue.blocks[queue.first], &block)
            queue.first = (queue.first + 1) % Self.maximumBlocks
            queue.count -= 1
            return .write(lineCount: lineCount)
        }
    }

    /// Writes a block to its end; `false` if the target failed or took nothing until the deadline.
    private func write(_ block: borrowing ByteBuffer) -> Bool {
        let descriptor = file.load(ordering: .relaxed)
        return unsafe block.withUnsafeBytes { bytes in
            var offset = 0
            while offset < bytes.count {
                guard awaitRoom(descriptor), let base = bytes.baseAddress else { return false }
                // A pipe that is ready takes this much without blocking (PIPE_BUF); a file takes all at once.
                let piece = isFile ? bytes.count - offset : min(bytes.count - offset, 4_096)
                let written = unsafe Glibc.write(descriptor, base + offset, piece)
                if written < 0 {
                    let code = gw_errno()
                    if code == EINTR || code == EAGAIN { continue }
                    failures.wrappingAdd(1, ordering: .relaxed)
                    return false
                }
                offset += written
            }
            return true
        }
    }

    private var isFile: Bool {
        switch target {
        case .file: true
        case .standardError, .standardOutput: false
        }
    }

    /// Waits until the target takes bytes; `false` once the deadline of `close` has passed.
    private func awaitRoom(_ descriptor: Int32) -> Bool {
        if isFile { return true }
        while true {
            var events = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            // Short waits, because `close` may set the deadline meanwhile.
            if unsafe poll(&events, 1, 100) > 0 { return true }
            if MonotonicClock.now().nanoseconds >= deadline.load(ordering: .relaxed) { return false }
        }
    }

    private func reopenFile() {
        guard isFile else { return }
        do {
            let opened = try Self.open(target)
            closeFile()
            file.store(opened, ordering: .relaxed)
        } catch {
            // The old file still takes the lines: better there than nowhere.
            failures.wrappingAdd(1, ordering: .relaxed)
        }
    }

    private func closeFile() {
        if isFile { Glibc.close(file.load(ordering: .relaxed)) }
    }

    private func sleep() {
        var count: UInt64 = 0
        // A blocking read: comes back when somebody wakes, and also when interrupted, which costs one look.
        _ = unsafe read(work, &count, 8)
    }

    private func wake(_ descriptor: Int32) {
        var one: UInt64 = 1
        // Fails only when the counter would overflow, and then the reader wakes anyway.
        _ = unsafe Glibc.write(descriptor, &one, 8)
    }

    private static func open(_ target: LogDestination) throws(LogWriterFailure) -> Int32 {
        switch target {
        case .standardError: return STDERR_FILENO
        case .standardOutput: return STDOUT_FILENO
        case .file(let path):
            let descriptor = unsafe Glibc.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o640)
            guard descriptor >= 0 else { throw .cannotOpen(path: path, errno: gw_errno()) }
            return descriptor
        }
    }

    /// Writes a line to standard error at once, for the event log. Blocks; whatever the system does not take
    /// is lost.
    package static func writeToStandardError(_ line: borrowing ByteBuffer) {
        unsafe line.withUnsafeBytes { bytes in
            _ = unsafe Glibc.write(STDERR_FILENO, bytes.baseAddress, bytes.count)
        }
    }
}
