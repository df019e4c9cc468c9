import HTTPModel
import Testing

@testable import GatewayCore

struct SecretTests {
    @Test func aSecretIsNeverPrinted() {
        let secret = Secret("kk_live_0123456789")

        var dumped = ""
        dump(secret, to: &dumped)

        let shown = "\(secret) \(String(reflecting: secret)) \(dumped) \([secret])"
        #expect(!shown.contains("kk_live"))
        #expect(secret.withBytes { $0.text } == "kk_live_0123456789")
    }
}
