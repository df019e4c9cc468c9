import CGatewayShims
import Cache
import Glibc
import HTTPModel
import Testing

@testable import GatewayCore

/// The corridors of several workers in one thread: the real pipelines, cache and upstream clients before a
/// real upstream, without clients' sockets, under a clock that only `advance` moves.
final class Corridor {
    /// One request of a client, and its answer once it is whole or broken off.
    final class Ask {
        let number: Int
        let worker: Int
        let method: String
        let startedAt: MonotonicInstant
        fileprivate(set) var answer: RawConnection.Answer?
        fileprivate var pending: PendingAnswer?
        fileprivate var output = ByteBuffer()

        fileprivate init(number: Int, worker: Int, method: String, startedAt: MonotonicInstant) {
            self.number = number
            self.worker = worker
            self.method = method
            self.startedAt = startedAt
        }
    }

    /// What one worker has of its own.
    private final class Station {
        let upstream: UpstreamClient
        let pipeline: RequestPipeline
        let recorder: ExchangeRecorder
        var head = RequestHead()
        /// Requests that were answered at once, by their text: each as if on a connection of its own.
        var repeated: [String: RepeatedRequest] = [:]

        init(upstream: UpstreamClient, pipeline: RequestPipeline, recorder: ExchangeRecorder) {
            self.upstream = upstream
            self.pipeline = pipeline
            self.recorder = recorder
        }
    }

    /// What followers are told, until it is delivered; shared with the couriers.
    private final class Post {
        var letters: [(worker: UInt32, message: FollowerMessage)] = []
    }

    private final class Clock {
        var now = MonotonicInstant(nanoseconds: 1_000_000_000_000)
    }

    let cache: HTTPCache
    let snapshot: ConfigurationSnapshot
    let registry: MetricRegistry
    let health: HealthTracker
    private let clock = Clock()
    private let post = Post()
    private let epoll = epoll_create1(0)
    private var stations: [Station] = []
    private var asks: [Int: Ask] = [:]
    private var deadlines: [(worker: Int, exchange: UInt64, at: MonotonicInstant)] = []
    private var askCount = 0
    /// How many requests were answered as ones that had been there before.
    private(set) var repeatedRequestCount = 0
    private let tokens: [String: String]

    /// The wall clock at the corridor's start, in seconds since 1970.
    static let wallStart = AccessFixture.now.unixSeconds
    private static let start = MonotonicInstant(nanoseconds: 1_000_000_000_000)

    /// `tenants`: name, organization. The upstream key of NAME is `kk_NAME`.
    init(
        _ configuration: GatewayConfiguration, upstream: UpstreamClientConfiguration,
        tenants: [(name: String, organization: String?)], workers: Int
    ) throws {
        let shared = try SharedParts(configuration, cacheSeed: (1, 2))
        cache = shared.cache
        registry = shared.registry
        var fixture = AccessFixture()
        var tokens: [String: String] = [:]
        for tenant in tenants {
            fixture.addTenant(tenant.name)
            fixture.store.tenants[fixture.store.tenants.count - 1].organization = tenant.organization
            tokens[tenant.name] = String(decoding: fixture.addToken(ScopeSet(Scope.allCases)), as: UTF8.self)
        }
        self.tokens = tokens
        health = HealthTracker(rule: configuration.upstream.circuit, retries: upstream.retries)
        let access = AccessSnapshot(
            fixture.store, known: configuration.knownNames, keys: fixture.keys
        ) { .found(Secret("kk_\($0.id)")) }
        let builder = try SnapshotBuilder(configuration, shared: shared)
        snapshot = try builder.snapshot(access, generation: 1)
        for index in 0..<workers { stations.append(station(index, configuration, upstream)) }
    }

    deinit { close(epoll) }

