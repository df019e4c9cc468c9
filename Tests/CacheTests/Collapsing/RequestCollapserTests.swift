import HTTPModel
import Testing

@testable import Cache

struct RequestCollapserTests {
    private let partition = CachePartition(id: 1)

    private func collapser(_ change: (inout CacheConfiguration) -> Void = { _ in }) -> RequestCollapser {
        var configuration = CacheConfiguration()
        change(&configuration)
        return RequestCollapser(configuration: configuration)
    }

    private func key(_ name: String = "q", hash: UInt64 = 1) -> CacheKey {
        CacheKey(partition: partition, route: 1, query: Array(name.utf8), hash: hash)
    }

    private func follow(_ collapser: RequestCollapser, _ key: CacheKey, token: UInt64) throws -> FollowTicket
    {
        try #require(collapser.ticket(key, token: token))
    }

    @Test func theFirstLeadsAndTheOthersFollowInOrder() throws {
        let collapser = collapser()
        guard let permit = collapser.permit(key()) else { throw Missing.permit }
        for token in 1...3 { _ = try follow(collapser, key(), token: UInt64(token)) }

        let count = collapser.followerCount(permit)
        #expect(count == 3)
        let wakeup = collapser.end(permit, .failed(504))

        #expect(wakeup.waiters.map(\.token) == [1, 2, 3])
        #expect(wakeup.failure == 504)
        #expect(collapser.flightCount == 0)
    }

    @Test func whatWasTooLargeIsFetchedByEverybodyForItselfForAWhile() throws {
        let collapser = collapser()
        guard let permit = collapser.permit(key()) else { throw Missing.permit }
        collapser.noteTooLarge(permit, now: at(0))
        _ = collapser.end(permit, .goAlone)

        for second in [0, 1, 599] as [Double] {
            let isAlone = collapser.isAlone(key(), at: at(second))
            #expect(isAlone, "after \(second) s")
        }
        let isOtherAlone = collapser.isAlone(key("other", hash: 2), at: at(1))
        #expect(!isOtherAlone)
        let isAloneLater = collapser.isAlone(key(), at: at(600))
        #expect(!isAloneLater)
    }

    @Test func ofAsManyAsThereIsRoomForTheOldestIsForgotten() throws {
        let collapser = collapser { $0.maximumFlights = 64 * 64 }
        // All of one shard.
        let keys = (0...RequestCollapser.maximumUnsharedPerShard).map { key("q\($0)", hash: UInt64($0)) }
        for key in keys {
            guard let permit = collapser.permit(key) else { throw Missing.permit }
            collapser.noteTooLarge(permit, now: at(0))
            _ = collapser.end(permit, .goAlone)
        }

        let alone = keys.map { collapser.isAlone($0, at: at(1)) }

        #expect(alone == [false] + Array(repeating: true, count: RequestCollapser.maximumUnsharedPerShard))
    }

    @Test func otherKeysAreOtherFlights() throws {
        let collapser = collapser()
        guard let one = collapser.permit(key("a")) else { throw Missing.permit }
        guard let two = collapser.permit(key("b")) else { throw Missing.permit }

        #expect(collapser.flightCount == 2)
        let first = collapser.end(one, .goAlone)
        #expect(first.waiters.isEmpty)
        let second = collapser.end(two, .goAlone)
        #expect(second.waiters.isEmpty)
    }

    @Test func aFollowerWaitsUntilItsDeadline() throws {
        let collapser = collapser { $0.collapseWait = .seconds(3) }
        guard let permit = collapser.permit(key()) else { throw Missing.permit }

        let ticket = try follow(collapser, key(), token: 1)
        #expect(ticket.deadline == at(3))
        #expect(collapser.leave(ticket).waiters.isEmpty)

        let count = collapser.followerCount(permit)
        #expect(count == 0)
        let wakeup = collapser.end(permit, .goAlone)
        #expect(wakeup.waiters.isEmpty)
    }

    @Test func tooManyFollowersGoAlone() throws {
        let collapser = collapser { $0.maximumFollowers = 2 }
        guard let permit = collapser.permit(key()) else { throw Missing.permit }
        for token in 1...2 { _ = try follow(collapser, key(), token: UInt64(token)) }

        #expect(collapser.isAlone(key()))
        let wakeup = collapser.end(permit, .goAlone)
        #expect(wakeup.waiters.count == 2)
    }

