import HTTPModel
import KayleStandIn

@testable import GatewayCore

/// One client of the isolation test: speaks for all tenants in turn on one connection, and pipelines.
struct IsolationClient {
    /// One request and what is expected of its answer.
    private struct Step {
        let tenant: Int
        let method: String
        let text: String
        /// The request's name, which its answer must carry; a request that is polled has none.
        let identifier: String?
        var kind = Kind.other
    }

    private enum Kind {
        /// A page, and the plain spelling of what it asks for.
        case page(String)
        /// Changes rows of the tenant.
        case write
        /// Must be refused by the gateway.
        case refused
        case other
    }

    private let world: IsolationWorld
    private let name: String
    private var dice: QuerySpeller
    private var connection: RawConnection?
    private var tally = IsolationTally()
    private var seen: [Set<String>] = [[], [], []]
    // What is asked again and again in the very same bytes, by tenant.
    private var polls: [Step?] = [nil, nil, nil]

    init(_ world: IsolationWorld, seed: UInt64) {
        self.world = world
        name = "client-\(String(seed, radix: 36))"
        dice = QuerySpeller(seed: seed)
    }

    /// Sends so many requests, in batches.
    mutating func run(_ count: Int) {
        while tally.requests < count {
            if dice.number(below: 25) == 0 { world.standIn.control.inject(fault()) }
            runBatch()
            // A new connection now and then: another worker.
            if dice.number(below: 20) == 0 { connection = nil }
        }
        world.take(tally, seen: seen)
    }

    private mutating func runBatch() {
        if connection == nil { connection = try? RawConnection(port: world.gateway.port) }
        guard let connection else {
            world.report("\(name): the gateway takes no connection")
            tally.requests += 1
            return
        }
        var steps: [Step] = []
        for _ in 0..<(1 + dice.number(below: 8)) { steps.append(step(steps.count)) }
        for step in steps { if case .write = step.kind { world.beginWrite(step.tenant) } }
        let marks = IsolationWorld.tenants.indices.map { world.quietMark($0) }
        connection.send(steps.map(\.text).joined())
        var isUsable = true
        for step in steps {
            tally.requests += 1
            if isUsable {
                isUsable = check(connection.answer(to: step.method), step, marks[step.tenant])
            } else {
                tally.broken += 1
            }
        }
        for step in steps { if case .write = step.kind { world.endWrite(step.tenant) } }
        if !isUsable { self.connection = nil }
    }

    /// Holds an answer against what it may be; whether the connection may go on.
    private mutating func check(_ answer: RawConnection.Answer, _ step: Step, _ mark: Int?) -> Bool {
        let place = "\(name), \(step.text.prefix { $0 != "\r" }) of \(IsolationWorld.tenants[step.tenant])"
        let bytes = Array(answer.head.utf8) + answer.body
        seen[step.tenant].formUnion(IsolationWorld.sessionIDs(in: bytes))
        guard !answer.head.isEmpty else {
            tally.broken += 1
            return false
        }
        let identifier = answer.value("X-Request-Id")
        if step.identifier.map({ identifier != $0 }) ?? (identifier?.hasPrefix("client-") ?? true) {
            world.report("\(place): the answer to another request: \(answer.head)")
        }
        let status = answer.value("Cache-Status") ?? ""
        if status.contains("; hit") { tally.hits += 1 }
        if status.contains("collapsed") { tally.collapsed += 1 }
        switch step.kind {
        case .page(let target):
            if answer.status == 200 { checkPage(answer, step, target, mark, place) }
            // An answer that was not to be stored is passed on as it comes, and may break off as it came.
            // 504 is a machine that had no time for the stand-in.
            if ![200, 500, 502, 504].contains(answer.status) { world.report("\(place): \(answer.head)") }
        case .write: tally.writes += 1
        case .refused:
            tally.refusals += 1
            if ![400, 401].contains(answer.status) { world.report("\(place): \(answer.head)") }
            if !IsolationWorld.sessionIDs(in: bytes).isEmpty {
                world.report("\(place): a refusal shows rows")
            }
        case .other: break
        }
        if !answer.isWhole { tally.broken += 1 }
        return answer.isWhole && answer.value("Connection") != "close"
    }

    private mutating func checkPage(
        _ answer: RawConnection.Answer, _ step: Step, _ target: String, _ mark: Int?, _ place: String
    ) {
        tally.pages += 1
        guard let mark else { return }
        let truth = world.standIn.truth(target, key: "kk_\(IsolationWorld.tenants[step.tenant])")
        // Only if nothing was written between the request and the look at the truth are they comparable.
        guard world.quietMark(step.tenant) == mark else { return }
        tally.comparedPages += 1
        let length = answer.value("Content-Length").flatMap { Int($0) }
        let isTrue =
            if step.method == "HEAD" {
                answer.body.isEmpty && (length == nil || length == truth.body.count)
            } else if answer.isWhole {
                answer.body == truth.body
            } else {
                // It broke off, and the client can see that it did; what came until then is the truth.
                truth.body.starts(with: answer.body) && answer.body.count < truth.body.count
            }
        if !isTrue {
            world.report("\(place): \(answer.body.count) bytes, not the truth of \(target): \(answer.head)")
        }
    }

    // MARK: Requests

