"""The stage on which all contenders stand: one folder with certificates, pages, tokens, and the one upstream."""
import base64
import http.client
import json
import os
import secrets
import shutil
import socket
import subprocess
import tempfile

from . import pages
from .processes import BenchFailure, Processes

BENCH = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(BENCH)
BUILD = os.path.join(BENCH, ".build")
PROGRAMS = {"floor": "floor/floor.c", "handshakes": "load/handshakes.c", "idle": "load/idle.c",
            "flood": "load/flood.c"}


class Tenant:
    """One tenant: the token it shows, the token that goes upstream, and whether its limit is one request an hour."""

    def __init__(self, name, narrow=False):
        self.name, self.narrow, self.token = name, narrow, None
        self.upstream_token = "kk_" + name.ljust(32, "0")


class Stage:
    """Everything that contenders share. The load and the upstream run on the load's processors."""

    def __init__(self, options):
        self.options = options
        self.folder = tempfile.mkdtemp(prefix="kayle-bench.")
        # Peers that change their user must still be able to read it.
        os.chmod(self.folder, 0o755)
        self.tenants = [Tenant("acme"), Tenant("beta"), Tenant("narrow", narrow=True)]
        self.wrong_token = None
        # Tokens that are refused, by the way in which they are; filled where that is measured.
        self.refused = {}
        self.further = []
        # Answers of the gateway, byte for byte, by tenant and target.
        self.recorded = {}
        self.origin = Processes("origin", self.folder, options.load_cpus)
        self.origin_port = None
        self.miss_number = int.from_bytes(secrets.token_bytes(4), "big") * 10_000

    def prepare(self):
        """Builds the C programs, makes certificates, issues tokens, starts the upstream."""
        build_programs()
        for kind, key in (("ec", ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]), ("rsa", ["rsa:2048"])):
            self.openssl("req", "-x509", "-newkey", *key, "-nodes", "-days", "2", "-subj", "/CN=localhost",
                         "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                         "-keyout", self.path(f"{kind}.key"), "-out", self.path(f"{kind}.pem"))
            with open(self.path(f"{kind}.both"), "w") as both:
                for part in ("pem", "key"):
                    both.write(self.read(f"{kind}.{part}"))
        self.issue_tokens()
        self.start_origin()

    def issue_tokens(self):
        """Has the gateway make tenants and tokens; every contender gets the same ones."""
        folder = self.path("credentials")
        os.mkdir(folder)
        config = os.path.join(folder, "gateway.json")
        with open(config, "w") as file:
            file.write("""{ "listeners": [{ "address": "127.0.0.1:1" }], "upstream": { "url": "http://127.0.0.1:1" },
                "credentials": { "store": "tenants.json", "pepper": { "file": "pepper.key" } },
                "plans": { "wide": {}, "narrow": {} }, "routes": [{ "name": "all", "path": "/*" }] }""")
        for tenant in self.tenants:
            plan = "narrow" if tenant.narrow else "wide"
            self.gateway("tenant", "add", tenant.name, "--plan", plan, "--upstream-token-stdin", "--config", config,
                         text=tenant.upstream_token)
            tenant.token = self.gateway("token", "issue", "--tenant", tenant.name, "--scope", "sessions:read",
                                        "--config", config).strip()
        # The last character is part of the checksum, the one before the checksum of the secret: a token that was
        # revoked has the right form, so this one must be refused by look-up and not by its looks.
        token = self.gateway("token", "issue", "--tenant", "beta", "--json", "--config", config)
        self.wrong_token = next(word for word in token.replace('"', " ").split() if word.startswith("kgw_"))
        listed = self.gateway("token", "list", "--tenant", "beta", "--json", "--config", config)
        identifier = self.wrong_token[5:17]
        if identifier not in listed:
            raise BenchFailure("the token that should be revoked is not listed")
        self.gateway("token", "revoke", identifier, "--config", config)

    def crowd(self, count):
        """So many further tenants with a token each, for the work item that starts with many; made once."""
        folder = self.path("crowd")
        config = os.path.join(folder, "gateway.json")
        if not self.further:
            shutil.copytree(self.path("credentials"), folder)
            for index in range(count):
                tenant = Tenant(f"tenant-{index}")
                tenant.token = "kgw_1" + secrets.token_hex(25)
                self.gateway("tenant", "add", tenant.name, "--plan", "wide", "--upstream-token-stdin", "--config", config,
                             text=tenant.upstream_token)
                self.further.append(tenant)
            # Issued tokens would take another thousand commands; a digest of nothing loads like any other.
            with open(os.path.join(folder, "tenants.json")) as file:
                store = json.load(file)
            model = store["tenants"][0]["tokens"][0]
            for index, tenant in enumerate(store["tenants"]):
                if not tenant["tokens"]:
                    digest = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("=")
                    tenant["tokens"] = [{**model, "id": f"{index:012d}", "digest": "hmac-sha256:" + digest}]
            with open(os.path.join(folder, "tenants.json"), "w") as file:
                json.dump(store, file, indent=2)
        return self.further

    def start_origin(self):
        """Starts the upstream: the right page for each upstream token, counted."""
        table = []
        for tenant in self.tenants:
            for target, rows, size in ((pages.LARGE_TARGET, 72, pages.LARGE_BYTES), ("*", 4, pages.SMALL_BYTES)):
                name = f"page.{tenant.name}.{size}"
                self.write(name, pages.answer(pages.page(tenant.name, rows, size)))
                table.append(f"{tenant.upstream_token} {target} {self.path(name)}")
        self.write("page.refused", pages.answer(b'{"error":{"code":"UNAUTHORIZED"}}', "401 Unauthorized"))
        table.append(f"- * {self.path('page.refused')}")
        self.write("origin.table", "\n".join(table).encode())
        process = self.origin.start([os.path.join(BUILD, "floor"), "--table", self.path("origin.table")], output=True)
        self.origin_port = int(process.stdout.readline().split()[1])

    def origin_count(self):
        """How many requests the upstream was asked so far."""
        connection = http.client.HTTPConnection("127.0.0.1", self.origin_port, timeout=5)
        try:
            connection.request("GET", "/count")
            return int(connection.getresponse().read())
        finally:
            connection.close()

    def next_miss(self):
        """The first number of a range of cursors that nobody has used yet."""
        self.miss_number += 10_000_000
        return self.miss_number

    def gateway(self, *words, text=None):
        """Runs a command of the gateway and gives what it printed."""
        done = subprocess.run([self.options.gateway, *words], input=text, capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise BenchFailure(f"kayle-gateway {' '.join(words[:2])}: {done.stderr.strip()}")
        return done.stdout

    def openssl(self, *words):
        """Runs openssl."""
        done = subprocess.run(["openssl", *words], capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise BenchFailure(f"openssl {words[0]}: {done.stderr.strip()}")

    def path(self, name):
        """The path of a file of the stage."""
        return os.path.join(self.folder, name)

    def read(self, name):
        """The text of a file of the stage."""
        with open(self.path(name)) as file:
            return file.read()

    def write(self, name, content):
        """Writes a file of the stage."""
        with open(self.path(name), "wb") as file:
            file.write(content)

    def close(self):
        """Ends the upstream and removes the folder."""
        self.origin.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def build_programs():
    """Compiles the C programs of the benchmark that are older than their sources."""
    os.makedirs(BUILD, exist_ok=True)
    for name, source in PROGRAMS.items():
        sources = [os.path.join(BENCH, source), os.path.join(BENCH, "load/client.h")]
        program = os.path.join(BUILD, name)
        if os.path.exists(program) and all(os.path.getmtime(program) > os.path.getmtime(path) for path in sources):
            continue
        words = ["cc", "-O2", "-Wall", "-Wextra", "-o", program, sources[0], "-lssl", "-lcrypto", "-lpthread"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise BenchFailure(f"cannot compile {source}: {done.stderr}")


def free_ports(count):
    """Ports that the kernel says are free now; programs that cannot choose one themselves are told to take these."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
