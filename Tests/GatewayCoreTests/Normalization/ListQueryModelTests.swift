import HTTPModel
import Testing

@testable import GatewayCore

struct ListQueryModelTests {
    private static let limit = QueryParameter("limit", .integer(minimum: 1, maximum: 50, default: 20))

    struct Mistake: CustomTestStringConvertible {
        let parameters: [QueryParameter]
        let failure: ListQueryModelFailure
        var testDescription: String { "\(failure)" }
    }

    @Test(arguments: [
        Mistake(parameters: [], failure: .parameterCount(0)),
        Mistake(
            parameters: (0...32).map { QueryParameter("p\($0)", .flag) }, failure: .parameterCount(33)),
        Mistake(parameters: [QueryParameter("", .flag), limit], failure: .nameInvalid("")),
        Mistake(parameters: [QueryParameter("a&b", .flag), limit], failure: .nameInvalid("a&b")),
        Mistake(parameters: [QueryParameter("é", .flag), limit], failure: .nameInvalid("é")),
        Mistake(parameters: [limit, limit], failure: .nameRepeated("limit")),
        Mistake(
            parameters: [QueryParameter("n", .integer(minimum: 2, maximum: 1, default: nil)), limit],
            failure: .boundsInvalid("n")),
        Mistake(
            parameters: [QueryParameter("n", .integer(minimum: -1, maximum: 1, default: nil)), limit],
            failure: .boundsInvalid("n")),
        Mistake(
            parameters: [QueryParameter("n", .integer(minimum: 1, maximum: 1 << 53, default: nil)), limit],
            failure: .boundsInvalid("n")),
        Mistake(
            parameters: [QueryParameter("n", .integer(minimum: 1, maximum: 5, default: 6)), limit],
            failure: .boundsInvalid("n")),
        Mistake(
            parameters: [QueryParameter("q", .text(maximumBytes: 0)), limit], failure: .boundsInvalid("q")),
        Mistake(parameters: [QueryParameter("c", .choice([])), limit], failure: .choiceInvalid("c")),
        Mistake(parameters: [QueryParameter("c", .choice([""])), limit], failure: .choiceInvalid("c")),
        Mistake(
            parameters: [QueryParameter("c", .choice(["a", "a"])), limit], failure: .choiceInvalid("c")),
        Mistake(parameters: [QueryParameter("c", .choice(["a b"])), limit], failure: .choiceInvalid("c")),
        Mistake(
            parameters: [
                QueryParameter("c", .cursor(CursorShape(prefixes: [], alphabet: "a", length: 1))), limit,
            ], failure: .cursorInvalid("c")),
        Mistake(
            parameters: [
                QueryParameter("c", .cursor(CursorShape(prefixes: ["a="], alphabet: "a", length: 1))), limit,
            ], failure: .cursorInvalid("c")),
        Mistake(
            parameters: [
                QueryParameter("c", .cursor(CursorShape(prefixes: [""], alphabet: "", length: 1))), limit,
            ], failure: .cursorInvalid("c")),
        Mistake(
            parameters: [
                QueryParameter("c", .cursor(CursorShape(prefixes: [""], alphabet: "a%", length: 1))), limit,
            ], failure: .cursorInvalid("c")),
        Mistake(
            parameters: [
                QueryParameter("c", .cursor(CursorShape(prefixes: [""], alphabet: "a", length: 0))), limit,
            ], failure: .cursorInvalid("c")),
        Mistake(parameters: [QueryParameter("a", .flag)], failure: .pageSizeInvalid("limit")),
        Mistake(parameters: [QueryParameter("limit", .flag)], failure: .pageSizeInvalid("limit")),
        Mistake(
            parameters: [QueryParameter("limit", .integer(minimum: 1, maximum: 5, default: nil))],
            failure: .pageSizeInvalid("limit")),
    ])
    func aWrongDeclarationIsRefusedByName(mistake: Mistake) {
        #expect(throws: mistake.failure) {
            try ListQueryModel(parameters: mistake.parameters, pageSize: "limit")
        }
    }

    @Test func theDefaultOfThePageSizeIsThePageSize() throws {
        let model = try ListQueryModel(
            parameters: [QueryParameter("a", .flag), Self.limit], pageSize: "limit")

        #expect(model.defaultPageSize == 20)
        #expect(model.pageSizeIndex == 1)
    }

    @Test func namesAreFoundExactly() throws {
        let model = try ListQueryModel(
            parameters: [QueryParameter("a", .flag), Self.limit], pageSize: "limit")

        #expect(Self.index(named: "a", in: model) == 0)
        #expect(Self.index(named: "limit", in: model) == 1)
        #expect(Self.index(named: "Limit", in: model) == nil)
        #expect(Self.index(named: "", in: model) == nil)
    }

    private static func index(named name: String, in model: ListQueryModel) -> Int? {
        model.index(named: Array(name.utf8).span)
    }
}
