import ArgumentParser
import CCurl
import CNGHTTP2
import COpenSSL
import GatewayCore
import Settings

/// `version`: the gateway and the libraries it runs with, which are those of the machine.
struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Print the versions of the gateway and of its libraries.")

    @Flag(help: "Print one JSON document.")
    var json = false

    func run() throws {
        let versions = [
            ("kayle-gateway", GatewayVersion.text), ("openssl", Self.openssl), ("libcurl", Self.curl),
            ("nghttp2", Self.nghttp2),
        ]
        let members = versions.map { JSONMember($0.0, .string($0.1)) }
        let lines = versions.map { "\($0.0) \($0.1)\n" }.joined()
        let bytes = json ? JSONText.pretty(JSONValue(.object(members))) : Array(lines.utf8)
        guard StandardStream.output.write(bytes.span) else { throw CommandExit.outputClosed }
    }

    // All three libraries give static text that is never freed.

    private static var openssl: String {
        guard let text = unsafe OpenSSL_version(OPENSSL_VERSION_STRING) else { return "unknown" }
        return unsafe String(cString: text)
    }

    private static var curl: String {
        guard let info = unsafe curl_version_info(CURLVERSION_FIRST),
            let text = unsafe info.pointee.version
        else { return "unknown" }
        return unsafe String(cString: text)
    }

    private static var nghttp2: String {
        guard let info = unsafe nghttp2_version(0), let text = unsafe info.pointee.version_str else {
            return "unknown"
        }
        return unsafe String(cString: text)
    }
}
