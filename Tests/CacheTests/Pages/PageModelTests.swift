import HTTPModel
import Testing

@testable import Cache

struct PageModelTests {
    private static func failure(
        _ parameters: [PageModel.Parameter], names: PageModel.Names = PageModel.Names()
    ) -> PageModelFailure? {
        do throws(PageModelFailure) {
            let order = try RowOrder(prefixes: [""], alphabet: "ab", length: 2)
            _ = try PageModel(names: names, parameters: parameters, order: order)
            return nil
        } catch {
            return error
        }
    }

    private static let paging: [PageModel.Parameter] = [
        .init("limit", .limit(standard: 10)), .init("after", .cursor),
    ]

    @Test func aLimitAndACursorAreEnough() {
        #expect(Self.failure(Self.paging) == nil)
    }

    @Test func wrongDeclarationsAreRefused() {
        #expect(Self.failure([]) == .limitCount(0))
        #expect(Self.failure([Self.paging[0]]) == .cursorCount(0))
        #expect(Self.failure(Self.paging + [Self.paging[1]]) == .cursorCount(2))
        #expect(
            Self.failure(
                Self.paging + [.init("a", .includes(member: "a")), .init("b", .includes(member: "b"))])
                == .includesTwice)
        #expect(
            Self.failure(Self.paging + (0..<9).map { .init("p\($0)", .equals(member: "m\($0)")) })
                == .filterCount(9))
        #expect(Self.failure(Self.paging + [.init("a", .equals(member: ""))]) == .nameInvalid(""))
        #expect(Self.failure(Self.paging + [.init("a", .equals(member: "a\"b"))]) == .nameInvalid("a\"b"))
        #expect(
            Self.failure(Self.paging + [.init("a", .equals(member: "m")), .init("b", .from(member: "m"))])
                == .memberTwice("m"))
        #expect(Self.failure(Self.paging + [.init("a", .includes(member: "id"))]) == .memberTwice("id"))
        var names = PageModel.Names()
        names.rows = "é"
        #expect(Self.failure(Self.paging, names: names) == .nameInvalid("é"))
    }

    @Test func bothEndsOfATimeSpanReadOneMember() throws {
        let order = try RowOrder(prefixes: [""], alphabet: "ab", length: 2)
        let model = try PageModel(
            names: PageModel.Names(),
            parameters: Self.paging + [.init("f", .from(member: "at")), .init("t", .to(member: "at"))],
            order: order)

        #expect(
            model.members.map { String(decoding: $0.name, as: UTF8.self) } == [
                "id", "at", "status", "expires_at",
            ])
        #expect(model.filters.map(\.member) == [1, 1])
    }

    @Test(arguments: ["aA", "a-", "a_", ""])
    func anOrderIsClaimedForLowerCaseAndDigitsOnly(alphabet: String) {
        #expect(throws: PageModelFailure.orderUnknown) {
            try RowOrder(prefixes: [""], alphabet: alphabet, length: 2)
        }
    }

    @Test func idsAreComparedWithOthersOfTheirPrefixOnly() throws {
        let order = try RowOrder(prefixes: ["vs_", "vt_"], alphabet: "ab", length: 2)

        func holds(_ id: String) -> Bool { order.holds(Array(id.utf8).span) }
        func compares(_ a: String, _ b: String) -> Bool {
            order.compares(Array(a.utf8).span, Array(b.utf8).span)
        }
        #expect(holds("vs_ab"))
        #expect(!holds("vs_ac"))
        #expect(!holds("vs_a"))
        #expect(!holds("vx_ab"))
        #expect(compares("vs_ab", "vs_ba"))
        #expect(!compares("vs_ab", "vt_ba"))
    }

    @Test func everyByteOfAnIDIsLookedAt() throws {
        let alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"
        let order = try RowOrder(prefixes: [""], alphabet: alphabet, length: 19)
        for place in 0..<19 {
            for byte in UInt8(0)...0xFF {
                var id = [UInt8](repeating: UInt8(ascii: "x"), count: 19)
                id[place] = byte
                #expect(order.holds(id.span) == alphabet.utf8.contains(byte), "\(byte) at \(place)")
            }
        }
    }

    @Test func everyFailureSaysWhatIsAllowed() {
        let failures: [PageModelFailure] = [
            .limitCount(2), .cursorCount(2), .includesTwice, .filterCount(9), .nameInvalid("a"),
            .memberTwice("a"), .orderUnknown,
        ]
        #expect(failures.allSatisfy { $0.sentence.contains("allowed: ") })
    }
}
