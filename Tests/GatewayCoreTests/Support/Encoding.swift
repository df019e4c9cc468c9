import HTTPModel

@testable import GatewayCore

/// Puts codings on.
enum Encoding {
    /// The content as one gzip member.
    static func gzip(_ bytes: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        guard var encoder = GzipEncoder(level: 6), encoder.begin(),
            encoder.encode(bytes.span, isLast: true, into: &output)
        else { preconditionFailure("zlib has no memory") }
        return output
    }
}
