import HTTPModel
import Testing

@testable import Cache

struct EntityTagListTests {
    private static func names(_ tag: String, in list: String) -> Bool {
        EntityTagList.names(Array(tag.utf8).span, in: Array(list.utf8).span)
    }

    @Test(arguments: [
        "\"a\"", "W/\"a\"", " \"a\" ", "\"b\",\"a\"", "\"b\" , W/\"a\"", "\"a\",\"b\"", ",,\"a\",",
        "\"x,y\", \"a\"", "*", " * ", "\"\", \"a\"",
    ])
    func aTagInTheListIsFound(list: String) {
        #expect(Self.names("\"a\"", in: list))
        #expect(Self.names("W/\"a\"", in: list))
    }

    @Test(arguments: [
        "", " ", ",", "\"b\"", "a", "\"A\"", "\"a", "a\"", "w/\"a\"", "W/ \"a\"", "\"b\" \"a\"",
        "**", "*, \"a\"", "\"b\",*", "\"a\"x", "W/", "W/\"b\"", "\"x\"a\"", "\"aa\"",
    ])
    func whatIsNotInTheListOrCannotBeReadIsNot(list: String) {
        #expect(!Self.names("\"a\"", in: list))
    }

    @Test func nothingHasNoTag() {
        #expect(!Self.names("", in: "*"))
        #expect(!Self.names("", in: "\"\""))
        #expect(Self.names("\"\"", in: "\"\""))
    }
}
