import HTTPModel
import Testing

@testable import GatewayCore

struct ExceededLimitsTests {
    @Test func theLongestIsTheOneToTellOfAndAllAreNamed() {
        let limits = LimitFixture.exceeded("second", "minute")

        var name = ByteBuffer()
        limits.appendName(to: &name)
        #expect(name.withBytes { $0.array } == Array("minute".utf8))
        #expect(limits.names == ["second", "minute"])
    }
}
