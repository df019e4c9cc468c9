import ArgumentParser
import CCurl
import CGatewayShims
import GatewayCore
import HTTPModel
import Settings

/// Asks the running gateway through its admin address.
///
/// Boundary file for libcurl's easy interface, on the command's only thread. The handle is freed before the
/// call returns; the callback appends to a buffer that outlives it.
struct AdminClient {
    private let url: String
    private let token: Secret?

    private static let timeoutMilliseconds = 10_000
    private static let maximumAnswerBytes = 64 << 20

    /// Finds address and token in the configuration.
    init(_ options: CommandOptions) throws(ExitCode) {
        let configuration = try options.readConfiguration()
        url = "http://\(configuration.admin.address.text)"
        do throws(ServerFailure) { token = try GatewayServer.adminToken(configuration) } catch {
            throw CommandExit.configuration("\(error)")
        }
    }

    private final class Answer {
        var bytes: [UInt8] = []
    }

    /// Sends one request; the answer's content. `content` makes it a POST.
    func ask(_ path: String, content: [UInt8]? = nil) throws(ExitCode) -> [UInt8] {
        guard let easy = unsafe curl_easy_init() else {
            throw CommandExit.internalError("libcurl does not start")
        }
        defer { unsafe curl_easy_cleanup(easy) }
        let answer = Answer()
        var fields: UnsafeMutablePointer<curl_slist>?
        defer { unsafe curl_slist_free_all(fields) }
        if let token {
            let line = token.withBytes { "Authorization: Bearer \($0.text)" }
            unsafe fields = curl_slist_append(fields, line)
        }
        _ = unsafe gw_curl_set_text(easy, CURLOPT_URL, url + path)
        _ = unsafe gw_curl_set_text(easy, CURLOPT_PROXY, "")
        _ = unsafe gw_curl_set_long(easy, CURLOPT_TIMEOUT_MS, Self.timeoutMilliseconds)
        _ = unsafe gw_curl_set_long(easy, CURLOPT_NOSIGNAL, 1)
        _ = unsafe gw_curl_set_pointer(easy, CURLOPT_WRITEDATA, Unmanaged.passUnretained(answer).toOpaque())
        _ = unsafe gw_curl_set_data_callback(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, target in
            guard let bytes = unsafe bytes, let target = unsafe target else { return 0 }
            // The object outlives the transfer, which ends inside `ask`.
            let answer = unsafe Unmanaged<Answer>.fromOpaque(target).takeUnretainedValue()
            let piece = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
            guard answer.bytes.count + piece.count <= AdminClient.maximumAnswerBytes else { return 0 }
            unsafe answer.bytes.append(contentsOf: piece)
            return size * count
        }
        if let content {
            unsafe fields = curl_slist_append(fields, "Content-Type: application/json")
            _ = unsafe gw_curl_set_long(easy, CURLOPT_POSTFIELDSIZE, content.count)
            _ = unsafe gw_curl_set_text(
                easy, CURLOPT_COPYPOSTFIELDS, String(decoding: content, as: UTF8.self))
        }
        _ = unsafe gw_curl_set_list(easy, CURLOPT_HTTPHEADER, fields)
        let result = unsafe curl_easy_perform(easy)
        guard result == CURLE_OK else {
            throw CommandExit.unreachable(
                "no gateway answers at \(url): \(unsafe String(cString: curl_easy_strerror(result))); is it running?"
            )
        }
        var status = 0
        _ = unsafe gw_curl_get_long(easy, CURLINFO_RESPONSE_CODE, &status)
        guard status == 200 else {
            let text = String(decoding: answer.bytes, as: UTF8.self)
            switch status {
            case 400, 404: throw CommandExit.input(text)
            // The token in the configuration is not the one the gateway was started with.
            case 401: throw CommandExit.configuration("\(url)\(path) answered 401: \(text)")
            default: throw CommandExit.unreachable("\(url)\(path) answered \(status): \(text)")
            }
        }
        return answer.bytes
    }
}
