import HTTPModel
import Testing

@testable import GatewayCore

struct RouteTests {
    @Test func aRouteWithoutMethodsTakesAll() throws {
        let route = try ProxyFixture.route(#"{ "name": "a", "path": "/a" }"#)

        #expect(Method.allCases.allSatisfy(route.takes))
    }

    @Test func aRouteTakesItsMethodsAndHeadWithGet() throws {
        let reading = try ProxyFixture.route(#"{ "name": "a", "path": "/a", "method": "GET" }"#)
        let writing = try ProxyFixture.route(#"{ "name": "a", "path": "/a", "method": ["POST", "PUT"] }"#)
        let asking = try ProxyFixture.route(#"{ "name": "a", "path": "/a", "method": "HEAD" }"#)

        #expect(Method.allCases.filter(reading.takes) == [.get, .head])
        #expect(Method.allCases.filter(writing.takes) == [.post, .put])
        #expect(Method.allCases.filter(asking.takes) == [.head])
    }
}
