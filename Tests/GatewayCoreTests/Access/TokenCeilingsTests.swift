import Testing

@testable import GatewayCore

struct TokenCeilingsTests {
    @Test(arguments: [0, -1, 1_000_001, .min, .max])
    func aLimitOutsideItsBoundsIsNoCeiling(limit: Int) {
        #expect(TokenCeilings(maximumLimit: limit, routes: []) == nil)
    }

    @Test func aRouteNamedTwiceCountsOnce() {
        #expect(TokenCeilings(maximumLimit: 1, routes: ["a", "b", "a"])?.routes == ["a", "b"])
    }

    @Test func thereIsABoundToTheRoutes() {
        let names = (0...64).map { "r\($0)" }

        #expect(TokenCeilings(maximumLimit: nil, routes: names) == nil)
        #expect(TokenCeilings(maximumLimit: nil, routes: names.dropLast())?.routes.count == 64)
    }

    @Test(arguments: [1, 63, 64, 65, 1_000])
    func aListHoldsItsRoutesAndNoOther(routeCount: Int) {
        var lists = RouteLists(routeCount: routeCount)
        let odd = lists.add((0..<routeCount).filter { $0 % 2 == 1 })
        let empty = lists.add([])
        let last = lists.add([routeCount - 1])

        for route in 0..<routeCount {
            #expect(lists.list(odd, holds: route) == (route % 2 == 1))
            #expect(!lists.list(empty, holds: route))
            #expect(lists.list(last, holds: route) == (route == routeCount - 1))
        }
    }
}
