import Testing

@testable import Cache

struct FlightTests {
    private func flight(followers: Int) -> Flight {
        var flight = Flight(serial: 9, startedAt: at(0))
        for token in 0..<followers {
            _ = flight.join(Waiter(worker: 0, token: UInt64(token)), atMost: 100)
        }
        return flight
    }

    @Test func followersKeepTheirOrder() {
        var flight = flight(followers: 3)
        _ = flight.leave(1, serial: 9)

        #expect(flight.waiters.map(\.token) == [0, 2])
        #expect(flight.followerCount == 2)
    }

    @Test func theBoundCountsEverybodyWhoEverJoined() {
        var flight = flight(followers: 2)
        _ = flight.leave(0, serial: 9)

        let place = flight.join(Waiter(worker: 0, token: 7), atMost: 2)
        #expect(place == nil)
    }

    @Test func onlyTheAppointedFollowerTakesOver() {
        var flight = flight(followers: 3)
        let appointed = flight.appoint()

        let takeovers = [
            flight.takeOver(1, serial: 9, now: at(1)), flight.takeOver(0, serial: 8, now: at(1)),
            flight.takeOver(0, serial: 9, now: at(1)),
            flight.takeOver(0, serial: 9, now: at(1)),
        ]

        #expect(appointed?.token == 0)
        #expect(takeovers == [false, false, true, false])
        #expect(flight.waiters.map(\.token) == [1, 2])
    }

    @Test func whoWaitsForALargerPageNeverLeads() {
        var flight = Flight(serial: 9, startedAt: at(0))
        _ = flight.join(Waiter(worker: 0, token: 1), mayLead: false, atMost: 10)
        let nobody = flight.appoint()
        _ = flight.join(Waiter(worker: 0, token: 2), atMost: 10)
        let second = flight.appoint()

        #expect(nobody == nil)
        #expect(second?.token == 2)
        #expect(flight.waiters.map(\.token) == [1, 2])
    }

    @Test func aNewLeaderMakesAFlightYoungAgain() {
        var flight = flight(followers: 1)
        _ = flight.appoint()

        let hasTakenOver = flight.takeOver(0, serial: 9, now: at(7))

        #expect(hasTakenOver)
        #expect(flight.startedAt == at(7))
    }

    @Test func leavingTwiceChangesNothing() {
        var flight = flight(followers: 2)
        _ = flight.leave(0, serial: 9)
        _ = flight.leave(0, serial: 9)

        #expect(flight.followerCount == 1)
    }

    @Test func anotherFlightsFollowerCannotLeave() {
        var flight = flight(followers: 1)
        _ = flight.leave(0, serial: 8)

        #expect(flight.followerCount == 1)
    }
}
