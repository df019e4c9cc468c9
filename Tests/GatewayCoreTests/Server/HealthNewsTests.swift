import Testing

@testable import GatewayCore

struct HealthNewsTests {
    private func report(_ change: (inout HealthReport) -> Void) -> HealthReport {
        var report = HealthReport()
        change(&report)
        return report
    }

    @Test func whileNothingChangesNothingIsSaid() {
        let open = report {
            $0.circuit = .open
            $0.openedCount = 3
            $0.refusedCount = 9
        }

        #expect(HealthNews.between(HealthReport(), HealthReport()).isEmpty)
        #expect(HealthNews.between(open, open).isEmpty)
    }

    @Test func openingAndClosingAreToldOnceEach() {
        let open = report {
            $0.circuit = .open
            $0.openedCount = 1
        }
        let closed = report { $0.openedCount = 1 }

        #expect(HealthNews.between(HealthReport(), open) == [.warning("the upstream's circuit opened")])
        #expect(HealthNews.between(open, closed) == [.info("the upstream's circuit closed")])
        // Both between two looks.
        #expect(HealthNews.between(HealthReport(), closed).count == 2)
    }

    @Test func whatHappenedMoreThanOnceIsCounted() {
        let now = report { $0.openedForCredentialCount = 4 }

        #expect(
            HealthNews.between(HealthReport(), now)
                == [.warning("the circuit of a single upstream credential opened, 4 times")])
    }

    @Test func aProbeIsToldWhenItsWordChanges() {
        let (bad, good) = (report { $0.probe = .unhealthy }, report { $0.probe = .healthy })

        #expect(HealthNews.between(HealthReport(), bad) == [.warning("the upstream's health probe fails")])
        #expect(HealthNews.between(bad, good) == [.info("the upstream's health probe succeeds again")])
        #expect(HealthNews.between(HealthReport(), good).isEmpty)
    }
}
