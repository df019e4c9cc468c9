import Testing

@testable import GatewayCore

struct ScopeTests {
    @Test func aScopeSatisfiesItselfAndAWriteTheReadsOfItsArea() {
        let extra: [Scope: Scope] = [.sessionsWrite: .sessionsRead, .webhooksWrite: .webhooksRead]

        for held in Scope.allCases {
            for needed in Scope.allCases {
                let expected = held == needed || extra[held] == needed
                #expect(ScopeSet([held]).satisfies(needed) == expected, "\(held) for \(needed)")
            }
        }
    }

    @Test func noScopeSatisfiesNothing() {
        for needed in Scope.allCases { #expect(!ScopeSet([]).satisfies(needed)) }
    }

    @Test func aSetReadsBackAsItsScopes() {
        for bits in UInt8(0)..<32 {
            let set = ScopeSet(rawValue: bits)
            #expect(ScopeSet(set.scopes) == set)
        }
        #expect(ScopeSet(Scope.allCases).rawValue == 31)
        #expect(ScopeSet(Scope.allCases.filter(\.isWrite)) == .writes)
    }
}
