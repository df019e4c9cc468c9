import HTTPModel
import Testing

@testable import GatewayCore

struct SealingTests {
    private let key = SealingKey(Secret([UInt8](repeating: 7, count: 32).span))
    private let context = SealingContext(tenant: "acme", field: "upstream_token")

    private func seal(_ text: String) -> [UInt8] {
        var randomness = SystemRandomness()
        return key.seal(Secret(text), for: context, randomness: &randomness)
    }

    @Test(arguments: ["", "k", "kk_live_0123456789", String(repeating: "x", count: 65_536)])
    func whatWasSealedOpens(text: String) {
        #expect(key.open(seal(text), for: context)?.withBytes { $0.text } == text)
    }

    @Test func theSealedTextDoesNotShowTheSecret() {
        let sealed = String(decoding: seal("kk_live_0123456789"), as: UTF8.self)

        #expect(!sealed.contains("kk_live"))
    }

    @Test func twoSealsOfOneSecretDiffer() {
        #expect(seal("same") != seal("same"))
    }

    @Test func aSealedTextMovedToAnotherPlaceDoesNotOpen() {
        let sealed = seal("kk_live_0123456789")

        #expect(key.open(sealed, for: SealingContext(tenant: "beta", field: "upstream_token")) == nil)
        #expect(key.open(sealed, for: SealingContext(tenant: "acme", field: "admin_token")) == nil)
        #expect(key.open(sealed, for: SealingContext(tenant: "acmeupstream", field: "_token")) == nil)
    }

    @Test func anotherKeyDoesNotOpen() {
        let other = SealingKey(Secret([UInt8](repeating: 8, count: 32).span))

        #expect(other.open(seal("kk_live_0123456789"), for: context) == nil)
    }

    @Test func aTextWithAnyByteChangedOrMissingDoesNotOpen() {
        let sealed = seal("kk_live_0123456789")

        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 0x10
            #expect(key.open(changed, for: context) == nil, "byte \(index) changed")
            #expect(key.open(Array(sealed[..<index]), for: context) == nil, "cut at \(index)")
        }
        #expect(key.open(sealed + [0], for: context) == nil)
    }
}
