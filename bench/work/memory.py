"""Memory of idle TLS connections, and what is left when they have closed."""
import os
import subprocess
import time

from harness import pages
from harness.processes import BenchFailure
from harness.stage import BUILD
from harness.work import Work

CONNECTIONS = 5_000
# How long a contender may take to give memory back.
PATIENCE_SECONDS = 15


class IdleMemory(Work):
    name = "memory"
    title = f"Memory of {CONNECTIONS:,} idle TLS connections"
    columns = (("per_connection_kib", "KiB per connection", 1), ("before_mib", "before, MiB", 1),
               ("open_mib", "open, MiB", 1), ("closed_mib", "closed, MiB", 1), ("closed_seconds", "after s", 0))
    compared = "per_connection_kib"
    runs = 1
    fresh = True
    note = (f"Proportional set size of all processes; each connection asked once for the 5.6 KB page. The last two columns: what is left"
            f" after they closed, and when that was read ({PATIENCE_SECONDS} s at most, sooner if within 2 MiB of the start).")

    def measure(self, contender):
        processes = contender.processes
        before = processes.resident_bytes()
        client = subprocess.Popen(
            [os.path.join(BUILD, "idle"), str(contender.tls_port), pages.SMALL_TARGET, self.stage.tenants[0].token, str(CONNECTIONS)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            if client.stdout.readline().strip() != "open":
                raise BenchFailure(f"{contender.name}: {client.stderr.read().strip()}")
            time.sleep(1)
            opened = processes.resident_bytes()
        finally:
            client.communicate(timeout=60)
        for second in range(1, PATIENCE_SECONDS + 1):
            time.sleep(1)
            closed = processes.resident_bytes()
            if closed < before + 2 * 1024 * 1024:
                break
        mib = 1024 * 1024
        return {"per_connection_kib": (opened - before) / CONNECTIONS / 1024, "before_mib": before / mib, "open_mib": opened / mib,
                "closed_mib": closed / mib, "closed_seconds": second}
