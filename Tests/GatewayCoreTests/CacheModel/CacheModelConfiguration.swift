import Foundation

@testable import GatewayCore

/// The configuration of the cache's model.
enum CacheModelConfiguration {
    /// How far pages are read off each other.
    enum Pages: String, CaseIterable {
        /// Each question is asked for itself.
        case off
        /// Stored pages answer what they decide.
        case on
        /// Besides, large pages are fetched where small ones are asked.
        case widen
    }

    /// The standard query of the sessions list, or the same without a page model.
    private static func query(_ pages: Pages) -> String {
        if pages != .off { return #""kayle.sessions.list""# }
        return """
            { "parameters": [
                { "name": "status", "kind": "choice",
                  "values": ["created", "in_progress", "completed", "succeeded", "failed", "expired", "cancelled"] },
                { "name": "created_from", "kind": "instant" }, { "name": "created_to", "kind": "instant" },
                { "name": "limit", "kind": "integer", "minimum": 1, "maximum": 100, "default": 10 },
                { "name": "starting_after", "kind": "cursor", "prefixes": ["vs_", "vs_live_", "vs_test_"],
                  "alphabet": "abcdefghijklmnopqrstuvwxyz0123456789", "length": 64 },
                { "name": "include_attempts", "kind": "flag" } ],
              "page_size": "limit" }
            """
    }

    static func read(pages: Pages, cacheMemory: String = "1MiB") throws -> GatewayConfiguration {
        let rowOf = pages == .off ? "" : #", "row_of": "sessions.list""#
        let widen = pages == .widen ? #", "widen": 100"# : ""
        return try GatewayConfigurationTests.read(
            """
            {
              "listeners": [{ "address": "127.0.0.1:8443" }],
              "upstream": { "url": "https://api.kayle.id" },
              "credentials": { "store": "tenants.json", "pepper": { "file": "pepper.key" } },
              "plans": { "free": {}, "standard": {} },
              "cache": { "memory": "\(cacheMemory)", "maximum_entry": "256KiB",
                         "stream_from": "16KiB" },
              "routes": [
                { "name": "sessions.list", "method": "GET", "path": "/v1/sessions", "scope": "sessions:read",
                  "query": \(query(pages)),
                  "cache": { "ttl": "5s", "jitter_percent": 10, "stale_while_revalidate": "3s",
                             "stale_if_error": "30s"\(widen) } },
                { "name": "sessions.read", "method": "GET", "path": "/v1/sessions/{id}",
                  "scope": "sessions:read", "cache": { "ttl": "2s"\(rowOf) } },
                { "name": "rest", "path": "/v1/*" }
              ],
              "log": { "access": "off" }
            }
            """)
    }
}

/// Moments as the API writes them.
enum ModelTime {
    static func milliseconds(_ text: String) -> Int? {
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        return (try? style.parse(text)).map { Int(($0.timeIntervalSince1970 * 1_000).rounded()) }
    }

    static func text(_ milliseconds: Int) -> String {
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        return style.format(Date(timeIntervalSince1970: Double(milliseconds) / 1_000 + 0.000_1))
    }
}
