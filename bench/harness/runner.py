"""The order of events: stage, contenders, checks, interleaved runs, report."""
import sys
import time

from . import report
from .asking import record_answers
from .checks import check
from .contender import Settings, contender_class
from .processes import BenchFailure, Starved
from .stage import Stage


class Bench:
    """One run of the benchmark."""

    def __init__(self, options):
        self.options = options
        self.stage = Stage(options)
        self.running = {}
        self.results = []

    def say(self, text):
        """Progress, on standard error."""
        print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)

    def run(self, works):
        """Measures all work items, and always ends what it started."""
        try:
            self.stage.prepare()
            record_answers(self.contender("gateway", Settings()))
            for work in works:
                self.measure(work(self))
                report.write(self)
        finally:
            self.stop_contenders()
            self.stage.close()

    def contender(self, name, settings):
        """A running and checked contender; those of other settings are ended first."""
        for key in [key for key in self.running if key[1] != settings and key not in self.kept]:
            self.running.pop(key).stop()
        if (name, settings) not in self.running:
            contender = contender_class(name)(self.stage, settings, self.options.server_cpus)
            self.running[name, settings] = contender
            contender.start()
            if self.stage.recorded:
                check(contender)
        return self.running[name, settings]

    kept = ()

    def measure(self, work):
        """All runs of one work item: A B C, A B C, so that drift is shared."""
        entries, excused = [], {}
        for name, settings in work.entries(self.options.contenders):
            reason = contender_class(name).lacks.get(work.name)
            if reason:
                excused[name] = reason
            else:
                entries.append((name, settings))
        if work.fresh:
            self.stop_contenders()
        self.kept = entries
        samples = {entry: [] for entry in entries}
        failures = {}
        for run in range(work.runs or self.options.runs):
            for entry in entries:
                if entry in failures:
                    continue
                try:
                    contender = self.contender(*entry)
                    figures = work.measure(contender)
                except Starved as failure:
                    self.say(f"{work.name} {run + 1}: {entry[0]}: {failure}: this run counts as none")
                    continue
                except BenchFailure as failure:
                    failures[entry] = str(failure)
                    self.say(f"{work.name}: {entry[0]}: {failure}")
                    continue
                samples[entry].append({**figures, "label": contender.label, "title": contender.title})
                shown = ", ".join(f"{field} {figures[field]:.2f}" for field, _, _ in work.columns if figures.get(field) is not None)
                self.say(f"{work.name} {run + 1}: {contender.label}: {shown}")
        for entry in entries:
            if not samples[entry]:
                failures.setdefault(entry, "not one run got a processor")
        self.results.append({"work": work, "samples": samples, "excused": excused, "failures": failures})

    def stop_contenders(self):
        """Ends every contender."""
        for contender in self.running.values():
            contender.stop()
        self.running = {}
