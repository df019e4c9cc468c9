import Foundation
import HTTPModel
import KayleStandIn
import Testing

@testable import GatewayCore

/// Own writes: what they can have changed is answered no more once they are answered, and the rest still is.
@Suite(.timeLimit(.minutes(2)))
struct WriteEndToEndTests {
    private let standIn: RunningStandIn
    private let gateway: GatewayUnderTest

    init() throws {
        standIn = try KayleStandIn.launch(
            StandInConfiguration(organizations: [
                .init(name: "both", keys: ["kk_acme", "kk_globex"], sessionCount: 40)
            ]))
        gateway = try GatewayUnderTest(upstream: standIn.url)
    }

    private func ids(_ text: String) -> [String] {
        text.matches(of: #/\{"id":"(vs_[a-z0-9]{64})"/#).map { String($0.1) }
    }

    private func isHit(_ target: String, tenant: String = "acme") throws -> Bool {
        try gateway.ask("GET", target, tenant: tenant).value("Cache-Status")?.contains("; hit") == true
    }

    /// Four pages of ten, stored; their targets and ids.
    private func walk(tenant: String = "acme") throws -> [(target: String, ids: [String])] {
        var pages: [(target: String, ids: [String])] = []
        var target = "/v1/sessions?limit=10&include_attempts=true"
        for _ in 0..<4 {
            let ids = ids(try gateway.ask("GET", target, tenant: tenant).text)
            pages.append((target, ids))
            target = "/v1/sessions?limit=10&starting_after=\(ids.last ?? "")&include_attempts=true"
        }
        return pages
    }

    @Test func aCancelEndsThePageThatHoldsTheSession() throws {
        let pages = try walk()
        let id = pages[1].ids[4]

        #expect(try gateway.ask("POST", "/v1/sessions/\(id)/cancel").status == 204)

        let hits = try pages.map { try isHit($0.target) }
        #expect(hits == [true, false, true, true])
        let page = try gateway.ask("GET", pages[1].target)
        #expect(page.body == standIn.truth(pages[1].target, key: "kk_acme").body)
    }

    @Test func aNewSessionEndsThePageThatItBelongsTo() throws {
        let pages = try walk()

        let made = try gateway.ask("POST", "/v1/sessions", fields: "Accept-Encoding: gzip\r\n")

        let id = try #require(ids(made.text.replacing("{\"data\":", with: "")).first)
        // A page that is not whole ends with its last row; the last one is whole.
        let place = pages.firstIndex { id < $0.ids[9] } ?? 3
        let hits = try pages.map { try isHit($0.target) }
        #expect(hits == pages.indices.map { $0 != place })
        for page in pages {
            #expect(
                try gateway.ask("GET", page.target).body == standIn.truth(page.target, key: "kk_acme").body)
        }
        // What is to be looked into must come plain.
        let request = try #require(standIn.control.requests.first { $0.method == "POST" })
        #expect(!request.fields.contains { $0.name.lowercased() == "accept-encoding" })
    }

    @Test(arguments: [
        Fault.Effect.raw([], .closed), .raw([], .reset), .breakOff(afterBodyBytes: 10, .closed),
        .answer(status: 200, fields: [("Content-Type", "application/json")], body: Array("{}".utf8)),
        .answer(status: 500, fields: [], body: []), .largeBody(bytes: 40_000),
    ])
    func aWriteWithoutAnAnswerThatTellsEndsAll(effect: Fault.Effect) throws {
        let pages = try walk()
        standIn.control.inject(Fault(effect, method: "POST", times: 1))

        _ = try gateway.ask("POST", "/v1/sessions")

        let hits = try pages.map { try isHit($0.target) }
        #expect(hits == [false, false, false, false])
    }

    @Test func aClientThatLeavesEndsAllForNobodySawTheAnswer() throws {
        let pages = try walk()
        standIn.control.inject(Fault(.delay(milliseconds: 60_000), method: "POST", times: 1))
        do {
            let client = try RawConnection(port: gateway.port)
            client.send(gateway.request("POST", "/v1/sessions", fields: "Content-Length: 0\r\n"))
            #expect(eventually { standIn.control.requestCount == 5 })
        }

        #expect(try eventually { try !isHit(pages[0].target) })
    }

    @Test func anAnswerOfManyPiecesIsReadWholeBeforeItIsPassedOn() throws {
        let pages = try walk()
        standIn.control.inject(Fault(.chunked(pieceBytes: 100), method: "POST", times: 1))

        let made = try gateway.ask("POST", "/v1/sessions")

        #expect(made.status == 200)
        #expect(made.isWhole)
        #expect(ids(made.text.replacing("{\"data\":", with: "")).count == 1)
        let hits = try pages.map { try isHit($0.target) }
        #expect(hits.count { !$0 } == 1)
    }

    @Test func tenantsOfOneOrganizationSeeEachOthersWrites() throws {
        let path = "\(gateway.folder)/tenants.json"
        let store = try String(contentsOfFile: path, encoding: .utf8)
        try store.replacing("\"plan\": \"test\"", with: "\"plan\": \"test\", \"organization\": \"both\"")
            .write(toFile: path, atomically: true, encoding: .utf8)
        #expect(try eventually { try gateway.metric("kayle_gateway_configuration_generation") >= 2 })
        let mine = try walk()
        let theirs = try walk(tenant: "globex")

        _ = try gateway.ask("POST", "/v1/sessions/\(mine[2].ids[0])/cancel")

        let hits = try theirs.map { try isHit($0.target, tenant: "globex") }
        #expect(hits == [true, true, false, true])
    }

    @Test func tenantsThatShareNothingDoNot() throws {
        let mine = try walk()
        let theirs = try walk(tenant: "globex")

        _ = try gateway.ask("POST", "/v1/sessions/\(mine[2].ids[0])/cancel")

        let hits = try theirs.map { try isHit($0.target, tenant: "globex") }
        #expect(hits == [true, true, true, true])
    }
}
