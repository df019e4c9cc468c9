import HTTPModel
import KayleStandIn
import Testing

@testable import GatewayCore

/// What the cache does as clients and the upstream see it.
@Suite(.timeLimit(.minutes(2)))
struct CacheTests {
    private let standIn: RunningStandIn
    private let gateway: GatewayUnderTest
    private static let list = "/v1/sessions"

    init() throws {
        standIn = try KayleStandIn.launch(
            StandInConfiguration(organizations: [
                .init(name: "acme", keys: ["kk_acme"], sessionCount: 30),
                .init(name: "globex", keys: ["kk_globex"], sessionCount: 30),
            ]))
        gateway = try GatewayUnderTest(upstream: standIn.url)
    }

    private func status(_ target: String = list, tenant: String = "acme") throws -> String {
        try gateway.ask("GET", target, tenant: tenant).value("Cache-Status") ?? ""
    }

    private func isHit(_ target: String = list, tenant: String = "acme") throws -> Bool {
        try status(target, tenant: tenant).hasPrefix("kayle-gateway; hit")
    }

    @Test func aStoredGetAnswersHeadWithTheSameFieldsAndNoContent() throws {
        let get = try gateway.ask("GET", Self.list)
        let client = try RawConnection(port: gateway.port)
        client.send(gateway.request("HEAD", Self.list) + gateway.request("GET", Self.list))

        let head = client.answer(to: "HEAD")
        let next = client.answer()

        #expect(head.status == 200)
        #expect(head.value("Cache-Status")?.contains("hit") == true)
        for name in ["Content-Length", "Content-Type", "ETag"] {
            #expect(head.values(name) == get.values(name), "\(name)")
        }
        // The next answer is where it belongs: HEAD left nothing behind its head.
        #expect(next.body == get.body)
    }

    @Test func aHeadThatComesFirstFetchesThePageForTheGetsAfterIt() throws {
        let head = try gateway.ask("HEAD", Self.list)
        let get = try gateway.ask("GET", Self.list)

        #expect(head.status == 200)
        #expect(head.value("Content-Length") == "\(get.body.count)")
        #expect(get.value("Cache-Status")?.contains("hit") == true)
        #expect(standIn.control.requests.map(\.method) == ["GET"])
    }

    @Test func anEntryDiesWhenItsTimeIsUp() throws {
        var options = GatewayUnderTest.Options()
        options.cacheTimeToLive = "100ms"
        let shortLived = try GatewayUnderTest(upstream: standIn.url, options)
        let stored = try shortLived.ask("GET", Self.list)

        let isFetchedAnew = try eventually {
            _ = try shortLived.ask("GET", Self.list)
            return standIn.control.requestCount >= 2
        }

        #expect(stored.value("Cache-Status")?.hasSuffix("stored") == true)
        #expect(isFetchedAnew)
    }

    @Test(arguments: [
        ("no-store", "no-store"), ("no-cache", "no-cache"), ("max-age=0", "expired"),
        ("s-maxage=0, max-age=60", "expired"),
    ])
    func theUpstreamCanForbidKeeping(directive: String, detail: String) throws {
        standIn.control.inject(Fault(.fields([("Cache-Control", directive)])))

        let first = try gateway.ask("GET", Self.list)
        let second = try gateway.ask("GET", Self.list)

        #expect(first.status == 200)
        #expect(first.value("Cache-Status")?.hasSuffix("detail=\(detail)") == true)
        #expect(second.value("Cache-Status")?.contains("hit") == false)
        #expect(standIn.control.requestCount == 2)
    }

    @Test func theUpstreamCanShortenALifetimeAndNeverLengthenIt() throws {
        standIn.control.inject(Fault(.fields([("Cache-Control", "max-age=2")]), times: 1))
        let short = try gateway.ask("GET", "/v1/sessions?limit=1")
        standIn.control.inject(Fault(.fields([("Cache-Control", "max-age=3600")]), times: 1))
        let long = try gateway.ask("GET", "/v1/sessions?limit=2")

        func lifetime(_ answer: RawConnection.Answer) -> Int {
            answer.value("Cache-Control").flatMap { Int($0.drop { !$0.isNumber }) } ?? -1
        }
        #expect((0...2).contains(lifetime(short)))
        #expect((3...30).contains(lifetime(long)))
    }

    @Test func anOpaqueQueryPassesByTheCacheAsItCame() throws {
        let target = "/v1/sessions?starting_after=Not%20A%20Cursor&limit=007&x=%41"

        let first = try status(target)
        let second = try status(target)

        #expect(first == "kayle-gateway; fwd=bypass; fwd-status=200; detail=opaque-query")
        #expect(second == first)
        #expect(standIn.control.requests.map(\.target) == [target, target])
    }

    @Test func theUpstreamIsSentTheCanonicalSpelling() throws {
        _ = try gateway.ask("GET", "/v1/./sessions?x=1&limit=%35&status=completed&include_attempts=0&=")
        _ = try gateway.ask("GET", "/v1/sessions?status=completed&limit=5")
        _ = try gateway.ask("GET", "/v1/sessions?limit=10&starting_after=")
        _ = try gateway.ask("GET", "/v1/sessions?")

        let targets = standIn.control.requests.map(\.target)
        #expect(Set(targets).count == targets.count)
        #expect(targets.count == 2)
        #expect(targets.allSatisfy { !$0.contains("x=") && !$0.contains("%") && !$0.contains("//") })
    }