    @Test func tooManyFlightsGoAlone() throws {
        let collapser = collapser { $0.maximumFlights = 64 }
        guard let permit = collapser.permit(key("a")) else { throw Missing.permit }

        #expect(collapser.isAlone(key("b")))
        _ = collapser.end(permit, .goAlone)
    }

    @Test func aVanishedLeaderHandsOverToTheFirstFollowerAndTheOthersKeepWaiting() throws {
        let collapser = collapser()
        guard let permit = collapser.permit(key()) else { throw Missing.permit }
        let first = try follow(collapser, key(), token: 1)
        let second = try follow(collapser, key(), token: 2)

        let handover = collapser.handOver(permit)
        #expect(handover.waiters.map(\.token) == [1])
        #expect(handover.isLeadNow)

        let isSecondRefused = collapser.isRefused(second)
        #expect(isSecondRefused)
        guard let taken = collapser.takeOver(first, now: at(0)) else { throw Missing.permit }
        let count = collapser.followerCount(taken)
        #expect(count == 1)
        _ = try follow(collapser, key(), token: 3)
        let wakeup = collapser.end(taken, .goAlone)
        #expect(wakeup.waiters.map(\.token) == [2, 3])
    }

    @Test func anAppointedFollowerThatLeavesPassesTheLeadOn() throws {
        let collapser = collapser()
        guard let permit = collapser.permit(key()) else { throw Missing.permit }
        let first = try follow(collapser, key(), token: 1)
        let second = try follow(collapser, key(), token: 2)
        _ = collapser.handOver(permit)

        let passedOn = collapser.leave(first)
        #expect(passedOn.waiters.map(\.token) == [2])
        #expect(passedOn.isLeadNow)
        let isFirstRefused = collapser.isRefused(first)
        #expect(isFirstRefused)

        #expect(collapser.leave(second).waiters.isEmpty)
        #expect(collapser.flightCount == 0)
    }

    @Test func aLeaderWithoutFollowersVanishesWithItsFlight() throws {
        let collapser = collapser()
        guard let permit = collapser.permit(key()) else { throw Missing.permit }

        let wakeup = collapser.handOver(permit)
        #expect(wakeup.waiters.isEmpty)
        #expect(collapser.flightCount == 0)
    }

    @Test func aTicketOfAnEndedFlightCannotTouchTheNextOne() throws {
        let collapser = collapser()
        guard let permit = collapser.permit(key()) else { throw Missing.permit }
        let old = try follow(collapser, key(), token: 1)
        _ = collapser.end(permit, .goAlone)
        guard let next = collapser.permit(key()) else { throw Missing.permit }
        _ = try follow(collapser, key(), token: 2)

        #expect(collapser.leave(old).waiters.isEmpty)
        let count = collapser.followerCount(next)
        #expect(count == 1)
        _ = collapser.end(next, .goAlone)
    }

    @Test func afterAWriteNobodyJoinsAnOlderFlight() throws {
        let collapser = collapser()
        guard let old = collapser.permit(key()) else { throw Missing.permit }
        partition.invalidate(.everything)

        guard let new = collapser.permit(key()) else { throw Missing.permit }
        let (isOldCurrent, isNewCurrent) = (old.isCurrent, new.isCurrent)
        #expect(!isOldCurrent)
        #expect(isNewCurrent)
        _ = try follow(collapser, key(), token: 1)

        let ofOld = collapser.end(old, .goAlone)
        #expect(ofOld.waiters.isEmpty)
        let ofNew = collapser.end(new, .goAlone)
        #expect(ofNew.waiters.count == 1)
    }

    @Test func whatIsArrivingIsToldToThoseWhoWaitAndGivenToThoseWhoCome() throws {
        let collapser = collapser()
        guard let permit = collapser.permit(key()) else { throw Missing.permit }
        let before = try follow(collapser, key(), token: 1)
        let answer = ArrivingAnswer(
            head: ResponseHead(status: .ok), collected: [1], windowBytes: 10, partition: partition)

        let wakeup = collapser.tell(permit, of: answer)
        let after = try follow(collapser, key(), token: 2)

        #expect(before.arriving == nil && after.arriving === answer)
        #expect(wakeup.waiters.map(\.token) == [1])
        #expect(collapser.tell(permit, of: answer).waiters.map(\.token) == [1, 2])
        _ = collapser.end(permit, .goAlone)
    }

