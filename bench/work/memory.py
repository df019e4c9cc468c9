"""Memory of idle TLS connections, and what is left when they have closed."""
import copy
import http.client
import os
import subprocess
import time

from harness import pages
from harness.contender import Settings, contender_class
from harness.processes import BenchFailure, Processes
from harness.stage import BUILD
from harness.work import Work

CONNECTIONS = 5_000
# How long a contender may take to give memory back.
PATIENCE_SECONDS = 15
ANSWERS = 10_000
CACHE_BYTES = 64 * 1024 * 1024


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


class CacheMemory(Work):
    """Far more than fits goes through a small cache."""

    name = "memory-cache"
    title = f"Memory of a cache of 64 MiB after {ANSWERS:,} answers of 100 KB"
    settings = Settings(cache="64MiB", access_log=False)
    columns = (("above_mib", "above the bound, MiB", 1), ("before_mib", "before, MiB", 1), ("after_mib", "after, MiB", 1),
               ("accounted_mib", "accounted, MiB", 1), ("entries", "answers held", 0))
    compared = "above_mib"
    runs = 1
    fresh = True
    note = ("Proportional set size. *Above the bound*: what the process holds more than `cache.memory`, everything counted, program and buffers"
            " included. Every answer had to be fetched.")

    def entries(self, names):
        return [(name, self.settings) for name in names if name == "gateway"]

    def measure(self, contender):
        # An upstream of its own, whose every page is large, and a contender in front of it: both ended here.
        origin = Processes("large pages", self.stage.folder, self.options.load_cpus)
        stage = copy.copy(self.stage)
        fresh = None
        try:
            tenant = stage.tenants[0]
            large = stage.path(f"page.{tenant.name}.{pages.LARGE_BYTES}")
            stage.write("large.table", f"{tenant.upstream_token} * {large}\n- * {stage.path('page.refused')}\n".encode())
            process = origin.start([os.path.join(BUILD, "floor"), "--table", stage.path("large.table")], output=True)
            stage.origin_port = int(process.stdout.readline().split()[1])
            fresh = contender_class(contender.name)(stage, contender.settings, self.options.server_cpus)
            fresh.start()
            return self.fill(fresh, tenant.token)
        finally:
            if fresh:
                fresh.stop()
            origin.stop()

    def fill(self, contender, token):
        """Has every answer fetched once, and looks at the memory before and after."""
        before = contender.processes.resident_bytes()
        connection = http.client.HTTPConnection("127.0.0.1", contender.plain_port, timeout=10)
        for number in range(ANSWERS):
            target = f"{pages.SMALL_TARGET}&starting_after=vs_live_{'k' * 50}{number:014d}"
            connection.request("GET", target, headers={"Authorization": f"Bearer {token}"})
            answer = connection.getresponse()
            content = answer.read()
            if answer.status != 200 or len(content) != pages.LARGE_BYTES:
                raise BenchFailure(f"{contender.name} answered {answer.status} with {len(content)} bytes")
        connection.close()
        after = contender.processes.resident_bytes()
        accounted = contender.metric("kayle_gateway_cache_bytes")
        if accounted > CACHE_BYTES:
            raise BenchFailure(f"{accounted:,.0f} bytes are accounted for")
        mib = 1024 * 1024
        return {"above_mib": (after - CACHE_BYTES) / mib, "before_mib": before / mib, "after_mib": after / mib,
                "accounted_mib": accounted / mib, "entries": contender.metric("kayle_gateway_cache_entries")}
