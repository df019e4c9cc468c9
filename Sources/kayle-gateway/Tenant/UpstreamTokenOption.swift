import ArgumentParser
import GatewayCore

/// Where a command's options say that an upstream token is.
struct UpstreamTokenOption {
    let env: String?
    let file: String?
    let stdin: Bool

    /// How many places were named.
    var count: Int { [env != nil, file != nil, stdin].count { $0 } }

    /// Finds the token, or at least makes sure that it can be found: a slip is told now and not by the first
    /// client's 401.
    func read() throws(ExitCode) -> UpstreamTokenPlace {
        if let env { return .environment(env) }
        if let file { return .file(try Self.checkedPath(file)) }
        return .sealing(try Self.readInput())
    }

    /// An upstream token from standard input.
    static func readInput() throws(ExitCode) -> Secret {
        guard var bytes = StandardStream.readInput(maximumBytes: 65_536) else {
            throw CommandExit.input("cannot read an upstream token from standard input")
        }
        defer { Secret.wipe(&bytes) }
        let secret = UpstreamToken.trimmed(bytes.span)
        guard UpstreamToken.isUsable(secret) else {
            throw CommandExit.input("the upstream token on standard input is \(UpstreamToken.unusable)")
        }
        return secret
    }

    private static func checkedPath(_ path: String) throws(ExitCode) -> String {
        let secret: Secret
        do throws(AtomicFileFailure) {
            secret = try UpstreamToken.read(path)
        } catch {
            throw CommandExit.input("cannot read the upstream token: \(error)")
        }
        guard UpstreamToken.isUsable(secret) else {
            throw CommandExit.input("\(path): the upstream token is \(UpstreamToken.unusable)")
        }
        guard let absolute = AtomicFile.absolutePath(path) else {
            throw CommandExit.input("the working directory is gone; give an absolute path")
        }
        return absolute
    }
}