    @Test func whoComesAfterALeaderHasGoneIsGivenNothingOfItsAnswer() throws {
        let collapser = collapser()
        guard let permit = collapser.permit(key()) else { throw Missing.permit }
        let first = try follow(collapser, key(), token: 1)
        let answer = ArrivingAnswer(
            head: ResponseHead(status: .ok), collected: [1], windowBytes: 10, partition: partition)
        _ = collapser.tell(permit, of: answer)

        _ = collapser.handOver(permit)

        #expect(try follow(collapser, key(), token: 2).arriving == nil)
        guard let next = collapser.takeOver(first, now: at(0)) else { throw Missing.permit }
        _ = collapser.end(next, .goAlone)
    }

    // MARK: larger pages

    private static func page(_ limit: Int, list: String = "l", includes: Bool = false) -> String {
        "/\(list)?limit=\(limit)" + (includes ? "&include_attempts=true" : "")
    }

    private func page(_ limit: Int, includes: Bool = false) -> String {
        Self.page(limit, includes: includes)
    }

    private func join(
        _ collapser: RequestCollapser, _ target: String, token: UInt64 = 0, now: Double = 0
    ) -> CollapseDecision {
        let key = key(target)
        let page = PageQuestion(key.query.span, model: sessionsModel).map {
            PageFlight(question: $0, listHash: 7)
        }
        return collapser.join(key, page: page, waiter: Waiter(worker: 0, token: token), now: at(now))
    }

    @Test func aSmallerPageWaitsForALargerOneOfTheSameRows() throws {
        let collapser = collapser()
        guard case .lead(let permit) = join(collapser, page(50)) else { throw Missing.permit }

        guard case .follow(let ticket) = join(collapser, page(10), token: 1) else {
            throw Missing.permit
        }

        #expect(ticket.question == Array(page(10).utf8))
        #expect(collapser.statistics.followedLarger == 1)
        let count = collapser.followerCount(permit)
        #expect(count == 1)
        let wakeup = collapser.end(permit, .goAlone)
        #expect(wakeup.waiters.map(\.token) == [1])
        // It is gone for those who come later.
        guard case .lead(let next) = join(collapser, page(10)) else { throw Missing.permit }
        _ = collapser.end(next, .goAlone)
    }

    static let undecided: [(name: String, held: String, asked: String)] = [
        ("fewer rows", page(5), page(10)), ("other rows", page(50, list: "a"), page(10, list: "b")),
        ("another cursor", page(50) + "&starting_after=vs_aaaa", page(10) + "&starting_after=vs_aaab"),
        ("another filter", "/l?status=created&limit=50", "/l?status=failed&limit=10"),
        ("rows without what is asked for", page(50), page(10, includes: true)),
    ]

    @Test(arguments: undecided)
    func whatIsNotCertainToBeDecidedIsNotWaitedFor(
        name: String, held: String, asked: String
    ) throws {
        let collapser = collapser()
        guard case .lead(let permit) = join(collapser, held) else { throw Missing.permit }

        guard case .lead(let own) = join(collapser, asked) else { throw Missing.permit }

        _ = collapser.end(own, .goAlone)
        _ = collapser.end(permit, .goAlone)
    }

    @Test func aPageWithWhatIsOptionalDecidesOneWithout() throws {
        let collapser = collapser()
        guard case .lead(let permit) = join(collapser, page(10, includes: true)) else {
            throw Missing.permit
        }

        guard case .follow(let ticket) = join(collapser, page(10)) else { throw Missing.permit }

        #expect(ticket.question != nil)
        _ = collapser.end(permit, .goAlone)
    }

    @Test func theVerySameQuestionIsTheBetterOneToWaitFor() throws {
        let collapser = collapser()
        guard case .lead(let small) = join(collapser, page(10)) else { throw Missing.permit }
        guard case .lead(let large) = join(collapser, page(50)) else { throw Missing.permit }

        guard case .follow(let ticket) = join(collapser, page(10)) else { throw Missing.permit }

        #expect(ticket.question == nil)
        _ = collapser.end(large, .goAlone)
        _ = collapser.end(small, .goAlone)
    }

    @Test func afterAWriteNobodyWaitsForAnOlderLargerPage() throws {
        let collapser = collapser()
        guard case .lead(let old) = join(collapser, page(50)) else { throw Missing.permit }
        partition.invalidate(.everything)

        guard case .lead(let new) = join(collapser, page(10)) else { throw Missing.permit }

        _ = collapser.end(old, .goAlone)
        _ = collapser.end(new, .goAlone)
    }

