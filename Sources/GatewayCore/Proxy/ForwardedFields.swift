package import HTTPModel

/// The field lines of a request on its way to the upstream: what is left out, what is taken over, what is
/// set.
///
/// Left out: the fields of a single connection and those that `Connection` names (RFC 9110 §7.6.1), the
/// tenant's own token, and every statement about the client that the client could have made up
/// (`X-Forwarded-*`, `Forwarded`, `X-Real-IP`). Duplicates and their order are kept.
package enum ForwardedFields {
    /// Appends the lines of a request that is passed through, but for those with the name `omitted`.
    package static func append(
        head: borrowing RequestHead, _ bytes: Span<UInt8>, downstream: Downstream, identifier: Span<UInt8>,
        leavingOut omitted: FieldName? = nil, to request: inout UpstreamRequest
    ) {
        let lines = head.fields.span
        for index in lines.indices {
            let line = lines[index]
            if isLeftOut(line.known) || line.known == omitted { continue }
            let name = bytes.extracting(line.name.range)
            if head.hasConnectionField && isNominated(name, head: head, bytes) { continue }
            // RFC 9110 §7.6.2: counts down on OPTIONS and TRACE only; TRACE does not come this far.
            if line.known == .maxForwards, head.method == .options, let left = head.maxForwards, left > 0 {
                request.append(name: name, value: Array(String(left - 1).utf8).span)
                continue
            }
            request.append(name: name, value: bytes.extracting(line.value.range))
        }
        appendOwn(head: head, bytes, downstream: downstream, identifier: identifier, to: &request)
    }

    /// Appends the lines of a request whose answer may be stored: of the client's only those that are in the
    /// key, so that nothing else can shape the stored answer.
    package static func appendForStore(
        head: borrowing RequestHead, _ bytes: Span<UInt8>, downstream: Downstream, identifier: Span<UInt8>,
        sharing: RouteCacheConfiguration.Sharing, to request: inout UpstreamRequest
    ) {
        switch sharing {
        case .tenant:
            request.append("Accept", "application/json")
            appendOwn(head: head, bytes, downstream: downstream, identifier: identifier, to: &request)
        case .headers:
            append(head: head, bytes, downstream: downstream, identifier: identifier, to: &request)
        }
    }

    /// Appends to a cache key the client's lines that are forwarded, for answers shared by equal request
    /// fields.
    package static func appendKey(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, to key: inout ByteBuffer
    ) {
        let lines = head.fields.span
        for index in lines.indices {
            let line = lines[index]
            let name = bytes.extracting(line.name.range)
            if isLeftOut(line.known) || (head.hasConnectionField && isNominated(name, head: head, bytes)) {
                continue
            }
            // A line end stands in no name, value or target, so no two sets of lines have one key.
            key.append("\n")
            for position in name.indices { key.append(name[position].asciiLowercased) }
            key.append(":")
            key.append(bytes.extracting(line.value.range))
        }
    }

    private static func appendOwn(
        head: borrowing RequestHead, _ bytes: Span<UInt8>, downstream: Downstream, identifier: Span<UInt8>,
        to request: inout UpstreamRequest
    ) {
        let address = downstream.address
        let isIPv4 = address.isIPv4
        let scheme: StaticString = downstream.isSecure ? "https" : "http"
        let authority = bytes.extracting(head.authority.range)
        request.append("X-Forwarded-For") { address.append(to: &$0) }
        request.append("X-Forwarded-Proto", scheme)
        request.append("Forwarded") { forwarded in
            // RFC 7239 §6: an IPv6 address stands in brackets and quotes.
            forwarded.append(isIPv4 ? "for=" : "for=\"[")
            address.append(to: &forwarded)
            forwarded.append(isIPv4 ? ";proto=" : "]\";proto=")
            forwarded.append(scheme)
            if authority.isEmpty { return }
            // The authority was validated and holds no quote; quotes are needed for the colon before a port.
            forwarded.append(";host=\"")
            forwarded.append(authority)
            forwarded.append("\"")
        }
        request.append("X-Request-Id", identifier)
        // RFC 9110 §7.6.3: a gateway says in each request that it has passed it on.
        request.append("Via", head.version == .http10 ? "1.0 kayle-gateway" : "1.1 kayle-gateway")
    }

    private static func isLeftOut(_ name: FieldName) -> Bool {
        if name.isHopByHop { return true }
        switch name {
        case .authorization, .host, .contentLength, .expect, .forwarded, .xForwardedFor, .xForwardedHost,
            .xForwardedProto, .xRealIP, .xRequestID:
            return true
        case .acceptEncoding, .age, .cacheControl, .cacheStatus, .connection, .contentEncoding, .contentType,
            .cookie, .date, .eTag, .expires, .http2Settings, .ifMatch, .ifModifiedSince, .ifNoneMatch,
            .ifRange,
            .ifUnmodifiedSince, .keepAlive, .lastModified, .location, .maxForwards, .pragma,
            .proxyAuthenticate,
            .proxyAuthenticationInfo, .proxyAuthorization, .proxyConnection, .proxyStatus, .range, .rateLimit,
            .rateLimitPolicy, .retryAfter, .server, .setCookie, .te, .trailer, .transferEncoding, .upgrade,
            .userAgent, .vary, .via, .wwwAuthenticate, .other:
            return false
        }
    }

    /// Whether a `Connection` field names this field as one for this connection only.
    private static func isNominated(_ name: Span<UInt8>, head: borrowing RequestHead, _ bytes: Span<UInt8>)
        -> Bool
    {
        let lines = head.fields.span
        for index in lines.indices where lines[index].known == .connection {
            let value = bytes.extracting(lines[index].value.range)
            var start = 0
            while start < value.count {
                var end = start
                while end < value.count, value[end] != UInt8(ascii: ",") { end += 1 }
                if value.extracting(start..<end).trimmed(equals: name) { return true }
                start = end + 1
            }
        }
        return false
    }
}

extension Span where Element == UInt8 {
    /// Whether these bytes, without blanks around them, spell a name without regard to ASCII case.
    fileprivate func trimmed(equals name: Span<UInt8>) -> Bool {
        var first = 0
        var end = count
        while first < end, self[first] == 0x20 || self[first] == 0x09 { first += 1 }
        while end > first, self[end - 1] == 0x20 || self[end - 1] == 0x09 { end -= 1 }
        guard end - first == name.count else { return false }
        for index in 0..<name.count
        where self[first + index].asciiLowercased != name[index].asciiLowercased { return false }
        return true
    }
}
