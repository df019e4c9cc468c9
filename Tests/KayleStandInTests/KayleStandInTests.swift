import Testing

@testable import KayleStandIn

struct KayleStandInTests {
    @Test func truthIsWhatTheWireSaysAndLeavesNoTrace() throws {
        let standIn = try KayleStandIn.launch(testConfiguration())
        let target = "/v1/sessions?limit=3&include_attempts=1"

        let truth = standIn.truth(target, key: "kk_b")

        #expect(standIn.control.requestCount == 0)
        #expect(try RawClient(standIn).exchange("GET", target, key: "kk_b").body == truth.body)
        #expect(truth.status == 200)
    }

    @Test func twoStandInsOfOneSeedSayTheSame() throws {
        let first = try KayleStandIn.launch(testConfiguration())
        let second = try KayleStandIn.launch(testConfiguration())

        let target = "/v1/sessions?limit=100&include_attempts=1"

        #expect(first.truth(target, key: "kk_a").body == second.truth(target, key: "kk_a").body)
        #expect(first.port != second.port)
    }

    @Test func demonstrationsKeysHaveTheDocumentedShape() {
        let keys = StandInConfiguration.demonstration.organizations.flatMap(\.keys)

        #expect(keys.allSatisfy { $0.hasPrefix("kk_") && $0.utf8.count == 35 })
        #expect(Set(keys).count == 2)
    }
}
