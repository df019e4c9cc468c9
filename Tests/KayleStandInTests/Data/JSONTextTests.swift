import Foundation
import Testing

@testable import KayleStandIn

struct JSONTextTests {
    @Test func membersKeepTheirOrderAndCommas() {
        var json = JSONText()
        json.object { json in
            json.name("b")
            json.value(1)
            json.name("a")
            json.array { json in
                json.value("x")
                json.value(nil)
                json.object { _ in }
                json.value(true)
            }
            json.name("c")
            json.raw("[]".utf8)
        }

        #expect(String(decoding: json.bytes, as: UTF8.self) == #"{"b":1,"a":["x",null,{},true],"c":[]}"#)
    }

    @Test func everyControlCharacterSurvivesAParser() throws {
        let text =
            String(String.UnicodeScalarView((0..<0x100).compactMap { Unicode.Scalar(UInt32($0)) })) + "\"\\é🦊"
        var json = JSONText()
        json.array { $0.value(text) }

        let parsed = try JSONDecoder().decode([String].self, from: Data(json.bytes))

        #expect(parsed == [text])
    }
}
