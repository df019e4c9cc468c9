/// What the demo prints: one curl line for each thing worth seeing.
struct DemoScript {
    let address: String
    let admin: String
    let folder: String
    let acme: String
    let globex: String

    /// The text. Every line that begins with `curl` works when pasted into a shell on this machine.
    var text: String {
        let list = "https://\(address)/v1/sessions"
        let base = "curl -sS --cacert \(folder)/gateway.pem"
        let asAcme = "-H 'Authorization: Bearer \(acme)'"
        let asGlobex = "-H 'Authorization: Bearer \(globex)'"
        let heads = "-o /dev/null -D -"
        return """
            kayle-gateway demo: listening on https://\(address), admin on http://\(admin)
            A stand-in plays the Kayle API; everything lies in \(folder) until you press Ctrl-C.

            # 1. A page of sessions: the first time it is fetched (Cache-Status: ...fwd=uri-miss; stored).
            \(base) \(heads) \(asAcme) '\(list)?limit=5'

            # 2. The same question, spelled otherwise: a hit.
            \(base) \(heads) \(asAcme) '\(list)?utm=x&limit=05'

            # 3. The page itself.
            \(base) \(asAcme) '\(list)?limit=1'

            # 4. Another tenant asks the same and gets its own, different page.
            \(base) \(asGlobex) '\(list)?limit=1'

            # 5. A wrong query is refused here; the upstream is not asked.
            \(base) \(asAcme) '\(list)?limit=1000'

            # 6. A wrong token.
            \(base) -H 'Authorization: Bearer kgw_wrong' '\(list)'

            # 7. A write: passes through and ends exactly the stored pages that it can have changed.
            \(base) \(asAcme) -X POST '\(list)'

            # 8. Too many requests: the last of these are answered 429.
            \(base) -o /dev/null -w '%{http_code}\\n' \(asAcme) '\(list)?limit=[1-30]'

            # What the gateway counts, and what it logs (one JSON line for each request).
            curl -sS http://\(admin)/metrics
            curl -sS http://\(admin)/status
            tail -n 3 \(folder)/access.log


            """
    }
}
