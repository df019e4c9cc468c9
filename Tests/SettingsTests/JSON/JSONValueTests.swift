import Settings
import Testing

/// The tree itself.
struct JSONValueTests {
    @Test func placeOfAValuePlaysNoPartInItsMeaning() {
        let here = JSONValue(.boolean(true), at: TextPosition(line: 1, column: 2))
        let there = JSONValue(.boolean(true), at: TextPosition(line: 3, column: 4))

        #expect(here == there)
        #expect(JSONMember("a", here, keyPosition: here.position) == JSONMember("a", there))
    }

    @Test func differentSpellingsOfANumberAreDifferentValues() throws {
        let number = try JSONDocument(Array("1.0".utf8)).root

        #expect(number != .integer(1))
    }

    @Test func orderOfMembersIsPartOfAnObject() {
        #expect(JSONValue.object(["a": .null, "b": .null]) != .object(["b": .null, "a": .null]))
    }

    @Test func memberIsFoundByItsKey() {
        let object = JSONValue.object(["a": .integer(1), "b": .integer(2)])

        #expect(object["b"] == .integer(2))
        #expect(object["c"] == nil)
        #expect(JSONValue.array([])["a"] == nil)
    }
}
