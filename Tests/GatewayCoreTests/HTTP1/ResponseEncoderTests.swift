import HTTPModel
import Testing

@testable import GatewayCore

struct ResponseEncoderTests {
    private func written(_ write: (inout ByteBuffer) -> Void) -> String {
        var buffer = ByteBuffer()
        write(&buffer)
        return buffer.withBytes { $0.text }
    }

    @Test(arguments: [
        (Status.ok, "HTTP/1.1 200 OK\r\n"), (.notModified, "HTTP/1.1 304 Not Modified\r\n"),
        (Status(rawValue: 299), "HTTP/1.1 299 \r\n"), (Status(rawValue: 599), "HTTP/1.1 599 \r\n"),
    ])
    func aStatusLineKeepsTheSpaceBeforeAnEmptyPhrase(status: Status, line: String) {
        #expect(written { ResponseEncoder.statusLine(status, into: &$0) } == line)
    }

    @Test func aHeadIsWrittenInTheOrderOfTheCalls() {
        let block = Array("Via: 1.1 kayle\r\n".utf8)
        let (name, value) = (Array("X-Up".utf8), Array("v".utf8))

        let head = written { buffer in
            ResponseEncoder.statusLine(.ok, into: &buffer)
            ResponseEncoder.field("Server", "kayle-gateway", into: &buffer)
            ResponseEncoder.field("ETag", value.span, into: &buffer)
            ResponseEncoder.field("Content-Length", 18_446_744_073_709_551_615, into: &buffer)
            ResponseEncoder.field(name.span, value.span, into: &buffer)
            ResponseEncoder.fieldBlock(block.span, into: &buffer)
            ResponseEncoder.endHead(into: &buffer)
        }

        #expect(
            head == "HTTP/1.1 200 OK\r\nServer: kayle-gateway\r\nETag: v\r\n"
                + "Content-Length: 18446744073709551615\r\nX-Up: v\r\nVia: 1.1 kayle\r\n\r\n")
    }

    @Test func anInterimResponseIsWhole() {
        let link = Array("Link: </a>; rel=preload\r\n".utf8)
        let nothing: [UInt8] = []

        #expect(
            written { ResponseEncoder.interim(.continue, fields: nothing.span, into: &$0) }
                == "HTTP/1.1 100 Continue\r\n\r\n")
        #expect(
            written { ResponseEncoder.interim(Status(rawValue: 103), fields: link.span, into: &$0) }
                == "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n")
    }

    @Test func anEmptyPieceOfContentDoesNotEndTheContent() {
        let nothing: [UInt8] = []

        #expect(written { ResponseEncoder.chunk(nothing.span, into: &$0) } == "")
    }

    @Test func chunksAreReadBackByTheDecoderAsTheyWereWritten() {
        let content = (0..<300).map { UInt8(truncatingIfNeeded: $0) }
        var buffer = ByteBuffer()
        ResponseEncoder.chunk(content.span, into: &buffer)
        ResponseEncoder.lastChunk(into: &buffer)
        var decoder = ContentDecoder(framing: .chunked, maximumContentBytes: 300)

        let first = buffer.withBytes { decoder.next($0) }
        let second = buffer.withBytes { decoder.next($0.extracting(droppingFirst: 305)) }

        #expect(first == .content(ByteRange(start: 5, count: 300), consumed: 305))
        #expect(second == .finished(consumed: 7))
    }
}
