import Foundation
import HTTPModel
import KayleStandIn
import Testing

@testable import GatewayCore

/// Stored answers in gzip and zstd, for clients that accept them.
@Suite(.timeLimit(.minutes(2)))
struct CompressionTests {
    private let standIn: RunningStandIn
    private static let list = "/v1/sessions?limit=40"

    init() throws {
        standIn = try KayleStandIn.launch(
            StandInConfiguration(organizations: [.init(name: "acme", keys: ["kk_acme"], sessionCount: 60)]))
    }

    private func gateway(_ cache: String = "") throws -> GatewayUnderTest {
        var options = GatewayUnderTest.Options()
        options.tenants = ["acme": "kk_acme"]
        options.cacheTimeToLive = "1h"
        options.cache = cache
        return try GatewayUnderTest(upstream: standIn.url, options)
    }

    private func ask(
        _ gateway: GatewayUnderTest, _ codings: String, _ target: String = Self.list, method: String = "GET",
        fields: String = ""
    ) throws -> RawConnection.Answer {
        try gateway.ask(method, target, fields: "Accept-Encoding: \(codings)\r\n\(fields)")
    }

    /// Asks until the answer comes in a coding.
    private func coded(
        _ gateway: GatewayUnderTest, _ codings: String, _ target: String = Self.list
    ) throws -> RawConnection.Answer? {
        var found: RawConnection.Answer?
        _ = try eventually {
            let answer = try ask(gateway, codings, target)
            if answer.value("Content-Encoding") != nil { found = answer }
            return found != nil
        }
        return found
    }

    private var truth: [UInt8] { standIn.truth(Self.list, key: "kk_acme").body }

    @Test func theSecondHitThatCouldUseItHasItMade() throws {
        let gateway = try gateway()

        let plain = try (0..<3).map { _ in try ask(gateway, "gzip") }
        let gzip = try #require(try coded(gateway, "gzip"))

        #expect(plain.allSatisfy { $0.value("Content-Encoding") == nil && $0.body == truth })
        #expect(gzip.value("Content-Encoding") == "gzip")
        #expect(gzip.value("Content-Length") == "\(gzip.body.count)")
        #expect(gzip.value("Cache-Status")?.hasPrefix("kayle-gateway; hit; ttl=") == true)
        #expect(gzip.value("Content-Type") == "application/json")
        #expect(Decoding.gzip(gzip.body) == truth)
        #expect(gzip.body.count < truth.count / 3)
        #expect(try gateway.metric("kayle_gateway_cache_compressions_total", #"result="gzip""#) == 1)
        #expect(standIn.control.requestCount == 1)
    }

    @Test func whoDoesNotAskForItGetsThePlainAnswerAsBefore() throws {
        let gateway = try gateway()
        _ = try #require(try coded(gateway, "gzip"))

        let answers = try [
            gateway.ask("GET", Self.list), ask(gateway, "identity"), ask(gateway, ""),
            ask(gateway, "gzip;q=0"), ask(gateway, "br"), ask(gateway, "identity, gzip;q=0.9"),
        ]

        #expect(answers.allSatisfy { $0.body == truth && $0.value("Content-Encoding") == nil })
        #expect(Set(answers.map { $0.value("ETag") ?? "" }).count == 1)
    }

    @Test func everyFormSaysThatItVaries() throws {
        let gateway = try gateway()
        let fetched = try gateway.ask("GET", Self.list)
        let coded = try #require(try coded(gateway, "gzip"))
        let tag = try #require(fetched.value("ETag"))

        let answers = try [
            fetched, coded, gateway.ask("GET", Self.list), gateway.ask("GET", "/v1/sessions?limit=5"),
            gateway.ask("GET", Self.list, fields: "If-None-Match: \(tag)\r\n"),
        ]

        #expect(answers.map(\.status) == [200, 200, 200, 200, 304])
        for answer in answers {
            #expect(answer.values("Vary").joined(separator: ",").contains("Accept-Encoding"))
        }
    }