    private mutating func step(_ index: Int) -> Step {
        let tenant = dice.number(below: IsolationWorld.tenants.count)
        if dice.number(below: 3) == 0 { return poll(tenant, index) }
        switch dice.number(below: 100) {
        case 0..<62: return page(tenant, index, method: dice.number(below: 10) == 0 ? "HEAD" : "GET")
        case 62..<74:
            // Half of the time somebody else's row, which must not be there.
            let owner = dice.number(below: 2) == 0 ? tenant : dice.number(below: IsolationWorld.tenants.count)
            return make(tenant, index, "GET", "/v1/sessions/" + dice.pick(world.seededIDs[owner]))
        case 74..<77: return make(tenant, index, "POST", "/v1/sessions", kind: .write)
        case 77..<80:
            let id = dice.pick(world.seededIDs[dice.number(below: IsolationWorld.tenants.count)])
            return make(tenant, index, "POST", "/v1/sessions/\(id)/cancel", kind: .write)
        case 80..<86:
            let query = dice.pick(["limit=0", "limit=1&limit=1", "status=no", "limit=1.5", "created_to=x"])
            return make(tenant, index, "GET", "/v1/sessions?\(query)", kind: .refused)
        case 86..<94: return unauthorized(tenant, index)
        default: return make(tenant, index, "GET", dice.pick(["/v1/events?limit=5", "/v1/nothing"]))
        }
    }

    private mutating func page(_ tenant: Int, _ index: Int, method: String) -> Step {
        var meaning = QueryMeaning()
        meaning.limit = dice.pick([1, 2, 3, 10])
        if dice.number(below: 3) == 0 { meaning.status = dice.pick(["completed", "cancelled", "created"]) }
        if dice.number(below: 3) == 0 {
            // A cursor may be anybody's: it is a place in the order, not a row.
            let owner = dice.number(below: IsolationWorld.tenants.count)
            meaning.startingAfter = world.seededIDs[owner][dice.number(below: 2) * 20]
        }
        meaning.includesAttempts = dice.number(below: 4) == 0
        var plain = "/v1/sessions?limit=\(meaning.limit)"
        if let status = meaning.status { plain += "&status=\(status)" }
        if let cursor = meaning.startingAfter { plain += "&starting_after=\(cursor)" }
        if meaning.includesAttempts { plain += "&include_attempts=true" }
        let target = "/v1/sessions?" + String(decoding: dice.query(meaning), as: UTF8.self)
        return make(tenant, index, method, target, kind: .page(plain))
    }

    /// One request of the tenant, the same for a while, mostly for a page.
    private mutating func poll(_ tenant: Int, _ index: Int) -> Step {
        if let kept = polls[tenant], dice.number(below: 12) > 0 { return kept }
        let isRefused = dice.number(below: 5) == 0
        let named = isRefused ? unauthorized(tenant, index) : page(tenant, index, method: "GET")
        let name = "X-Request-Id: \(named.identifier ?? "")\r\n"
        let step = Step(
            tenant: tenant, method: named.method, text: named.text.replacing(name, with: ""), identifier: nil,
            kind: named.kind)
        polls[tenant] = step
        return step
    }

    private mutating func unauthorized(_ tenant: Int, _ index: Int) -> Step {
        let token = world.gateway.token(IsolationWorld.tenants[tenant])
        let other = world.gateway.token(
            IsolationWorld.tenants[(tenant + 1) % IsolationWorld.tenants.count])
        let fields = dice.pick([
            "", "Authorization: Bearer \(token.dropLast())\r\n", "Authorization: Bearer kk_acme\r\n",
            "Authorization: Bearer \(token.prefix(30))\(other.dropFirst(30))\r\n",
            "Authorization: Bearer \(token)\r\nAuthorization: Bearer \(other)\r\n",
        ])
        let identifier = identifier(index)
        return Step(
            tenant: tenant, method: "GET",
            text: "GET /v1/sessions HTTP/1.1\r\nHost: g\r\nX-Request-Id: \(identifier)\r\n\(fields)\r\n",
            identifier: identifier, kind: .refused)
    }

    private func make(
        _ tenant: Int, _ index: Int, _ method: String, _ target: String, kind: Kind = .other
    ) -> Step {
        let identifier = identifier(index)
        let length = method == "POST" ? "Content-Length: 0\r\n" : ""
        let text = world.gateway.request(
            method, target, tenant: IsolationWorld.tenants[tenant],
            fields: "X-Request-Id: \(identifier)\r\n\(length)")
        return Step(tenant: tenant, method: method, text: text, identifier: identifier, kind: kind)
    }

    private func identifier(_ index: Int) -> String { "\(name)-\(tally.requests)-\(index)" }

    private mutating func fault() -> Fault {
        let path = dice.pick(["/v1/sessions", "/v1/sessions", "/v1/*"])
        let effects: [Fault.Effect] = [
            .delay(milliseconds: 20), .answer(status: 500, fields: [], body: Array("failed".utf8)),
            .breakOff(afterBodyBytes: 200, .closed), .breakOff(afterBodyBytes: 0, .reset),
            .chunked(pieceBytes: 100), .fields([("Cache-Control", "no-store")]), .untilClose,
            .trickle(pieceBytes: 500, everyMilliseconds: 1), .raw([], .closed),
            // Not among them: late bytes. Once they arrive after the next request was sent, nobody can tell
            // them from its answer; LateBytes cases of UpstreamHazardTests hold what can be held.
            .endAfter(milliseconds: 5, .closed),
        ]
        return Fault(dice.pick(effects), path: path, times: 1 + dice.number(below: 3))
    }
}
