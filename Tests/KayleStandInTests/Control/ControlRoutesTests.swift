import Testing

@testable import KayleStandIn

struct ControlRoutesTests {
    private let standIn: RunningStandIn
    private let client: RawClient

    init() throws {
        standIn = try KayleStandIn.launch(testConfiguration())
        client = try RawClient(standIn)
    }

    @Test func countersAreShownAndDoNotCountThemselves() throws {
        _ = try client.exchange("GET", "/v1/sessions")

        let texts = try (0..<2).map { _ in try client.exchange("GET", "/__stand-in/counters").text }

        #expect(texts[0] == texts[1])
        #expect(texts[0].contains(#""sessions.list":1"#))
        #expect(texts[0].hasSuffix(#""requests":1,"malformed":0,"alarms":0,"connections":1}"#))
    }

    @Test func requestsAreShownWithTheirHeads() throws {
        _ = try client.exchange("GET", "/v1/sessions?limit=1")

        let text = try client.exchange("GET", "/__stand-in/requests").text

        #expect(
            text.contains(
                #""target":"/v1/sessions?limit=1","head":"GET /v1/sessions?limit=1 HTTP/1.1\u000d\n"#))
    }

    @Test func resetEmptiesTheCounters() throws {
        _ = try client.exchange("GET", "/v1/sessions")

        #expect(try client.exchange("POST", "/__stand-in/reset").status == 204)
        #expect(standIn.control.requestCount == 0)
    }

    @Test(arguments: [
        (#"{"effect":"answer","status":500}"#, 500),
        (#"{"effect":"answer","status":429,"fields":{"Retry-After":"1"},"text":"x","times":1}"#, 429),
        (#"{"effect":"fields","fields":{"Cache-Control":"no-store"}}"#, 200),
        (#"{"effect":"answer","status":500,"path":"/v1/*"}"#, 200),
        (#"{"effect":"delay","milliseconds":1}"#, 200),
        (#"{"effect":"large_body","bytes":9}"#, 200),
        (#"{"effect":"before","text":"HTTP/1.1 418 Teapot\r\nContent-Length: 0\r\n\r\n"}"#, 418),
        (#"{"effect":"raw","text":"HTTP/1.1 599 Raw\r\nContent-Length: 0\r\n\r\n","ending":"kept"}"#, 599),
    ])
    func orderedFaultActs(order: String, status: Int) throws {
        #expect(try client.exchange("POST", "/__stand-in/faults", body: order).status == 204)

        #expect(try client.exchange("GET", "/").status == status)
    }

    @Test(arguments: [
        "", "{}", #"{"effect":"explode"}"#, #"{"effect":"delay"}"#, #"{"effect":"delay","milliseconds":-1}"#,
        #"{"effect":"break_off","bytes":1,"ending":"never"}"#, #"{"effect":"trickle","bytes":1}"#,
    ])
    func wrongOrderIsRefused(order: String) throws {
        let answer = try client.exchange("POST", "/__stand-in/faults", body: order)

        #expect(answer.status == 400 && !answer.body.isEmpty)
        #expect(try client.exchange("GET", "/").status == 200)
    }

    @Test func deletedFaultsActNoMore() throws {
        _ = try client.exchange("POST", "/__stand-in/faults", body: #"{"effect":"hang"}"#)

        #expect(try client.exchange("DELETE", "/__stand-in/faults").status == 204)
        #expect(try client.exchange("GET", "/").status == 200)
    }

    @Test(arguments: [("GET", "/__stand-in/other"), ("PUT", "/__stand-in/faults")])
    func unknownControlIsNotFound(method: String, target: String) throws {
        #expect(try client.exchange(method, target).status == 404)
    }
}
