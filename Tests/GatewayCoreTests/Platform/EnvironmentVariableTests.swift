import GatewayCore
import Testing

/// The environment of the process.
struct EnvironmentVariableTests {
    @Test func variableThatIsSetHasItsValue() {
        #expect(EnvironmentVariable.value("PATH")?.isEmpty == false)
    }

    @Test func variableThatIsNotSetHasNone() {
        #expect(EnvironmentVariable.value("KAYLE_GATEWAY_NEVER_SET") == nil)
    }
}
