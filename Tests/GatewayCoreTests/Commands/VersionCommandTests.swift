import Foundation
import Testing

@testable import GatewayCore

struct VersionCommandTests {
    @Test func theGatewayAndItsThreeLibrariesSayTheirVersions() throws {
        let told = try Program.run(Program.gateway, ["version"])
        let json = try Program.run(Program.gateway, ["version", "--json"])

        #expect(told.status == 0 && json.status == 0)
        let lines = told.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(lines.map(\.first) == ["kayle-gateway", "openssl", "libcurl", "nghttp2"])
        #expect(lines.first?.last == GatewayVersion.text)
        #expect(lines.allSatisfy { $0.count == 2 && $0[1].firstMatch(of: /^[0-9]+\.[0-9]+/) != nil })
        let document = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: String]
        #expect(document?.count == 4)
        for line in lines { #expect(document?[line[0]] == line[1]) }
    }
}
