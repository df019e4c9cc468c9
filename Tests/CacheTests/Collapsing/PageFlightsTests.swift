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

    private func id(_ name: String, _ serial: UInt64) -> FlightID {
        FlightID(key: FlightKey(key: key(name), state: partition.fillState), serial: serial)
    }

    @Test func theOldestThatDecidesComesFirstAndWhatEndedIsForgotten() {
        var flights = PageFlights()
        let list = FlightKey(key: key("list"), state: partition.fillState)
        for (serial, limit) in [5, 20, 50].enumerated() {
            flights.insert(
                page(limit), id("\(limit)", UInt64(serial)), startedAt: at(Double(serial)))
        }

        #expect(flights.flights(of: list, deciding: page(10), startedSince: at(0)).map(\.serial) == [1, 2])
        #expect(flights.flights(of: list, deciding: page(10), startedSince: at(2)).map(\.serial) == [2])

        flights.remove(page(20), id("20", 1))
        #expect(flights.flights(of: list, deciding: page(10), startedSince: at(0)).map(\.serial) == [2])
        flights.remove(page(50), id("50", 2))
        flights.remove(page(5), id("5", 0))
        #expect(flights.listCount == 0)
    }
}