    @Test func aStoredAnswerTellsItsAgeItsLifetimeAndItsIdentity() throws {
        let first = try gateway.ask("GET", Self.list)
        let hit = try gateway.ask("GET", Self.list)

        #expect(first.value("Age") == nil)
        #expect(hit.value("Age").flatMap { Int($0) }.map { (0...30).contains($0) } == true)
        for answer in [first, hit] {
            #expect(answer.value("ETag")?.first == "\"")
            #expect(answer.value("Cache-Control")?.hasPrefix("private, max-age=") == true)
            #expect(answer.values("CDN-Cache-Control") == ["no-store"])
        }
        #expect(first.value("ETag") == hit.value("ETag"))
        let other = try gateway.ask("GET", Self.list, tenant: "globex")
        #expect(other.value("ETag") != hit.value("ETag"))
    }

    @Test func noTenantIsAnsweredFromAnothersEntries() throws {
        let mine = try gateway.ask("GET", Self.list)
        let theirs = try gateway.ask("GET", Self.list, tenant: "globex")

        #expect(theirs.value("Cache-Status")?.contains("uri-miss") == true)
        #expect(mine.body == standIn.truth(Self.list, key: "kk_acme").body)
        #expect(theirs.body == standIn.truth(Self.list, key: "kk_globex").body)
        #expect(mine.body != theirs.body)
    }

    @Test(arguments: [
        ("PUT", "/v1/sessions"), ("POST", "/v1/sessions/{id}/cancel"), ("DELETE", "/v1/sessions/{id}"),
        ("PUT", "/v1/sessions/{id}"), ("PATCH", "/v1/sessions"), ("DELETE", "/v1/x/../%73essions/./{id}"),
    ])
    func aWriteBelowSessionsEndsTheTenantsEntries(method: String, template: String) throws {
        let page = try gateway.ask("GET", Self.list)
        let id = try #require(Self.firstID(in: page.text))
        #expect(try !isHit(tenant: "globex"))

        _ = try gateway.ask(method, template.replacing("{id}", with: id))

        #expect(try !isHit())
        #expect(try isHit())
        #expect(try isHit(tenant: "globex"))
    }

    @Test(arguments: [
        Fault.Effect.answer(status: 500, fields: [], body: []), .answer(status: 400, fields: [], body: []),
        .raw([], .closed), .raw([], .reset), .breakOff(afterBodyBytes: 10, .closed),
    ])
    func aWriteThatFailsEndsThemTooForNobodyKnowsWhatItDid(effect: Fault.Effect) throws {
        #expect(try !isHit())
        #expect(try isHit())
        standIn.control.inject(Fault(effect, method: "POST", times: 1))

        _ = try gateway.ask("POST", Self.list)

        #expect(try !isHit())
        #expect(try isHit())
    }

    @Test(arguments: ["GET", "HEAD", "OPTIONS"])
    func aReadEndsNothing(method: String) throws {
        let page = try gateway.ask("GET", Self.list)
        let id = try #require(Self.firstID(in: page.text))

        _ = try gateway.ask(method, "/v1/sessions/\(id)")

        #expect(try isHit())
    }

    @Test func aRefusedWriteEndsNothing() throws {
        #expect(try !isHit())
        let client = try RawConnection(port: gateway.port)

        client.send("POST /v1/sessions HTTP/1.1\r\nHost: g\r\nContent-Length: 0\r\n\r\n")
        let refused = client.answer()

        #expect(refused.status == 401)
        #expect(try isHit())
    }

    @Test func aPurgeTakesOutOneTenantsEntriesAndTellsHowMany() throws {
        for tenant in ["acme", "globex"] {
            _ = try gateway.ask("GET", "/v1/sessions?limit=1", tenant: tenant)
            _ = try gateway.ask("GET", "/v1/sessions?limit=2", tenant: tenant)
        }

        let purged = try gateway.askAdmin("POST", "/purge", body: #"{"tenant": "acme"}"#)
        let isMineGone = try !isHit("/v1/sessions?limit=1")
        let again = try gateway.askAdmin(
            "POST", "/purge", body: #"{"tenant": "acme", "route": "sessions.list"}"#)

        #expect(purged.status == 200)
        #expect(purged.text.filter { !$0.isWhitespace } == #"{"purged":2}"#)
        #expect(isMineGone)
        #expect(again.text.filter { !$0.isWhitespace } == #"{"purged":1}"#)
        #expect(try isHit("/v1/sessions?limit=1", tenant: "globex"))
        #expect(try isHit("/v1/sessions?limit=2", tenant: "globex"))
        #expect(try gateway.askAdmin("POST", "/purge", body: #"{"tenant": "nobody"}"#).status == 404)
    }

    @Test(arguments: ["Range: bytes=0-3", "Origin: https://kayle.id", "Cache-Control: no-store"])
    func whatIsInNoKeyIsNeverStored(field: String) throws {
        let first = try gateway.ask("GET", Self.list, fields: "\(field)\r\n")
        let plain = try gateway.ask("GET", Self.list)

        #expect(first.status == 200)
        #expect(plain.value("Cache-Status")?.contains("hit") == false)
        #expect(plain.value("Access-Control-Allow-Origin") == nil)
        #expect(standIn.control.requestCount == 2)
    }

    private static func firstID(in text: String) -> String? {
        text.firstMatch(of: #/vs_[a-z0-9]{64}/#).map { String($0.output) }
    }
}
