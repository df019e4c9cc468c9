import Cache

/// The query models of the Kayle API that come with the gateway.
package enum KayleQueries {
    /// Names under which a route can ask for a built-in model.
    package static var names: [String] { models.map(\.name) }

    /// The model of this name, or `nil`.
    package static func model(named name: String) -> ListQueryModel? {
        models.first { $0.name == name }?.model
    }

    private static let models = [(name: "kayle.sessions.list", model: sessionsList)]

    /// `GET /v1/sessions`: the statuses of all generations of the API, and the cursors whose order is
    /// known.
    package static let sessionsList = builtIn(
        [
            QueryParameter(
                "status",
                .choice([
                    "created", "in_progress", "completed", "succeeded", "failed", "expired", "cancelled",
                ]), rows: .equals(member: "status")),
            QueryParameter("created_from", .instant, rows: .from(member: "created_at")),
            QueryParameter("created_to", .instant, rows: .to(member: "created_at")),
            QueryParameter("limit", .integer(minimum: 1, maximum: 100, default: 10)),
            // Upper case is valid upstream, but sorts by the database's collation: left to the upstream.
            QueryParameter(
                "starting_after",
                .cursor(
                    CursorShape(
                        prefixes: ["vs_", "vs_live_", "vs_test_"],
                        alphabet: "abcdefghijklmnopqrstuvwxyz0123456789", length: 64))),
            QueryParameter("include_attempts", .flag, rows: .includes(member: "attempts")),
        ], pageSize: "limit", page: PageModel.Names())

    /// A declaration of ours that must hold; `KayleQueriesTests` reads every one.
    private static func builtIn(
        _ parameters: [QueryParameter], pageSize: String, page: PageModel.Names
    ) -> ListQueryModel {
        do throws(ListQueryModelFailure) {
            return try ListQueryModel(parameters: parameters, pageSize: pageSize, page: page)
        } catch {
            preconditionFailure("a built-in query model is wrong: \(error.sentence)")
        }
    }
}
