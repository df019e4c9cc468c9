package import Cache
package import HTTPModel

/// The rules in their order; the first that takes a request wins.
package struct RouteTable: Sendable {
    /// What a look-up came to.
    package enum Match {
        /// The route at this position takes the request. A position, since handing out the route would count
        /// a reference that all workers share.
        case matched(Int)
        /// The path has routes, but none for this method; these are the methods it has, for `Allow`.
        case methodNotAllowed(allow: String)
        /// No route has this path.
        case notFound
    }

    /// The rules in their order.
    package let routes: [Route]

    /// Takes the rules in their order.
    package init(_ routes: [Route]) {
        for (index, route) in routes.enumerated() {
            precondition(route.index == index, "route \(route.name) stands at \(index), not \(route.index)")
        }
        self.routes = routes
    }

    /// Finds the route of a request. `path` is canonical. Linear in the number of routes.
    package func match(_ method: Method, _ path: Span<UInt8>) -> Match {
        var pathIsKnown = false
        let matched = routes.withSpan { routes -> Int? in
            for index in routes.indices {
                let route = Borrowed(routes[index])
                guard route.read({ $0.path.matches(path) }) else { continue }
                if route.read({ $0.takes(method) }) { return index }
                pathIsKnown = true
            }
            return nil
        }
        if let matched { return .matched(matched) }
        return pathIsKnown ? .methodNotAllowed(allow: allowed(path)) : .notFound
    }

    /// Whether an unsafe request for this canonical path changes what cached routes of tenants answer: it is
    /// one of their paths or lies below one. RFC 9111 §4.4 asks for the same URI only; a list changes with
    /// its members.
    package func invalidates(_ path: Span<UInt8>) -> Bool {
        for route in routes {
            guard let cache = route.cache, cache.sharing == .tenant else { continue }
            if route.path.matches(path) { return true }
            for end in path.indices.dropFirst() where path[end] == UInt8(ascii: "/") {
                if route.path.matches(path.extracting(0..<end)) { return true }
            }
        }
        return false
    }

    /// What an unsafe request for this canonical path may change of what is stored for tenants.
    package func scope(ofWrite method: Method, _ path: Span<UInt8>) -> WriteScope {
        for route in routes {
            guard let list = route.address, route.cache?.sharing == .tenant,
                let scope = Self.scope(ofWrite: method, path, list)
            else { continue }
            return scope
        }
        return invalidates(path) ? .everything : .nothing
    }

    /// What it may change of one list; `nil` if it is not about that list and its rows.
    private static func scope(
        ofWrite method: Method, _ path: Span<UInt8>, _ list: ListAddress
    ) -> WriteScope? {
        let listPath = list.path
        guard path.count >= listPath.count, path.extracting(first: listPath.count).equals(listPath.span)
        else { return nil }
        if path.count == listPath.count { return method == .post ? .making(list) : .everything }
        let start = listPath.count + 1
        guard path[start - 1] == UInt8(ascii: "/") else { return nil }
        var end = start
        while end < path.count, path[end] != UInt8(ascii: "/") { end += 1 }
        let id = path.extracting(start..<end)
        guard list.model.isID(id) else { return nil }
        let keepsRow =
            method == .post && end < path.count
            && list.model.keepsRow(path.extracting((end + 1)..<path.count))
        return .row(RowWrite(to: list, id: id, keepsRow: keepsRow))
    }

    private func allowed(_ path: Span<UInt8>) -> String {
        var names: [String] = []
        for route in routes where route.path.matches(path) {
            for method in route.methods {
                names.append("\(method.name ?? "")")
                if method == .get { names.append("HEAD") }
            }
        }
        var seen: Set<String> = []
        return names.filter { seen.insert($0).inserted }.joined(separator: ", ")
    }
}

/// What a write may change of what is stored for its tenant and those who share its organization.
package enum WriteScope: Sendable {
    /// Nothing that is cached.
    case nothing
    /// One row, known by its id.
    case row(RowWrite)
    /// A row of this list that its answer will name.
    case making(ListAddress)
    /// Anything.
    case everything
}
