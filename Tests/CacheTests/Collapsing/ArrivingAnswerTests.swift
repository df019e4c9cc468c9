import Dispatch
import HTTPModel
import Synchronization
import Testing

@testable import Cache

struct ArrivingAnswerTests {
    private static let partition = CachePartition(id: 1)
    private static let head = ResponseHead(status: .ok)
    private static let reader = Waiter(worker: 1, token: 2)
    private let answer = ArrivingAnswer(head: head, length: 10, partition: partition)

    /// One of an unknown length, in a window of ten bytes, of which some have come.
    private static func unmeasured(_ collected: String = "abcd") -> ArrivingAnswer {
        ArrivingAnswer(
            head: head, collected: Array(collected.utf8), windowBytes: 10, partition: partition)
    }

    private func read(
        _ answer: ArrivingAnswer, from offset: Int, atMost maximum: Int = 100, for reader: Waiter? = nil
    ) -> (ArrivingAnswer.State, String) {
        var bytes: [UInt8] = []
        let state = answer.read(from: offset, atMost: maximum, for: reader) { bytes.append($0) }
        return (state, String(decoding: bytes, as: UTF8.self))
    }

    private func append(_ text: String, to answer: ArrivingAnswer) -> [Waiter] {
        answer.append(Array(text.utf8).span).waiters
    }

    @Test func whatHasComeCanBeReadFromAnyPlace() {
        _ = append("abcd", to: answer)

        #expect(read(answer, from: 0) == (.arriving, "abcd"))
        #expect(read(answer, from: 1, atMost: 2) == (.more, "bc"))
        #expect(read(answer, from: 4) == (.arriving, ""))
    }

    @Test func itIsWholeOnceThatIsSaid() {
        _ = append("abcdef", to: answer)
        _ = append("ghij", to: answer)

        #expect(read(answer, from: 6) == (.arriving, "ghij"))
        _ = answer.finish()

        #expect(read(answer, from: 6) == (.whole, "ghij"))
        #expect(answer.collected == Array("abcdefghij".utf8))
        #expect(!answer.isUnderWay)
    }

    @Test func whatHasComeBeforeItBrokeOffCanStillBeRead() {
        _ = append("abc", to: answer)
        _ = answer.breakOff()

        #expect(read(answer, from: 0) == (.broken, "abc"))
    }

    @Test func oneWithoutALengthBeginsWithWhatWasCollected() {
        let answer = Self.unmeasured()

        #expect(answer.hasRoom(for: 6) && !answer.hasRoom(for: 7))
        _ = append("efghij", to: answer)

        #expect(read(answer, from: 2) == (.arriving, "cdefghij"))
        #expect(answer.collected == Array("abcdefghij".utf8))
        #expect(answer.isUnderWay)
    }

    @Test func beyondItsWindowItForgetsTheOldest() {
        let answer = Self.unmeasured()
        answer.outgrow()

        _ = append("efghijkl", to: answer)

        #expect(answer.receivedBytes == 12)
        #expect(read(answer, from: 1) == (.passed, ""))
        #expect(read(answer, from: 2) == (.arriving, "cdefghijkl"))
        #expect(read(answer, from: 8, atMost: 3) == (.more, "ijk"))
        #expect(read(answer, from: 11) == (.arriving, "l"))
    }

    @Test(arguments: [false, true])
    func whoHasReadAllIsNamedOnceWhenMoreComes(isOutgrown: Bool) {
        let answer = Self.unmeasured()
        if isOutgrown { answer.outgrow() }
        #expect(read(answer, from: 0, atMost: 2, for: Self.reader).0 == .more)
        #expect(append("e", to: answer).isEmpty)

        #expect(read(answer, from: 5, for: Self.reader).0 == .arriving)
        #expect(read(answer, from: 5, for: Self.reader).0 == .arriving)

        #expect(append("f", to: answer) == [Self.reader])
        #expect(append("g", to: answer).isEmpty)
        #expect(answer.isUnderWay == !isOutgrown)
    }

