import Foundation

/// The documented envelope of an answer that the gateway made, read by somebody else's JSON reader.
struct ErrorDocument {
    let code: String
    let message: String
    /// The page size in `pagination`; `nil` where the envelope has none.
    let pageSize: Int?

    /// Reads the body of an answer; `nil` for anything but the envelope with all of its members.
    init?(_ body: [UInt8]) {
        // Why it cannot be read is lost; the test shows the body.
        guard let value = try? JSONSerialization.jsonObject(with: Data(body)),
            let document = value as? [String: Any], document["data"] is NSNull,
            let error = document["error"] as? [String: Any], error.count == 4,
            let code = error["code"] as? String, let message = error["message"] as? String,
            error["hint"] is String, error["docs"] is String
        else { return nil }
        self.code = code
        self.message = message
        if let pagination = document["pagination"] as? [String: Any] {
            guard let limit = pagination["limit"] as? Int, pagination["has_more"] as? Bool == false,
                pagination["next_cursor"] is NSNull
            else { return nil }
            pageSize = limit
        } else {
            pageSize = nil
        }
    }
}
