import Foundation
import GatewayCore
import HTTPModel
import Locking
import Testing

/// Commands that write the tenant store, as processes of their own.
@Suite(.timeLimit(.minutes(5)))
struct TokenIssueTests {
    private let folder: CommandFolder

    init() throws {
        folder = try CommandFolder()
        let added = try folder.run(
            ["tenant", "add", "acme", "--plan", "standard", "--upstream-token-stdin"], input: "kk_live_acme\n"
        )
        #expect(added.status == 0, "\(added.errors)")
    }

    private func editor() throws -> TenantStoreEditor {
        let configuration = try ConfigurationLoader.load(folder["gateway.json"])
        return TenantStoreEditor(configuration.credentials, known: configuration.knownNames)
    }

    private func tokenIDs() throws -> Set<String> {
        Set(try editor().read().tenants.flatMap { $0.tokens.map(\.id.text) })
    }

    @Test func theTokenAloneIsOnStandardOutput() throws {
        let issued = try folder.run(["token", "issue", "--tenant", "acme", "--scope", "sessions:read"])

        #expect(issued.status == 0)
        #expect(issued.output.wholeMatch(of: /kgw_1[0-9a-z]{50}\n/) != nil)
        #expect(try tokenIDs() == [String(issued.output.dropFirst(5).prefix(12))])
    }

    @Test func twentyAtOnceLoseNone() throws {
        let folder = folder
        let outputs = Lock<[String]>([])

        DispatchQueue.concurrentPerform(iterations: 20) { number in
            let issued = try? folder.run(
                ["token", "issue", "--tenant", "acme", "--name", "t\(number)", "--scope", "sessions:read"])
            outputs.withLock { $0.append(issued?.output ?? "") }
        }

        let issued = Set(outputs.withLock { $0 }.map { String($0.dropFirst(5).prefix(12)) })
        #expect(issued.count == 20)
        #expect(try tokenIDs() == issued)
        #expect(try isWhole(describing: true))
    }

    /// Kills the command before every one of its system calls from the one on that opens the lock.
    @Test func killedAtAnyPointTheStoreIsTheOldOneOrTheNewOne() throws {
        let command = [
            CommandFolder.executable, "token", "issue", "--tenant", "acme", "--scope", "sessions:read",
            "--config",
            folder["gateway.json"],
        ]
        let killer = try KilledAtSystemCall()
        let lock = folder["tenants.json.lock"]
        var number = 1
        // Nothing is written before the lock is there: found in strides.
        try FileManager.default.removeItem(atPath: lock)
        while try killer.run(command, before: number + 20) == .killed {
            if FileManager.default.fileExists(atPath: lock) { break }
            number += 20
        }
        var before = try tokenIDs()
        var killedCount = 0
        var newCount = 0

        while try killer.run(command, before: number) == .killed {
            killedCount += 1
            let after = try tokenIDs()
            #expect(after.isSuperset(of: before) && after.count <= before.count + 1, "call \(number)")
            #expect(try isWhole(describing: nil), "call \(number)")
            newCount += after.count - before.count
            before = after
            number += 1
        }

        // The last run was not killed, and the next one finds everything in order.
        let next = try folder.run(["token", "issue", "--tenant", "acme"])
        #expect(next.status == 0)
        #expect(try tokenIDs().count == before.count + 2)
        #expect(try isWhole(describing: true))
        #expect(killedCount > 20, "a store is not written with \(killedCount) calls")
        #expect(newCount > 0 && newCount < killedCount, "\(newCount) of \(killedCount) were done when killed")
        print("token issue was killed before \(killedCount) system calls; \(newCount) times it was done")
    }

    private func isWhole(describing store: Bool?) throws -> Bool {
        switch try editor().verifyAudit() {
        case .whole(_, _, let describesStore): store == nil || describesStore == store
        case .broken: false
        }
    }
}
