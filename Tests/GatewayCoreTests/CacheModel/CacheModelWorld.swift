import Cache
import HTTPModel
import KayleStandIn
import Locking

@testable import GatewayCore

/// What happened in a run of the cache's model.
struct CacheModelTally: CustomStringConvertible {
    var steps = 0
    var words: [String: Int] = [:]
    var statuses: [Int: Int] = [:]
    var compared = 0
    var confirmed = 0
    var failures = 0
    var writes = 0
    var lostWrites = 0
    var faults = 0
    var abandoned = 0
    var heldBack = 0

    var description: String {
        let words = words.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        let statuses = statuses.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
        return "\(steps) steps: \(compared) answers compared (\(words)), \(confirmed) confirmed by 304, "
            + "\(failures) failures (\(heldBack) held back), \(writes) writes (\(lostWrites) lost), \(faults) faults, "
            + "\(abandoned) abandoned; statuses \(statuses.joined(separator: ", "))"
    }
}

/// Random requests, writes, steps of the clock and faults against gateway and upstream, and for every answer
/// the question whether a correct origin said that at a moment that is allowed.
struct CacheModelWorld {
    /// A request under way and what it was begun under.
    private struct Begun {
        let ask: Corridor.Ask
        let tenant: String
        /// The plain spelling of what is asked for; for writes, what was written.
        let target: String
        let kind: Kind
        let revision: Int
        let floor: Int
        let writeCount: Int
        let busySince: MonotonicInstant
        let tag: String?
    }

    private enum Kind { case read, create, cancel(String) }

    /// The wall clock that the upstream sees, in microseconds since 1970.
    private final class Wall: Sendable {
        let microseconds = Lock(Corridor.wallStart * 1_000_000)
    }

    static let ttl = Duration.seconds(5)
    static let whileRevalidating = Duration.seconds(3)
    static let onError = Duration.seconds(30)
    /// What a fetch may take at the longest, and a second for dates in whole seconds.
    private static let slack = Duration.seconds(7)
    private static let tenants = ["acme", "globex", "initech"]

    let corridor: Corridor
    private let standIn: RunningStandIn
    private let wall: Wall
    private(set) var dice: QuerySpeller
    private(set) var tally = CacheModelTally()
    private(set) var findings: [String] = []
    /// Keys of the upstream, whose tenants share one organization, with what is known of its states.
    private var times: [RevisionTimes]
    private var begun: [Begun] = []
    private var busySince: MonotonicInstant
    private var busyHadFaults = false
    /// What each entity tag stood for.
    private var bodies: [String: [UInt8]] = [:]
    private var tags: [String: String] = [:]
    private var mixes: [QueryMix]

    init(seed: UInt64, pages: CacheModelConfiguration.Pages = .on) throws {
        let wall = Wall()
        self.wall = wall
        var stage = StandInConfiguration(
            seed: seed,
            organizations: [
                .init(name: "both", keys: ["kk_acme", "kk_globex"], sessionCount: 60),
                .init(name: "initech", keys: ["kk_initech"], sessionCount: 25),
            ])
        stage.rowSize = .small
        stage.remembersStates = true
        stage.recordCapacity = 0
        stage.now = { wall.microseconds.withLock { $0 } }
        let standIn = try KayleStandIn.launch(stage)
        self.standIn = standIn
        var upstream = UpstreamClientConfiguration(url: standIn.url)
        upstream.firstByteTimeout = .seconds(2)
        upstream.totalTimeout = .seconds(5)
        upstream.retries = RetryPolicy()
        corridor = try Corridor(
            try CacheModelConfiguration.read(pages: pages), upstream: upstream,
            tenants: [("acme", "both"), ("globex", "both"), ("initech", nil)], workers: 2)
        let now = corridor.now
        times = ["kk_acme", "kk_initech"].map { RevisionTimes(standIn, key: $0, now: now) }
        busySince = now
        dice = QuerySpeller(seed: seed)
        mixes = [QueryMix(seed: seed &+ 1), QueryMix(seed: seed &+ 2)]
        learn()
    }

    // MARK: steps

    mutating func step() {
        tally.steps += 1
        if tally.steps % 500 == 0 { learn() }
        switch dice.number(below: 1_000) {
        case 0..<640: read()
        case 640..<690: write()
        case 690..<720: changeBehindTheGateway()
        case 720..<800: moveTime()
        case 800..<815: injectFault()
        case 815..<830: abandon()
        case 830..<835: purge()
        case 835..<860: _ = corridor.cache.reclaimExpired(now: corridor.now, limit: 50)
        default: finish()
        }
        if begun.count > 8 { finish() }
        turn(0)
    }

