import Foundation
import Glibc
import KayleStandIn
import Testing

@testable import GatewayCore

/// `kayle-gateway serve` in a process of its own, steered by signals as a supervisor does.
@Suite(.timeLimit(.minutes(2)))
struct ServeCommandTests {
    private let standIn: RunningStandIn
    private let stage: CommandStage
    private static let upstreamToken = "kk_acme0secret000000000000000"

    init() throws {
        standIn = try KayleStandIn.launch(
            StandInConfiguration(organizations: [.init(name: "acme", keys: [Self.upstreamToken])]))
        stage = try CommandStage(upstream: standIn.url)
    }

    private func ask(_ gateway: ServedGateway, _ target: String, token: String) throws -> RawConnection.Answer
    {
        let client = try RawConnection(port: gateway.port)
        client.send("GET \(target) HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer \(token)\r\n\r\n")
        return client.answer()
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func itServesUntilToldToStopAndThenEndsInOrder(signal: Int32) throws {
        let token = try stage.addTenant("acme", upstreamToken: Self.upstreamToken)
        let gateway = try ServedGateway(stage)

        let answer = try ask(gateway, "/v1/sessions", token: token)
        gateway.program.signal(signal)
        let finished = try gateway.program.finish()

        #expect(answer.status == 200)
        #expect(finished.status == 0)
        #expect(finished.output == "")
        #expect(finished.errors.split(separator: "\n").count == 1)
        let log = try stage.text(of: "access.log")
        #expect(log.split(separator: "\n").count == 1)
        let secret = try #require(token.range(of: "kgw_").map { token[$0.upperBound...].dropFirst(12) })
        for text in [log, finished.errors] {
            #expect(!text.contains(Self.upstreamToken) && !text.contains(secret))
        }
    }

    @Test func aTenantThatIsAddedWhileItRunsIsServed() throws {
        let gateway = try ServedGateway(stage)

        let token = try stage.addTenant("acme", upstreamToken: Self.upstreamToken)
        let isServed = try eventually { try ask(gateway, "/v1/sessions", token: token).status == 200 }

        #expect(isServed)
    }

    @Test func hangUpReadsTheConfigurationAgain() throws {
        let token = try stage.addTenant("acme", upstreamToken: Self.upstreamToken)
        let gateway = try ServedGateway(stage)
        // The stand-in has no such path either, and says so in other words.
        func isRouted() throws -> Bool {
            try !ask(gateway, "/elsewhere", token: token).text.contains("The gateway has no such route.")
        }
        #expect(try !isRouted())

        try stage.configure {
            let routes = $0["routes"] as? [[String: Any]] ?? []
            $0["routes"] = routes + [["name": "elsewhere", "path": "/elsewhere"]]
        }
        gateway.program.signal(SIGHUP)
        let isTaken = try eventually(isRouted)

        #expect(isTaken)
        #expect(try gateway.askAdmin("/status").text.contains(#""configuration_generation": 2"#))
    }

    @Test func aMistakeInTheNewConfigurationLeavesTheOldOneInUse() throws {
        let token = try stage.addTenant("acme", upstreamToken: Self.upstreamToken)
        let gateway = try ServedGateway(stage)

        try stage.configure { $0["routes"] = [] }
        gateway.program.signal(SIGHUP)
        let told = gateway.program.errors.first(/configuration was not taken/)

        #expect(told != nil)
        #expect(gateway.program.errors.text.contains("gateway.json:"))
        #expect(try ask(gateway, "/v1/sessions", token: token).status == 200)
        let metrics = try gateway.askAdmin("/metrics").text
        #expect(metrics.contains(#"kayle_gateway_reloads_total{result="configuration_failed"} 1"#))
    }

    @Test(arguments: ["notify", "@kayle-gateway-test-"])
    func theSupervisorIsToldWhenItIsReadyAndWhenItStops(name: String) throws {
        let isAbstract = name.hasPrefix("@")
        let supervisor = try Supervisor(isAbstract ? "\(name)\(getpid())" : stage.path(name))
        let gateway = try ServedGateway(stage, environment: ["NOTIFY_SOCKET": supervisor.name])

        let ready = supervisor.receive()
        gateway.program.signal(SIGTERM)
        let stopping = supervisor.receive()
        let finished = try gateway.program.finish()

        #expect(ready == "READY=1")
        #expect(stopping == "STOPPING=1")
        #expect(finished.status == 0)
    }

    @Test func anAddressThatCannotBeListenedOnIsStatus78() throws {
        // Reserved for documentation (RFC 5737): no machine has it.
        try stage.configure { $0["listeners"] = [["address": "192.0.2.1:0"]] }

        let served = try stage.run(["serve"])

        #expect(served.status == 78)
        #expect(served.output == "")
        #expect(served.errors.contains("cannot listen on 192.0.2.1:0"))
    }

    @Test func aPepperThatIsMissingForAStoreWithTokensIsStatus78() throws {
        _ = try stage.addTenant("acme", upstreamToken: Self.upstreamToken)
        try FileManager.default.removeItem(atPath: stage.path("pepper.key"))

        let served = try stage.run(["serve"])

        #expect(served.status == 78)
        #expect(served.errors.contains("pepper"))
    }
}

/// The supervisor's end of `$NOTIFY_SOCKET`.
private final class Supervisor {
    let name: String
    private let descriptor: Int32

    struct Failure: Error { let number: Int32 }

    /// Binds a datagram socket to a path, or to an abstract name if it begins with @.
    init(_ name: String) throws {
        self.name = name
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var patience = timeval(tv_sec: 30, tv_usec: 0)
        _ = unsafe setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(name.utf8)
        if bytes.first == UInt8(ascii: "@") { bytes[0] = 0 }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        // sockaddr_un begins with what sockaddr begins with.
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, length)
            }
        }
        guard result == 0 else { throw Failure(number: errno) }
    }

    deinit { close(descriptor) }

    /// The next datagram, waited for thirty seconds at most.
    func receive() -> String {
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = unsafe recv(descriptor, &bytes, bytes.count, 0)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}
