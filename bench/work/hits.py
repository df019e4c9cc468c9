"""Answers from the cache, over keep-alive connections."""
import os

from harness import pages
from harness.asking import ask
from harness.load import h2load, wrk
from harness.processes import BenchFailure
from harness.stage import BENCH
from harness.work import Work


class Hit(Work):
    """A page of 5.6 KB over plain HTTP; the other hits differ from it in one thing."""

    name = "hit-plain"
    title = "Cached hit, plain, keep-alive"
    tls = False
    target = pages.SMALL_TARGET
    script = None

    def measure(self, contender):
        origin = f"https://127.0.0.1:{contender.tls_port}" if self.tls else f"http://127.0.0.1:{contender.plain_port}"
        # Misses that were measured before may have pushed the page out.
        ask(contender.plain_port, self.target, self.stage.tenants[0].token)
        asked = self.stage.origin_count()
        figures = self.processor_time_of(contender, lambda: wrk(
            self.options.load_cpus, origin, self.target, self.stage.tenants[0].token, self.options.seconds,
            self.options.connections, script=self.script and os.path.join(BENCH, "load", self.script)))
        if self.stage.origin_count() != asked:
            raise BenchFailure(f"{contender.name} asked the upstream during {self.name}")
        return figures


class HitSlice(Hit):
    """Three rows of a stored page of four: read off it for each request."""

    name = "hit-slice"
    title = "Answer read off a larger stored page, plain, keep-alive"
    page, target = pages.SLICES["hit-slice"]
    note = "No peer does this; compare with the cached hit. The page itself is 5.6 KB, the answer three quarters of it."

    def entries(self, names):
        return [(name, self.settings) for name in names if name == "gateway"]

    def measure(self, contender):
        ask(contender.plain_port, self.page, self.stage.tenants[0].token)
        return super().measure(contender)


class HitSliceOfLarge(HitSlice):
    """Five rows of a stored page of 72."""

    name = "hit-slice-72"
    title = "Answer read off a stored page of 72 rows, plain, keep-alive"
    page, target = pages.SLICES["hit-slice-72"]
    note = "The answer has 6.8 KB, the cached hit 5.6."


class HitSliceFiltered(HitSlice):
    """Five rows of a stored page of 72, by a filter that it was not asked with."""

    name = "hit-slice-filtered"
    title = "Answer read off a stored page of 72 rows by a filter, plain, keep-alive"
    page, target = pages.SLICES["hit-slice-filtered"]
    note = "The answer has 6.8 KB, the cached hit 5.6."


class HitTLS(Hit):
    name = "hit-tls"
    title = "Cached hit, TLS 1.3, keep-alive"
    tls = True


class HitVaried(Hit):
    """The cached hit from clients that never send the same bytes twice on one connection."""

    name = "hit-plain-varied"
    title = "Cached hit, plain, keep-alive, no two requests alike"
    script = "varied.lua"
    note = "A field that nobody reads counts up: what the gateway knows of a connection's last requests is of no use."


class HitTLSVaried(HitVaried):
    name = "hit-tls-varied"
    title = "Cached hit, TLS 1.3, keep-alive, no two requests alike"
    tls = True


class HitPipelined(Hit):
    name = "hit-pipelined"
    title = "Cached hit, plain, pipelined ×16"
    script = "pipeline.lua"
    note = "wrk's latencies are those of whole batches."


class HitHTTP2(Work):
    """Multiplexed: 16 connections with 32 streams each."""

    name = "hit-h2"
    title = "Cached hit, HTTP/2, 16 connections with 32 streams"
    columns = (("cpu_us", "CPU µs per request", 2), ("rps", "requests/s", 0))

    def measure(self, contender):
        return self.processor_time_of(contender, lambda: h2load(
            self.options.load_cpus, f"https://127.0.0.1:{contender.tls_port}{self.target}", self.stage.tenants[0].token,
            self.options.seconds, 16, 32))

    target = pages.SMALL_TARGET


class HitLarge(Hit):
    name = "hit-large"
    title = "100 KB hit, TLS 1.3, keep-alive"
    tls = True
    target = pages.LARGE_TARGET
