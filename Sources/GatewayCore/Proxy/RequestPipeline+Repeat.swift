import Cache
import HTTPModel

/// The short way down the corridor, for requests that say byte for byte what one before on their connection
/// said: stages 4 to 7 are taken from it, 8, 9, 13 and 14 are walked as ever (docs/decisions/0017).
extension RequestPipeline {
    /// Answers a request that repeats another one, if it is to be refused or a fresh answer is stored; `nil`
    /// if it has to walk down the corridor from the start. Then it has changed and taken nothing.
    package func answer(
        _ repeated: RepeatedRequest, _ downstream: Downstream, into output: inout ByteBuffer
    ) -> Handling? {
        precondition(underWay == nil, "a place among the requests under way belongs to no exchange")
        reader.begin()
        let downstream = downstream.seen(from: repeated.address)
        var record = ExchangeRecord(repeated, downstream, Borrowed(snapshot))
        guard record.judge.read({ repeated.isJudged(by: $0) }) else { return nil }
        if let shown = repeated.shown {
            let now = recorder.nowUnixSeconds
            let refusal = record.judge.read { $0.access.refusal(of: shown, nowUnixSeconds: now) }
            guard refusal == repeated.shownRefusal else { return nil }
        }
        identifier.make()
        beginOwnFields()
        if let shown = repeated.shown, repeated.isGranted { note(shown, record) }
        switch repeated.verdict {
        case .admitted:
            return repeated.target.withSpan { target in
                answerAdmitted(repeated, target, downstream, &record, into: &output)
            }
        case .refused(let refusal):
            return refuse(again(refusal, record), repeated, &record, into: &output)
        }
    }

    /// 8 and 9: within the limits, out of the cache.
    private func answerAdmitted(
        _ repeated: RepeatedRequest, _ target: Span<UInt8>, _ downstream: Downstream,
        _ record: inout ExchangeRecord, into output: inout ByteBuffer
    ) -> Handling? {
        guard let route = record.routeIndex else { preconditionFailure("admitted to no route") }
        if let refusal = checkLimits(record.method, downstream, &record) {
            return refuse(refusal, repeated, &record, into: &output)
        }
        let now = downstream.startedAt
        let number = record.judge.read { $0.routeNumbers[route].number }
        let found = record.borrowedPartition.read {
            cache.lookUp($0, route: number, query: target, now: now, as: reader)
        }
        if case .fresh(let found) = found {
            // That something is missing may have been overtaken by a page that shows it; a large answer goes
            // out piece by piece.
            let handling = found.read { entry -> Handling? in
                guard entry.status != .notFound, entry.body.count <= ResponseComposer.firstContentBytes
                else { return nil }
                return give(entry, repeated, downstream, &record, into: &output)
            }
            if let handling { return handling }
        } else if let ask = repeated.pageAsk, let slice = slice(target, ask, record, now: now) {
            let byteCount = slice.bodyByteCount
            if byteCount <= ResponseComposer.firstContentBytes {
                return give(slice, byteCount, repeated, downstream, &record, into: &output)
            }
        }
        limited.plan = nil
        return nil
    }

    /// 13: the answer that is stored.
    private func give(
        _ entry: CacheEntry, _ repeated: RepeatedRequest, _ downstream: Downstream,
        _ record: inout ExchangeRecord, into output: inout ByteBuffer
    ) -> Handling {
        if let refusal = takeForHit(&record) { return refuse(refusal, repeated, &record, into: &output) }
        let lifetime = entry.remainingLifetimeSeconds(now: downstream.startedAt)
        record.cacheStatus = .hit(ttlSeconds: lifetime)
        if holds(entry, repeated) {
            tag.withBytes {
                putConfirmation($0, entry, lifetimeSeconds: lifetime, downstream, &record, into: &output)
            }
        } else {
            coded(entry, repeated.codings).read { given in
                let sent = begin(given, downstream, &record, into: &output)
                precondition(
                    sent == Int(given.body.count), "\(sent) of \(given.body.count) bytes were written")
            }
        }
        return write(record, repeated)
    }

    /// 13: the answer read off a page.
    private func give(
        _ slice: PageSlice, _ bodyByteCount: Int, _ repeated: RepeatedRequest, _ downstream: Downstream,
        _ record: inout ExchangeRecord, into output: inout ByteBuffer
    ) -> Handling {
        if let refusal = takeForHit(&record) { return refuse(refusal, repeated, &record, into: &output) }
        let lifetime = slice.remainingLifetimeSeconds(now: downstream.startedAt)
        record.cacheStatus = .slice(ttlSeconds: lifetime)
        let plain = slice.eTag
        if holds(plain.span, repeated) {
            slice.source.read { source in
                tag.withBytes {
                    putConfirmation($0, source, lifetimeSeconds: lifetime, downstream, &record, into: &output)
                }
            }
        } else {
            put(slice, bodyByteCount, tag: plain.span, downstream, &record, into: &output)
        }
        return write(record, repeated)
    }

