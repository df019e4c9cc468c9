import HTTPModel

/// Which requests are sent once more after a failure, how often, and after what pause.
///
/// Only requests without content whose method is safe, and only while not a byte of an answer has come. An
/// answer is never asked for again, not even a 503: whoever sent it is there, and is not helped by more
/// requests. A request that waited for its answer in vain is not repeated either: its time is mostly gone.
package struct RetryPolicy: Sendable, Hashable {
    /// How often one request is sent once more [1].
    package var maximumRetries = 1
    /// What repeated requests may add to all others, in percent [10].
    package var budgetPercent = 10
    /// The pause before the first repetition, at most; doubled for each further one [25ms].
    package var pause: Duration = .milliseconds(25)

    /// No pause is longer than this, however often it was doubled.
    static let longestPause = Duration.seconds(1)

    /// The defaults.
    package init() {}

    /// Nothing is sent once more.
    package static let never: RetryPolicy = {
        var policy = RetryPolicy()
        policy.maximumRetries = 0
        return policy
    }()

    /// Whether another attempt can end otherwise: nobody has seen the request, or nobody will answer it.
    package static func mayHelp(_ failure: UpstreamFailure) -> Bool {
        switch failure {
        case .nameNotResolved, .connectRefused, .unreachable, .connectTimeout, .tlsProtocol,
            .connectionClosed:
            true
        case .tlsCertificate, .firstByteTimeout, .totalTimeout, .responseIncomplete, .responseInvalid,
            .headTooLarge, .upgradeNotAsked, .uploadAborted, .tooManyWaiting, .circuitOpen, .library:
            false
        }
    }

    /// The pause before a repetition, the first being 0: between half and all of what is due, by `draw`, so
    /// that requests that failed together do not come back together.
    package func pause(before repetition: Int, draw: UInt64) -> Duration {
        var nanoseconds = max(0, pause.nanoseconds)
        for _ in 0..<min(repetition, 16) { nanoseconds = min(nanoseconds * 2, Self.longestPause.nanoseconds) }
        let share = Int64(draw >> 54)
        return .nanoseconds(nanoseconds / 2 + nanoseconds / 2 / 1_024 * (share + 1))
    }
}

/// Keeps repeated requests at a share of all requests, so that an upstream in trouble is not asked twice as
/// much as one that is well. Each request pays in its share, each repetition takes one out.
struct RetryBudget: Sendable, Hashable {
    /// Repetitions that are saved up at most, and at hand from the start: a gateway with little traffic may
    /// repeat its requests too.
    static let maximumSaved = 10
    private static let whole = 100

    private var saved = Self.maximumSaved * Self.whole

    /// A request is sent for the first time.
    mutating func request(percent: Int) {
        saved = min(saved + percent, Self.maximumSaved * Self.whole)
    }

    /// Takes a repetition out; whether there was one.
    mutating func take() -> Bool {
        guard saved >= Self.whole else { return false }
        saved -= Self.whole
        return true
    }
}
