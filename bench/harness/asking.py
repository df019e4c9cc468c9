"""One request at a time, byte for byte: for checks and for recording answers."""
import socket
import ssl

from . import pages


class Answer:
    """A whole HTTP/1.1 answer."""

    def __init__(self, raw):
        self.raw = raw
        head, _, self.body = raw.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split()[1])
        self.fields = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.fields[name.strip().lower()] = value.strip()


def request_bytes(target, token, fields=""):
    """The request that wrk sends too, and more fields of it."""
    return f"GET {target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n{fields}\r\n".encode()


def open_connection(port, tls):
    """A connection to a contender; over TLS its certificate is not checked, since it is ours."""
    connection = socket.create_connection(("127.0.0.1", port), 10)
    if not tls:
        return connection
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context.wrap_socket(connection)


def read_answer(connection):
    """Reads one answer, by its Content-Length or its chunks."""
    data = b""
    while b"\r\n\r\n" not in data:
        data = more(connection, data)
    head, _, rest = data.partition(b"\r\n\r\n")
    fields = {line.split(b":")[0].strip().lower(): line.partition(b":")[2].strip() for line in head.split(b"\r\n")[1:]}
    if b"content-length" in fields:
        count = int(fields[b"content-length"])
        while len(rest) < count:
            rest = more(connection, rest)
        return Answer(head + b"\r\n\r\n" + rest)
    if head.split()[1] == b"304":
        return Answer(head + b"\r\n\r\n")
    body = b""
    while True:
        while b"\r\n" not in rest:
            rest = more(connection, rest)
        size, _, rest = rest.partition(b"\r\n")
        count = int(size, 16)
        while len(rest) < count + 2:
            rest = more(connection, rest)
        body, rest = body + rest[:count], rest[count + 2:]
        if count == 0:
            return Answer(head + b"\r\n\r\n" + body)


def more(connection, data):
    """What was read so far and the next bytes."""
    received = connection.recv(65536)
    if not received:
        raise OSError(f"closed after {len(data)} bytes")
    return data + received


def ask(port, target, token, tls=False, times=1):
    """Asks the same on one connection, and gives the last answer."""
    with open_connection(port, tls) as connection:
        for _ in range(times):
            connection.sendall(request_bytes(target, token))
            answer = read_answer(connection)
    return answer


def record_answers(gateway):
    """Takes the gateway's own answers: the floor repeats them byte for byte, so that both send the same."""
    stage = gateway.stage
    for target in (pages.SMALL_TARGET, pages.LARGE_TARGET):
        for tenant in stage.tenants:
            # The second answer of the wide ones is a hit, that of the narrow one a refusal.
            stage.recorded[tenant.name, target] = ask(gateway.plain_port, target, tenant.token, times=2).raw
        stage.recorded["wrong", target] = ask(gateway.plain_port, target, stage.wrong_token).raw
