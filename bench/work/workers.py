"""Two workers against one."""
from harness import pages
from harness.contender import Settings
from harness.load import wrk
from harness.work import Work


class Workers(Work):
    name = "workers"
    title = "Two workers against one, cached hit, plain"
    columns = (("cpu_us", "CPU µs per request", 2), ("rps", "requests/s", 0), ("p50_us", "p50 µs", 0), ("p99_us", "p99 µs", 0))
    note = ("Both processors are everybody's here, the load's too, so that throughput cannot double: where one worker already leaves the"
            " load less than a processor, the second one only takes what is left. What the workers cost each other shows in the CPU time.")

    def entries(self, names):
        return [(name, Settings(workers=workers, everywhere=True)) for name in names for workers in (1, 2)]

    def measure(self, contender):
        cpus = self.options.server_cpus | self.options.load_cpus
        return self.processor_time_of(contender, lambda: wrk(
            cpus, f"http://127.0.0.1:{contender.plain_port}", pages.SMALL_TARGET, self.stage.tenants[0].token,
            self.options.seconds, self.options.connections, threads=2))
