import HTTPModel
import Testing

@testable import Cache

struct CacheStatusTests {
    @Test(arguments: [
        (CacheStatus.hit(ttlSeconds: 3), "kayle-gateway; hit; ttl=3", CacheResult.hit),
        (.slice(ttlSeconds: 3), "kayle-gateway; hit; ttl=3; detail=page-slice", .pageSlice),
        (.staleHit(ttlSeconds: -2), "kayle-gateway; hit; ttl=-2; detail=swr", .staleHit),
        (
            .forward(CacheForward(.stale, status: Status(rawValue: 503), detail: .staleOnError)),
            "kayle-gateway; fwd=stale; fwd-status=503; detail=sie", .staleOnError
        ),
        (.hit(ttlSeconds: -2), "kayle-gateway; hit; ttl=-2", .hit),
        (.hit(ttlSeconds: .min), "kayle-gateway; hit; ttl=-9223372036854775808", .hit),
        (
            .forward(CacheForward(.uriMiss, status: .ok, role: .stored)),
            "kayle-gateway; fwd=uri-miss; fwd-status=200; stored", .uriMiss
        ),
        (
            .forward(CacheForward(.uriMiss, role: .collapsed)), "kayle-gateway; fwd=uri-miss; collapsed",
            .collapsed
        ),
        (
            .forward(CacheForward(.stale, status: .serviceUnavailable)),
            "kayle-gateway; fwd=stale; fwd-status=503", .stale
        ),
        (
            .forward(CacheForward(.bypass, detail: .bypass(.opaqueQuery))),
            "kayle-gateway; fwd=bypass; detail=opaque-query", .bypass
        ),
        (.forward(CacheForward(.method)), "kayle-gateway; fwd=method", .method),
        (
            .forward(CacheForward(.uriMiss, status: .ok, detail: .notStored(.noStore))),
            "kayle-gateway; fwd=uri-miss; fwd-status=200; detail=no-store", .uriMiss
        ),
    ])
    func itIsWrittenAsTheStandardSays(status: CacheStatus, text: String, word: CacheResult) {
        var bytes: [UInt8] = []
        status.append(to: &bytes)

        #expect(String(decoding: bytes, as: UTF8.self) == text)
        #expect(status.word == word)
    }

    @Test func theLongestFitsTheStatedRoom() {
        for refusal in StorageRefusal.allCases {
            for reason in ForwardReason.allCases {
                var bytes: [UInt8] = []
                CacheStatus.forward(
                    CacheForward(reason, status: .ok, role: .collapsed, detail: .notStored(refusal))
                ).append(to: &bytes)
                #expect(bytes.count <= 96)
            }
        }
    }
}
