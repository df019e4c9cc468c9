import Locking

/// Messages from other threads to one loop. Any thread posts; the loop is woken and collects.
package final class Mailbox<Message: Sendable>: Sendable {
    private let messages = Lock<[Message]>([])
    private let wakeup: Wakeup

    /// An empty mailbox; fails when the process is out of descriptors.
    package init() throws(SystemFailure) {
        wakeup = try Wakeup()
    }

    /// The descriptor the loop watches for reading.
    package var number: Int32 { wakeup.number }

    /// Posts a message; any thread. The first one since the last collection wakes the loop.
    package func post(_ message: Message) {
        let isFirst = messages.withLock { waiting in
            waiting.append(message)
            return waiting.count == 1
        }
        if isFirst { wakeup.signal() }
    }

    /// Takes all messages in the order of posting; the loop's thread.
    package func collect() -> [Message] {
        wakeup.acknowledge()
        return messages.withLock { waiting in
            let taken = waiting
            waiting = []
            return taken
        }
    }
}