    @Test(arguments: [
        ("whole", ArrivingAnswer.State.whole), ("broken", .broken), ("abandoned", .abandoned),
    ])
    func whoeverWaitsIsToldOfTheEnd(name: String, state: ArrivingAnswer.State) {
        let answer = Self.unmeasured()
        answer.outgrow()
        _ = read(answer, from: 4, for: Self.reader)

        let wakeup =
            switch state {
            case .whole: answer.finish()
            case .broken: answer.breakOff()
            default: answer.abandon()
            }

        #expect(wakeup.waiters == [Self.reader])
        #expect(read(answer, from: 4, for: Self.reader).0 == state)
        #expect(append("e", to: answer).isEmpty)
    }

    @Test func itIsForOnePartOfTheCache() {
        #expect(answer.belongs(to: Self.partition))
        #expect(!answer.belongs(to: CachePartition(id: 1)))
    }

    /// Pieces of all sizes into windows of all sizes, held against the plain text of all that has come.
    @Test func aReaderGetsTheSameBytesWhereverTheWindowStands() {
        var random = SeededGenerator(seed: 7)
        for window in 1...40 {
            var all = (0..<Int.random(in: 0...window, using: &random)).map { UInt8($0) }
            let answer = ArrivingAnswer(
                head: Self.head, collected: all, windowBytes: window, partition: Self.partition)
            answer.outgrow()
            for step in 0..<50 {
                let piece = (0..<Int.random(in: 0...window, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
                all += piece
                _ = answer.append(piece.span)
                let start = Int.random(in: max(0, all.count - window)...all.count, using: &random)
                var bytes: [UInt8] = []
                let state = answer.read(from: start, atMost: .max / 2, for: nil) { bytes.append($0) }
                #expect(bytes == Array(all[start...]), "window \(window), step \(step)")
                #expect(state == .arriving)
                if all.count > window {
                    #expect(
                        answer.read(from: all.count - window - 1, atMost: 1, for: nil) { _ in } == .passed)
                }
            }
        }
    }

    /// One thread writes, four read, and none of them looks unless it is told to.
    @Test func nobodyWhoWaitsIsForgotten() {
        let answer = ArrivingAnswer(
            head: Self.head, collected: [0], windowBytes: 1 << 20, partition: Self.partition)
        answer.outgrow()
        let told = InlineArray<4, Atomic<Int>> { _ in Atomic(1) }
        let read = Atomic<Int>(0)
        let right = Atomic<Int>(0)
        let total = 1 << 20

        DispatchQueue.concurrentPerform(iterations: 5) { thread in
            if thread == 0 {
                var next = 1
                while next < total {
                    let piece = (next..<min(total, next + 499)).map { UInt8(truncatingIfNeeded: $0) }
                    next += piece.count
                    for waiter in answer.append(piece.span).waiters {
                        told[Int(waiter.token)].add(1, ordering: .releasing)
                    }
                }
                for waiter in answer.finish().waiters {
                    told[Int(waiter.token)].add(1, ordering: .releasing)
                }
                return
            }
            var offset = 0
            var isRight = true
            let reader = Waiter(worker: 0, token: UInt64(thread - 1))
            // Bounded, so that a lost wake-up is a failure and not a hang.
            for _ in 0..<200_000_000 {
                guard told[thread - 1].load(ordering: .acquiring) > 0 else { continue }
                let state = answer.read(from: offset, atMost: 300, for: reader) { bytes in
                    for index in bytes.indices {
                        isRight = isRight && bytes[index] == UInt8(truncatingIfNeeded: offset + index)
                    }
                    offset += bytes.count
                }
                if state == .whole { break }
                if state == .arriving { told[thread - 1].subtract(1, ordering: .relaxed) }
            }
            if isRight { right.add(1, ordering: .relaxed) }
            if offset == total { read.add(1, ordering: .relaxed) }
        }

        #expect(read.load(ordering: .relaxed) == 4)
        #expect(right.load(ordering: .relaxed) == 4)
    }
}
