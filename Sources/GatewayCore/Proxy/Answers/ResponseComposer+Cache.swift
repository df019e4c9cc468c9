package import Cache
package import HTTPModel

/// Answers that are read off stored ones, or confirm them.
extension ResponseComposer {
    /// An answer that is read off a stored page, whole; `bodyByteCount` and `tag` are the slice's.
    package mutating func answer(
        from slice: PageSlice, bodyByteCount: Int, tag: Span<UInt8>, _ terms: AnswerTerms,
        own: Span<UInt8>, now: MonotonicInstant, into output: inout ByteBuffer
    ) {
        let age = slice.source.read { source in
            ResponseEncoder.statusLine(source.status, into: &output)
            ResponseEncoder.field("Content-Length", UInt64(bodyByteCount), into: &output)
            ResponseEncoder.field("ETag", tag, into: &output)
            source.bytes.withSpan { output.append($0.extracting(source.fields.range)) }
            return source.ageSeconds(now: now)
        }
        appendLifetime(slice.remainingLifetimeSeconds(now: now), into: &output)
        ResponseEncoder.field("Age", UInt64(clamping: age), into: &output)
        appendOwn(terms, own: own, into: &output)
        ResponseEncoder.endHead(into: &output)
        guard terms.method != .head else { return }
        slice.source.read { source in
            source.bytes.withSpan { bytes in
                slice.forEachPiece { piece in
                    switch piece {
                    case .source(let range): output.append(bytes.extracting(range.range))
                    case .number(let number): output.append(decimal: UInt64(number))
                    case .word(let word): output.append(word)
                    case .byte(let byte): output.append(byte)
                    }
                }
            }
        }
    }

    /// 304: what the client has under this tag is right (RFC 9110 §15.4.5). Carries what a 200 would have
    /// said about caching, and nothing about content.
    package mutating func answerNotModified(
        _ tag: Span<UInt8>, _ source: CacheEntry, lifetimeSeconds: Int64, _ terms: AnswerTerms,
        own: Span<UInt8>, now: MonotonicInstant, into output: inout ByteBuffer
    ) {
        ResponseEncoder.statusLine(.notModified, into: &output)
        ResponseEncoder.field("ETag", tag, into: &output)
        appendLifetime(lifetimeSeconds, into: &output)
        appendAge(of: source, terms, now: now, into: &output)
        appendOwn(terms, own: own, into: &output)
        let held = source.bytes
        let fields = held.span.extracting(source.fields.range)
        fields.forEachLine { line, colon in
            guard !Self.describesContent(fields.extracting(line.lowerBound..<colon)) else { return }
            output.append(fields.extracting(line))
            output.append("\r\n")
        }
        ResponseEncoder.endHead(into: &output)
    }

    /// `Age` where an answer was not just fetched (RFC 9111 §5.1): on every hit, and on what is given in
    /// place of a failure, which is as old as it is too.
    func appendAge(
        of source: CacheEntry, _ terms: AnswerTerms, now: MonotonicInstant, into output: inout ByteBuffer
    ) {
        let age = source.ageSeconds(now: now)
        guard terms.cacheStatus?.isHit == true || age > 0 else { return }
        ResponseEncoder.field("Age", UInt64(clamping: age), into: &output)
    }

    /// Whether a field is about content, which a 304 does not repeat.
    private static func describesContent(_ name: Span<UInt8>) -> Bool {
        if name.equalsIgnoringCase("last-modified") { return true }
        return name.count >= 8 && name.extracting(first: 8).equalsIgnoringCase("content-")
            && !name.equalsIgnoringCase("content-location")
    }
}
