import Glibc
import HTTPModel
import Testing

@testable import GatewayCore

/// Runs every row of docs/query-normalization.md through the normalizers: the page cannot lie.
struct DocumentedQueriesTests {
    @Test func everyQueryInTheTablesIsNormalizedAsThePageSays() throws {
        let rows = try Self.rows(ofTablesThatBeginWith: "query")
        var normalizer = ListQueryNormalizer()
        var output = ByteBuffer()

        for row in rows {
            let query = Self.expanded(row.input)
            let answer = normalizer.normalize(
                Array(query.utf8).span, model: KayleQueries.sessionsList, into: &output)
            let text = output.withBytes { $0.text }
            switch answer {
            case .canonical:
                #expect(row.outcome == "canonical", "\(row)")
                #expect(text == Self.expanded(row.result), "\(row)")
            case .opaque:
                #expect(row.outcome == "opaque", "\(row)")
                #expect(row.result == "as it came", "\(row)")
            case .refused(let refusal):
                #expect(row.outcome == "refused", "\(row)")
                #expect(
                    Self.message(refusal.message, isDocumentedAs: row.result), "\(row): \(refusal.message)")
            }
        }
        #expect(rows.count > 100)
    }

    @Test func everyPathInTheTableIsNormalizedAsThePageSays() throws {
        let rows = try Self.rows(ofTablesThatBeginWith: "path")
        var output = ByteBuffer()

        for row in rows {
            let answer = PathNormalizer.normalize(Array(Self.expanded(row.input).utf8).span, into: &output)
            let text = output.withBytes { $0.text }
            switch answer {
            case .unchanged:
                #expect(row.outcome == "unchanged", "\(row)")
                #expect(row.result == "as it came", "\(row)")
            case .rewritten:
                #expect(row.outcome == "rewritten", "\(row)")
                #expect(text == Self.expanded(row.result), "\(row)")
            case .refused(let refusal):
                #expect(row.outcome == "refused", "\(row)")
                #expect("\(refusal.sentence)" == row.result, "\(row)")
            }
        }
        #expect(rows.count > 30)
    }

    // MARK: Reading the page

    private struct Row: CustomStringConvertible {
        let line: Int
        let input: String
        let outcome: String
        let result: String
        var description: String { "docs/query-normalization.md:\(line): \(input)" }
    }

    private struct PageMissing: Error {
        let path: String
    }

    /// The rows of all tables whose first column has this title; every row has four columns.
    private static func rows(ofTablesThatBeginWith title: String) throws -> [Row] {
        var rows: [Row] = []
        var isInTable = false
        for (index, line) in try page().split(separator: "\n", omittingEmptySubsequences: false).enumerated()
        {
            guard line.hasPrefix("|") else {
                isInTable = false
                continue
            }
            let cells = line.dropFirst().dropLast().split(separator: "|", omittingEmptySubsequences: false)
                .map { $0.trimmingSpaces }
            #expect(cells.count == 4, "docs/query-normalization.md:\(index + 1)")
            if cells.first == title {
                isInTable = true
            } else if isInTable, cells.count == 4, !cells[0].hasPrefix("---") {
                rows.append(Row(line: index + 1, input: cells[0], outcome: cells[1], result: cells[2]))
            }
        }
        return rows
    }

    /// The text a cell stands for: code without its quotes, with the page's abbreviations written out.
    private static func expanded(_ cell: String) -> String {
        if cell == "(none)" { return "" }
        let text = cell.hasPrefix("`") && cell.hasSuffix("`") ? String(cell.dropFirst().dropLast()) : cell
        let id = "0123456789abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz01"
        return text.replacing("{id}", with: id).replacing("{ID}", with: id.uppercased())
            .replacing("{64 pairs}", with: repeatElement("x=1", count: 64).joined(separator: "&"))
            .replacing("{65 pairs}", with: repeatElement("x=1", count: 65).joined(separator: "&"))
    }

    private static func message(_ message: String, isDocumentedAs cell: String) -> Bool {
        cell.hasSuffix("…") ? message.hasPrefix(cell.dropLast()) : message == cell
    }

    private static func page() throws -> String {
        let path =
            #filePath.split(separator: "/").dropLast(5).reduce("") { "\($0)/\($1)" }
            + "/docs/query-normalization.md"
        guard let file = unsafe fopen(path, "r") else { throw PageMissing(path: path) }
        defer { unsafe fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 256 * 1_024)
        let count = unsafe fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }
}

extension Substring {
    fileprivate var trimmingSpaces: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
