import HTTPModel
import Testing

@testable import Cache

struct ArrivingAnswerTests {
    private let partition = CachePartition(id: 1)
    private let answer: ArrivingAnswer

    init() {
        answer = ArrivingAnswer(head: ResponseHead(status: .ok), byteCount: 10, partition: partition)
    }

    private func read(from offset: Int, atMost maximum: Int = 100) -> (ArrivingAnswer.State, [UInt8]) {
        var bytes: [UInt8] = []
        let state = answer.read(from: offset, atMost: maximum) { bytes = $0.array }
        return (state, bytes)
    }

    @Test func whatHasComeCanBeReadFromAnyPlace() {
        answer.append(Array("abcd".utf8).span)

        #expect(read(from: 0) == (.arriving, Array("abcd".utf8)))
        #expect(read(from: 1, atMost: 2) == (.arriving, Array("bc".utf8)))
        #expect(read(from: 4) == (.arriving, []))
    }

    @Test func itIsWholeOnceAllThatWasAnnouncedHasCome() {
        answer.append(Array("abcdef".utf8).span)
        answer.append(Array("ghij".utf8).span)
        answer.breakOff()

        #expect(read(from: 6) == (.whole, Array("ghij".utf8)))
        #expect(answer.collected == Array("abcdefghij".utf8))
    }

    @Test func whatHasComeBeforeItBrokeOffCanStillBeRead() {
        answer.append(Array("abc".utf8).span)
        answer.breakOff()

        #expect(read(from: 0) == (.broken, Array("abc".utf8)))
    }

    @Test func itIsForOnePartOfTheCache() {
        #expect(answer.belongs(to: partition))
        #expect(!answer.belongs(to: CachePartition(id: 1)))
    }
}
