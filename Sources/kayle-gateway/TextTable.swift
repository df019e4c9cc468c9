/// Rows in columns that line up, for people.
struct TextTable {
    private var rows: [[String]]

    /// A table with a first row of titles.
    init(_ titles: [String]) { rows = [titles] }

    /// Adds a row; an empty cell is shown as a dash.
    mutating func append(_ cells: [String]) { rows.append(cells.map { $0.isEmpty ? "-" : $0 }) }

    /// The lines, each with its end.
    var text: String {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = zip(row, widths).map { cell, width in
                cell + String(repeating: " ", count: width - cell.count)
            }
            let line = cells.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed()) + "\n"
        }.joined()
    }
}
