import Testing

@testable import KayleStandIn

struct OrganizationTests {
    @Test func rowsAreInAscendingOrderOfId() {
        let ids = organization().sessions.map(\.id)

        #expect(ids == ids.sorted() && Set(ids).count == 57)
    }

    @Test func dataFollowsFromTheSeed() throws {
        let query = "limit=100&include_attempts=1"

        let first = APIFixture(testConfiguration(seed: 3)).list(query).body

        #expect(APIFixture(testConfiguration(seed: 3)).list(query).body == first)
        #expect(APIFixture(testConfiguration(seed: 4)).list(query).body != first)
    }

    @Test func everyStatusOccursAndOnlyActiveSessionsAreYoung() {
        let sessions = organization().sessions
        let reference = SessionTime(microseconds: referenceSeconds * 1_000_000)

        #expect(Set(sessions.map(\.status)) == Set(SessionStatus.allCases))
        #expect(sessions.allSatisfy { $0.status.isTerminal == ($0.expiresAt <= reference) })
    }

    @Test func rowsHaveTheDocumentedSizes() {
        var configuration = testConfiguration()
        configuration.organizations = [.init(name: "a", keys: ["kk_a"], sessionCount: 1_000)]
        let documented = APIFixture(configuration).list("limit=100").body.count / 100
        configuration.rowSize = .small
        let small = APIFixture(configuration).list("limit=10").body.count

        #expect((1_000...1_250).contains(documented))
        #expect((5_400...5_900).contains(small))
    }

    @Test func createdSessionTakesItsPlaceInTheOrder() {
        let organization = organization()
        let before = organization.sessions.count

        let created = organization.create(
            shareFields: ShareField.all, redirectURL: nil, at: SessionTime(microseconds: 0))

        let ids = organization.sessions.map(\.id)
        #expect(ids == ids.sorted() && ids.contains(created.session.id) && ids.count == before + 1)
        #expect(created.cancelToken.count == 43)
    }

    @Test func endingIsIdempotentAndLeavesOneEvent() throws {
        let organization = organization()
        let active = try #require(organization.sessions.first { !$0.status.isTerminal })
        let now = SessionTime(microseconds: referenceSeconds * 1_000_000)
        let events = organization.events.count

        let endings = [SessionStatus.cancelled, .expired].map { organization.end(active.id, as: $0, at: now) }

        #expect(endings == [.ended, .ended])
        #expect(organization.session(active.id)?.status == .cancelled)
        #expect(organization.session(active.id)?.updatedAt == now)
        #expect(organization.events.count == events + 1)
    }

    @Test func unknownSessionCannotEnd() {
        let ending = organization().end("vs_x", as: .cancelled, at: SessionTime(microseconds: 0))

        #expect(ending == .unknown)
    }

    private func organization() -> Organization {
        let configuration = testConfiguration()
        return Organization(
            configuration.organizations[0], in: configuration,
            reference: SessionTime(microseconds: referenceSeconds * 1_000_000))
    }
}
