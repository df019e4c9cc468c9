import HTTPModel
import Testing

struct ResponseHeadTests {
    private func head(_ lines: [(String, String)]) -> ResponseHead {
        var head = ResponseHead(status: .ok)
        for (name, value) in lines { head.append(name: Array(name.utf8).span, value: Array(value.utf8).span) }
        return head
    }

    @Test func linesKeepTheirOrderSpellingAndDuplicates() {
        let head = head([("X-a", "1"), ("Set-Cookie", "b=2"), ("x-A", ""), ("set-cookie", "c=3")])

        let lines = head.fields.map {
            "\(head.bytes.span.extracting($0.name.range).text): \(head.bytes.span.extracting($0.value.range).text)"
        }
        #expect(lines == ["X-a: 1", "Set-Cookie: b=2", "x-A: ", "set-cookie: c=3"])
        #expect(head.fields.map(\.known) == [.other, .setCookie, .other, .setCookie])
    }

    @Test func theFirstOfSeveralLinesIsFound() {
        let head = head([("Other", "x"), ("vary", "a"), ("Vary", "b")])

        #expect(head.firstText(of: .vary) == "a")
    }

    @Test func anEmptyValueIsAValue() {
        let head = head([("Vary", "")])

        #expect(head.firstText(of: .vary) == "")
        #expect(head.firstText(of: .age) == nil)
    }
}
