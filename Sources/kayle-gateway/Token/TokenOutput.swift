import ArgumentParser
import GatewayCore
import HTTPModel
import Settings

extension CommandOptions {
    /// Prints a new token: alone on standard output, with its circumstances on standard error.
    func print(_ issued: IssuedToken) throws(ExitCode) {
        let end = issued.expiresAt.map { "expires \($0.text)" } ?? "does not expire"
        StandardStream.error.writeLine("token \(issued.id.text), \(end); it is shown this once:")
        if json {
            let document: JSONValue = .object([
                "id": .string(issued.id.text), "token": .string(issued.text.withBytes { $0.text }),
                "expires_at": issued.expiresAt.map { .string($0.text) } ?? .null,
            ])
            return try print(document) { "" }
        }
        let isWritten = issued.text.withBytes { bytes in
            StandardStream.output.write(bytes) && StandardStream.output.write([UInt8(ascii: "\n")].span)
        }
        guard isWritten else { throw CommandExit.outputClosed }
    }
}

/// A duration on the command line, such as `24h`.
struct CommandDuration: ExpressibleByArgument {
    let duration: Duration
    /// The duration as help shows it.
    let defaultValueDescription: String

    init?(argument: String) {
        guard let duration = DurationText.parse(argument) else { return nil }
        self.init(duration, shownAs: argument)
    }

    init(_ duration: Duration, shownAs text: String) {
        self.duration = duration
        defaultValueDescription = text
    }
}

/// A moment on the command line, such as `2026-12-01T00:00:00Z`.
struct CommandTime: ExpressibleByArgument {
    let time: UTCTimestamp

    init?(argument: String) {
        guard let time = UTCTimestamp(argument) else { return nil }
        self.time = time
    }
}

/// The id of a token on the command line.
struct TokenIDArgument: ExpressibleByArgument {
    let id: TokenID

    init?(argument: String) {
        guard let id = TokenID(argument) else { return nil }
        self.id = id
    }
}

// Both are ours, and no other module gives them this conformance.
extension Scope: ExpressibleByArgument {}

extension AddressBlock: ExpressibleByArgument {
    /// Reads the spelling of the store.
    public init?(argument: String) { self.init(argument) }
}
