package import HTTPModel
import Locking
import Synchronization

/// Until when nothing is sent with an upstream credential, because the upstream has answered 429.
///
/// One atomic word that all workers share, read before a request is sent and never for a hit. Relaxed: a
/// request that is sent beside the 429 of another could as well have been sent before it.
package final class CredentialPause: Sendable {
    private let until = Atomic<UInt64>(0)
    private let maximum: Duration

    /// How long nothing is sent when the upstream does not say.
    private static let standardSeconds: UInt64 = 1

    init(maximum: Duration) {
        self.maximum = maximum
    }

    /// Whole seconds until requests may be sent again, rounded up; `nil` if they may now.
    package func remainingSeconds(at now: MonotonicInstant) -> UInt64? {
        let end = until.load(ordering: .relaxed)
        guard end > now.nanoseconds else { return nil }
        return (end - now.nanoseconds - 1) / 1_000_000_000 + 1
    }

    /// Takes down an answer of 429; whether nothing is sent for a while because of it.
    ///
    /// A refusal without `Retry-After` of a request that was to change something says nothing about others:
    /// Kayle limits how many sessions are made that way. A pause is never made shorter.
    package func begin(
        _ head: ResponseHead, toSafeRequest isSafe: Bool, now: MonotonicInstant, nowUnixSeconds: Int64
    ) -> Bool {
        let stated = RetryAfter.seconds(in: head, nowUnixSeconds: nowUnixSeconds)
        guard let seconds = stated ?? (isSafe ? Self.standardSeconds : nil) else { return false }
        let pause = min(maximum, .seconds(Int64(clamping: seconds)))
        guard pause > .zero else { return false }
        until.max(now.advanced(by: pause).nanoseconds, ordering: .relaxed)
        return true
    }
}

/// The pauses of all upstream credentials in use, by the number that stands for a credential. Asked when a
/// snapshot is made, never by a request.
package final class CredentialPauses: Sendable {
    private let known = Lock<[UInt64: CredentialPause]>([:])
    private let maximum: Duration

    /// No pauses yet; none will be longer than `maximum`.
    package init(maximum: Duration) {
        self.maximum = maximum
    }

    /// The pauses of these credentials, in their order; the same for the same credential as long as it is
    /// asked for each time. All others are forgotten, so that the table grows no larger than the tenant
    /// store.
    package func keep(_ credentials: [UInt64]) -> [CredentialPause] {
        known.withLock { known in
            var kept: [UInt64: CredentialPause] = [:]
            let pauses = credentials.map { credential in
                let pause = kept[credential] ?? known[credential] ?? CredentialPause(maximum: maximum)
                kept[credential] = pause
                return pause
            }
            known = kept
            return pauses
        }
    }
}
