import CGatewayShims
import Glibc
import HTTPModel
import Testing

@testable import GatewayCore

/// A small epoll loop around an `UpstreamClient`, as strict as the worker's: adding what is there already or
/// changing what is not there fails the test.
final class UpstreamHarness {
    let client: UpstreamClient
    /// Called for each transfer with news.
    var onProgress: (Transfer) -> Void = { _ in }
    private let watched: Watched

    /// The descriptors the client asked to watch.
    private final class Watched {
        let epoll = epoll_create1(0)
        var changeCount = 0

        deinit { close(epoll) }

        func apply(_ descriptor: Int32, _ change: UpstreamInterestChange) {
            changeCount += 1
            switch change {
            case .add(let interest): control(EPOLL_CTL_ADD, descriptor, interest)
            case .modify(let interest): control(EPOLL_CTL_MOD, descriptor, interest)
            case .remove: _ = gw_epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, 0, 0)
            }
        }

        private func control(_ operation: Int32, _ descriptor: Int32, _ interest: UpstreamInterest) {
            let events: UInt32
            switch interest {
            case .readable: events = EPOLLIN.rawValue
            case .writable: events = EPOLLOUT.rawValue
            case .both: events = EPOLLIN.rawValue | EPOLLOUT.rawValue
            }
            let result = gw_epoll_ctl(epoll, operation, descriptor, events, UInt64(descriptor))
            #expect(result == 0, "epoll_ctl \(operation) of \(descriptor) failed with \(gw_errno())")
        }
    }

    init(_ configuration: UpstreamClientConfiguration, health: HealthTracker? = nil) {
        let watched = Watched()
        self.watched = watched
        client = UpstreamClient(
            configuration: configuration, poller: UpstreamPoller { watched.apply($0, $1) },
            health: health)
    }

    convenience init(url: String) { self.init(UpstreamClientConfiguration(url: url)) }

    /// Number of epoll_ctl calls so far.
    var changeCount: Int { watched.changeCount }

    /// Turns the loop until the condition holds, at most `limit`; whether it holds.
    @discardableResult
    func run(limit: Duration = .seconds(10), until condition: () -> Bool) -> Bool {
        let end = MonotonicClock.now().advanced(by: limit)
        while !condition() {
            if MonotonicClock.now() >= end { return false }
            turn()
        }
        return true
    }

    /// Turns the loop until the transfer is over, taking nothing from it.
    func finish(_ transfer: Transfer) {
        let isOver = run { transfer.isOver }
        #expect(isOver, "the transfer does not end")
    }

    /// One turn: timers, news, interest, wait (at most ten milliseconds), events; how many events there were.
    @discardableResult
    func turn() -> Int {
        client.advance(now: MonotonicClock.now())
        while let transfer = client.nextProgressed() { onProgress(transfer) }
        client.applyInterest()
        var wait: Int32 = 10
        if let deadline = client.nextDeadline {
            let left = deadline.nanosecondsElapsed(since: MonotonicClock.now())
            wait = Int32(min(10, (left + 999_999) / 1_000_000))
        }
        // epoll_event counts as unsafe because its data may be a pointer; here it is always a number.
        var events = unsafe [epoll_event](repeating: epoll_event(), count: 64)
        let count = unsafe epoll_wait(watched.epoll, &events, Int32(events.count), wait)
        for index in 0..<Int(max(0, count)) {
            let (bits, token) = unsafe (events[index].events, events[index].data.u64)
            deliver(bits, on: Int32(truncatingIfNeeded: token))
        }
        return Int(max(0, count))
    }

    private func deliver(_ bits: UInt32, on descriptor: Int32) {
        var readiness: UpstreamReadiness = []
        if bits & EPOLLIN.rawValue != 0 { readiness.insert(.readable) }
        if bits & EPOLLOUT.rawValue != 0 { readiness.insert(.writable) }
        if bits & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 { readiness.insert(.failed) }
        client.descriptorReady(descriptor, readiness, now: MonotonicClock.now())
    }

    /// Starts a request; the test fails if it is not taken on.
    func start(
        _ method: String = "GET", _ target: String = "/v1/sessions", fields: [(String, String)] = [],
        content: UpstreamRequest.Content = .none, authorization: Secret? = nil
    ) throws -> Transfer {
        let methodText = Array(method.utf8)
        var request = UpstreamRequest(
            method: Method(methodText.span), methodText: methodText.span, target: Array(target.utf8).span,
            content: content, authorization: authorization)
        for (name, value) in fields {
            request.append(name: Array(name.utf8).span, value: Array(value.utf8).span)
        }
        switch client.start(request, owner: 7, now: MonotonicClock.now()) {
        case .started(let transfer): return transfer
        case .refused(let failure): throw failure
        }
    }

    /// Starts a request and runs it to its end.
    func fetch(
        _ method: String = "GET", _ target: String = "/v1/sessions", fields: [(String, String)] = [],
        content: UpstreamRequest.Content = .none
    ) throws -> Transfer {
        let transfer = try start(method, target, fields: fields, content: content)
        finish(transfer)
        return transfer
    }
}

extension Transfer {
    /// What has arrived and was not taken, as text.
    var receivedText: String { received.withBytes { $0.text } }

    /// The failure, if it failed.
    var failedWith: UpstreamFailure? {
        if case .failed(let failure) = phase { failure } else { nil }
    }

    /// Whether the answer is whole, in any framing.
    var isComplete: Bool {
        if case .complete = phase { true } else { false }
    }
}