    /// Waits for all answers and fetches under way.
    mutating func finish() {
        var idle = 0
        while !begun.isEmpty || corridor.busyCount > 0 {
            if turn(1) {
                idle = 0
                continue
            }
            idle += 1
            // Time goes on while everybody waits; and jumps to a deadline if nobody comes.
            if idle == 100, let deadline = corridor.nextDeadline, deadline > corridor.now {
                busyHadFaults = true
                advance(by: deadline.elapsed(since: corridor.now))
            } else {
                advance(by: .milliseconds(1))
            }
            if idle > 5_000 {
                findings.append("\(begun.count) requests have no answer for ever")
                return
            }
        }
    }

    private mutating func advance(by duration: Duration) {
        observe()
        corridor.advance(by: duration)
        // What is under way may have run out of time.
        if corridor.busyCount > 0, corridor.now.elapsed(since: busySince) > .seconds(1) {
            busyHadFaults = true
        }
        let microseconds = corridor.wallMicroseconds
        wall.microseconds.withLock { $0 = microseconds }
        observe()
    }

    @discardableResult
    private mutating func turn(_ waitMilliseconds: Int32) -> Bool {
        let happened = corridor.turn(waitMilliseconds: waitMilliseconds)
        observe()
        takeAnswers()
        if corridor.busyCount == 0 && begun.isEmpty {
            busySince = corridor.now
            busyHadFaults = standIn.control.pendingFaultCount > 0
        }
        return happened
    }

    private mutating func observe() {
        for index in times.indices { times[index].observe(now: corridor.now) }
    }

    private mutating func read() {
        let tenant = dice.pick(Self.tenants)
        let question = mixes[organization(of: tenant)].question()
        var fields = ""
        var tag: String?
        if dice.number(below: 4) == 0 {
            tag =
                dice.number(below: 3) > 0 || tags.isEmpty
                ? tags[question.plain] : dice.pick(tags.values.prefix(8).sorted())
            if let tag {
                fields = "If-None-Match: " + dice.pick([tag, "W/\(tag)", "\"no\", \(tag)"]) + "\r\n"
            } else if dice.number(below: 4) == 0 {
                fields = "If-None-Match: *\r\n"
            }
        }
        let method = dice.number(below: 8) == 0 ? "HEAD" : "GET"
        // Half of them spell alike what they ask, as clients that poll do.
        begin(
            method, dice.number(below: 2) == 0 ? question.spelled : question.plain, plain: question.plain,
            tenant: tenant, kind: .read, fields: fields, tag: tag)
    }

    private mutating func write() {
        let tenant = dice.pick(Self.tenants)
        tally.writes += 1
        if dice.number(below: 2) == 0, times[organization(of: tenant)].revision < 400 {
            begin("POST", "/v1/sessions", plain: "a new session", tenant: tenant, kind: .create)
        } else {
            let id = mixes[organization(of: tenant)].id()
            begin("POST", "/v1/sessions/\(id)/cancel", plain: id, tenant: tenant, kind: .cancel(id))
        }
    }

    private mutating func begin(
        _ method: String, _ target: String, plain: String, tenant: String, kind: Kind, fields: String = "",
        tag: String? = nil
    ) {
        observe()
        let times = times[organization(of: tenant)]
        let ask = corridor.begin(
            method, target, tenant: tenant, worker: dice.number(below: 2), fields: fields)
        begun.append(
            Begun(
                ask: ask, tenant: tenant, target: plain, kind: kind, revision: times.revision,
                floor: times.floor, writeCount: times.writeCount, busySince: busySince, tag: tag))
        takeAnswers()
    }

    private mutating func changeBehindTheGateway() {
        let organization = dice.number(below: 2)
        let key = times[organization].key
        switch dice.number(below: 3) {
        case 0 where times[organization].revision < 400: standIn.act("POST", "/v1/sessions", key: key)
        case 1: standIn.act("POST", "/v1/sessions/\(mixes[organization].id())/cancel", key: key)
        default: standIn.act("GET", "/v1/verify/session/\(mixes[organization].id())/status", key: key)
        }
        observe()
    }

    private mutating func moveTime() {
        let step: Duration =
            switch dice.number(below: 100) {
            case 0..<40: .milliseconds(100)
            case 40..<70: .milliseconds(900)
            case 70..<85: .seconds(2)
            case 85..<94: .seconds(6)
            case 94..<99: .seconds(31)
            default: .seconds(1_200)
            }
        // Where something is under way its deadlines come one after the other, as they do for a gateway that
        // is awake: no fetch outlives its total time by more than a second.
        var left = step
        while corridor.busyCount > 0, left > .seconds(1) {
            advance(by: .seconds(1))
            turn(0)
            left -= .seconds(1)
        }
        advance(by: left)
        let moment = corridor.now.advanced(by: .zero - (Self.ttl + Self.onError + Self.slack + .seconds(60)))
        for index in times.indices where begun.isEmpty { times[index].forget(before: moment) }
    }

