import HTTPModel
import Testing

@testable import GatewayCore

struct AdminEndpointTests {
    @Test(arguments: AdminEndpoint.allCases)
    func anEndpointIsFoundByItsExactPath(endpoint: AdminEndpoint) {
        let path = endpoint.rawValue

        let found = AdminEndpoint(Array(path.utf8).span)
        #expect(found == endpoint)
        for other in ["\(path)/", path.uppercased(), String(path.dropLast()), "/\(path)"] {
            let found = AdminEndpoint(Array(other.utf8).span)
            #expect(found != endpoint, "\(other)")
        }
    }

    @Test func onlyLoadBalancersQuestionsAreOpen() {
        #expect(AdminEndpoint.allCases.filter(\.isOpen) == [.health, .readiness])
    }

    @Test func onlyPurgeChangesAnything() {
        #expect(AdminEndpoint.allCases.filter { !$0.method.isSafe } == [.purge])
    }
}
