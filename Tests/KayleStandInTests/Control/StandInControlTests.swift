import Testing

@testable import KayleStandIn

struct StandInControlTests {
    @Test func everyRequestIsCountedUnderItsRoute() throws {
        let standIn = try KayleStandIn.launch(testConfiguration())
        let client = try RawClient(standIn)

        for target in ["/", "/v1/sessions?limit=0", "/v1/sessions", "/v1/events", "/nowhere"] {
            _ = try client.exchange("GET", target)
        }
        _ = try client.exchange("HEAD", "/v1/sessions")
        _ = try client.exchange("GET", "/v1/sessions", key: nil)

        let counts = [KayleRoute.health, .listSessions, .listEvents, .other].map(standIn.control.requestCount)
        #expect(counts == [1, 4, 1, 1])
        #expect(standIn.control.requestCount == 7)
    }

    @Test func requestsAreRecordedAsTheyCame() throws {
        let standIn = try KayleStandIn.launch(testConfiguration())
        let text =
            "get /v1/sessions?%20 HTTP/1.1\r\nhOST: x\r\nAuthorization: Bearer 1\r\n"
            + "Authorization: Bearer 2\r\nContent-Length: 3\r\n\r\nabc"
        let client = try RawClient(standIn)

        try client.send(text)
        _ = try client.answer()

        let request = try #require(standIn.control.requests.first)
        #expect(String(decoding: request.head, as: UTF8.self) == text.dropLast(3))
        #expect(request.values("authorization") == ["Bearer 1", "Bearer 2"])
        #expect(request.method == "get" && request.body == Array("abc".utf8))
    }

    @Test func recordKeepsTheLatestRequestsInOrder() {
        var configuration = testConfiguration()
        configuration.recordCapacity = 3
        let control = StandInControl(configuration)

        for number in 1...8 { control.note(Self.request("/\(number)"), route: .other) }

        #expect(control.requests.map(\.target) == ["/6", "/7", "/8"])
        #expect(control.requestCount(.other) == 8)
    }

    @Test func recordOfNoCapacityKeepsNothing() {
        var configuration = testConfiguration()
        configuration.recordCapacity = 0
        let control = StandInControl(configuration)

        control.note(Self.request("/"), route: .other)

        #expect(control.requests.isEmpty && control.requestCount == 1)
    }

    @Test(arguments: [
        ("Bearer kgw_abc", true), ("Bearer kk_abc", false), ("Bearer kkgw_", true), ("kgw", false),
    ])
    func tokenOfTheGatewayRaisesAnAlarm(value: String, isAlarm: Bool) {
        let control = StandInControl(testConfiguration())

        control.note(
            Self.request("/", head: "GET / HTTP/1.1\r\nAuthorization: \(value)\r\n\r\n"), route: .other)

        #expect(control.alarms.count == (isAlarm ? 1 : 0))
    }

    @Test func alarmOutlivesTheRecord() {
        var configuration = testConfiguration()
        configuration.recordCapacity = 1
        let control = StandInControl(configuration)

        control.note(Self.request("/alarm", head: "kgw_"), route: .other)
        control.note(Self.request("/later"), route: .other)

        #expect(control.requests.map(\.target) == ["/later"])
        #expect(control.alarms.map(\.target) == ["/alarm"])
    }

    @Test func resetForgetsAllButTheData() throws {
        let standIn = try KayleStandIn.launch(testConfiguration())
        let client = try RawClient(standIn)
        _ = try client.exchange("POST", "/v1/sessions")
        let body = standIn.truth("/v1/sessions?limit=100", key: "kk_a").body
        standIn.control.inject(.hang())

        standIn.control.reset()

        #expect(standIn.control.requestCount == 0 && standIn.control.requests.isEmpty)
        #expect(try client.exchange("GET", "/v1/sessions?limit=100").body == body)
    }

    private static func request(_ target: String, head: String = "") -> RecordedRequest {
        RecordedRequest(
            connection: 1, head: Array(head.utf8), method: "GET", target: target, version: "HTTP/1.1",
            fields: [],
            body: [])
    }
}
