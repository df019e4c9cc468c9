/// Every metric of the gateway, in the order of the exposition.
///
/// The single place where metrics are declared; the compiler leads to each property a new case needs. Counts
/// go to `WorkerMetrics` where the thing happens; the gauges that somebody else keeps (`isSampled`) are put
/// into a `MetricSnapshot` when it is asked for.
package enum Metric: UInt8, Sendable, Hashable, CaseIterable {
    case requests, requestDuration, requestsInFlight, requestsRepeated, refusals
    case connections, connectionsAccepted, connectionsEnded, handshakes, receivedBytes, sentBytes
    case cacheRequests, cacheRefreshes, cacheNarrowings, cacheCompressions, cacheFollowedLarger
    case cacheOvertaken, cacheStreams, cacheBytes, cacheRetiredBytes, cacheEntries, cacheEvictions
    case upstreamRequests, upstreamDuration, upstreamInFlight, upstreamRetries, upstreamRetriesDenied
    case upstreamGzipAnswers, upstreamPauses, credentialTakeovers
    case upstreamCircuit, upstreamCircuitsOpened, upstreamCredentialsOpen, upstreamProbes
    case requestsShed, residentBytes
    case rateLimited, rateLimitShadowed, rateLimitBuckets, quotaBuckets, rateLimitEvictions
    case loopTurnDuration, accessLogLinesDropped
    case configurationGeneration, reloads, certificateExpiry, startTime, buildInfo

    /// What kind of number a metric is.
    package enum Kind: String, Sendable, Hashable {
        /// Only grows while the process lives.
        case counter
        /// Goes up and down.
        case gauge
        /// Counts observations by size, in the buckets of `LatencyHistogram`.
        case histogram
    }

    /// What a metric's numbers count. Seconds are kept in nanoseconds and shown in seconds.
    package enum Unit: String, Sendable, Hashable {
        case count, bytes, seconds
    }

    /// The name in the exposition.
    package var name: String {
        switch self {
        case .requests: "kayle_gateway_requests_total"
        case .requestDuration: "kayle_gateway_request_duration_seconds"
        case .requestsInFlight: "kayle_gateway_requests_in_flight"
        case .requestsRepeated: "kayle_gateway_requests_repeated_total"
        case .refusals: "kayle_gateway_refusals_total"
        case .connections: "kayle_gateway_connections"
        case .connectionsAccepted: "kayle_gateway_connections_accepted_total"
        case .connectionsEnded: "kayle_gateway_connections_ended_total"
        case .handshakes: "kayle_gateway_handshakes_total"
        case .receivedBytes: "kayle_gateway_received_bytes_total"
        case .sentBytes: "kayle_gateway_sent_bytes_total"
        case .cacheRequests: "kayle_gateway_cache_requests_total"
        case .cacheRefreshes: "kayle_gateway_cache_refreshes_total"
        case .cacheNarrowings: "kayle_gateway_cache_narrowings_total"
        case .cacheCompressions: "kayle_gateway_cache_compressions_total"
        case .cacheFollowedLarger: "kayle_gateway_cache_followed_larger_total"
        case .cacheOvertaken: "kayle_gateway_cache_fetches_overtaken_total"
        case .cacheStreams: "kayle_gateway_cache_streams_total"
        case .cacheBytes: "kayle_gateway_cache_bytes"
        case .cacheRetiredBytes: "kayle_gateway_cache_retired_bytes"
        case .cacheEntries: "kayle_gateway_cache_entries"
        case .cacheEvictions: "kayle_gateway_cache_evictions_total"
        case .upstreamRequests: "kayle_gateway_upstream_requests_total"
        case .upstreamDuration: "kayle_gateway_upstream_duration_seconds"
        case .upstreamInFlight: "kayle_gateway_upstream_in_flight"
        case .upstreamRetries: "kayle_gateway_upstream_retries_total"
        case .upstreamGzipAnswers: "kayle_gateway_upstream_gzip_answers_total"
        case .upstreamPauses: "kayle_gateway_upstream_pauses_total"
        case .credentialTakeovers: "kayle_gateway_upstream_credential_takeovers_total"
        case .requestsShed: "kayle_gateway_requests_shed_total"
        case .residentBytes: "kayle_gateway_resident_bytes"
        case .upstreamRetriesDenied: "kayle_gateway_upstream_retries_denied_total"
        case .upstreamCircuit: "kayle_gateway_upstream_circuit_state"
        case .upstreamCircuitsOpened: "kayle_gateway_upstream_circuits_opened_total"
        case .upstreamCredentialsOpen: "kayle_gateway_upstream_credential_circuits_open"
        case .upstreamProbes: "kayle_gateway_upstream_probes_total"
        case .rateLimited: "kayle_gateway_rate_limited_total"
        case .rateLimitShadowed: "kayle_gateway_rate_limit_shadowed_total"
        case .rateLimitBuckets: "kayle_gateway_rate_limit_buckets"
        case .quotaBuckets: "kayle_gateway_quota_buckets"
        case .rateLimitEvictions: "kayle_gateway_rate_limit_evictions_total"
        case .loopTurnDuration: "kayle_gateway_loop_turn_duration_seconds"
        case .accessLogLinesDropped: "kayle_gateway_access_log_lines_dropped_total"
        case .configurationGeneration: "kayle_gateway_configuration_generation"
        case .reloads: "kayle_gateway_reloads_total"
        case .certificateExpiry: "kayle_gateway_certificate_expiry_timestamp_seconds"
        case .startTime: "kayle_gateway_start_timestamp_seconds"
        case .buildInfo: "kayle_gateway_build_info"
        }
    }

    /// What kind of number it is.
    package var kind: Kind {
        switch self {
        case .requests, .requestsRepeated, .refusals, .connectionsAccepted, .connectionsEnded, .handshakes,
            .receivedBytes, .sentBytes, .cacheRequests, .cacheRefreshes, .cacheNarrowings, .cacheCompressions,
            .cacheEvictions, .upstreamRequests, .upstreamRetries, .upstreamPauses, .credentialTakeovers,
            .rateLimited, .rateLimitShadowed, .requestsShed, .rateLimitEvictions, .accessLogLinesDropped,
            .reloads, .cacheFollowedLarger, .cacheOvertaken, .upstreamRetriesDenied, .upstreamCircuitsOpened,
            .upstreamProbes, .upstreamGzipAnswers, .cacheStreams:
            .counter
        case .requestsInFlight, .connections, .cacheBytes, .cacheRetiredBytes, .cacheEntries,
            .upstreamInFlight,
            .rateLimitBuckets, .quotaBuckets, .residentBytes, .configurationGeneration, .certificateExpiry,
            .startTime, .buildInfo, .upstreamCircuit, .upstreamCredentialsOpen:
            .gauge
        case .requestDuration, .upstreamDuration, .loopTurnDuration: .histogram
        }
    }

    /// What its numbers count.
    package var unit: Unit {
        switch self {
        case .receivedBytes, .sentBytes, .cacheBytes, .cacheRetiredBytes, .residentBytes: .bytes
        case .requestDuration, .upstreamDuration, .loopTurnDuration, .certificateExpiry, .startTime: .seconds
        case .requests, .requestsInFlight, .requestsRepeated, .refusals, .connections, .connectionsAccepted,
            .connectionsEnded, .handshakes, .cacheRequests, .cacheRefreshes, .cacheNarrowings,
            .cacheCompressions, .cacheEntries,
            .cacheEvictions, .upstreamRequests, .upstreamInFlight, .upstreamRetries, .upstreamPauses,
            .credentialTakeovers, .rateLimited, .rateLimitShadowed, .requestsShed, .rateLimitBuckets,
            .quotaBuckets, .rateLimitEvictions, .accessLogLinesDropped, .configurationGeneration, .reloads,
            .buildInfo, .cacheFollowedLarger, .cacheOvertaken, .upstreamRetriesDenied, .upstreamCircuit,
            .upstreamCircuitsOpened, .upstreamCredentialsOpen, .upstreamProbes, .upstreamGzipAnswers,
            .cacheStreams:
            .count
        }
    }

    /// The labels of its series, three at most.
    package var labels: [MetricLabel] {
        switch self {
        case .requests: [.route, .tenant, .status]
        case .requestDuration: [.route, .cache]
        case .refusals, .connectionsEnded, .upstreamCircuitsOpened: [.reason]
        case .handshakes, .upstreamProbes: [.result]
        case .cacheRequests: [.route, .result]
        case .cacheCompressions: [.result]
        case .upstreamRequests: [.route, .status]
        case .upstreamDuration, .cacheRefreshes, .cacheNarrowings: [.route]
        case .upstreamPauses, .credentialTakeovers: [.tenant]
        case .requestsShed: [.tenant, .reason]
        case .rateLimited, .rateLimitShadowed: [.tenant, .limit]
        case .reloads: [.result]
        case .certificateExpiry: [.listener]
        case .buildInfo: [.version]
        case .requestsInFlight, .requestsRepeated, .connections, .connectionsAccepted, .receivedBytes,
            .sentBytes, .cacheBytes, .cacheRetiredBytes,
            .cacheEntries, .cacheEvictions, .upstreamInFlight, .upstreamRetries, .rateLimitBuckets,
            .quotaBuckets, .rateLimitEvictions, .residentBytes, .loopTurnDuration, .accessLogLinesDropped,
            .configurationGeneration, .cacheFollowedLarger, .cacheOvertaken, .upstreamRetriesDenied,
            .upstreamCircuit, .upstreamCredentialsOpen, .upstreamGzipAnswers, .cacheStreams,
            .startTime:
            []
        }
    }

    /// Whether its value is asked from its owner for each snapshot rather than counted by workers.
    package var isSampled: Bool {
        switch self {
        case .cacheBytes, .cacheRetiredBytes, .cacheEntries, .cacheEvictions, .rateLimitBuckets,
            .quotaBuckets,
            .rateLimitEvictions, .residentBytes, .cacheFollowedLarger, .cacheOvertaken,
            .upstreamRetriesDenied, .upstreamCircuit, .upstreamCircuitsOpened, .upstreamCredentialsOpen,
            .upstreamProbes,
            .accessLogLinesDropped, .configurationGeneration, .certificateExpiry, .startTime, .buildInfo:
            true
        case .requests, .requestDuration, .requestsInFlight, .requestsRepeated, .refusals, .connections,
            .connectionsAccepted,
            .connectionsEnded, .handshakes, .receivedBytes, .sentBytes, .cacheRequests, .cacheRefreshes,
            .cacheNarrowings, .cacheCompressions, .upstreamRequests, .upstreamDuration, .upstreamInFlight,
            .upstreamRetries, .upstreamPauses, .credentialTakeovers, .rateLimited, .rateLimitShadowed,
            .requestsShed, .loopTurnDuration, .reloads, .upstreamGzipAnswers, .cacheStreams:
            false
        }
    }

    /// What it tells, as one sentence.
    package var sentence: String {
        switch self {
        case .requests: "Requests answered, by the status the client was sent."
        case .requestDuration: "Time from the first byte of a request to the last byte of its answer."
        case .requestsInFlight: "Requests that are being answered."
        case .requestsRepeated:
            "Requests answered by what was known of the same bytes before on their connection."
        case .refusals: "Requests and connections refused by the gateway itself, by reason."
        case .connections: "Open client connections."
        case .connectionsAccepted: "Client connections accepted."
        case .connectionsEnded: "Client connections ended by a bound on their life, by reason."
        case .handshakes: "TLS handshakes ended: full, resumed or failed."
        case .receivedBytes: "Bytes of requests received, heads included, before encryption."
        case .sentBytes: "Bytes of answers sent, heads included, before encryption."
        case .cacheRequests: "Requests of cached routes, by what the cache had: the words of Cache-Status."
        case .cacheRefreshes: "Fetches of answers that were given meanwhile although their time was over."
        case .cacheNarrowings:
            "Requests for which a larger page (`widen`) was of no use, so that their own question was asked."
        case .cacheCompressions:
            "Stored answers that were to be made smaller: by coding, or `useless` or `dropped` for want of room."
        case .cacheFollowedLarger: "Requests that waited for the fetch of a larger page than their own."
        case .cacheOvertaken: "Fetches that had become too old to be waited for, so that one more began."
        case .cacheStreams:
            "Large answers given while they arrived, to the client that fetched or one that waited."
        case .cacheBytes: "Memory the cache holds, its own overhead included."
        case .cacheRetiredBytes: "Memory of answers that have left the cache while a worker may read them."
        case .cacheEntries: "Answers the cache holds."
        case .cacheEvictions: "Answers put out of the cache for room."
        case .upstreamRequests: "Requests sent upstream, by the status that came back; 0 if none did."
        case .upstreamDuration: "Time from a request's start upstream to the last byte of its answer."
        case .upstreamInFlight: "Requests upstream that are not answered yet."
        case .upstreamRetries:
            "Requests sent upstream once more: a pooled connection had closed, or there was none, or no answer."
        case .credentialTakeovers:
            "Times a tenant's other upstream token took over because the upstream refused the one in use (401)."
        case .upstreamGzipAnswers: "Answers that came from the upstream in gzip, which was taken off them."
        case .upstreamPauses:
            "Answers of 429 after which nothing was sent for a while with the tenant's upstream token."
        case .requestsShed: "Requests refused because the gateway itself was short, by what it was short of."
        case .residentBytes: "Memory of the process, as the kernel counts it."
        case .upstreamRetriesDenied: "Requests not sent upstream once more because the budget was used up."
        case .upstreamCircuit: "The upstream's circuit: 0 closed, 1 half-open, 2 open."
        case .upstreamCircuitsOpened:
            "Times a circuit opened: the upstream's, or that of one credential (reason)."
        case .upstreamCredentialsOpen: "Credentials whose own circuit is not closed."
        case .upstreamProbes: "Probes of the upstream's health: good or bad."
        case .rateLimited: "Requests refused because a limit was exceeded; they consumed nothing."
        case .rateLimitShadowed: "Requests beyond a limit in shadow mode; they were not refused for it."
        case .rateLimitBuckets: "Buckets of rates and of requests at once in memory."
        case .quotaBuckets: "Counts of quotas in the file of quotas."
        case .rateLimitEvictions: "Full buckets put out of memory for others."
        case .loopTurnDuration: "Time a worker was busy before it looked for events again."
        case .accessLogLinesDropped: "Access log lines lost because the log could not be written fast enough."
        case .configurationGeneration: "Number of the configuration in use; grows with each reload."
        case .reloads: "Attempts to load the configuration again, by result."
        case .certificateExpiry: "When a listener's certificate expires, in seconds since 1970."
        case .startTime: "When the process started, in seconds since 1970."
        case .buildInfo: "Always 1; the label tells the version."
        }
    }
}

/// A dimension by which a metric's series are told apart. Values come from closed sets or the configuration.
package enum MetricLabel: String, Sendable, Hashable, CaseIterable {
    case route, tenant, status, cache, result, limit, reason, listener, version
}
