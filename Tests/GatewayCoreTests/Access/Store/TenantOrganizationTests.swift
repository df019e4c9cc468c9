import HTTPModel
import Settings
import Testing

@testable import GatewayCore

struct TenantOrganizationTests {
    private static func store(_ member: String) throws -> TenantStore {
        let text = """
            { "tenants": [ { "id": "acme", "plan": "p", \(member)
              "upstream_token": { "env": "KEY" }, "tokens": [] } ] }
            """
        return try TenantStore(Array(text.utf8), file: "tenants.json", plans: ["p"])
    }

    @Test func anOrganizationIsReadAndWrittenBack() throws {
        let store = try Self.store(#""organization": "both","#)

        #expect(store.tenants.first?.organization == "both")
        let again = try TenantStore(store.text(for: "tenants.json"), file: "tenants.json", plans: ["p"])
        #expect(again == store)
    }

    @Test func aTenantIsAloneUnlessTheStoreSaysOtherwise() throws {
        let store = try Self.store("")

        #expect(store.tenants.first?.organization == nil)
        #expect(!String(decoding: store.text(for: "tenants.json"), as: UTF8.self).contains("organization"))
    }
}
