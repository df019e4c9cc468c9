"""Two workers against one."""
import os

from harness import pages
from harness.contender import Settings
from harness.load import wrk
from harness.stage import BENCH
from harness.work import Work


class Workers(Work):
    name = "workers"
    title = "Two workers on two processors against one on one, cached hit, plain"
    columns = (("cpu_us", "CPU µs per request", 2), ("rps", "requests/s", 0), ("p50_us", "p50 µs", 0), ("p99_us", "p99 µs", 0))
    note = ("A worker, a thread of the load and 32 connections to each processor: nobody waits for a processor that the other half does not"
            " have as well. What two do less than twice is what they, and the threads of the load, cost each other: half of the connections"
            " have their two ends on two processors.")
    script = None
    tls = False

    def entries(self, names):
        return [(name, Settings(workers=count, shares=count)) for name in names for count in (1, 2)]

    def measure(self, contender):
        count = contender.settings.workers
        origin = f"https://127.0.0.1:{contender.tls_port}" if self.tls else f"http://127.0.0.1:{contender.plain_port}"
        return self.processor_time_of(contender, lambda: wrk(
            contender.cpus, origin, pages.SMALL_TARGET, self.stage.tenants[0].token, self.options.seconds, 32 * count,
            threads=count, script=self.script and os.path.join(BENCH, "load", self.script)))


class WorkersTLS(Workers):
    name = "workers-tls"
    title = "Two workers on two processors against one on one, cached hit, TLS 1.3"
    tls = True


class WorkersPipelined(Workers):
    name = "workers-pipelined"
    title = "Two workers on two processors against one on one, cached hit, plain, pipelined ×16"
    note = "The same with a load that takes less of the processors than the gateway."
    script = "pipeline.lua"
