import Testing

@testable import KayleStandIn

struct OrganizationHistoryTests {
    private let now = SessionTime(microseconds: referenceSeconds * 1_000_000)

    private func organization(remembers: Bool = true) -> Organization {
        var configuration = testConfiguration()
        configuration.remembersStates = remembers
        return Organization(configuration.organizations[0], in: configuration, reference: now)
    }

    @Test func everyChangeMakesAStateAndEarlierOnesStayAsTheyWere() throws {
        let organization = organization()
        let seeded = organization.sessions.map(\.id)

        let made = organization.create(shareFields: [.documentID], redirectURL: nil, at: now).session
        _ = organization.end(made.id, as: .cancelled, at: now.adding(seconds: 1))

        #expect(organization.revision == 2)
        #expect(organization.rows(at: 0, with: [:]).map(\.id) == seeded)
        #expect(organization.rows(at: 1, with: [:]).first { $0.id == made.id }?.status == .created)
        #expect(organization.rows(at: 2, with: [:]).first { $0.id == made.id }?.status == .cancelled)
        #expect(organization.lastChange(of: made.id, in: 0...1) == 1)
        #expect(organization.lastChange(of: made.id, in: 0...2) == 2)
        #expect(organization.lastChange(of: seeded[0], in: 0...2) == nil)
    }

    @Test func aRowOfALaterStateTakesItsPlaceInAnEarlierOne() throws {
        let organization = organization()
        let active = try #require(organization.sessions.first { !$0.status.isTerminal })
        let made = organization.create(shareFields: [.documentID], redirectURL: nil, at: now).session
        _ = organization.end(active.id, as: .cancelled, at: now)

        let rows = organization.rows(at: 0, with: [made.id: 1, active.id: 2])

        #expect(rows.map(\.id) == organization.sessions.map(\.id))
        #expect(rows.first { $0.id == active.id }?.status == .cancelled)
    }

    @Test func aSettledPastIsForgottenAndThePresentStays() {
        let organization = organization()
        for _ in 0..<3 { _ = organization.create(shareFields: [], redirectURL: nil, at: now) }

        organization.forget(before: 2)
        organization.forget(before: 9)

        #expect(organization.revision == 3)
        #expect(organization.rows(at: 3, with: [:]).count == 60)
    }

    @Test func withoutBeingToldToNothingIsRemembered() {
        let organization = organization(remembers: false)

        _ = organization.create(shareFields: [], redirectURL: nil, at: now)

        #expect(organization.revision == 0)
        #expect(organization.rows(at: 0, with: [:]).count == 58)
    }
}
