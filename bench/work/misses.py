"""Answers that must be fetched."""
import os

from harness import pages
from harness.load import wrk
from harness.processes import BenchFailure
from harness.stage import BENCH
from harness.work import Work


class Miss(Work):
    name = "miss"
    title = "Proxied miss, plain, kept in the cache"
    note = "Every query is new: one request to the upstream each, over kept connections. Upstream and load share a processor."

    def measure(self, contender):
        before = self.stage.origin_count()
        first = self.stage.next_miss()
        figures = self.processor_time_of(contender, lambda: wrk(
            self.options.load_cpus, f"http://127.0.0.1:{contender.plain_port}", pages.SMALL_TARGET,
            self.stage.tenants[0].token, self.options.seconds, self.options.connections,
            script=os.path.join(BENCH, "load", "distinct.lua"), arguments=(pages.SMALL_TARGET, first)))
        asked = self.stage.origin_count() - before
        if asked < figures["requests"]:
            raise BenchFailure(f"{contender.name} answered {figures['requests']} misses with {asked} fetches")
        return figures
