import Foundation
import Testing

/// A program in a process of its own, as a shell would run it, and everything it prints.
///
/// Used by one thread. Every wait is bounded; what still runs when the object goes is ended by its own id.
final class Program {
    /// What is left of a program that has ended.
    struct Finished {
        let status: Int32
        let output: String
        let errors: String
    }

    let output: PrintedText
    let errors: PrintedText
    private let process = Process()
    private let isOver = DispatchSemaphore(value: 0)

    /// The executable of this package, which lies beside the test bundle because the target depends on it.
    static let gateway = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        .appending(path: "kayle-gateway").path

    /// Starts a program. `input` is all it finds on its standard input; without one that is empty.
    init(
        _ path: String, _ arguments: [String], input: String? = nil, environment: [String: String] = [:],
        folder: String? = nil
    ) throws {
        let (outputPipe, errorPipe) = (Pipe(), Pipe())
        // A test's thread may block signals, and whoever started the tests may have had them ignored: the
        // program would inherit both.
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["--default-signal", path] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        if let folder { process.currentDirectoryURL = URL(filePath: folder) }
        process.standardOutput = outputPipe
        process.standardError = errorPipe
        let inputPipe = Pipe()
        process.standardInput = inputPipe
        let isOver = isOver
        process.terminationHandler = { _ in isOver.signal() }
        try process.run()
        output = PrintedText(outputPipe)
        errors = PrintedText(errorPipe)
        // A pipe has room for what the tests say, so that this does not wait for the program.
        if let input { try inputPipe.fileHandleForWriting.write(contentsOf: Data(input.utf8)) }
        try inputPipe.fileHandleForWriting.close()
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }

    /// Runs a program to its end.
    static func run(
        _ path: String, _ arguments: [String], input: String? = nil, environment: [String: String] = [:],
        folder: String? = nil
    ) throws -> Finished {
        try Program(path, arguments, input: input, environment: environment, folder: folder).finish()
    }

    /// Sends a signal to the program.
    func signal(_ number: Int32) { kill(process.processIdentifier, number) }

    /// Waits for the program's end, at most thirty seconds.
    func finish() throws -> Finished {
        let hasEnded = isOver.wait(timeout: .now() + 30) == .success
        try #require(hasEnded, "the program does not end: \(errors.text)")
        isOver.signal()
        // Killed by a signal is told as a shell tells it.
        let status = process.terminationStatus + (process.terminationReason == .exit ? 0 : 128)
        return Finished(status: status, output: output.rest(), errors: errors.rest())
    }
}

/// What a program has printed to one of its streams.
final class PrintedText: @unchecked Sendable {
    // Every access to `bytes` and `hasEnded` holds `condition`.
    private let condition = NSCondition()
    private var bytes: [UInt8] = []
    private var hasEnded = false

    /// Collects what comes through a pipe, on a thread of its own, until the last writer has closed it.
    init(_ pipe: Pipe) {
        let handle = pipe.fileHandleForReading
        Thread.detachNewThread { [self] in
            while true {
                let data = handle.availableData
                condition.lock()
                bytes += data
                hasEnded = data.isEmpty
                condition.broadcast()
                condition.unlock()
                if data.isEmpty { return }
            }
        }
    }

    /// What there is now.
    var text: String {
        condition.lock()
        defer { condition.unlock() }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The first match of a pattern, waited for until the stream ends or thirty seconds have gone.
    func first<Output>(_ pattern: Regex<Output>) -> Regex<Output>.Match? {
        let limit = Date(timeIntervalSinceNow: 30)
        condition.lock()
        defer { condition.unlock() }
        while true {
            if let match = String(decoding: bytes, as: UTF8.self).firstMatch(of: pattern) { return match }
            guard !hasEnded, condition.wait(until: limit) else { return nil }
        }
    }

    /// Everything, once the stream has ended; at most thirty seconds are waited for it.
    func rest() -> String {
        let limit = Date(timeIntervalSinceNow: 30)
        condition.lock()
        while !hasEnded, condition.wait(until: limit) {}
        condition.unlock()
        return text
    }
}
