import Testing

@testable import GatewayCore

struct MemoryReturnTests {
    @Test(arguments: [
        (what: "nobody ever came", counts: [0, 0, 0], answers: [false, false, false]),
        ("few went", [999, 0, 0], [false, false, false]),
        ("all went at once", [5_000, 0, 0, 0], [false, false, true, false]),
        ("they went in turn", [5_000, 3_000, 1_000, 200, 200], [false, false, false, false, true]),
        ("most stayed", [10_000, 8_000, 8_000], [false, false, false]),
        ("others came in their place", [5_000, 100, 4_000, 4_000], [false, false, false, false]),
        ("they went twice", [2_000, 0, 0, 3_000, 10, 10], [false, false, true, false, false, true]),
    ])
    func memoryIsGivenBackWhenAWaveOfConnectionsIsOver(what: String, counts: [Int64], answers: [Bool]) {
        var memory = MemoryReturn()

        #expect(counts.map { memory.shallGiveBack(connections: $0) } == answers, "\(what)")
    }
}