    @Test(arguments: [
        ("gzip, zstd", "zstd"), ("zstd;q=0.5, gzip;q=0.8", "gzip"), ("*", "zstd"),
        ("identity;q=0, gzip", "gzip"), ("x-gzip, br", "gzip"),
    ])
    func theFormThatIsLikedBestIsGiven(codings: String, expected: String) throws {
        let answer = try #require(try coded(gateway(), codings))

        #expect(answer.value("Content-Encoding") == expected)
        let decoded = expected == "gzip" ? Decoding.gzip(answer.body) : Decoding.zstd(answer.body)
        #expect(decoded == truth)
    }

    @Test func aFormThatIsThereIsGivenUntilABetterOneIs() throws {
        let gateway = try gateway()
        _ = try #require(try coded(gateway, "gzip"))

        let meanwhile = try ask(gateway, "zstd, gzip;q=0.5")

        #expect(meanwhile.value("Content-Encoding") == "gzip")
        #expect(
            try eventually {
                try ask(gateway, "zstd, gzip;q=0.5").value("Content-Encoding") == "zstd"
            })
    }

    @Test func headHasTheFieldsOfGet() throws {
        let gateway = try gateway()
        let gzip = try #require(try coded(gateway, "gzip"))

        let head = try ask(gateway, "gzip", method: "HEAD")

        #expect(head.body.isEmpty)
        for field in ["Content-Length", "Content-Encoding", "ETag", "Vary", "Content-Type"] {
            #expect(head.values(field) == gzip.values(field), "\(field)")
        }
    }

    @Test func eachFormHasItsTagAndTheOneThatTheClientHasIsConfirmed() throws {
        let gateway = try gateway()
        let plain = try #require(try gateway.ask("GET", Self.list).value("ETag"))
        let gzip = try #require(try coded(gateway, "gzip")?.value("ETag"))
        #expect(gzip == "\(plain.dropLast())-gzip\"")

        for (codings, condition, status, tag) in [
            ("gzip", gzip, 304, gzip), ("gzip", "W/\(gzip)", 304, gzip), ("gzip", plain, 304, plain),
            ("gzip", "\"x\", \(gzip)", 304, gzip), ("gzip", "*", 304, plain), ("gzip", "\"x\"", 200, gzip),
            ("identity", gzip, 200, plain), ("zstd", gzip, 200, plain),
            ("identity;q=0, gzip", plain, 200, gzip),
        ] {
            let answer = try ask(gateway, codings, fields: "If-None-Match: \(condition)\r\n")
            #expect(answer.status == status, "\(codings) \(condition)")
            #expect(answer.value("ETag") == tag, "\(codings) \(condition)")
            if status == 304 { #expect(answer.body.isEmpty) }
        }
    }

    @Test func aFormOfBeforeIsConfirmedWhenTheSameIsFetchedAnewOrReadOffAPage() throws {
        let gateway = try gateway()
        let gzip = try #require(try coded(gateway, "gzip")?.value("ETag"))
        _ = try gateway.askAdmin("POST", "/purge", body: #"{"tenant": "acme"}"#)

        let fetched = try ask(gateway, "gzip", fields: "If-None-Match: \(gzip)\r\n")
        _ = try gateway.askAdmin("POST", "/purge", body: #"{"tenant": "acme"}"#)
        _ = try gateway.ask("GET", "/v1/sessions?limit=60")
        let sliced = try ask(gateway, "gzip", fields: "If-None-Match: \(gzip)\r\n")

        #expect(fetched.status == 304 && fetched.value("ETag") == gzip)
        #expect(sliced.status == 304 && sliced.value("ETag") == gzip)
        #expect(sliced.value("Cache-Status")?.contains("detail=page-slice") == true)
    }

    @Test(arguments: [
        (
            "small",
            Fault.Effect.answer(
                status: 200, fields: [("Content-Type", "application/json")], body: Array("{}".utf8))
        ),
        ("not to be changed", .fields([("Cache-Control", "no-transform")])),
        ("with a digest", .fields([("Content-Digest", "sha-256=:AA==:")])),
        ("no text", .largeBody(bytes: 20_000)),
    ])
    func whatIsSmallOrMustStayAsItIsStaysPlain(name: String, effect: Fault.Effect) throws {
        let gateway = try gateway()
        standIn.control.inject(Fault(effect, path: "/v1/*", times: 1))

        let answers = try (0..<8).map { _ in try ask(gateway, "gzip, zstd") }

        #expect(answers.dropFirst().allSatisfy { $0.value("Cache-Status")?.contains("; hit") == true })
        #expect(answers.allSatisfy { $0.value("Content-Encoding") == nil })
        #expect(answers.allSatisfy { !$0.values("Vary").joined().contains("Accept-Encoding") })
        #expect(try gateway.metric("kayle_gateway_cache_compressions_total") == 0)
    }

    @Test func itCanBeSwitchedOff() throws {
        let gateway = try gateway(#", "compression": { "gzip_level": 0, "zstd_level": 0 }"#)

        let answers = try (0..<8).map { _ in try ask(gateway, "gzip, zstd") }

        #expect(answers.allSatisfy { $0.value("Content-Encoding") == nil && $0.body == truth })
        #expect(answers.allSatisfy { !$0.values("Vary").joined().contains("Accept-Encoding") })
    }

    @Test func aLargeAnswerIsMadeInSlicesWhileOthersAreServed() throws {
        let text = Array(String(repeating: "All work and no play makes a dull gateway. ", count: 30_000).utf8)
        standIn.control.inject(
            Fault(
                .answer(status: 200, fields: [("Content-Type", "text/plain")], body: text), path: "/v1/*",
                times: 1))
        let gateway = try gateway()
        _ = try gateway.ask("GET", Self.list)
        var asked = 0

        var gzip: RawConnection.Answer?
        var others: Set<Int> = []
        let isMade = try eventually {
            let answer = try ask(gateway, "gzip")
            if answer.value("Content-Encoding") == "gzip" { gzip = answer }
            others.insert(try gateway.ask("GET", "/v1/sessions?limit=1").status)
            asked += 1
            return gzip != nil
        }

        #expect(isMade && asked >= 3)
        #expect(others == [200])
        #expect(Decoding.gzip(gzip?.body ?? []) == text)
    }

    @Test func manyClientsOnAllWorkersHaveEachFormMadeOnce() throws {
        let gateway = try gateway()
        _ = try gateway.ask("GET", Self.list)
        let clients = try (0..<16).map { _ in try RawConnection(port: gateway.port) }

        for _ in 0..<10 {
            for client in clients {
                client.send(
                    gateway.request("GET", Self.list, fields: "Accept-Encoding: gzip, zstd;q=0.5\r\n"))
            }
            for client in clients { #expect(client.answer().status == 200) }
        }

        #expect(try eventually { try gateway.metric("kayle_gateway_cache_compressions_total") >= 1 })
        #expect(try gateway.metric("kayle_gateway_cache_compressions_total") == 1)
    }

    @Test func theFormsCountAgainstTheMemory() throws {
        let gateway = try gateway()
        _ = try gateway.ask("GET", Self.list)
        let before = try gateway.metric("kayle_gateway_cache_bytes")
        let gzip = try #require(try coded(gateway, "gzip"))

        let after = try gateway.metric("kayle_gateway_cache_bytes")

        #expect(after - before >= Double(gzip.body.count))
        _ = try gateway.askAdmin("POST", "/purge", body: #"{"tenant": "acme"}"#)
        #expect(try gateway.metric("kayle_gateway_cache_bytes") < before)
    }
}
