import HTTPModel
import Logging
import Locking
import Testing

@testable import GatewayCore

struct EventLogTests {
    private final class Lines: Sendable {
        let all = Lock<[String]>([])
        func add(_ line: borrowing ByteBuffer) {
            let text = line.withBytes { $0.text }
            all.withLock { $0.append(text) }
        }
    }

    private func written(_ level: Logger.Level = .info, _ body: (Logger) -> Void) -> [String] {
        let lines = Lines()
        let log = EventLog(level: level, write: { lines.add($0) }, now: { 1_795_474_620_000_000_000 })
        body(log.logger("gateway"))
        return lines.all.withLock { $0 }
    }

    @Test func anEventIsOneLineOfJSONWithItsMetadata() {
        let lines = written { logger in
            logger.notice("configuration \"x\" loaded", metadata: ["generation": "2", "file": "a\nb"])
        }

        #expect(
            lines == [
                #"{"time":"2026-11-23T22:57:00.000Z","level":"notice","message":"configuration \"x\" loaded","#
                    + #""file":"a\u000ab","generation":"2"}"# + "\n"
            ])
    }

    @Test func lowerLevelsAreNotWritten() {
        let lines = written(.warning) { $0.info("quiet") }

        #expect(lines.isEmpty)
    }

    @Test func aLoggersOwnMetadataIsOnEveryLine() {
        let lines = written { logger in
            var logger = logger
            logger[metadataKey: "worker"] = "3"
            logger.info("started")
        }

        #expect(lines.count == 1 && lines[0].contains(#""worker":"3""#))
    }
}
