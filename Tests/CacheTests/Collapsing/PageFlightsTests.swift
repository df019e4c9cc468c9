import HTTPModel
import Testing

@testable import Cache

struct PageFlightsTests {
    private let partition = CachePartition(id: 1)

    private func key(_ name: String) -> CacheKey {
        CacheKey(partition: partition, route: 1, query: Array(name.utf8), hash: 1)
    }

    private func page(_ limit: Int) -> PageFlight {
        PageFlight(list: key("list"), limit: limit, includes: false)
    }

    private func key(_ name: String) -> FlightKey {
        FlightKey(key: key(name), state: partition.fillState)
    }

    @Test func theOldestThatDecidesComesFirstAndWhatEndedIsForgotten() {
        var flights = PageFlights()
        for (serial, limit) in [5, 20, 50].enumerated() {
            flights.insert(
                page(limit), key("\(limit)"), serial: UInt64(serial), startedAt: at(Double(serial)))
        }
        func serials(since seconds: Double) -> [UInt64] {
            flights.flights(deciding: page(10), asked: key("10"), startedSince: at(seconds)).map(\.serial)
        }

        #expect(serials(since: 0) == [1, 2])
        #expect(serials(since: 2) == [2])

        flights.remove(FlightID(hash: 1, serial: 1))
        #expect(serials(since: 0) == [2])
        flights.remove(FlightID(hash: 1, serial: 2))
        flights.remove(FlightID(hash: 1, serial: 0))
        #expect(flights.count == 0)
    }

    @Test func whereTheVerySameIsAskedForNoLargerPageIsFollowed() {
        var flights = PageFlights()
        flights.insert(page(50), key("50"), serial: 1, startedAt: at(0))
        flights.insert(page(10), key("10"), serial: 2, startedAt: at(0))

        let found = flights.flights(deciding: page(10), asked: key("10"), startedSince: at(0))

        #expect(found.isEmpty)
    }
}
