import Foundation
import Testing

struct KayleStandInCommandTests {
    @Test func addressIsOneLineAndTerminationIsOrderly() throws {
        let output = Pipe()
        let process = try command(
            ["--port", "0", "--seed", "5", "--reference", "1795435200", "--small"], output)

        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        process.terminate()
        process.waitUntilExit()

        #expect(line.wholeMatch(of: /http:\/\/127\.0\.0\.1:[0-9]+\n/) != nil)
        #expect(output.fileHandleForReading.readDataToEndOfFile().isEmpty)
        #expect(process.terminationReason == .exit && process.terminationStatus == 0)
    }

    @Test(arguments: [
        ["--port", "70000"], ["--port"], ["--seed", "x"], ["--reference", "-1"], ["--other", "1"],
    ])
    func wrongUsageIsStatus64(arguments: [String]) throws {
        let output = Pipe()
        let process = try command(arguments, output)

        process.waitUntilExit()

        #expect(process.terminationStatus == 64)
        #expect(output.fileHandleForReading.readDataToEndOfFile().isEmpty)
    }

    // The executable lies beside the test bundle, since this target depends on it.
    private func command(_ arguments: [String], _ output: Pipe) throws -> Process {
        let process = Process()
        process.executableURL = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appending(path: "kayle-stand-in")
        process.arguments = arguments
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }
}
