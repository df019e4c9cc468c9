package import Cache

/// What a follower is told, wherever it waits.
package struct FollowerMessage: Sendable {
    /// The exchange that waits.
    package let token: UInt64
    /// How the fetch it followed went on.
    package let news: FollowerNews
}

/// Brings the news of a fetch to its followers on all workers, this one included: by their mailboxes, so that
/// no exchange is changed while another one is being served.
package struct FollowerCourier {
    private let post: (_ worker: UInt32, _ message: FollowerMessage) -> Void

    /// `post` puts a message into a worker's mailbox; it must not wait.
    package init(post: @escaping (_ worker: UInt32, _ message: FollowerMessage) -> Void) {
        self.post = post
    }

    /// Tells everybody who is to be woken.
    func deliver(_ wakeup: Cache.Wakeup) {
        for waiter in wakeup.waiters {
            post(waiter.worker, FollowerMessage(token: waiter.token, news: wakeup.news))
        }
    }
}
