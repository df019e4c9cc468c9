import Glibc
import HTTPModel
import Testing

@testable import GatewayCore

struct SystemCallTests {
    @Test func bytesMoveFromOneSideToTheOther() throws {
        let pair = try SocketPair()

        let written = pair.near.write("hello")
        let read = pair.far.readText()

        #expect(written == .moved(5))
        #expect(read == "hello")
    }

    @Test func nothingToReadWouldBlock() throws {
        let pair = try SocketPair()
        var buffer = ByteBuffer()

        let outcome = SystemCall.read(pair.near, into: &buffer, maximum: 10)

        let isEmpty = buffer.isEmpty
        #expect(outcome == .wouldBlock)
        #expect(isEmpty)
    }

    @Test func aReadTakesNoMoreThanItMay() throws {
        let pair = try SocketPair()
        _ = pair.far.write("hello")
        var buffer = ByteBuffer(minimumCapacity: 64)

        let outcomes = (0..<3).map { _ in SystemCall.read(pair.near, into: &buffer, maximum: 3) }

        #expect(outcomes == [.moved(3), .moved(2), .wouldBlock])
    }

    @Test func aSocketThatIsLentMovesBytesAsOneOfOurOwn() throws {
        let pair = try SocketPair()
        var secret = ByteBuffer()
        secret.append("hello")
        var buffer = ByteBuffer()

        let written = SystemCall.writeAndWipe(pair.near.number, from: &secret)
        let read = SystemCall.read(pair.far.number, into: &buffer, maximum: 10)

        let (isConsumed, text) = (secret.isEmpty, buffer.withBytes { $0.text })
        #expect(written == .moved(5))
        #expect(isConsumed)
        #expect(read == .moved(5))
        #expect(text == "hello")
    }

    @Test func theEndOfTheOtherSideIsAnEndAfterItsLastBytes() throws {
        let pair = try SocketPair()
        _ = pair.far.write("x")
        pair.far.endSending()
        var buffer = ByteBuffer()

        let outcomes = (0..<2).map { _ in SystemCall.read(pair.near, into: &buffer, maximum: 3) }

        #expect(outcomes == [.moved(1), .ended])
    }

    @Test func aFullSocketTakesAPartAndKeepsTheRestInOrder() throws {
        let pair = try SocketPair()
        var buffer = ByteBuffer()
        let sent = (0..<4_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        buffer.append(sent.span)
        var received: [UInt8] = []
        var blockedCount = 0
        var isStuck = false

        while received.count < sent.count && !isStuck {
            while !buffer.isEmpty {
                if SystemCall.write(pair.near, from: &buffer) == .wouldBlock {
                    blockedCount += 1
                    break
                }
            }
            var piece = ByteBuffer()
            isStuck = SystemCall.read(pair.far, into: &piece, maximum: 65_536) == .wouldBlock
            received += piece.withBytes { $0.array }
        }

        #expect(received == sent)
        #expect(blockedCount > 0)
    }

    @Test func aPeerThatHasGoneIsALossAndNoSignal() throws {
        var numbers: Int32 = -1
        do {
            let pair = try SocketPair()
            numbers = dup(pair.near.number)
        }
        let left = FileDescriptor(owning: numbers)

        guard case .lost(let failure) = left.write("x") else {
            Issue.record("a write to nobody succeeded")
            return
        }
        #expect(failure.number == EPIPE)
        #expect(failure.description.hasPrefix("write: "))
    }

    @Test func aCallThatWasInterruptedIsMadeAgain() {
        var results = [-1, -1, 7]

        let result = SystemCall.retrying {
            errno = EINTR
            return results.removeFirst()
        }

        #expect(result == 7)
        #expect(results.isEmpty)
    }

    @Test func anyOtherFailureIsGivenBackAtOnce() {
        var calls = 0

        let result = SystemCall.retrying {
            calls += 1
            errno = EAGAIN
            return -1
        }

        #expect(result == -1)
        #expect(calls == 1)
    }
}
