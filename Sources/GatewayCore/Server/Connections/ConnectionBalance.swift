import HTTPModel
import Locking

/// How the connections of one address are spread over the workers, and how many there may be.
///
/// The kernel picks a worker's socket by a hash of the addresses, so that of 64 connections one of two
/// workers has 40 now and then, for as long as they live. The worker that accepts one that another has more
/// room for hands it over, before a byte of it is read. Shared by all workers; counts only, which nobody
/// waits for.
final class ConnectionBalance: Sendable {
    /// Most connections of all workers together.
    let maximumCount: Int
    private let workerCount: Int
    // The sum first, then a word for each worker, each in a cache line of its own.
    private let words: AtomicWords
    private static let wordsApart = 8

    /// No connections; at most so many.
    init(workerCount: Int, maximumCount: Int) {
        precondition(workerCount > 0 && maximumCount > 0, "\(maximumCount) among \(workerCount) workers")
        self.workerCount = workerCount
        self.maximumCount = maximumCount
        words = AtomicWords(count: (workerCount + 1) * Self.wordsApart)
    }

    /// Which worker a connection is to live with that one of them has accepted; `nil` if there are as many as
    /// there may be. It is counted from now on.
    func open(acceptedBy worker: Int) -> Int? {
        guard words.fetchAdd(0, 1) < UInt64(maximumCount) else {
            words.add(0, .max)
            return nil
        }
        let chosen = choose(for: worker)
        words.add(word(of: chosen), 1)
        return chosen
    }

    /// A connection that was counted is gone.
    func close(at worker: Int) {
        words.add(word(of: worker), .max)
        words.add(0, .max)
    }

    /// Connections of one worker.
    func count(of worker: Int) -> Int { Int(words.load(word(of: worker))) }

    /// The worker with the fewest, unless this one has hardly more: handing over costs two wake-ups.
    private func choose(for worker: Int) -> Int {
        let own = count(of: worker)
        var (chosen, fewest) = (worker, own)
        for other in 0..<workerCount where count(of: other) < fewest {
            (chosen, fewest) = (other, count(of: other))
        }
        return own <= fewest + fewest / 16 ? worker : chosen
    }

    private func word(of worker: Int) -> Int {
        precondition(worker >= 0 && worker < workerCount, "worker \(worker) of \(workerCount)")
        return (worker + 1) * Self.wordsApart
    }
}

/// A connection on its way from the worker that accepted it to the one it is to live with. Closed if nobody
/// takes it.
final class HandedConnection: Sendable {
    /// Which of the worker's listeners it came in at.
    let listenerIndex: Int
    /// Whose it is.
    let peer: SocketAddress
    private let descriptor: Lock<FileDescriptor?>

    /// Takes over an accepted socket that no epoll knows.
    init(_ descriptor: consuming FileDescriptor, peer: SocketAddress, listenerIndex: Int) {
        self.descriptor = Lock(consume descriptor)
        self.peer = peer
        self.listenerIndex = listenerIndex
    }

    /// Takes the socket out; `nil` if it was taken before.
    func take() -> FileDescriptor? { descriptor.withLock { $0.take() } }
}
