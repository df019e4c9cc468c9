import HTTPModel
import Testing

@testable import GatewayCore

/// One row per way a head is refused: what is sent, and the reason that must come back.
struct RequestParserRefusalTests {
    struct Row: CustomTestStringConvertible, Sendable {
        let request: String
        let reason: MessageRefusal

        init(_ reason: MessageRefusal, _ request: String) {
            self.request = request
            self.reason = reason
        }

        /// A row whose request line is fine.
        init(_ reason: MessageRefusal, fields: String, version: String = "1.1") {
            self.init(reason, "POST / HTTP/\(version)\r\n\(fields)\r\n\r\n")
        }

        /// A row whose Host field is all there is to refuse.
        init(host: String) {
            self.init(.hostInvalid, fields: "Host:\(host)")
        }

        var testDescription: String { "\(reason): \(request.debugDescription)" }
    }

    private static let requestLines: [Row] = [
        Row(.leadingEmptyLines, "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        Row(.bareCarriageReturn, "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        Row(.bareLineFeed, "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        Row(.methodInvalid, " GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        Row(.methodInvalid, "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        Row(.methodInvalid, "G@T / HTTP/1.1\r\nHost: a\r\n\r\n"),
        Row(.methodInvalid, "GET\r\n\r\n"),
        Row(.methodTooLong, "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.1\r\nHost: a\r\n\r\n"),
        Row(.connectNotImplemented, "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"),
        Row(.targetFormInvalid, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
        Row(.targetFormInvalid, "GET * HTTP/1.1\r\nHost: a\r\n\r\n"),
        Row(.targetFormInvalid, "GET a:443 HTTP/1.1\r\nHost: a\r\n\r\n"),
        Row(.targetFormInvalid, "GET a/b HTTP/1.1\r\nHost: a\r\n\r\n"),
        Row(.targetFormInvalid, "GET ?a HTTP/1.1\r\nHost: a\r\n\r\n"),
        Row(.targetFormInvalid, "OPTIONS *a HTTP/1.1\r\nHost: a\r\n\r\n"),
        Row(.targetFormInvalid, "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        Row(.targetFormInvalid, "GET http:/a HTTP/1.1\r\nHost: a\r\n\r\n"),
        Row(.targetAuthorityInvalid, "GET http:// HTTP/1.1\r\nHost: a\r\n\r\n"),
        Row(.targetAuthorityInvalid, "GET http:///p HTTP/1.1\r\nHost: a\r\n\r\n"),
        Row(.targetAuthorityInvalid, "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        Row(.targetAuthorityInvalid, "GET http://a:99999/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        Row(.versionMalformed, "GET /\r\n\r\n"),
        Row(.versionMalformed, "GET / \r\n\r\n"),
        Row(.versionMalformed, "GET /  HTTP/1.1\r\nHost: a\r\n\r\n"),
        Row(.versionMalformed, "GET / http/1.1\r\nHost: a\r\n\r\n"),
        Row(.versionMalformed, "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"),
        Row(.versionMalformed, "GET / HTTP/1.10\r\nHost: a\r\n\r\n"),
        Row(.versionMalformed, "GET / HTTP/01.1\r\nHost: a\r\n\r\n"),
        Row(.versionMalformed, "GET / HTTP/1\r\nHost: a\r\n\r\n"),
        Row(.versionMalformed, "GET / ICY/1.1\r\nHost: a\r\n\r\n"),
        Row(.versionNotSupported, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
        Row(.versionNotSupported, "GET / HTTP/0.9\r\nHost: a\r\n\r\n"),
        Row(.versionNotSupported, "GET / HTTP/3.1\r\nHost: a\r\n\r\n"),
        Row(.bareLineFeed, "GET / HTTP/1.1\nHost: a\r\n\r\n"),
        Row(.bareLineFeed, "GET /\nHost: a\n\n"),
        Row(.bareCarriageReturn, "GET / HTTP/1.1\rHost: a\r\n\r\n"),
    ]

    private static let fields: [Row] = [
        Row(.fieldNameEmpty, fields: "Host: a\r\n: b"),
        Row(.fieldNameInvalid, fields: "Host: a\r\nX(y): b"),
        Row(.fieldNameInvalid, fields: "Host: a\r\n\0X: b"),
        Row(.fieldNameInvalid, fields: "Host: a\r\nX\u{B}: b"),
        Row(.fieldNameInvalid, fields: "Host: a\r\nCaf\u{E9}: b"),
        Row(.whitespaceBeforeColon, fields: "Host: a\r\nContent-Length : 1"),
        Row(.whitespaceBeforeColon, fields: "Host: a\r\nContent-Length\t: 1"),
        Row(.whitespaceBeforeColon, fields: "Host: a\r\nContent Length: 1"),
        Row(.colonMissing, fields: "Host: a\r\nX"),
        Row(.foldedFieldLine, fields: "Host: a\r\n b"),
        Row(.foldedFieldLine, fields: "Host: a\r\nX: y\r\n\tb"),
        Row(.foldedFieldLine, fields: " Host: a"),
        Row(.fieldValueInvalid, fields: "Host: a\r\nX: a\0b"),
        Row(.fieldValueInvalid, fields: "Host: a\r\nX: a\u{B}b"),
        Row(.fieldValueInvalid, fields: "Host: a\r\nX: a\u{1F}b"),
        Row(.fieldValueInvalid, fields: "Host: a\r\nX: abcdefgh\u{7F}ijklmno"),
        Row(.bareCarriageReturn, fields: "Host: a\r\nX: a\rY: b"),
        Row(.bareCarriageReturn, fields: "Host: a\r\nX: a\r\r\nY: b"),
        Row(.bareLineFeed, fields: "Host: a\r\nX: a\nY: b"),
        Row(.bareLineFeed, fields: "Host: a\r\nX\n: b"),
        Row(.bareLineFeed, "GET / HTTP/1.1\r\nHost: a\r\n\n"),
        Row(.bareCarriageReturn, "GET / HTTP/1.1\r\nHost: a\r\n\r\r"),
        Row(.connectionInvalid, fields: "Host: a\r\nConnection: close keep-alive"),
        Row(.connectionInvalid, fields: "Host: a\r\nConnection: \"close\""),
    ]

    private static let hosts: [Row] =
        [
            "", " ", "a b", "u@a", "a/b", "a?b", "a#b", "a,b c", "a:b", "a:", ":80", "a:65536", "a:080000",
            "a:-1",
            "a:80:80", "[::1", "::1", "[]", "[::1]x", "[::1]:", "[1::2::3]", "[1:2:3]", "[12345::]",
            "[::1%25eth0]",
            "[v1.a]", "[:::]", "[::1.2.3]", "[::1.2.3.256]", "a\\b", "a%", "a%4", "a%zz", "<a>", "{a}",
            "a\"b",
        ].map { Row(host: $0) } + [
            Row(.hostMissing, "GET / HTTP/1.1\r\n\r\n"),
            Row(.hostMissing, "GET http://a/ HTTP/1.1\r\n\r\n"),
            Row(.hostRepeated, fields: "Host: a\r\nHost: a"),
            Row(.hostRepeated, fields: "Host: a\r\nhost: b", version: "1.0"),
            Row(.hostInvalid, fields: "Host:", version: "1.0"),
            Row(.hostInvalid, "GET http://a/ HTTP/1.1\r\nHost: u@a\r\n\r\n"),
        ]

    private static let framings: [Row] =
        ["", "+1", "-1", "1, 1", "1,2", "0x10", "1 1", "1.0", "1;", "18446744073709551616", "\u{660}", "٣"]
        .map {
            Row(.contentLengthInvalid, fields: "Host: a\r\nContent-Length: \($0)")
        } + [
            Row(.contentLengthRepeated, fields: "Host: a\r\nContent-Length: 1\r\nContent-Length: 1"),
            Row(.contentLengthRepeated, fields: "Host: a\r\nContent-Length: 1\r\ncontent-length: 2"),
            Row(.contentTooLarge, fields: "Host: a\r\nContent-Length: 10485761"),
            Row(.contentTooLarge, fields: "Host: a\r\nContent-Length: 18446744073709551615"),
            Row(
                .contentLengthWithTransferEncoding,
                fields: "Host: a\r\nContent-Length: 0\r\nTransfer-Encoding: chunked"),
            Row(
                .contentLengthWithTransferEncoding,
                fields: "Host: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 99999999"),
            Row(.transferEncodingInHTTP10, fields: "Transfer-Encoding: chunked", version: "1.0"),
            Row(
                .transferEncodingRepeated,
                fields: "Host: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
            Row(
                .transferEncodingRepeated,
                fields: "Host: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity"),
            Row(.transferEncodingInvalid, fields: "Host: a\r\nTransfer-Encoding:"),
            Row(.transferEncodingInvalid, fields: "Host: a\r\nTransfer-Encoding: ,chunked"),
            Row(.transferEncodingInvalid, fields: "Host: a\r\nTransfer-Encoding: \"chunked\""),
            Row(.transferEncodingInvalid, fields: "Host: a\r\nTransfer-Encoding: chunked;q=1"),
            Row(.transferEncodingInvalid, fields: "Host: a\r\nTransfer-Encoding: chunked chunked"),
            Row(.chunkedNotLast, fields: "Host: a\r\nTransfer-Encoding: chunked, identity"),
            Row(.chunkedNotLast, fields: "Host: a\r\nTransfer-Encoding: chunked, chunked"),
            Row(.transferCodingUnknown, fields: "Host: a\r\nTransfer-Encoding: identity"),
            Row(.transferCodingUnknown, fields: "Host: a\r\nTransfer-Encoding: gzip, chunked"),
            Row(.transferCodingUnknown, fields: "Host: a\r\nTransfer-Encoding: xchunked"),
        ]

    @Test(arguments: requestLines)
    func aDoubtfulRequestLineIsRefused(row: Row) {
        #expect(HTTP1Samples.parse(row.request).outcome == .refused(row.reason))
    }

    @Test(arguments: fields)
    func aDoubtfulFieldLineIsRefused(row: Row) {
        #expect(HTTP1Samples.parse(row.request).outcome == .refused(row.reason))
    }

    @Test(arguments: hosts)
    func aDoubtfulHostIsRefused(row: Row) {
        #expect(HTTP1Samples.parse(row.request).outcome == .refused(row.reason))
    }

    @Test(arguments: framings)
    func aDoubtfulFramingIsRefused(row: Row) {
        #expect(HTTP1Samples.parse(row.request).outcome == .refused(row.reason))
    }

    @Test(arguments: requestLines + fields + hosts + framings)
    func theReasonDoesNotDependOnHowTheBytesWereCut(row: Row) {
        let bytes = Array(row.request.utf8)

        #expect(HTTP1Samples.parse(bytes, cutAt: 1..<bytes.count).outcome == .refused(row.reason))
    }

    @Test func onlyCharactersOfURIsPassInATarget() {
        let allowed = Set(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@/%[]?".utf8)

        for byte in UInt8.min...UInt8.max where byte != 0x20 {
            let request = Array("GET /a".utf8) + [byte] + Array("b HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
            let outcome = HTTP1Samples.parse(request, cutAt: []).outcome
            let isTaken = outcome == .complete(headBytes: request.count)
            #expect(isTaken == allowed.contains(byte), "byte \(byte) gave \(outcome)")
        }
    }

    @Test func everyControlByteInAValueIsRefusedButTab() {
        for byte in UInt8.min...UInt8.max {
            let value = Array("GET / HTTP/1.1\r\nHost: a\r\nX: abcdefghijk".utf8) + [byte]
            let outcome = HTTP1Samples.parse(value + Array("l\r\n\r\n".utf8), cutAt: []).outcome
            let isControl = byte < 0x20 && byte != 0x09 || byte == 0x7F
            #expect((outcome == .complete(headBytes: value.count + 5)) == !isControl, "byte \(byte)")
        }
    }
}
