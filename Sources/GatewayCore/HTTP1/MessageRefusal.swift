package import HTTPModel

/// Every reason why a request is refused for the form of its bytes alone; the raw value is its word in
/// metrics and logs.
///
/// Closed, so that a new reason is a compile error until it has its status, its code and its sentence. After
/// any of them nobody knows for sure where the next request begins: the answer is sent and the connection
/// closes.
package enum MessageRefusal: String, Sendable, Hashable, CaseIterable {
    case leadingEmptyLines = "leading_empty_lines"
    case methodInvalid = "method_invalid"
    case targetInvalid = "target_invalid"
    case targetFormInvalid = "target_form_invalid"
    case targetAuthorityInvalid = "target_authority_invalid"
    case versionMalformed = "version_malformed"
    case bareCarriageReturn = "bare_carriage_return"
    case bareLineFeed = "bare_line_feed"
    case fieldNameEmpty = "field_name_empty"
    case fieldNameInvalid = "field_name_invalid"
    case whitespaceBeforeColon = "whitespace_before_colon"
    case colonMissing = "colon_missing"
    case foldedFieldLine = "folded_field_line"
    case fieldValueInvalid = "field_value_invalid"
    case hostMissing = "host_missing"
    case hostRepeated = "host_repeated"
    case hostInvalid = "host_invalid"
    case connectionInvalid = "connection_invalid"
    case contentLengthInvalid = "content_length_invalid"
    case contentLengthRepeated = "content_length_repeated"
    case contentLengthWithTransferEncoding = "content_length_with_transfer_encoding"
    case transferEncodingInvalid = "transfer_encoding_invalid"
    case transferEncodingRepeated = "transfer_encoding_repeated"
    case transferEncodingInHTTP10 = "transfer_encoding_in_http10"
    case chunkedNotLast = "chunked_not_last"
    case chunkSizeInvalid = "chunk_size_invalid"
    case chunkExtensionInvalid = "chunk_extension_invalid"
    case chunkExtensionsTooLong = "chunk_extensions_too_long"
    case chunkEndMissing = "chunk_end_missing"
    case bytesAfterClose = "bytes_after_close"
    case requestLineTooLong = "request_line_too_long"
    case headTooLarge = "head_too_large"
    case tooManyFields = "too_many_fields"
    case trailerTooLarge = "trailer_too_large"
    case contentTooLarge = "content_too_large"
    case methodTooLong = "method_too_long"
    case connectNotImplemented = "connect_not_implemented"
    case transferCodingUnknown = "transfer_coding_unknown"
    case versionNotSupported = "version_not_supported"

    /// The answer's status code.
    package var status: Status {
        switch self {
        case .leadingEmptyLines, .methodInvalid, .targetInvalid, .targetFormInvalid, .targetAuthorityInvalid,
            .versionMalformed, .bareCarriageReturn, .bareLineFeed, .fieldNameEmpty, .fieldNameInvalid,
            .whitespaceBeforeColon, .colonMissing, .foldedFieldLine, .fieldValueInvalid, .hostMissing,
            .hostRepeated, .hostInvalid, .connectionInvalid, .contentLengthInvalid, .contentLengthRepeated,
            .contentLengthWithTransferEncoding, .transferEncodingInvalid, .transferEncodingRepeated,
            .transferEncodingInHTTP10, .chunkedNotLast, .chunkSizeInvalid, .chunkExtensionInvalid,
            .chunkExtensionsTooLong, .chunkEndMissing, .bytesAfterClose:
            .badRequest
        case .requestLineTooLong: .uriTooLong
        case .headTooLarge, .tooManyFields, .trailerTooLarge: .headersTooLarge
        case .contentTooLarge: .contentTooLarge
        case .methodTooLong, .connectNotImplemented, .transferCodingUnknown: .notImplemented
        case .versionNotSupported: .versionNotSupported
        }
    }

    /// The answer's error code; each status that a refusal can have stands for exactly one (interface.md §3).
    package var code: StaticString {
        switch status {
        case .uriTooLong: "URI_TOO_LONG"
        case .headersTooLarge: "HEADERS_TOO_LARGE"
        case .contentTooLarge: "CONTENT_TOO_LARGE"
        case .notImplemented: "NOT_IMPLEMENTED"
        case .versionNotSupported: "HTTP_VERSION_NOT_SUPPORTED"
        default: "BAD_REQUEST"
        }
    }

    /// What is wrong and what is allowed, for the answer's message. Repeats no byte of the request.
    package var sentence: StaticString {
        switch self {
        case .leadingEmptyLines: "At most one empty line may come before the request line."
        case .methodInvalid: "The request line must begin with a method, a token, and one space."
        case .targetInvalid: "The request target holds a byte that a URI must percent-encode."
        case .targetFormInvalid:
            "The request target must begin with / or be an absolute http or https URI; * is for OPTIONS."
        case .targetAuthorityInvalid: "The request target's authority must be a host and an optional port."
        case .versionMalformed: "The request line must end in one space and HTTP/1.1 or HTTP/1.0."
        case .bareCarriageReturn: "Lines must end in CR LF; a CR stands alone."
        case .bareLineFeed: "Lines must end in CR LF; an LF stands alone."
        case .fieldNameEmpty: "A field line must begin with a name."
        case .fieldNameInvalid: "A field name must be a token: letters, digits and !#$%&'*+-.^_`|~."
        case .whitespaceBeforeColon: "No white space may stand between a field name and its colon."
        case .colonMissing: "A field line must have a colon after its name."
        case .foldedFieldLine: "A line of the head must not begin with white space; folding is obsolete."
        case .fieldValueInvalid: "A field value must not hold control characters."
        case .hostMissing: "An HTTP/1.1 request must have a Host field."
        case .hostRepeated: "A request must not have more than one Host field."
        case .hostInvalid: "Host must be a host name or address and an optional port from 0 to 65535."
        case .connectionInvalid: "Connection must be a list of tokens."
        case .contentLengthInvalid: "Content-Length must be one decimal number."
        case .contentLengthRepeated: "A request must not have more than one Content-Length field."
        case .contentLengthWithTransferEncoding:
            "A request must not have both Content-Length and Transfer-Encoding."
        case .transferEncodingInvalid: "Transfer-Encoding must be chunked."
        case .transferEncodingRepeated: "A request must not have more than one Transfer-Encoding field."
        case .transferEncodingInHTTP10: "HTTP/1.0 has no Transfer-Encoding; use HTTP/1.1 or Content-Length."
        case .chunkedNotLast: "The transfer coding chunked must be applied once, and last."
        case .chunkSizeInvalid: "A chunk must begin with 1 to 16 hexadecimal digits and CR LF."
        case .chunkExtensionInvalid:
            "A chunk extension must not hold control characters and must end in CR LF."
        case .chunkExtensionsTooLong: "The chunk extensions are too long; this gateway ignores them."
        case .chunkEndMissing: "The data of a chunk must be followed by CR LF."
        case .bytesAfterClose: "Nothing may follow a request that closes the connection."
        case .requestLineTooLong: "The request line is longer than this gateway accepts."
        case .headTooLarge: "The head of the request is larger than this gateway accepts."
        case .tooManyFields: "The request has more field lines than this gateway accepts."
        case .trailerTooLarge: "The trailer section is larger than this gateway accepts."
        case .contentTooLarge: "The content is larger than this gateway accepts."
        case .methodTooLong: "The method is longer than any this gateway knows; 32 bytes are allowed."
        case .connectNotImplemented: "CONNECT is not implemented: this gateway opens no tunnels."
        case .transferCodingUnknown: "The only transfer coding implemented is chunked."
        case .versionNotSupported: "This gateway speaks HTTP/1.1 and HTTP/1.0 on this connection."
        }
    }
}
