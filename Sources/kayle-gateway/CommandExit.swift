import ArgumentParser
import GatewayCore

/// The exit statuses of docs/interface: a script tells from them whom to blame.
enum CommandExit {
    /// Bad input data.
    static let input = ExitCode(65)
    /// A result could not be written.
    static let cannotWrite = ExitCode(73)

    /// Says what is wrong with the configuration and gives its status.
    static func configuration(_ text: String) -> ExitCode { tell(text, ExitCode(78)) }

    /// Says what is wrong with the input and gives its status.
    static func input(_ text: String) -> ExitCode { tell(text, input) }

    /// Standard output takes no more; there is nobody to tell.
    static var outputClosed: ExitCode { tell("cannot write to standard output", cannotWrite) }

    /// Says what the gateway did not expect of itself and gives its status.
    static func internalError(_ text: String) -> ExitCode { tell(text, ExitCode(70)) }

    /// Says what cannot be reached and gives its status.
    static func unreachable(_ text: String) -> ExitCode { tell(text, ExitCode(69)) }

    /// Says what cannot be written and gives its status.
    static func cannotWrite(_ text: String) -> ExitCode { tell(text, cannotWrite) }

    /// Says what went wrong with tenants or tokens and gives its status.
    static func status(of failure: AccessFailure) -> ExitCode {
        switch failure {
        case .input: tell("\(failure)", input)
        case .unwritable: tell("\(failure)", cannotWrite)
        case .store, .unreadable, .pepper: tell("\(failure)", ExitCode(78))
        }
    }

    private static func tell(_ text: String, _ status: ExitCode) -> ExitCode {
        StandardStream.error.writeLine(text)
        return status
    }
}