    @Test func aVanishedLeaderIsNotFollowedBySomebodyWhoWantsLess() throws {
        let collapser = collapser()
        guard case .lead(let permit) = join(collapser, page(50)) else { throw Missing.permit }
        _ = join(collapser, page(10), token: 1)

        let wakeup = collapser.handOver(permit)

        #expect(wakeup.waiters.map(\.token) == [1])
        #expect(!wakeup.isLeadNow)
        #expect(collapser.flightCount == 0)
    }

    // MARK: age

    @Test func aFetchThatIsTooOldIsOvertakenByOneMore() throws {
        let collapser = collapser { $0.collapseAge = .seconds(2) }
        guard case .lead(let old) = join(collapser, page(50)) else { throw Missing.permit }
        guard case .follow = join(collapser, page(50), token: 1, now: 2) else { throw Missing.permit }

        guard case .lead(let new) = join(collapser, page(50), token: 2, now: 2.1) else {
            throw Missing.permit
        }
        guard case .follow = join(collapser, page(10), token: 3, now: 2.2) else { throw Missing.permit }

        #expect(collapser.statistics.overtaken == 1)
        #expect(collapser.flightCount == 2)
        let ofOld = collapser.end(old, .goAlone)
        #expect(ofOld.waiters.map(\.token) == [1])
        // Whoever comes now joins the new one, although the old one has ended.
        guard case .follow = join(collapser, page(50), token: 4, now: 2.3) else { throw Missing.permit }
        let ofNew = collapser.end(new, .goAlone)
        #expect(ofNew.waiters.map(\.token) == [3, 4])
        #expect(collapser.flightCount == 0)
    }

    @Test func aRefreshOfWhatIsTooOldBeginsAnew() throws {
        let collapser = collapser { $0.collapseAge = .seconds(2) }
        guard let old = collapser.lead(key(), now: at(0)) else { throw Missing.permit }

        let isEarlyRefused = collapser.lead(key(), now: at(1)) == nil
        #expect(isEarlyRefused)
        guard let new = collapser.lead(key(), now: at(3)) else { throw Missing.permit }

        _ = collapser.end(new, .goAlone)
        _ = collapser.end(old, .goAlone)
    }
}

private enum Missing: Error {
    case permit
}

extension RequestCollapser {
    fileprivate func permit(_ key: CacheKey) -> FetchPermit? {
        switch join(key, waiter: Waiter(worker: 0, token: 0), now: at(0)) {
        case .lead(let permit): return permit
        case .follow: return nil
        case .alone: return nil
        }
    }

    fileprivate func ticket(_ key: CacheKey, token: UInt64) -> FollowTicket? {
        switch join(key, waiter: Waiter(worker: 0, token: token), now: at(0)) {
        case .lead(let permit):
            _ = end(permit, .goAlone)
            return nil
        case .follow(let ticket): return ticket
        case .alone: return nil
        }
    }

    fileprivate func isAlone(_ key: CacheKey) -> Bool {
        switch join(key, waiter: Waiter(worker: 0, token: 0), now: at(0)) {
        case .lead(let permit):
            _ = end(permit, .goAlone)
            return false
        case .follow: return false
        case .alone: return true
        }
    }

    /// Whether this follower is refused the lead.
    fileprivate func isRefused(_ ticket: FollowTicket) -> Bool {
        guard let permit = takeOver(ticket, now: at(0)) else { return true }
        _ = end(permit, .goAlone)
        return false
    }
}

extension Wakeup {
    /// The code of a failure.
    var failure: UInt16? {
        if case .ended(.failed(let code)) = news { code } else { nil }
    }

    /// The entry everybody gets.
    var entry: CacheEntry? {
        if case .ended(.entry(let entry)) = news { entry } else { nil }
    }

    /// Whether followers fetch for themselves.
    var isGoAlone: Bool {
        if case .ended(.goAlone) = news { true } else { false }
    }

    /// Whether one follower is to lead.
    var isLeadNow: Bool {
        if case .leadNow = news { true } else { false }
    }
}

extension RequestCollapser {
    /// Whether whoever asks for a key is to fetch it for itself; a fetch that begins by that ends at once.
    fileprivate func isAlone(_ key: CacheKey, at now: MonotonicInstant) -> Bool {
        switch join(key, waiter: Waiter(worker: 0, token: 99), now: now) {
        case .alone: return true
        case .follow: return false
        case .lead(let permit):
            _ = end(permit, .goAlone)
            return false
        }
    }
}
