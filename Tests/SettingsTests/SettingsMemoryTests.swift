import Testing

@testable import Settings

struct SettingsMemoryTests {
    private struct Item: Equatable {
        let id: String
        let size: Int
    }

    /// Reads a list of items and counts how many were read.
    private func read(
        _ text: String, _ known: [String: SettingsMemory<Item>.Known] = [:],
        isUsable: @escaping (Item) -> Bool = { _ in true }
    ) throws -> (items: [Item], count: Int, found: [String: SettingsMemory<Item>.Known]) {
        let memory = SettingsMemory(known, key: "id", isUsable: isUsable)
        var count = 0
        let items = try SettingsReader.read(Array(text.utf8), file: "f") { section in
            section.list("items", count: 0...9, "Items.", memory: memory) { item in
                count += 1
                return Item(
                    id: item.required("id", .name, "A name."),
                    size: item.value("size", .integer(in: 0...9), default: 1, "A size."))
            }
        }
        return (items, count, memory.found)
    }

    @Test func whatSaysTheSameIsNotReadAgainWhereverItStands() throws {
        let first = try read(#"{ "items": [ { "id": "a", "size": 2 }, { "id": "b" } ] }"#)

        let second = try read(
            #"{"items":[{"id":"c"},   {"id":"b"}, {"id":"a","size":3}]}"#, first.found)

        #expect(first.count == 2)
        #expect(second.items == [Item(id: "c", size: 1), Item(id: "b", size: 1), Item(id: "a", size: 3)])
        #expect(second.count == 2)
        #expect(Set(second.found.keys) == ["a", "b", "c"])
    }

    @Test func whatMayNotBeUsedIsReadAgain() throws {
        let text = #"{ "items": [ { "id": "a" } ] }"#
        let first = try read(text)

        #expect(try read(text, first.found, isUsable: { _ in false }).count == 1)
        #expect(try read(text, first.found).count == 0)
    }

    @Test func mistakesAreToldAsWithoutAMemory() throws {
        let first = try read(#"{ "items": [ { "id": "a", "size": 2 } ] }"#)

        #expect(throws: SettingsFailure.self) {
            try read(#"{ "items": [ { "id": "a", "size": 2, "more": 1 } ] }"#, first.found)
        }
    }
}