    private func holds(_ entry: CacheEntry, _ repeated: RepeatedRequest) -> Bool {
        if repeated.condition.isEmpty { return false }
        return entry.bytes.withSpan { holds($0.extracting(entry.eTag.range), repeated) }
    }

    /// Whether the client has the answer whose plain form has this tag; `tag` then is that of what it has.
    private func holds(_ plain: Span<UInt8>, _ repeated: RepeatedRequest) -> Bool {
        if repeated.condition.isEmpty || plain.isEmpty { return false }
        return repeated.condition.withSpan { condition in
            findHeld(plain, repeated.codings) { EntityTagList.names($0, in: condition) }
        }
    }

    /// A refusal given once more. A token that is not good is taken from its address's bucket each time.
    private func again(_ refusal: Refusal, _ record: borrowing ExchangeRecord) -> Refusal {
        guard case .access(let reason) = refusal, reason.isFailedToken,
            let seconds = failedTokens.take(record.address, now: record.startedAt)
        else { return refusal }
        return .guessing(retryAfterSeconds: seconds)
    }

    private func refuse(
        _ refusal: Refusal, _ repeated: RepeatedRequest, _ record: inout ExchangeRecord,
        into output: inout ByteBuffer
    ) -> Handling {
        limited.plan = nil
        if case .limited = refusal { record.terms.acceptsProblem = repeated.acceptsProblem }
        put(refusal, &record, into: &output)
        return write(record, repeated)
    }

    /// 14.
    private func write(_ record: ExchangeRecord, _ repeated: RepeatedRequest) -> Handling {
        recorder.repeated()
        repeated.logFields.withSpan { fields in
            identifier.bytes.withBytes { recorder.write(record, identifier: $0, fields: fields) }
        }
        return .answered(record.persistence)
    }

    /// Keeps a request that was just answered at once, for its connection to take; `refusal` is why it was
    /// refused before the cache was asked. Not kept is what has content or an identifier of its own, what
    /// may be judged otherwise at another moment, and what was not answered out of the cache.
    func keep(
        _ refusal: Refusal?, _ head: borrowing RequestHead, _ bytes: Span<UInt8>,
        _ record: ExchangeRecord
    ) {
        guard head.framing == .none, head.keepsAlive, !head.expectsContinue, record.persistence == .keep,
            bytes.count <= RepeatedRequest.maximumHeadBytes, head.firstIndex(of: .xRequestID) == nil,
            let verdict = verdict(refusal, record)
        else { return }
        let request = CacheRequest(head, bytes: bytes)
        if case .admitted = verdict, !request.isLookedUp { return }
        let condition = request.isConditional ? Self.condition(head, bytes) : []
        let userAgent = bytes.extracting(record.userAgent.range)
        // Not every refused request got as far as a target of its own.
        let target = verdict.isAdmitted ? target.withBytes { $0.array } : []
        kept = RepeatedRequest(
            verdict, shown, record, head: bytes, target: target,
            pageAsk: verdict.isAdmitted ? pageAsk(target.span, record) : nil, request: request,
            condition: condition,
            acceptsProblem: ProblemDetails.isAccepted(head, bytes),
            logFields: path.withBytes { recorder.requestFields(record, path: $0, userAgent: userAgent) })
    }

    private func verdict(
        _ refusal: Refusal?, _ record: ExchangeRecord
    ) -> RepeatedRequest.Verdict? {
        switch refusal {
        case nil:
            switch record.cacheStatus {
            case .hit, .slice: return admitted(record)
            case nil: return record.refusal == .limited ? admitted(record) : nil
            case .some: return nil
            }
        case .limited: return admitted(record)
        case .access(let reason): return .refused(.access(reason))
        case .some(let refusal):
            switch refusal {
            case .path, .query, .pageTooLarge, .noRoute, .methodNotAllowed: return .refused(refusal)
            case .message, .access, .guessing, .late, .limited, .upstreamLimited, .upstream, .overloaded:
                return nil
            }
        }
    }

    /// Only what is a tenant's own and looked up under its target alone: other keys hold fields.
    private func admitted(_ record: borrowing ExchangeRecord) -> RepeatedRequest.Verdict? {
        guard let shown, record.tenantIndex == shown.tenantIndex, record.token == shown.token,
            record.sharing == .tenant
        else { return nil }
        return .admitted
    }
}
