import HTTPModel
import Testing

struct FieldNameTests {
    private static let known = FieldName.allCases.filter { $0 != .other }

    private func recognize(_ text: String) -> FieldName { FieldName(Array(text.utf8).span) }

    @Test(arguments: known)
    func everyNameIsRecognizedInAnyCase(name: FieldName) {
        let lower = "\(name.lowercased)"
        let mixed = lower.enumerated().map {
            $0.offset % 2 == 0 ? "\($0.element)".uppercased() : "\($0.element)"
        }

        #expect(recognize(lower) == name)
        #expect(recognize(lower.uppercased()) == name)
        #expect(recognize(mixed.joined()) == name)
    }

    @Test(arguments: known)
    func oneBitOfAnyByteMakesItAnotherName(name: FieldName) {
        let bytes = Array("\(name.lowercased)".utf8)

        for index in bytes.indices {
            for bit in 0..<8 {
                var changed = bytes
                changed[index] ^= 1 << UInt8(bit)
                let isLetter = bytes[index] >= 0x61
                // The bit between the cases of a letter is the one that does not count.
                let isStillIt = isLetter && bit == 5
                #expect((FieldName(changed.span) == name) == isStillIt, "byte \(index), bit \(bit)")
            }
        }
    }

    @Test(arguments: known)
    func aByteMoreOrLessMakesItAnotherName(name: FieldName) {
        let text = "\(name.lowercased)"

        for other in ["\(text)s", " \(text)", "\(text) ", "\(text)\0", String(text.dropLast())] {
            #expect(recognize(other) != name, "\(other)")
        }
    }

    @Test(arguments: ["", "x", "accept", "user-agen_", "x-kayle-id", String(repeating: "a", count: 65_000)])
    func everyOtherNameIsOther(text: String) {
        #expect(recognize(text) == .other)
    }

    @Test func noTwoFieldsHaveOneName() {
        #expect(Set(FieldName.allCases.map { "\($0.lowercased)" }).count == FieldName.allCases.count)
    }

    @Test func onlyFieldsOfOneConnectionAreHopByHop() {
        let names = FieldName.allCases.filter(\.isHopByHop).map { "\($0.lowercased)" }

        #expect(
            Set(names) == [
                "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization",
                "proxy-authentication-info", "te", "trailer", "transfer-encoding", "upgrade",
                "http2-settings",
            ])
    }
}
