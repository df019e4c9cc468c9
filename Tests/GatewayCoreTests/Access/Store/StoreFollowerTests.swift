import Foundation
import Testing

@testable import GatewayCore

struct StoreFollowerTests {
    @Test func aCommandIsFollowed() throws {
        let fixture = try StoreFixture()
        var follower = try StoreFollower(fixture.credentials)

        let before = follower.drain()
        try fixture.addTenant("acme")
        let after = follower.drain()
        let later = follower.drain()

        #expect([before, after, later] == [.unchanged, .changed, .unchanged])
    }

    @Test func theDescriptorIsReadableWhenThereIsNewsAndNotAfterwards() throws {
        let fixture = try StoreFixture()
        var follower = try StoreFollower(fixture.credentials)
        func isReadable(_ descriptor: Int32) -> Bool {
            var interest = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            return unsafe poll(&interest, 1, 0) == 1
        }

        let before = isReadable(follower.descriptor)
        try fixture.addTenant("acme")
        let after = isReadable(follower.descriptor)
        _ = follower.drain()
        let later = isReadable(follower.descriptor)

        #expect([before, after, later] == [false, true, false])
    }

    @Test func anEditorThatWritesInPlaceIsFollowed() throws {
        let fixture = try StoreFixture()
        try fixture.folder.write("{\"tenants\":[]}", to: "tenants.json")
        var follower = try StoreFollower(fixture.credentials)

        // The same number of bytes, maybe within one tick of the file system's clock.
        let handle = try #require(FileHandle(forWritingAtPath: fixture.folder["tenants.json"]))
        try handle.write(contentsOf: Data("{\"tenants\" :[]".utf8))
        try handle.close()
        let change = follower.drain()

        #expect(change == .changed)
    }

    @Test func aFileThatIsBeingWrittenIsReadWhenItIsClosed() throws {
        let fixture = try StoreFixture()
        try fixture.folder.write("{\"tenants\":[]}", to: "tenants.json")
        var follower = try StoreFollower(fixture.credentials)
        let handle = try #require(FileHandle(forWritingAtPath: fixture.folder["tenants.json"]))

        var changes: [StoreChange] = []
        for length in 20..<23 {
            try handle.write(contentsOf: Data(String(repeating: " ", count: length).utf8))
            changes.append(follower.drain())
        }
        try handle.close()
        changes.append(follower.drain())

        #expect(changes == [.unchanged, .unchanged, .unchanged, .changed])
    }

    @Test func aFileThatNobodyClosesIsReadOnceItStaysAsItIs() throws {
        let fixture = try StoreFixture()
        try fixture.folder.write("{\"tenants\":[]}", to: "tenants.json")
        var follower = try StoreFollower(fixture.credentials)
        let handle = try #require(FileHandle(forWritingAtPath: fixture.folder["tenants.json"]))

        try handle.write(contentsOf: Data("{\"tenants\" :  []}".utf8))
        let changes = (0..<3).map { _ in follower.drain() }
        try handle.close()

        #expect(changes == [.unchanged, .changed, .unchanged])
    }

    @Test func otherFilesInTheFolderAreNoNews() throws {
        let fixture = try StoreFixture()
        try fixture.folder.write("{\"tenants\":[]}", to: "tenants.json")
        var follower = try StoreFollower(fixture.credentials)

        try fixture.folder.write("x", to: "tenants.json.bak")
        try fixture.folder.remove("tenants.json.bak")
        let change = follower.drain()

        #expect(change == .unchanged)
    }

    @Test func aRemovedStoreIsAChange() throws {
        let fixture = try StoreFixture()
        try fixture.addTenant("acme")
        var follower = try StoreFollower(fixture.credentials)

        try fixture.folder.remove("tenants.json")
        let change = follower.drain()

        #expect(change == .changed)
    }

    @Test func aStoreBehindASwappedLinkIsFollowed() throws {
        // Kubernetes mounts a secret like this: the file is a link through `..data`, and the update swaps
        // that.
        let fixture = try StoreFixture()
        for version in ["v1", "v2"] {
            try FileManager.default.createDirectory(
                atPath: fixture.folder[version], withIntermediateDirectories: false)
            try fixture.folder.write("{\"tenants\":[]}", to: version + "/tenants.json")
        }
        let manager = FileManager.default
        try manager.createSymbolicLink(atPath: fixture.folder["..data"], withDestinationPath: "v1")
        try manager.createSymbolicLink(
            atPath: fixture.folder["tenants.json"], withDestinationPath: "..data/tenants.json")
        var follower = try StoreFollower(fixture.credentials)

        try manager.createSymbolicLink(atPath: fixture.folder["..data_tmp"], withDestinationPath: "v2")
        _ = unsafe rename(fixture.folder["..data_tmp"], fixture.folder["..data"])
        let change = follower.drain()

        #expect(change == .changed)
    }

    @Test func aStormOfNewsIsReadToItsEnd() throws {
        let fixture = try StoreFixture()
        var follower = try StoreFollower(fixture.credentials)

        for number in 0..<500 { try fixture.folder.write("x", to: "noise-\(number % 7)") }
        try fixture.addTenant("acme")
        let change = follower.drain()
        let rest = follower.drain()

        #expect([change, rest] == [.changed, .unchanged])
    }
}
