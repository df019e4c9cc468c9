import HTTPModel
import Testing

struct MethodTests {
    private static let named = Method.allCases.filter { $0 != .other }

    @Test(arguments: named)
    func everyMethodIsRecognizedByItsSpelling(method: Method) throws {
        let name = try #require(method.name)

        #expect(Method(Array("\(name)".utf8).span) == method)
    }

    @Test(arguments: named)
    func caseCounts(method: Method) throws {
        let name = try #require(method.name)

        #expect(Method(Array("\(name)".lowercased().utf8).span) == .other)
    }

    @Test(arguments: named)
    func oneBitOfAnyByteMakesItAnotherMethod(method: Method) throws {
        let bytes = Array("\(try #require(method.name))".utf8)

        for index in bytes.indices {
            for bit in 0..<8 {
                var changed = bytes
                changed[index] ^= 1 << UInt8(bit)
                #expect(Method(changed.span) != method, "byte \(index), bit \(bit)")
            }
        }
    }

    @Test(arguments: ["", "G", "GETS", "GET ", "PROPFIND", "M-SEARCH", "UPDATEREDIRECTREF"])
    func everyOtherTokenIsOther(text: String) {
        #expect(Method(Array(text.utf8).span) == .other)
    }

    @Test func onlyMethodsThatAskForNoChangeAreSafe() {
        #expect(Method.allCases.filter(\.isSafe) == [.get, .head, .options, .trace, .query])
    }

    @Test func onlyOtherHasNoName() {
        #expect(Method.allCases.filter { $0.name == nil } == [.other])
    }
}
