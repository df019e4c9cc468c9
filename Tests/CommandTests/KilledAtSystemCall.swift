import Foundation

/// Runs a program and kills it, with the signal nobody can catch, right before one of its system calls.
///
/// By ptrace: the program stops before each call, so that every state its files can be left in by kill -9 is
/// reached exactly, and none by chance. All calls come from one thread, as ptrace demands.
struct KilledAtSystemCall {
    /// How it ended.
    enum End: Equatable {
        /// It was killed before its `number`-th call.
        case killed
        /// It had ended by itself before, with this status.
        case exited(Int32)
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private typealias Trace = @convention(c) (Int, pid_t, Int, Int) -> Int
    private let trace: Trace
    private static let (seize, systemCall) = (0x4206, 24)
    // Calls are told from signals by bit 7, exec is told, and the program goes when the test goes.
    private static let options = 0x1 | 0x10 | 0x0010_0000

    init() throws {
        // ptrace is variadic in C, which Swift does not import; its four arguments are plain words.
        guard let library = unsafe dlopen(nil, RTLD_NOW), let symbol = unsafe dlsym(library, "ptrace") else {
            throw Failure(description: "no ptrace in this C library")
        }
        trace = unsafe unsafeBitCast(symbol, to: Trace.self)
    }

    /// Runs `arguments` (the program first) and kills it before its `number`-th system call.
    func run(_ arguments: [String], before number: Int) throws -> End {
        // The shell stops itself, so that tracing begins before the program does.
        let script = "kill -STOP $$; exec \"$@\""
        let texts: [String] = ["/bin/sh", "-c", script, "sh"] + arguments
        // Each is a copy of its own, freed at the end; the array ends with a null as posix_spawn wants it.
        var words: [UnsafeMutablePointer<CChar>?] = unsafe []
        for text in texts { unsafe words.append(strdup(text)) }
        unsafe words.append(nil)
        defer { unsafe words.forEach { unsafe free($0) } }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        for descriptor in [Int32(0), 1, 2] {
            unsafe posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
        }
        var child: pid_t = 0
        guard unsafe posix_spawn(&child, "/bin/sh", &actions, nil, words, environ) == 0 else {
            throw Failure(description: "the shell does not start: \(errno)")
        }
        var isReaped = false
        defer {
            if !isReaped {
                kill(child, SIGKILL)
                _ = waitpid(child, nil, 0)
            }
        }
        var status: Int32 = 0
        guard unsafe waitpid(child, &status, WUNTRACED) == child, status & 0xFF == 0x7F else {
            throw Failure(description: "the shell did not stop")
        }
        guard trace(Self.seize, child, 0, Self.options) == 0 else {
            throw Failure(description: "ptrace is not permitted here: \(errno)")
        }
        kill(child, SIGCONT)
        let end = try follow(child, to: number)
        isReaped = end != .killed
        return end
    }

    private func follow(_ child: pid_t, to number: Int) throws -> End {
        var (entries, isInside, hasBegun) = (0, false, false)
        // The bound is far above what any command does.
        for _ in 0..<200_000 {
            var status: Int32 = 0
            guard unsafe waitpid(child, &status, 0) == child else {
                throw Failure(description: "lost the child")
            }
            if status & 0x7F == 0 { return .exited(status >> 8 & 0xFF) }
            guard status & 0xFF == 0x7F else {
                throw Failure(description: "ended by signal \(status & 0x7F)")
            }
            let signal = status >> 8 & 0xFF
            let event = status >> 16
            if event == 4 { (hasBegun, isInside) = (true, true) }
            if signal == SIGTRAP | 0x80 {
                isInside.toggle()
                if isInside, hasBegun {
                    entries += 1
                    if entries == number {
                        kill(child, SIGKILL)
                        return .killed
                    }
                }
            }
            let isOurs = signal == SIGTRAP | 0x80 || event != 0 || signal == SIGSTOP || signal == SIGCONT
            guard trace(Self.systemCall, child, 0, isOurs ? 0 : Int(signal)) == 0 else {
                throw Failure(description: "cannot go on: \(errno)")
            }
        }
        throw Failure(description: "more system calls than any command makes")
    }
}
