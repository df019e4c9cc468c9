import HTTPModel

extension ListQueryModel {
    /// The canonical request target that differs from this one in its page size alone. Allocates; for misses.
    package func widened(_ target: Span<UInt8>, rows: Int) -> [UInt8] {
        var wide: [UInt8] = []
        wide.reserveCapacity(target.count + 32)
        var next = 0
        while next < target.count, target[next] != UInt8(ascii: "?") { next += 1 }
        wide.append(target.extracting(first: next))
        // A default is not written out.
        var isPlaced = rows == defaultPageSize
        var separator = UInt8(ascii: "?")
        func placeRows() {
            isPlaced = true
            wide.append(separator)
            separator = UInt8(ascii: "&")
            let texts = vocabulary.bytes
            wide.append(texts.span.extracting(entries[pageSizeIndex].name.range))
            wide.append(UInt8(ascii: "="))
            wide.append(decimal: Int64(rows))
        }
        while next < target.count {
            // Skips the `?` or `&` before the pair.
            let start = next + 1
            next = start
            var nameEnd = start
            while next < target.count, target[next] != UInt8(ascii: "&") {
                if nameEnd == start, target[next] == UInt8(ascii: "=") { nameEnd = next }
                next += 1
            }
            guard let index = index(named: target.extracting(start..<nameEnd)) else {
                preconditionFailure("a canonical query names what its model does not")
            }
            if index == pageSizeIndex { continue }
            if !isPlaced, index > pageSizeIndex { placeRows() }
            wide.append(separator)
            separator = UInt8(ascii: "&")
            wide.append(target.extracting(start..<next))
        }
        if !isPlaced { placeRows() }
        return wide
    }
}
