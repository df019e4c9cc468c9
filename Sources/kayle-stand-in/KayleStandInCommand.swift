import Dispatch
import Foundation
import KayleStandIn

/// `kayle-stand-in [--port N] [--seed N] [--reference SECONDS] [--small]`: serves the demonstration's
/// organizations, prints its address as one line, and runs until SIGTERM or SIGINT.
@main
struct KayleStandInCommand {
    static func main() {
        guard let configuration = configuration(from: CommandLine.arguments.dropFirst()) else {
            fail("usage: kayle-stand-in [--port N] [--seed N] [--reference SECONDS] [--small]", status: 64)
        }
        let sources = [SIGINT, SIGTERM].map { number in
            // Else the default action ends the process before the source below sees the signal.
            signal(number, SIG_IGN)
            return DispatchSource.makeSignalSource(signal: number, queue: .main)
        }
        do {
            let standIn = try KayleStandIn.launch(configuration)
            for source in sources {
                source.setEventHandler {
                    standIn.stop()
                    exit(0)
                }
            }
            // The address is the sign that all is ready; that includes being ready to be told to stop.
            sources.last?.setRegistrationHandler {
                FileHandle.standardOutput.write(Data((standIn.url + "\n").utf8))
            }
            for source in sources { source.resume() }
            dispatchMain()
        } catch {
            fail("kayle-stand-in: \(error)", status: 69)
        }
    }

    private static func configuration(from arguments: ArraySlice<String>) -> StandInConfiguration? {
        var configuration = StandInConfiguration.demonstration
        var rest = arguments
        while let name = rest.popFirst() {
            if name == "--small" {
                configuration.rowSize = .small
                continue
            }
            guard let text = rest.popFirst() else { return nil }
            switch name {
            case "--port":
                guard let port = UInt16(text) else { return nil }
                configuration.port = port
            case "--seed":
                guard let seed = UInt64(text) else { return nil }
                configuration.seed = seed
            case "--reference":
                // Far enough for every calendar year, and no risk of overflow in microseconds.
                guard let seconds = Int64(text), (0...253_402_300_799).contains(seconds) else { return nil }
                configuration.referenceUnixSeconds = seconds
            default: return nil
            }
        }
        return configuration
    }

    private static func fail(_ sentence: String, status: Int32) -> Never {
        FileHandle.standardError.write(Data((sentence + "\n").utf8))
        exit(status)
    }
}