    private mutating func injectFault() {
        tally.faults += 1
        busyHadFaults = true
        let path = dice.pick(["/v1/sessions", "/v1/sessions", "/v1/*"])
        var effects: [Fault.Effect] = [
            .answer(status: 500, fields: [], body: Array("failed".utf8)),
            .answer(status: 503, fields: [], body: []), .breakOff(afterBodyBytes: 200, .closed),
            .breakOff(afterBodyBytes: 0, .reset), .raw([], .closed), .raw([], .reset),
            .chunked(pieceBytes: 100), .untilClose, .fields([("Cache-Control", "no-store")]),
            .fields([("Cache-Control", "max-age=1")]), .fields([("Cache-Control", "must-revalidate")]),
            .fields([("Cache-Control", "stale-if-error=2, stale-while-revalidate=1")]),
            .gzip, .fields([("Age", "3")]), .delay(milliseconds: 5),
            .trickle(pieceBytes: 2_000, everyMilliseconds: 1),
            .endAfter(milliseconds: 0, .closed),
        ]
        if dice.number(below: 20) == 0 { effects = [.raw([], .silence)] }
        standIn.control.inject(Fault(dice.pick(effects), path: path, times: 1 + dice.number(below: 3)))
    }

    private mutating func abandon() {
        guard !begun.isEmpty else { return }
        let gone = begun.remove(at: dice.number(below: begun.count))
        guard gone.ask.answer == nil else { return }
        tally.abandoned += 1
        corridor.abandon(gone.ask)
        switch gone.kind {
        case .read: break
        case .create, .cancel: times[organization(of: gone.tenant)].endEverything()
        }
    }

    private mutating func purge() {
        let tenant = dice.pick(Self.tenants)
        guard let partition = corridor.partition(tenant) else { return }
        _ = corridor.cache.purge(partition, route: nil, now: corridor.now)
    }

    // MARK: answers

    private mutating func takeAnswers() {
        let ready = begun.filter { $0.ask.answer != nil }
        guard !ready.isEmpty else { return }
        observe()
        begun.removeAll { $0.ask.answer != nil }
        for begun in ready {
            guard let answer = begun.ask.answer else { continue }
            tally.statuses[answer.status, default: 0] += 1
            switch begun.kind {
            case .read: check(answer, begun)
            case .create: noteCreate(answer, begun)
            case .cancel(let id): noteCancel(answer, begun, id)
            }
        }
    }

