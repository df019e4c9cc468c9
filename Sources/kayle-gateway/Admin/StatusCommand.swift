import ArgumentParser
import GatewayCore
import Settings

/// `status`: what the running gateway is doing.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Print what the running gateway is doing.")

    @Flag(help: "Print it again every second until interrupted.")
    var watch = false

    @OptionGroup var options: CommandOptions

    func run() throws {
        let client = try AdminClient(options)
        while true {
            let answer = try client.ask("/status")
            guard StandardStream.output.write(answer.span) else { throw CommandExit.outputClosed }
            if !watch { return }
            MonotonicClock.sleep(.seconds(1))
        }
    }
}
