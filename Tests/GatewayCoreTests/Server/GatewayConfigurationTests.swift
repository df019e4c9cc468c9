import Cache
import GatewayCore
import HTTPModel
import Settings
import Testing

/// What the typed configuration holds once a file was read.
struct GatewayConfigurationTests {
    static let minimal = """
        {
          "listeners": [{ "address": "127.0.0.1:8443" }],
          "upstream": { "url": "https://api.kayle.id" },
          "credentials": { "store": "tenants.json", "pepper": { "file": "pepper.key" } },
          "routes": [{ "name": "rest", "path": "/*" }]
        }
        """

    static func read(_ text: String, file: String = "config/gateway.json") throws -> GatewayConfiguration {
        try ConfigurationLoader.read(Array(text.utf8), file: file, world: .unchecked)
    }

    static func read(routes: String) throws -> [RouteConfiguration] {
        let rest = "[{ \"name\": \"rest\", \"path\": \"/*\" }]"
        return try read(minimal.replacing(rest, with: "[\(routes)]")).routes
    }

    @Test func exampleOfTheRepositoryIsReadWhole() throws {
        let configuration = try Self.read(try RecordedFile("config/gateway.json").text)

        #expect(configuration.listeners.first?.tls?.certificateChainPath == "config/tls/gateway.pem")
        #expect(configuration.admin.token == .file("config/admin.token"))
        #expect(configuration.credentials.storePath == "config/tenants.json")
        #expect(configuration.plans.map(\.name) == ["standard"])
        #expect(configuration.plans.first?.limits.map(\.maximumCost) == [200, 100])
        #expect(configuration.routes.map(\.name).first == "sessions.list")
        #expect(configuration.routes.first?.query?.parameters == KayleQueries.sessionsList.parameters)
        #expect(
            configuration.summary
                == "https://0.0.0.0:8443 to https://api.kayle.id: 5 routes (1 cached), 1 plans, cache 256MiB")
    }

    @Test func exampleOfTheRepositoryShowsEveryDefault() throws {
        let minimal = try Self.read(Self.minimal)

        let example = try Self.read(try RecordedFile("config/gateway.json").text)

        #expect(example.listeners.first?.requests == minimal.listeners.first?.requests)
        #expect(example.listeners.first?.connections == minimal.listeners.first?.connections)
        #expect(example.listeners.first?.maximumConnections == minimal.listeners.first?.maximumConnections)
        #expect(example.admin.address == minimal.admin.address)
        #expect(example.upstream == minimal.upstream)
        #expect(example.cache == minimal.cache)
        #expect(example.log == minimal.log)
        #expect(example.drainTimeout == minimal.drainTimeout)
        #expect(example.name == minimal.name)
        #expect(example.workers == minimal.workers)
    }

    @Test func limitsOfAListenerReachTheParser() throws {
        let text = Self.minimal.replacing(
            "\"127.0.0.1:8443\"",
            with: """
                "127.0.0.1:8443", "limits": { "maximum_request_line": "4KiB", "maximum_head": "16KiB",
                "maximum_fields": 50, "maximum_body": "1MiB", "head_timeout": "3s", "minimum_body_rate": "0B",
                "requests_per_connection": 7, "maximum_connections": 9 }
                """)

        let listener = try #require(try Self.read(text).listeners.first)

        #expect(listener.requests.maximumRequestLineBytes == 4_096)
        #expect(listener.requests.maximumHeadBytes == 16_384)
        #expect(listener.requests.maximumFieldCount == 50)
        #expect(listener.requests.maximumContentBytes == 1_048_576)
        #expect(listener.connections.headTimeout == .seconds(3))
        #expect(listener.connections.minimumBodyRateBytesPerSecond == 0)
        #expect(listener.connections.maximumRequestsPerConnection == 7)
        #expect(listener.maximumConnections == 9)
    }

    @Test func burstLeftOutIsTheNumberOfRequests() throws {
        let text = Self.minimal.replacing(
            "\"routes\"",
            with: """
                "plans": { "a": { "limits": [
                  { "name": "t", "by": ["tenant", "route"], "requests": 7, "per": "1m" }] } },
                "routes"
                """)

        let limit = try #require(try Self.read(text).plans.first?.limits.first)

        #expect(limit.measure == .rate(requests: 7, period: .seconds(60), burst: 7))
        #expect(limit.mode == .enforced)
        #expect(limit.dimensions == [.tenant, .route])
    }

    @Test func aLimitMayCountByTheCalendarOrAtOnceAndHoldNobody() throws {
        let text = Self.minimal.replacing(
            "\"routes\"",
            with: """
                "plans": { "a": { "limits": [
                  { "name": "d", "by": ["tenant"], "requests": 7, "per": "day", "time_zone": "Europe/Vienna" },
                  { "name": "m", "by": ["tenant"], "requests": 9, "per": "month", "mode": "shadow" },
                  { "name": "c", "by": ["credential"], "concurrent": 3 }] } },
                "routes"
                """)

        let configuration = try Self.read(text)

        #expect(
            configuration.plans.first?.limits.map(\.measure) == [
                .quota(requests: 7, period: .day, timeZone: "Europe/Vienna"),
                .quota(requests: 9, period: .month, timeZone: "UTC"), .concurrent(3),
            ])
        #expect(configuration.plans.first?.limits.map(\.mode) == [.enforced, .shadow, .enforced])
        #expect(configuration.hasQuotas)
        #expect(configuration.quotasPath.hasSuffix("tenants.json.quotas"))
    }

    @Test func methodIsOneNameOrAListOrAny() throws {
        let routes = try Self.read(
            routes: """
                { "name": "a", "path": "/a", "method": "GET" },
                { "name": "b", "path": "/b", "method": ["PUT", "DELETE"] }, { "name": "c", "path": "/c" }
                """)

        #expect(routes.map(\.methods) == [[.get], [.put, .delete], []])
    }

    @Test func openRouteCachesByHeadersAndIsLimitedByAddress() throws {
        let routes = try Self.read(
            routes: """
                { "name": "a", "path": "/a", "method": "GET", "access": "open",
                  "cache": { "ttl": "1s", "by": "headers" },
                  "limits": [{ "name": "l", "by": ["address"], "requests": 1, "per": "1s" }] }
                """)

        #expect(routes.first?.access == .open)
        #expect(routes.first?.cache?.sharing == .headers)
        #expect(routes.first?.cache?.timeToLive == .seconds(1))
        #expect(routes.first?.limits.first?.dimensions == [.address])
    }

    @Test func queryModelWrittenOutIsRead() throws {
        let routes = try Self.read(
            routes: """
                { "name": "a", "path": "/a", "method": "GET", "query": { "page_size": "limit", "parameters": [
                  { "name": "limit", "kind": "integer", "minimum": 1, "maximum": 100, "default": 10 },
                  { "name": "type", "kind": "choice", "values": ["x", "y"] },
                  { "name": "from", "kind": "instant" },
                  { "name": "all", "kind": "flag" }, { "name": "note", "kind": "text", "maximum_bytes": 20 },
                  { "name": "after", "kind": "cursor", "prefixes": ["ev_"],
                    "alphabet": "abc", "length": 8 } ] } }
                """)

        let model = try #require(routes.first?.query)
        #expect(model.defaultPageSize == 10)
        #expect(
            model.parameters == [
                QueryParameter("limit", .integer(minimum: 1, maximum: 100, default: 10)),
                QueryParameter("type", .choice(["x", "y"])), QueryParameter("from", .instant),
                QueryParameter("all", .flag), QueryParameter("note", .text(maximumBytes: 20)),
                QueryParameter("after", .cursor(CursorShape(prefixes: ["ev_"], alphabet: "abc", length: 8))),
            ])
    }

    @Test(arguments: [
        ("stderr", LogTarget.stderr), ("stdout", .stdout), ("off", .off), ("/var/log/a", .file("/var/log/a")),
        ("./a.log", .file("config/./a.log")),
    ])
    func accessLogGoesWhereItIsTold(text: String, target: LogTarget) throws {
        let configuration = try Self.read(
            Self.minimal.replacing("\"routes\"", with: "\"log\": { \"access\": \"\(text)\" }, \"routes\""))

        #expect(configuration.log.access == target)
    }

    @Test func workersAreCountedOrLeftToTheMachine() throws {
        let counted = try Self.read(Self.minimal.replacing("\"routes\"", with: "\"workers\": 3, \"routes\""))
        let automatic = try Self.read(
            Self.minimal.replacing("\"routes\"", with: "\"workers\": \"auto\", \"routes\""))

        #expect(counted.workers == 3)
        #expect(automatic.workers == nil)
    }
}
