import Foundation
import Testing

/// The house rules that no compiler keeps. Each finding says where, what, and what to do instead.
struct TidyTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    private static let modules = [
        "Locking", "HTTPModel", "Settings", "Cache", "GatewayCore", "kayle-gateway", "KayleStandIn",
    ]

    /// One source file, with its comments and literals blanked out of `code`.
    private struct Source {
        let path: String
        let lines: [String]
        let code: [String]
        var room: String? {
            let parts = path.split(separator: "/")
            return parts.count >= 4 && parts[1] == "GatewayCore" ? String(parts[2]) : nil
        }
        var name: String { path.split(separator: "/").last.map(String.init) ?? path }
    }

    private struct Room {
        let floor: Int
        let name: String
        let imports: Set<String>
    }

    // MARK: The rules

    @Test func everyRoomKnowsOnlyTheRoomsBelow() throws {
        let rooms = try Self.rooms()
        let sources = try Self.sources(below: "Sources/GatewayCore")
        var owners: [String: String] = [:]
        for source in sources {
            for name in Self.topLevelTypes(of: source) { owners[name] = source.room }
        }
        let floors = Dictionary(uniqueKeysWithValues: rooms.map { ($0.name, $0.floor) })

        var findings: [String] = []
        for source in sources {
            guard let room = source.room, let floor = floors[room] else { continue }
            for (number, line) in source.code.enumerated() {
                for word in Self.words(of: line) {
                    guard let owner = owners[word], owner != room, let other = floors[owner] else { continue }
                    if other >= floor {
                        findings.append(
                            "\(source.path):\(number + 1): \(room) names \(word) of \(owner); return a value or take a closure instead"
                        )
                    }
                }
            }
        }
        #expect(findings.isEmpty, "\(findings.joined(separator: "\n"))")
    }

    @Test func theArchitecturePageNamesExactlyTheRoomsThatExist() throws {
        let folder = Self.root.appending(path: "Sources/GatewayCore")
        let existing = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { name in
                let files = try? FileManager.default.contentsOfDirectory(
                    atPath: folder.appending(path: name).path)
                return files?.contains { $0.hasSuffix(".swift") } == true
            }

        #expect(try Self.rooms().map(\.name).sorted() == existing.sorted())
    }

    @Test func everyRoomImportsOnlyItsOwnCLibraryAndNoFoundation() throws {
        let rooms = Dictionary(uniqueKeysWithValues: try Self.rooms().map { ($0.name, $0.imports) })
        var findings: [String] = []
        for source in try Self.sources(below: "Sources/GatewayCore") + Self.sources(below: "Sources/Cache")
            + Self.sources(below: "Sources/HTTPModel") + Self.sources(below: "Sources/Settings")
        {
            let allowed = source.room.flatMap { rooms[$0] } ?? []
            for (number, line) in source.code.enumerated() where line.contains("import ") {
                guard let imported = line.split(separator: " ").last.map(String.init) else { continue }
                let isC = ["COpenSSL", "CCurl", "CNGHTTP2", "CZlib", "CZstd", "CGatewayShims"].contains(
                    imported)
                if isC && !allowed.contains(imported) || imported.hasPrefix("Foundation")
                    || imported == "Dispatch"
                {
                    findings.append(
                        "\(source.path):\(number + 1): imports \(imported), which is not this room's to import"
                    )
                }
            }
        }
        #expect(findings.isEmpty, "\(findings.joined(separator: "\n"))")
    }

    @Test func filesAndRoomsKeepTheirSize() throws {
        var findings: [String] = []
        let sources = try Self.sources(below: "Sources")
        for source in sources + (try Self.sources(below: "Tests")) {
            let most =
                source.path.hasPrefix("Tests") ? 800 : source.name == "RequestPipeline.swift" ? 250 : 500
            if source.lines.count > most {
                findings.append(
                    "\(source.path): \(source.lines.count) lines, at most \(most); part the concept in two")
            }
            for (number, line) in source.lines.enumerated() where line.count > 110 {
                // A table row or a literal cannot always be broken; code can.
                let isText = source.code[number].isEmpty && !line.drop { $0 == " " }.hasPrefix("//")
                let isLiteral =
                    line.contains("\"") || line.contains("of: /") || line.contains("            /^")
                if !isText && !isLiteral {
                    findings.append("\(source.path):\(number + 1): \(line.count) columns, at most 110")
                }
            }
            for function in Self.longFunctions(of: source) { findings.append(function) }
        }
        let rooms = Dictionary(
            grouping: sources, by: { $0.path.split(separator: "/").dropLast().joined(separator: "/") })
        for (room, files) in rooms where files.count > 12 && room.contains("GatewayCore/") {
            let concepts = files.filter { !$0.name.contains("+") }
            if concepts.count > 12 {
                findings.append("\(room): \(concepts.count) concepts, at most 12; it is two rooms")
            }
        }
        #expect(findings.isEmpty, "\(findings.joined(separator: "\n"))")
    }

    @Test func wordsThatHideTroubleDoNotOccur() throws {
        let everywhere = ["try!", "as!", "fatalError()", "-Ounchecked", "FIXME", "TODO"]
        let dataPlane = ["print(", "DispatchQueue", "Task {", "Date()", "await ", " async ", " any "]
        var findings: [String] = []
        for source in try Self.sources(below: "Sources")
        where !source.path.contains("StandIn") && !source.path.contains("stand-in") {
            for (number, line) in source.code.enumerated() {
                let inDataPlane =
                    !source.path.contains("Sources/kayle-gateway") && !source.name.hasPrefix("EventLog")
                for word in everywhere + (inDataPlane ? dataPlane : []) where line.contains(word) {
                    findings.append(
                        "\(source.path):\(number + 1): \(word.trimmingCharacters(in: .whitespaces)) is not used here"
                    )
                }
            }
        }
        #expect(findings.isEmpty, "\(findings.joined(separator: "\n"))")
    }

    @Test func everyLockIsTheOneThatTheThreadSanitizerCanSee() throws {
        var findings: [String] = []
        for source in try Self.sources(below: "Sources") + Self.sources(below: "Tests")
        where source.path != "Sources/Locking/Lock.swift" {
            for (number, line) in source.code.enumerated() where Self.words(of: line).contains("Mutex") {
                findings.append("\(source.path):\(number + 1): Mutex; use Lock (docs/decisions/0011)")
            }
        }
        #expect(findings.isEmpty, "\(findings.joined(separator: "\n"))")
    }

    @Test func pointersLiveInTheListedFilesOnly() throws {
        let listed = Set(
            try Self.table(after: "## Where pointers live").map { $0[0].replacing("`", with: "") })
        var used: Set<String> = []
        for source in try Self.sources(below: "Sources")
        where !source.path.contains("StandIn") && !source.path.contains("stand-in") {
            let isUnsafe = source.code.contains { line in
                line.contains("@unchecked Sendable") || line.contains("nonisolated(unsafe)")
                    || Self.words(of: line).contains("unsafe")
            }
            if isUnsafe { used.insert(String(source.path.dropFirst("Sources/".count))) }
        }

        #expect(
            used.subtracting(listed).sorted() == [],
            "move the pointer into a boundary file, or write a decision page")
        #expect(listed.subtracting(used).sorted() == [], "strike it from the list")
    }

    @Test func everyTypeAndEveryVisibleMemberHasADocComment() throws {
        let declaration =
            /^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:package|public)\s+(?:private\(set\)\s+|internal\(set\)\s+|static\s+|final\s+|mutating\s+|borrowing\s+|consuming\s+|convenience\s+|indirect\s+|nonisolated\s+|override\s+|required\s+)*(?:struct|class|enum|protocol|func|var|let|init|typealias|subscript)\b/
        let typeDeclaration = /^(?:final\s+|private\s+|fileprivate\s+)*(?:struct|class|enum|protocol)\s+\w+/
        var findings: [String] = []
        for source in try Self.sources(below: "Sources") where !source.path.contains("stand-in") {
            for (number, line) in source.code.enumerated()
            where line.firstMatch(of: declaration) != nil || line.firstMatch(of: typeDeclaration) != nil {
                if Self.hasDocComment(source, above: number) || Self.needsNone(line) { continue }
                findings.append(
                    "\(source.path):\(number + 1): no doc comment: \(line.trimmingCharacters(in: .whitespaces))"
                )
            }
        }
        #expect(findings.isEmpty, "\(findings.joined(separator: "\n"))")
    }

    @Test func everySourceFileHasATestFileOrAListedReason() throws {
        let listed = Set(
            try Self.table(after: "## Files without a test file").map { $0[0].replacing("`", with: "") })
        let tests = Set(try Self.sources(below: "Tests").map(\.name))
        var missing: Set<String> = []
        for source in try Self.sources(below: "Sources")
        where Self.modules.contains(String(source.path.split(separator: "/")[1])) {
            let base = source.name.dropLast(".swift".count)
            if base.contains("+") || tests.contains("\(base)Tests.swift") { continue }
            missing.insert(String(source.path.dropFirst("Sources/".count)))
        }

        #expect(
            missing.subtracting(listed).sorted() == [],
            "write its test file, or list who tests it in docs/architecture.md")
        #expect(listed.subtracting(missing).sorted() == [], "strike it from the list")
    }

    // MARK: Reading

    private static func sources(below folder: String) throws -> [Source] {
        let base = root.appending(path: folder)
        guard let walker = FileManager.default.enumerator(atPath: base.path) else { return [] }
        var sources: [Source] = []
        for case let path as String in walker where path.hasSuffix(".swift") {
            let text = try String(contentsOf: base.appending(path: path), encoding: .utf8)
            var lines = text.components(separatedBy: "\n")
            if lines.last == "" { lines.removeLast() }
            sources.append(Source(path: "\(folder)/\(path)", lines: lines, code: blanked(lines)))
        }
        #expect(!sources.isEmpty || folder != "Sources", "no sources found below \(base.path)")
        return sources.sorted { $0.path < $1.path }
    }

    /// The lines without comments and without what stands between quotes.
    private static func blanked(_ lines: [String]) -> [String] {
        var inText = false
        return lines.map { line in
            if line.contains("\"\"\"") {
                inText.toggle()
                return ""
            }
            if inText { return "" }
            var code = ""
            var quoted = false
            var previous: Character = " "
            for character in line {
                if character == "\"" && previous != "\\" { quoted.toggle() }
                if !quoted && previous == "/" && character == "/" {
                    code.removeLast()
                    break
                }
                if !quoted { code.append(character) }
                previous = character
            }
            return code
        }
    }

    private static func words(of line: String) -> [String] {
        line.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init)
    }

    private static func topLevelTypes(of source: Source) -> [String] {
        source.code.compactMap { line in
            let match = line.firstMatch(
                of:
                    /^(?:@\w+\s+)*(?:package\s+|public\s+|final\s+)*(?:struct|class|enum|protocol|typealias)\s+(\w+)/
            )
            return match.map { String($0.1) }
        }
    }

    private static func longFunctions(of source: Source) -> [String] {
        var findings: [String] = []
        var start: (line: Int, indent: Int)?
        for (number, line) in source.code.enumerated() {
            let indent = line.prefix { $0 == " " }.count
            if line.firstMatch(of: /\b(func\s+\w+|init\??\()/) != nil && line.contains("(") {
                start = (number, indent)
            }
            if let opened = start, indent == opened.indent, line.hasSuffix("}"), number > opened.line {
                let length = number - opened.line + 1
                if length > 70 {
                    findings.append(
                        "\(source.path):\(opened.line + 1): a function of \(length) lines, at most 70")
                }
                start = nil
            }
        }
        return findings
    }

    private static func hasDocComment(_ source: Source, above number: Int) -> Bool {
        var index = number - 1
        while index >= 0 {
            let line = source.lines[index].trimmingCharacters(in: .whitespaces)
            if line.hasPrefix("///") { return true }
            if line.hasPrefix("@") || line.hasPrefix("//") {
                index -= 1
                continue
            }
            return false
        }
        return false
    }

    /// What the standard library has documented: conformances, and constants that are named like what they
    /// are.
    private static func needsNone(_ line: String) -> Bool {
        let known = [
            "static func <", "static func ==", "func hash(into", "var description", "var debugDescription",
            "var customMirror", "static let `continue`", "= Status(rawValue",
        ]
        return known.contains { line.contains($0) }
    }

    private static func rooms() throws -> [Room] {
        try table(after: "## Rooms of GatewayCore").map { row in
            let imports = row[2].split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
            return Room(floor: Int(row[0]) ?? 0, name: row[1], imports: Set(imports))
        }
    }

    /// The rows of the first table behind a heading of the architecture page.
    private static func table(after heading: String) throws -> [[String]] {
        let page = try String(contentsOf: root.appending(path: "docs/architecture.md"), encoding: .utf8)
        guard let start = page.range(of: heading) else { return [] }
        var rows: [[String]] = []
        for line in page[start.upperBound...].components(separatedBy: "\n").dropFirst() {
            if line.hasPrefix("## ") { break }
            if line.hasPrefix("|") {
                rows.append(
                    line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast()
                        .map { $0.trimmingCharacters(in: .whitespaces) })
            }
        }
        return Array(rows.dropFirst(2))
    }
}
