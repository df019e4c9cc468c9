import Foundation
import KayleStandIn
import Testing

@testable import GatewayCore

/// Workers that have a processor each.
@Suite(.timeLimit(.minutes(1)))
struct WorkerPlacementTests {
    private let standIn: RunningStandIn

    init() throws {
        standIn = try KayleStandIn.launch(
            StandInConfiguration(organizations: [.init(name: "acme", keys: ["kk_acme"], sessionCount: 5)]))
    }

    private func gateway(_ workers: Int) throws -> GatewayUnderTest {
        var options = GatewayUnderTest.Options()
        options.workers = workers
        options.members = #", "worker_placement": "bound""#
        return try GatewayUnderTest(upstream: standIn.url, options)
    }

    /// The processors on which this process's threads of a name may run, of each.
    private func processors(ofThreads name: String) throws -> [String] {
        let threads = "/proc/self/task"
        return try FileManager.default.contentsOfDirectory(atPath: threads).compactMap { thread in
            guard try String(contentsOfFile: "\(threads)/\(thread)/comm", encoding: .utf8) == "\(name)\n"
            else { return nil }
            let status = try String(contentsOfFile: "\(threads)/\(thread)/status", encoding: .utf8)
            return status.firstMatch(of: /Cpus_allowed_list:\t(.*)\n/).map { String($0.1) }
        }
    }

    @Test func aBoundWorkerRunsOnOneProcessorAndServes() throws {
        let gateway = try gateway(1)

        // Other tests may have workers of the same name at the same time, which run where they may.
        #expect(try processors(ofThreads: "worker-0").contains { Int($0) != nil })
        #expect(try gateway.ask("GET", "/v1/sessions").status == 200)
    }

    @Test func moreWorkersThanProcessorsCannotBeBound() {
        let failure = #expect(throws: GatewayUnderTest.Failure.self) { try gateway(256) }

        #expect(failure?.description.contains("worker_placement is bound") == true)
    }
}
