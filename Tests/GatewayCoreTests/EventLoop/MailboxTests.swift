import HTTPModel
import Testing

@testable import GatewayCore

struct MailboxTests {
    private static let now = MonotonicInstant(nanoseconds: 0)

    @Test func messagesAreCollectedOnceInTheOrderOfPosting() throws {
        let mailbox = try Mailbox<Int>()

        for number in 0..<5 { mailbox.post(number) }

        #expect(mailbox.collect() == [0, 1, 2, 3, 4])
        #expect(mailbox.collect() == [])
    }

    @Test func everyFirstMessageWakesTheLoop() throws {
        let epoll = try Epoll()
        let mailbox = try Mailbox<Int>()
        epoll.add(mailbox.number, .readable, token: 1)
        var counts: [Int] = []

        for _ in 0..<2 {
            mailbox.post(1)
            mailbox.post(2)
            counts.append(epoll.wait(until: Self.now, now: Self.now))
            _ = mailbox.collect()
            counts.append(epoll.wait(until: Self.now, now: Self.now))
        }

        #expect(counts == [1, 0, 1, 0])
    }

    /// The loop waits without a deadline: a wakeup that got lost would hang here, and the suite's limit tell.
    @Test(.timeLimit(.minutes(1)))
    func noMessageOfManyThreadsIsLostOrSleptThrough() throws {
        let epoll = try Epoll()
        let mailbox = try Mailbox<Int>()
        epoll.add(mailbox.number, .readable, token: 1)
        let perThread = 5_000
        var received: [[Int]] = [[], [], []]

        let thread = try PlatformThread(name: "posters") {
            Crowd.run(3) { number in
                for message in 0..<perThread { mailbox.post(number * perThread + message) }
            }
        }
        while received.reduce(0, { $0 + $1.count }) < 3 * perThread {
            _ = epoll.wait(until: nil, now: Self.now)
            for message in mailbox.collect() {
                received[message / perThread].append(message % perThread)
            }
        }
        thread.join()

        #expect(received.allSatisfy { $0 == Array(0..<perThread) })
    }
}
