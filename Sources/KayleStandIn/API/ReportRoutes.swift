/// Events and figures of one organization.
struct ReportRoutes {
    /// Whose.
    let organization: Organization
    /// The moment of the request.
    let now: SessionTime

    /// `GET /v1/events`: ordered by time, while the cursor compares ids. Pages therefore skip and repeat
    /// rows, as upstream: a list that nobody may cache or derive from.
    func events(_ query: QueryString) -> Answer {
        let limit: Int
        switch ListQuery.limit(query.values("limit")) {
        case .success(let value): limit = value
        case .failure(let failure): return .schemaViolation([failure.issue])
        }
        let cursor = query.values("starting_after").first ?? ""
        let type = query.values("type").first ?? ""
        let matching = organization.events.filter { event in
            event.id > cursor && (type.isEmpty || event.type == type)
        }
        let rows = matching.prefix(limit)
        return .page(limit: limit, nextCursor: matching.count > limit ? rows.last?.id : nil) { json in
            for event in rows { event.write(to: &json) }
        }
    }

    /// `GET /v1/analytics/sessions/overview`: totals by status, and the sessions created on each of the last
    /// 14 days.
    func overview() -> Answer {
        let sessions = organization.sessions
        return .success { json in
            json.object { json in
                json.name("summary")
                json.object { json in
                    json.name("total")
                    json.value(sessions.count)
                    for status in SessionStatus.allCases {
                        json.name(status.rawValue)
                        json.value(sessions.count { $0.status == status })
                    }
                }
                json.name("timeline")
                json.array { json in
                    for daysAgo in (0..<14).reversed() {
                        let day = now.adding(seconds: Int64(-86_400 * daysAgo)).text.prefix(10)
                        json.object { json in
                            json.name("date")
                            json.value(String(day))
                            json.name("created")
                            json.value(sessions.count { $0.createdAt.text.hasPrefix(day) })
                        }
                    }
                }
            }
        }
    }
}