    private func station(
        _ index: Int, _ configuration: GatewayConfiguration, _ upstream: UpstreamClientConfiguration
    ) -> Station {
        let epoll = epoll
        let poller = UpstreamPoller { descriptor, change in
            let token = UInt64(index) << 32 | UInt64(UInt32(bitPattern: descriptor))
            switch change {
            case .add(let interest):
                _ = gw_epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, Self.events(interest), token)
            case .modify(let interest):
                _ = gw_epoll_ctl(epoll, EPOLL_CTL_MOD, descriptor, Self.events(interest), token)
            case .remove: _ = gw_epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, 0, 0)
            }
        }
        let client = UpstreamClient(configuration: upstream, poller: poller, health: health)
        let (clock, post) = (clock, post)
        let recorder = ExchangeRecorder(
            metrics: registry.makeWorkerMetrics(), names: registry.names, writer: nil,
            clock: { clock.now })
        let parts = PipelineParts(
            cache: cache, limiter: RateLimiter(hashKey: SipHash.Key(3, 4)), upstream: client,
            recorder: recorder,
            courier: FollowerCourier { post.letters.append(($0, $1)) },
            failedTokens: FailedTokenLimit(
                configuration.credentials.failedTokens, hashKey: SipHash.Key(5, 6)),
            shedder: LoadShedder(configuration.overload, seed: 9), residentBytes: { 0 },
            report: { _ in }, workerIndex: UInt32(index), deployment: "gateway", identifierPrefix: 7)
        return Station(
            upstream: client, pipeline: RequestPipeline(parts, snapshot: snapshot), recorder: recorder)
    }

    private static func events(_ interest: UpstreamInterest) -> UInt32 {
        switch interest {
        case .readable: EPOLLIN.rawValue
        case .writable: EPOLLOUT.rawValue
        case .both: EPOLLIN.rawValue | EPOLLOUT.rawValue
        }
    }

    // MARK: time

    var now: MonotonicInstant { clock.now }

    /// The wall clock in microseconds since 1970, in step with `now`.
    var wallMicroseconds: Int64 {
        Self.wallStart * 1_000_000 + Int64(now.nanosecondsElapsed(since: Self.start) / 1_000)
    }

    func advance(by duration: Duration) { clock.now = clock.now.advanced(by: duration) }

    /// The instant of a moment of the wall clock, in microseconds since 1970.
    func instant(atWallMicroseconds microseconds: Int64) -> MonotonicInstant {
        Self.start.advanced(by: .microseconds(microseconds - Self.wallStart * 1_000_000))
    }

    // MARK: requests

    /// Requests without an answer, and fetches for the cache alone.
    var busyCount: Int { stations.reduce(0) { $0 + $1.pipeline.exchanges.count } }

    /// The part of the cache of a tenant.
    func partition(_ tenant: String) -> CachePartition? {
        snapshot.tenants.first { $0.tenant.id == tenant }?.partition
    }

    /// Begins a request at a worker; its answer may be there at once.
    func begin(
        _ method: String, _ target: String, tenant: String, worker: Int, fields: String = ""
    ) -> Ask {
        askCount += 1
        let ask = Ask(number: askCount, worker: worker, method: method, startedAt: now)
        let text =
            "\(method) \(target) HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer \(tokens[tenant] ?? "")\r\n"
            + "\(method == "POST" ? "Content-Length: 0\r\n" : "")\(fields)\r\n"
        let bytes = Array(text.utf8)
        let station = stations[worker]
        prepare(station)
        var parser = RequestParser(limits: HTTP1Limits())
        guard case .complete = parser.parse(bytes.span, into: &station.head) else {
            preconditionFailure("the test sends no request: \(text)")
        }
        let downstream = Downstream(
            address: IPAddress("192.0.2.7") ?? IPAddress(high: 0, low: 0), tls: nil, isLast: false,
            registration: Registration(.connection, index: ask.number), contentHasArrived: false,
            mayBeKept: true, headBeganAt: now, startedAt: now)
        if let repeated = station.repeated[text],
            station.pipeline.answer(repeated, downstream, into: &ask.output) != nil
        {
            repeatedRequestCount += 1
            settle(ask, isWhole: true)
            return ask
        }
        defer { if let kept = station.pipeline.kept.take() { station.repeated[text] = kept } }
        switch station.pipeline.begin(&station.head, bytes.span, downstream, into: &ask.output) {
        case .answered: settle(ask, isWhole: true)
        case .pending(let pending):
            ask.pending = pending
            asks[ask.number] = ask
            pending.finishContent()
            produce(ask)
        }
        return ask
    }

    /// The client of a request leaves.
    func abandon(_ ask: Ask) {
        guard let pending = ask.pending else { return }
        prepare(stations[ask.worker])
        pending.abandon()
        ask.pending = nil
        asks[ask.number] = nil
    }

    /// Turns all workers once; waits for sockets at most so long. Whether anything happened.
    @discardableResult
    func turn(waitMilliseconds: Int32 = 0) -> Bool {
        var happened = deliverLetters()
        var isDue = !post.letters.isEmpty
        for (index, station) in stations.enumerated() {
            prepare(station)
            station.upstream.advance(now: now)
            happened = deliverNews(index) || happened
            happened = fireDeadlines(index) || happened
            station.upstream.applyInterest()
            if let deadline = station.upstream.nextDeadline, deadline <= now { isDue = true }
        }
        var events = unsafe [epoll_event](repeating: epoll_event(), count: 64)
        let wait = isDue || happened ? 0 : waitMilliseconds
        let count = unsafe epoll_wait(epoll, &events, Int32(events.count), wait)
        for index in 0..<Int(max(0, count)) {
            let (bits, token) = unsafe (events[index].events, events[index].data.u64)
            let station = stations[Int(token >> 32)]
            prepare(station)
            var readiness: UpstreamReadiness = []
            if bits & EPOLLIN.rawValue != 0 { readiness.insert(.readable) }
            if bits & EPOLLOUT.rawValue != 0 { readiness.insert(.writable) }
            if bits & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 { readiness.insert(.failed) }
            station.upstream.descriptorReady(Int32(truncatingIfNeeded: token), readiness, now: now)
        }
        for index in stations.indices { happened = deliverNews(index) || happened }
        return happened || count > 0 || isDue
    }

    /// The earliest moment at which a worker has something to do by itself.
    var nextDeadline: MonotonicInstant? {
        (stations.compactMap { $0.upstream.nextDeadline } + deadlines.map(\.at)).min()
    }

    /// How often transfers were begun once more.
    var repeatedCount: UInt64 { stations.reduce(0) { $0 + $1.upstream.statistics.repeatedCount } }

    private func prepare(_ station: Station) {
        station.pipeline.now = now
        station.recorder.nowUnixNanoseconds = wallMicroseconds * 1_000
    }

    private func deliverLetters() -> Bool {
        let letters = post.letters
        post.letters = []
        for letter in letters {
            let station = stations[Int(letter.worker)]
            prepare(station)
            station.pipeline.hear(letter.message)
            _ = deliverNews(Int(letter.worker))
        }
        return !letters.isEmpty
    }

    private func deliverNews(_ index: Int) -> Bool {
        let station = stations[index]
        prepare(station)
        var happened = false
        for _ in 0..<8 {
            while let transfer = station.upstream.nextProgressed() {
                station.pipeline.progressed(transfer)
                happened = true
            }
            for (exchange, at) in station.pipeline.deadlines { deadlines.append((index, exchange, at)) }
            station.pipeline.deadlines.removeAll()
            if station.pipeline.ready.isEmpty { return happened }
            let ready = station.pipeline.ready
            station.pipeline.ready.removeAll()
            for registration in ready { if let ask = asks[registration.index] { produce(ask) } }
        }
        return happened
    }

    private func fireDeadlines(_ index: Int) -> Bool {
        let due = deadlines.filter { $0.worker == index && $0.at <= now }
        guard !due.isEmpty else { return false }
        deadlines.removeAll { $0.worker == index && $0.at <= now }
        for deadline in due { stations[index].pipeline.due(deadline.exchange) }
        return deliverNews(index)
    }

    private func produce(_ ask: Ask) {
        while let pending = ask.pending {
            switch pending.produce(into: &ask.output) {
            case .waiting: return
            case .more: break
            case .finished: settle(ask, isWhole: true)
            case .broken: settle(ask, isWhole: false)
            }
        }
    }

    private func settle(_ ask: Ask, isWhole: Bool) {
        ask.pending = nil
        asks[ask.number] = nil
        ask.answer = RawConnection.Answer(
            ask.output.withBytes { $0.array }, to: ask.method, isWhole: isWhole)
        ask.output.removeAll()
    }
}

extension RawConnection.Answer {
    /// Takes an answer apart of which all bytes are there; interim answers before it are left out.
    init(_ bytes: [UInt8], to method: String, isWhole: Bool) {
        self.init()
        self.isWhole = isWhole
        var rest = bytes[...]
        repeat {
            guard let end = rest.firstRange(of: Array("\r\n\r\n".utf8)) else {
                self.isWhole = false
                return
            }
            head = String(decoding: rest[..<end.upperBound], as: UTF8.self)
            rest = rest[end.upperBound...]
        } while status < 200
        if value("Transfer-Encoding") == "chunked" {
            while let line = rest.firstRange(of: Array("\r\n".utf8)),
                let size = Int(String(decoding: rest[..<line.lowerBound], as: UTF8.self), radix: 16), size > 0
            {
                body += rest[line.upperBound...].prefix(size)
                rest = rest[line.upperBound...].dropFirst(size + 2)
            }
        } else {
            body = Array(rest)
            if method != "HEAD", status != 304, let length = value("Content-Length").flatMap({ Int($0) }) {
                self.isWhole = self.isWhole && body.count == length
            }
        }
    }
}
