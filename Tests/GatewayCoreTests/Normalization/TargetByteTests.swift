import Testing

@testable import GatewayCore

struct TargetByteTests {
    // The grammar of RFC 3986, spelled out once more and independently of the table.
    private static let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    private static let unreserved = Set((letters + "0123456789-._~").utf8)
    private static let path = unreserved.union("!$&'()*+,;=:@/".utf8)

    @Test(arguments: UInt8.min...UInt8.max)
    func theTableSaysWhatTheGrammarSays(byte: UInt8) {
        #expect(TargetByte.isUnreserved(byte) == Self.unreserved.contains(byte))
        #expect(TargetByte.isPath(byte) == Self.path.contains(byte))
        #expect(TargetByte.isPlainInPath(byte) == (Self.path.contains(byte) && byte != UInt8(ascii: ".")))
        #expect(
            TargetByte.isPlainInQuery(byte)
                == ((0x21...0x7E).contains(byte) && !Set("&=%+".utf8).contains(byte)))
    }
}
