import HTTPModel

/// What libcurl's callbacks leave behind for the client to look at: callbacks record, the caller looks.
///
/// Shared by the client and its transfers, confined to one worker.
final class ProgressList {
    /// The time of the current turn of the loop; callbacks know no other.
    var now = MonotonicInstant(nanoseconds: 0)
    /// No transfer has an earlier deadline; may be too early after one has ended, never too late.
    var earliestDeadline: MonotonicInstant?
    private var withNews: [Transfer] = []
    private var needingAttention: [Transfer] = []
    private var endingWithClose: [Transfer] = []

    /// Notes that the owner of a transfer should look at it.
    func noteNews(of transfer: Transfer) { withNews.append(transfer) }

    /// Whether a transfer has news.
    var hasNews: Bool { !withNews.isEmpty }

    /// The next transfer with news, or `nil`. In no promised order.
    func takeNews() -> Transfer? { withNews.popLast() }

    /// Notes that a transfer must be ended outside libcurl's callbacks.
    func noteAttention(to transfer: Transfer) { needingAttention.append(transfer) }

    /// The next transfer to end, or `nil`.
    func takeAttention() -> Transfer? { needingAttention.popLast() }

    /// Whether a transfer must be ended.
    var isAttentionNeeded: Bool { !needingAttention.isEmpty }

    /// Notes a transfer whose upload is paused while its answer will end with the connection: libcurl reads
    /// that end, but does not tell until it is resumed.
    func noteEndsWithClose(_ transfer: Transfer) { endingWithClose.append(transfer) }

    /// Resumes these transfers; to be called after libcurl has read something.
    func resumeEndingWithClose() {
        if endingWithClose.isEmpty { return }
        endingWithClose.removeAll { $0.isOver }
        for transfer in endingWithClose { transfer.unblockAnswer() }
    }

    /// Forgets every transfer; they know this list, and it would keep them and itself alive.
    func removeAll() {
        withNews.removeAll()
        needingAttention.removeAll()
        endingWithClose.removeAll()
    }

    /// Notes a deadline.
    func note(_ deadline: MonotonicInstant) {
        if let earliest = earliestDeadline, earliest <= deadline { return }
        earliestDeadline = deadline
    }
}
