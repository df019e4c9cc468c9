import HTTPModel
import Testing

@testable import GatewayCore

struct LabelNamesTests {
    @Test func aNameKeepsItsNumber() {
        let names = LabelNames()

        let first = names.value(.tenant, "acme")
        let second = names.value(.tenant, "globex")

        #expect(names.value(.tenant, "acme") == first)
        #expect(first != second && first != .other)
        #expect(names.text(.tenant, second) == "globex")
    }

    @Test func labelsHaveTheirOwnNames() {
        let names = LabelNames()

        let tenant = names.value(.tenant, "a")
        let route = names.value(.route, "b")

        #expect(names.text(.tenant, tenant) == "a")
        #expect(names.text(.route, route) == "b")
        #expect(names.text(.limit, route) == "_other")
    }

    @Test func aStatusIsItsOwnName() {
        #expect(LabelNames().text(.status, LabelValue(Status.ok)) == "200")
    }

    @Test func namesBeyondTheBoundAreNotKept() {
        let names = LabelNames()
        for number in 0..<LabelNames.maximumNamesPerLabel { _ = names.value(.tenant, "t\(number)") }

        let late = names.value(.tenant, "late")

        #expect(late == .other)
        #expect(names.value(.tenant, "t65534") != .other)
    }

    @Test func textsForTheLogAreEscapedAndTheSameEachTime() {
        let names = LabelNames()
        let (plain, quoted) = (names.value(.reason, "late"), names.value(.reason, "so \"called\""))
        var texts = LabelTexts(.reason)

        // The later number first: what was not asked for yet lies between.
        for _ in 0..<2 {
            #expect(texts.text(of: quoted, names) == Array("so \\\"called\\\"".utf8))
            #expect(texts.text(of: plain, names) == Array("late".utf8))
            #expect(texts.text(of: .other, names) == Array("_other".utf8))
        }
    }
}
