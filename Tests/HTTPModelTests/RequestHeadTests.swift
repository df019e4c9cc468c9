import HTTPModel
import Testing

struct RequestHeadTests {
    private func head(_ known: [FieldName]) -> RequestHead {
        var head = RequestHead()
        for (index, name) in known.enumerated() {
            let value = ByteRange(start: UInt32(10 * index), count: 2)
            head.fields.append(FieldLine(name: .empty, value: value, known: name))
        }
        return head
    }

    @Test func theFirstOfSeveralLinesIsFoundAndAllAreCounted() {
        let head = head([.other, .host, .via, .host, .host])

        #expect(head.firstIndex(of: .host) == 1)
        #expect(head.firstValue(of: .host) == ByteRange(start: 10, count: 2))
        #expect(head.count(of: .host) == 3)
    }

    @Test func aFieldThatIsNotThereIsNotFound() {
        let head = head([.other, .host])

        #expect(head.firstIndex(of: .via) == nil)
        #expect(head.firstValue(of: .via) == nil)
        #expect(head.count(of: .via) == 0)
    }

    @Test func nothingOfARequestIsLeftForTheNext() {
        var head = head([.host])
        let run = ByteRange(start: 1, count: 2)
        head.method = .post
        head.methodText = run
        head.target = run
        head.path = run
        head.query = run
        head.hasQuery = true
        head.authority = run
        head.version = .http10
        head.framing = .chunked
        head.keepsAlive = false
        head.expectsContinue = true
        head.maxForwards = 3
        head.hasConnectionField = true

        head.reset()

        // Compared by what the compiler knows of the type, so that a new member cannot be forgotten.
        #expect(String(reflecting: head) == String(reflecting: RequestHead()))
    }
}
