import FlyingFox

/// One whole answer of the API, before it is framed.
struct Answer: Sendable {
    /// Status code and phrase.
    var status: HTTPStatusCode
    /// Fields in the order they are sent, framing aside.
    var fields: [(name: String, value: String)]
    /// The content.
    var body: [UInt8]

    /// An answer with the fields that the upstream sets on all its answers.
    init(_ status: HTTPStatusCode, contentType: String?, body: [UInt8]) {
        self.status = status
        self.body = body
        fields = contentType.map { [("Content-Type", $0)] } ?? []
        fields += [("Vary", "Origin"), ("Access-Control-Allow-Credentials", "true")]
    }

    /// JSON; the upstream names no charset.
    static func json(_ status: HTTPStatusCode, _ json: JSONText) -> Answer {
        Answer(status, contentType: "application/json", body: json.bytes)
    }

    /// A line of text, which is how the framework itself answers.
    static func text(_ status: HTTPStatusCode, _ text: String) -> Answer {
        Answer(status, contentType: "text/plain; charset=UTF-8", body: Array(text.utf8))
    }

    /// `{"data":…,"error":null}`.
    static func success(_ data: (inout JSONText) -> Void) -> Answer {
        var json = JSONText(capacity: 4_096)
        json.object { json in
            json.name("data")
            data(&json)
            json.name("error")
            json.value(nil)
        }
        return .json(.ok, json)
    }

    /// A page: `{"data":[…],"error":null,"pagination":{…}}`.
    static func page(limit: Int, nextCursor: String?, _ rows: (inout JSONText) -> Void) -> Answer {
        var json = JSONText(capacity: 2_048 * limit)
        json.object { json in
            json.name("data")
            json.array(rows)
            json.name("error")
            json.value(nil)
            json.name("pagination")
            json.object { json in
                json.name("limit")
                json.value(limit)
                json.name("has_more")
                json.value(nextCursor != nil)
                json.name("next_cursor")
                json.value(nextCursor)
            }
        }
        return .json(.ok, json)
    }

    /// The documented envelope of an error.
    static func envelope(
        _ status: HTTPStatusCode, code: String, message: String, hint: String, docs: String
    ) -> Answer {
        var json = JSONText()
        json.object { json in
            json.name("data")
            json.value(nil)
            json.name("error")
            json.object { json in
                for (name, value) in [("code", code), ("message", message), ("hint", hint), ("docs", docs)] {
                    json.name(name)
                    json.value(value)
                }
            }
        }
        return .json(status, json)
    }

    /// The short form by which authentication and the socket route deviate from the documentation.
    static func bareError(_ status: HTTPStatusCode, code: String, message: String) -> Answer {
        var json = JSONText()
        json.object { json in
            json.name("error")
            json.object { json in
                json.name("code")
                json.value(code)
                json.name("message")
                json.value(message)
            }
        }
        return .json(status, json)
    }

    /// The validator's own form for a violated schema: no envelope.
    static func schemaViolation(_ issues: [SchemaIssue]) -> Answer {
        var json = JSONText()
        json.object { json in
            json.name("success")
            json.value(false)
            json.name("error")
            json.object { json in
                json.name("name")
                json.value("ZodError")
                json.name("message")
                json.value(SchemaIssue.text(issues))
            }
        }
        return .json(.badRequest, json)
    }

    /// No route, or not with this method.
    static let noRoute = Answer.text(.notFound, "404 Not Found")

    /// Whatever went wrong inside.
    static let failure = Answer.text(.internalServerError, "Internal Server Error")
}
