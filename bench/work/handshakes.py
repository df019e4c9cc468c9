"""New TLS connections, each with one request for a cached page."""
import json
import os
import subprocess

from harness import pages
from harness.contender import Settings
from harness.processes import BenchFailure
from harness.stage import BUILD
from harness.work import Work

# Connections that are opened at once: enough to keep the contender's processor busy.
THREADS = 4


class Handshake(Work):
    """A full handshake with a P-256 certificate; the others differ from it in one thing."""

    name = "handshake-p256"
    title = "New TLS connection, full handshake, P-256"
    kind = "full"
    columns = (("cpu_us", "CPU µs per connection", 1), ("rps", "connections/s", 0), ("p50_us", "p50 µs", 0), ("p99_us", "p99 µs", 0))
    note = "TLS 1.3, X25519; connect, handshake, one request for the 5.6 KB page, close."

    def measure(self, contender):
        return self.processor_time_of(contender, lambda: self.connect(contender))

    def connect(self, contender):
        """Runs the client for a while."""
        cpus = ",".join(str(cpu) for cpu in sorted(self.options.load_cpus))
        words = ["taskset", "-c", cpus, os.path.join(BUILD, "handshakes"), contender.tls_port, pages.SMALL_TARGET,
                 self.stage.tenants[0].token, self.kind, self.options.seconds, THREADS]
        done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=self.options.seconds + 60)
        if done.returncode != 0:
            raise BenchFailure(f"{self.name}: {done.stdout.strip()} {done.stderr.strip()}")
        figures = json.loads(done.stdout)
        return {**figures, "rps": figures["requests"] / figures["seconds"]}


class HandshakeRSA(Handshake):
    name = "handshake-rsa"
    title = "New TLS connection, full handshake, RSA-2048"
    settings = Settings(certificate="rsa")


class HandshakeResumed(Handshake):
    name = "handshake-resumed"
    title = "New TLS connection, resumed by ticket"
    kind = "resumed"
