import HTTPModel
import Testing

@testable import Cache

struct PageFlightsTests {
    private let partition = CachePartition(id: 1)

    private let hasher = KeyHasher(seed: (1, 2))

    private func key(_ limit: Int) -> CacheKey {
        CacheKey(partition: partition, route: 1, query: Array("/l?limit=\(limit)".utf8), hash: 1)
    }

    private func page(_ limit: Int) throws -> PageFlight {
        let target = key(limit).query
        let read = PageQuestion(target.span, model: sessionsModel)
        let question = try #require(read)
        return PageFlight(
            question: question,
            listHash: hasher.hash(partition: partition, route: 1, beginOf: question, target.span))
    }

    private func id(_ serial: Int) -> FlightID { FlightID(hash: 1, serial: UInt64(serial)) }

    @Test func theOldestThatDecidesComesFirstAndWhatEndedIsForgotten() throws {
        var flights = PageFlights()
        for (serial, limit) in [5, 20, 50].enumerated() {
            flights.insert(
                try page(limit), key(limit), id(serial), partition.fillState, startedAt: at(Double(serial)))
        }
        let small = try page(10)
        func serials(since seconds: Double) -> [UInt64] {
            flights.flights(
                deciding: small, asked: key(10), partition.fillState, startedSince: at(seconds)
            ).map(\.serial)
        }

        #expect(serials(since: 0) == [1, 2])
        #expect(serials(since: 2) == [2])

        flights.remove(id(1))
        #expect(serials(since: 0) == [2])
        flights.remove(id(2))
        flights.remove(id(0))
        #expect(flights.count == 0)
    }

    @Test func whereTheVerySameIsAskedForNoLargerPageIsFollowed() throws {
        var flights = PageFlights()
        flights.insert(try page(50), key(50), id(1), partition.fillState, startedAt: at(0))
        flights.insert(try page(10), key(10), id(2), partition.fillState, startedAt: at(0))

        let found = flights.flights(
            deciding: try page(10), asked: key(10), partition.fillState, startedSince: at(0))

        #expect(found.isEmpty)
    }

    @Test func whatBeganBeforeAWriteDecidesNothingAfterIt() throws {
        var flights = PageFlights()
        flights.insert(try page(50), key(50), id(1), partition.fillState, startedAt: at(0))

        partition.invalidate(.everything)

        let found = flights.flights(
            deciding: try page(10), asked: key(10), partition.fillState, startedSince: at(0))
        #expect(found.isEmpty)
    }
}