    private mutating func noteCreate(_ answer: RawConnection.Answer, _ begun: Begun) {
        let organization = organization(of: begun.tenant)
        if answer.status == 200, answer.isWhole,
            let id = answer.text.firstMatch(of: #/"id":"(vs_[a-z0-9]{64})"/#)?.1
        {
            times[organization].answered(write: String(id), begunAt: begun.revision)
        } else if !Self.isHeldBack(answer) {
            tally.lostWrites += 1
            times[organization].endEverything()
        }
    }

    /// Whether the upstream was not even asked.
    private static func isHeldBack(_ answer: RawConnection.Answer) -> Bool {
        answer.value("Proxy-Status")?.contains("destination_unavailable") == true
    }

    private mutating func noteCancel(_ answer: RawConnection.Answer, _ begun: Begun, _ id: String) {
        let organization = organization(of: begun.tenant)
        times[organization].answered(write: id, begunAt: begun.revision)
        // An answer of the gateway's own: whether the upstream cancelled it nobody knows.
        if answer.value("Proxy-Status") != nil, !Self.isHeldBack(answer) {
            tally.lostWrites += 1
            times[organization].endEverything()
        }
    }

    private mutating func check(_ answer: RawConnection.Answer, _ begun: Begun) {
        let status = answer.value("Cache-Status") ?? ""
        let place =
            "step \(tally.steps), \(begun.ask.method) \(begun.target) of \(begun.tenant) at worker "
            + "\(begun.ask.worker), begun at \(begun.ask.startedAt.nanoseconds / 1_000_000) ms, now "
            + "\(corridor.now.nanoseconds / 1_000_000) ms: \(answer.head.prefix(400))"
        if !answer.isWhole || answer.status >= 500 {
            tally.failures += 1
            let health = corridor.health.report()
            let isHeldBack =
                Self.isHeldBack(answer) && (health.circuit != .closed || health.openCredentialCount > 0)
            if isHeldBack { tally.heldBack += 1 }
            if !busyHadFaults && !isHeldBack { findings.append("a failure without a cause; \(place)") }
            return
        }
        guard let body = body(of: answer, begun, place) else { return }
        tally.words[Self.word(status), default: 0] += 1
        tally.compared += 1
        let times = times[organization(of: begun.tenant)]
        let lower = lowerBound(answer, status, begun, body, place)
        let first = max(times.earliest(since: lower), begun.floor)
        var candidate = times.revision
        while candidate >= first {
            let truth = standIn.truth(
                begun.target, key: times.key, at: candidate,
                with: times.later(than: candidate, writes: begun.writeCount))
            if isAnswer(answer, body, truth) { return }
            candidate -= 1
        }
        findings.append(
            "not what the upstream said at any of its states \(first)...\(times.revision), "
                + "\(begun.writeCount) own writes seen; \(place)")
    }

    /// What an answer says, or `nil` if nothing can be compared.
    private mutating func body(
        of answer: RawConnection.Answer, _ begun: Begun, _ place: String
    ) -> [UInt8]? {
        let tag = answer.value("ETag")
        if answer.status == 304 {
            tally.confirmed += 1
            if begun.tag == nil, tag.flatMap({ bodies[$0] }) == nil { return nil }
            guard let tag, let body = bodies[tag] else {
                findings.append("a tag that no answer had; \(place)")
                return nil
            }
            return body
        }
        guard begun.ask.method == "GET" else { return [] }
        if let tag, answer.status == 200 {
            if let known = bodies[tag], known != answer.body {
                findings.append("two bodies with one tag; \(place)")
            }
            bodies[tag] = answer.body
            tags[begun.target] = tag
        }
        return answer.body
    }

    private func isAnswer(
        _ answer: RawConnection.Answer, _ body: [UInt8], _ truth: (status: Int, body: [UInt8])
    ) -> Bool {
        if answer.status == 304 { return truth.status == 200 && body == truth.body }
        guard answer.status == truth.status else { return false }
        if answer.value("Content-Length") == nil && answer.value("Transfer-Encoding") == nil
            && answer.body.isEmpty
        {
            return true  // A HEAD of an answer without a length.
        }
        let length = answer.value("Content-Length").flatMap { Int($0) }
        if body.isEmpty && answer.body.isEmpty { return length == nil || length == truth.body.count }
        return body == truth.body
    }

    /// The earliest moment that an answer may tell of.
    private mutating func lowerBound(
        _ answer: RawConnection.Answer, _ status: String, _ begun: Begun, _ body: [UInt8], _ place: String
    ) -> MonotonicInstant {
        var lower = begun.ask.startedAt
        let isFresh = status.contains("; hit") && !status.contains("detail=swr")
        var allowed = Self.ttl
        if status.contains("detail=swr") { allowed += Self.whileRevalidating }
        if status.contains("detail=sie") { allowed += Self.onError }
        if let age = answer.value("Age").flatMap({ Int($0) }) {
            if .seconds(age) > allowed + Self.slack {
                findings.append("\(age) s old, allowed are \(allowed) and a fetch; \(place)")
            }
            lower = begun.ask.startedAt.advanced(by: .zero - .seconds(age + 1))
        } else if status.contains("; hit") || status.contains("detail=sie") {
            lower = lower.advanced(by: .zero - (allowed + Self.slack))
        } else if status.contains("collapsed") {
            lower = begun.busySince
        }
        if isFresh, let expiry = lastExpiry(body) { lower = max(lower, expiry) }
        return lower
    }

    /// The last moment by now at which a session that an answer shows as active expired. An answer that is
    /// given as fresh does not come from before it, but for what whole seconds hide.
    private func lastExpiry(_ body: [UInt8]) -> MonotonicInstant? {
        let text = String(decoding: body, as: UTF8.self)
        var last: Int?
        let now = Int(corridor.wallMicroseconds / 1_000)
        for row in text.matches(
            of: #/"status":"(created|in_progress)".*?"expires_at":"([^"]*)"/#)
        {
            guard let expiry = ModelTime.milliseconds(String(row.2)), expiry + 2_000 < now else { continue }
            last = max(last ?? 0, expiry)
        }
        return last.map { corridor.instant(atWallMicroseconds: Int64($0) * 1_000) }
    }

    private static func word(_ status: String) -> String {
        for word in [
            "page-slice", "detail=swr", "detail=sie", "collapsed", "; hit", "fwd=stale", "fwd=uri-miss",
        ]
        where status.contains(word) {
            return word.replacing("; ", with: "").replacing("detail=", with: "")
        }
        return "other"
    }
}

extension CacheModelWorld {
    // MARK: questions

    private func organization(of tenant: String) -> Int { tenant == "initech" ? 1 : 0 }

    private mutating func learn() {
        for organization in times.indices {
            mixes[organization].learn(from: standIn, key: times[organization].key)
        }
    }
}
