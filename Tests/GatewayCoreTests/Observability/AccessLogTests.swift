import Foundation
import HTTPModel
import Testing

@testable import GatewayCore

struct AccessLogTests {
    /// Runs `body` on a log and gives the lines that reached the file.
    private func lines(_ body: (inout AccessLog) -> Void) throws -> [String] {
        let path = FileManager.default.temporaryDirectory.appending(path: "kayle-\(UUID().uuidString)").path
        let writer = try LogWriter(target: .file(path: path))
        var log = AccessLog(writer: writer)
        body(&log)
        log.flush()
        writer.close()
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try FileManager.default.removeItem(atPath: path)
        return text.split(separator: "\n").map(String.init)
    }

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test func aLineHasItsFieldsInTheFixedOrder() throws {
        let lines = try lines { log in
            log.begin(atUnixNanoseconds: 1_795_474_620_042_000_000)
            log.add(.requestID, text: bytes("req-1").span)
            log.add(.tenant, text: bytes("acme").span)
            log.add(.clientAddress, address: IPAddress(ipv4: 0xC000_0201))
            log.add(.method, word: "GET")
            log.add(.path, text: bytes("/v1/\"x\"\n").span)
            log.add(.status, number: 200)
            log.add(.duration, nanoseconds: 1_234_567)
            log.end()
        }

        #expect(
            lines == [
                #"{"time":"2026-11-23T22:57:00.042Z","request_id":"req-1","tenant":"acme","client":"192.0.2.1","#
                    + #""method":"GET","path":"/v1/\"x\"\u000a","status":200,"duration_us":1234}"#
            ])
    }

    @Test func everyFieldMakesALineOfValidJSON() throws {
        let lines = try lines { log in
            log.begin(atUnixNanoseconds: 1)
            for field in AccessField.allCases { log.add(field, number: UInt64(field.rawValue)) }
            log.end()
        }

        let object = try JSONSerialization.jsonObject(with: Data(lines[0].utf8)) as? [String: Any]
        #expect(object?.count == AccessField.allCases.count + 1)
    }

    @Test func theSecondIsRenderedAnewWhenItChanges() throws {
        let lines = try lines { log in
            for instant in [1_000_000_000, 1_999_999_999, 2_000_000_000] as [Int64] {
                log.begin(atUnixNanoseconds: instant)
                log.end()
            }
        }

        #expect(
            lines == [
                #"{"time":"1970-01-01T00:00:01.000Z"}"#, #"{"time":"1970-01-01T00:00:01.999Z"}"#,
                #"{"time":"1970-01-01T00:00:02.000Z"}"#,
            ])
    }

    @Test func anIPv6AddressHasAllItsGroups() throws {
        let address = try #require(IPAddress("2001:db8::ff00:1"))

        let lines = try lines { log in
            log.begin(atUnixNanoseconds: 0)
            log.add(.clientAddress, address: address)
            log.end()
        }

        #expect(lines[0].contains(#""client":"2001:db8:0:0:0:0:ff00:1""#))
    }

    @Test func aLongTextIsCut() throws {
        let long = [UInt8](repeating: 0x61, count: 10_000)

        let lines = try lines { log in
            log.begin(atUnixNanoseconds: 0)
            log.add(.userAgent, text: long.span)
            log.end()
        }

        #expect(lines[0].filter { $0 == "a" }.count == AccessLog.maximumTextBytes + 1)
    }

    @Test func fullBlocksAreHandedOverWithoutBeingAsked() throws {
        let lines = try lines { log in
            for number in 0..<3_000 {
                log.begin(atUnixNanoseconds: 0)
                log.add(.bytesOut, number: UInt64(number))
                log.end()
            }
            let isEmpty = log.isEmpty
            #expect(!isEmpty)
        }

        #expect(lines.count == 3_000)
    }
}
