import HTTPModel
import Testing

@testable import GatewayCore

/// The machine alone: events and moments in, admissions out.
struct CircuitBreakerTests {
    /// One event at a second, and what must be said to it.
    enum Step {
        case good(Int, trial: Bool = false)
        case bad(Int, trial: Bool = false, opens: Bool = false, mayOpen: Bool = true)
        case unknown(Int, trial: Bool = false)
        case asked(Int, CircuitBreaker.Admission)
        case letTry(Int)
    }

    private static let rule: CircuitRule = {
        var rule = CircuitRule()
        rule.failures = 3
        rule.openTime = .seconds(5)
        rule.trialTime = .seconds(30)
        return rule
    }()

    private static func at(_ second: Int) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: UInt64(second) * 1_000_000_000)
    }

    static let stories: [(name: String, steps: [Step])] = [
        ("nothing happened", [.asked(1, .admitted)]),
        ("two failures are not three", [.bad(1), .bad(2), .asked(3, .admitted)]),
        (
            "the third in a row opens",
            [.bad(1), .bad(2), .bad(3, opens: true), .asked(7, .refused(until: at(8)))]
        ),
        (
            "a success between forgets",
            [.bad(1), .bad(2), .good(3), .bad(4), .bad(5), .asked(6, .admitted), .bad(7, opens: true)]
        ),
        ("nobody waited, nothing is learned", [.bad(1), .bad(2), .unknown(3), .bad(4, opens: true)]),
        (
            "what may not open opens once it may",
            [
                .bad(1, mayOpen: false), .bad(2, mayOpen: false), .bad(3, mayOpen: false),
                .asked(4, .admitted), .bad(5, opens: true),
            ]
        ),
        (
            "one tries at a time",
            [
                .bad(1), .bad(1), .bad(1, opens: true), .asked(6, .trial), .asked(6, .refused(until: at(36))),
                .good(7, trial: true), .asked(7, .admitted),
            ]
        ),
        (
            "a trial that fails opens anew, and is not counted as opening",
            [
                .bad(1), .bad(1), .bad(1, opens: true), .asked(6, .trial), .bad(7, trial: true),
                .asked(11, .refused(until: at(12))), .asked(12, .trial),
            ]
        ),
        (
            "a trial nobody waited for leaves its place to the next",
            [
                .bad(1), .bad(1), .bad(1, opens: true), .asked(6, .trial), .unknown(7, trial: true),
                .asked(7, .trial),
            ]
        ),
        (
            "a trial that is never heard of again is replaced",
            [.bad(1), .bad(1), .bad(1, opens: true), .asked(6, .trial), .asked(36, .trial)]
        ),
        (
            "what began before is not believed any more",
            [
                .bad(1), .bad(1), .bad(1, opens: true), .good(2), .asked(3, .refused(until: at(6))),
                .bad(4), .asked(6, .trial), .good(7), .asked(7, .refused(until: at(36))),
            ]
        ),
        (
            "somebody who knows lets the next try",
            [.bad(1), .bad(1), .bad(1, opens: true), .letTry(2), .asked(2, .trial)]
        ),
        ("letting try an open door changes nothing", [.letTry(1), .asked(1, .admitted)]),
    ]

    @Test(arguments: stories)
    func theMachineTellsTheStory(name: String, steps: [Step]) {
        var breaker = CircuitBreaker()

        for step in steps {
            switch step {
            case .good(let second, let isTrial):
                let opened = breaker.note(.success, isTrial: isTrial, at: Self.at(second), by: Self.rule)
                #expect(!opened, "\(step)")
            case .bad(let second, let isTrial, let opens, let mayOpen):
                let opened = breaker.note(
                    .failure, isTrial: isTrial, mayOpen: mayOpen, at: Self.at(second), by: Self.rule)
                #expect(opened == opens, "\(step)")
            case .unknown(let second, let isTrial):
                let opened = breaker.note(.unknown, isTrial: isTrial, at: Self.at(second), by: Self.rule)
                #expect(!opened, "\(step)")
            case .asked(let second, let admission):
                let answer = breaker.admit(at: Self.at(second), by: Self.rule)
                #expect(answer == admission, "\(step)")
            case .letTry(let second): breaker.letTry(at: Self.at(second))
            }
        }
    }

    @Test func aRuleOfZeroNeverOpens() {
        var rule = Self.rule
        rule.failures = 0
        var breaker = CircuitBreaker()

        for second in 0..<100 {
            let opened = breaker.note(.failure, isTrial: false, at: Self.at(second), by: rule)
            #expect(!opened)
        }

        let answer = breaker.admit(at: Self.at(100), by: rule)
        #expect(answer == .admitted)
    }

    @Test func openingByOrderTellsWhetherItWasClosed() {
        var breaker = CircuitBreaker()

        let first = breaker.open(at: Self.at(1), for: .seconds(60), by: Self.rule)
        let second = breaker.open(at: Self.at(2), for: .seconds(60), by: Self.rule)

        #expect(first && !second)
        #expect(breaker.refusal(at: Self.at(61)) == Self.at(62))
        #expect(!breaker.isUntroubled && breaker.isOpen)
    }
}
