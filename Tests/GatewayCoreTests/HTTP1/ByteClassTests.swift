import Testing

@testable import GatewayCore

/// Derives every bit of the table from the grammars, spelled out here a second time and differently.
struct ByteClassTests {
    private static let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    private static let digits = "0123456789"
    private static let unreserved = letters + digits + "-._~"
    private static let subDelimiters = "!$&'()*+,;="

    @Test(arguments: [
        ("token", ByteClass.token, letters + digits + "!#$%&'*+-.^_`|~"),
        ("path", .path, unreserved + subDelimiters + ":@/%[]"),
        ("query", .query, unreserved + subDelimiters + ":@/%[]?"),
        ("registered name", .registeredName, unreserved + subDelimiters),
        ("hexadecimal digit", .hexadecimalDigit, digits + "abcdefABCDEF"),
        ("white space", .optionalWhitespace, " \t"),
        ("digit", .digit, digits),
    ])
    func aSetHoldsExactlyItsCharacters(name: String, set: ByteClass, characters: String) {
        let members = Set(characters.utf8)

        let held = (UInt8.min...UInt8.max).filter { set.contains($0) }

        #expect(held == members.sorted(), "\(name)")
    }

    @Test func aFieldValueHoldsEverythingButControlBytes() {
        let held = (UInt8.min...UInt8.max).filter { ByteClass.fieldValue.contains($0) }

        #expect(held == [0x09] + Array(0x20...0x7E) + Array(0x80...0xFF))
    }

    @Test(arguments: [(0, 7, 3), (0, 2, 2), (4, 7, 7), (7, 7, 7)])
    func aScanStopsAtTheFirstByteOutsideOrAtTheLimit(start: Int, limit: Int, end: Int) {
        let bytes = Array("abc:def".utf8)

        let found = ByteClass.token.end(in: bytes.span, from: start, to: limit)

        #expect(found == end)
    }
}
