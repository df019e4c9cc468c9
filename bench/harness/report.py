"""The results: one Markdown page and one JSON document."""
import json
import os
import platform
import subprocess
import sys
import time

from . import bars
from .contender import contender_class
from .stage import BENCH, ROOT
from .statistics import median_of, spread_of


def rows(result):
    """One row per contender: medians, and the ratios of the compared field."""
    work = result["work"]
    fields = [field for field, _, _ in work.columns]
    made = []
    for (name, settings), samples in result["samples"].items():
        if samples:
            made.append({"contender": name, "label": samples[0]["label"], "title": samples[0]["title"], "runs": len(samples),
                         "settings": vars(settings), "spread": spread_of(samples, work.compared),
                         **{field: median_of(samples, field) for field in fields}})
    peers = [row[work.compared] for row in made if contender_class(row["contender"]).peer and row[work.compared]]
    floors = [row[work.compared] for row in made if row["contender"] == "floor"]
    for row in made:
        value = row[work.compared]
        row["to_best_peer"] = value / min(peers) if peers and value is not None else None
        row["to_floor"] = value / floors[0] if floors and floors[0] and value is not None else None
    return made


def number(value, digits):
    """A figure, or a dash for one that there is not."""
    return "–" if value is None else f"{value:,.{digits}f}"


def markdown(result):
    """The table of one work item."""
    work = result["work"]
    lines = [f"### {work.title}", "", f"`bench/run --work {work.name}`", ""]
    headings = ["contender", *[heading for _, heading, _ in work.columns], "to best peer", "to floor", "spread"]
    lines += ["| " + " | ".join(headings) + " |", "|---" + "|--:" * (len(headings) - 1) + "|"]
    for row in rows(result):
        label = row["title"] + row["label"][len(row["contender"]):]
        cells = [label, *[number(row[field], digits) for field, _, digits in work.columns],
                 number(row["to_best_peer"], 2), number(row["to_floor"], 2),
                 "–" if row["spread"] is None else f"±{row['spread'] * 100:.0f} %"]
        lines.append("| " + " | ".join(cells) + " |")
    notes = [work.note] if work.note else []
    notes += [f"{name}: {reason}." for name, reason in result["excused"].items()]
    notes += [f"{entry[0]} failed: {reason}" for entry, reason in result["failures"].items()]
    return "\n".join(lines + ([""] + [" ".join(notes)] if notes else [])) + "\n"


def circumstances(bench):
    """Date, machine, versions: what somebody needs to repeat it."""
    def said(*words):
        try:
            done = subprocess.run(words, capture_output=True, text=True, timeout=10, cwd=ROOT)
        except OSError:
            return ""
        return (done.stdout + done.stderr).strip()

    def debian(package):
        return said("dpkg-query", "-W", "-f=${Version}", package)

    processor = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "")
    return {
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": f"{os.cpu_count()} processors, {processor}, Linux {platform.release()}",
        "load_average": os.getloadavg()[0],
        "gateway": bench.options.revision,
        "options": {"seconds": bench.options.seconds, "runs": bench.options.runs, "connections": bench.options.connections,
                    "server_cpus": sorted(bench.options.server_cpus), "load_cpus": sorted(bench.options.load_cpus)},
        "versions": {"gateway": said(bench.options.gateway, "version"),
                     **{name: debian(name) for name in ("haproxy", "nginx", "varnish", "hitch", "wrk", "libssl3")}},
    }


def write(bench):
    """Writes both files; called after every work item, so that a run that breaks off leaves what it has."""
    folder = os.path.join(BENCH, "results")
    os.makedirs(folder, exist_ok=True)
    about = circumstances(bench)
    versions = ", ".join(f"{name} {version.splitlines()[0]}" for name, version in about["versions"].items() if version)
    options = about["options"]
    text = "\n".join([
        f"# Benchmark, {about['date']}", "",
        f"{about['machine']}; gateway at {about['gateway']}; {versions}.",
        f"Medians of {options['runs']} interleaved runs of {options['seconds']} s, {options['connections']} connections; contender on"
        f" processor {options['server_cpus']}, load on {options['load_cpus']}; load average at the end {about['load_average']:.1f}.",
        "", "## The bars", "", bars.markdown(bench.results, lambda name: contender_class(name).peer),
        "## The measurements", "", *[markdown(result) for result in bench.results]])
    document = {**about, "results": [
        {"work": result["work"].name, "title": result["work"].title, "rows": rows(result), "excused": result["excused"],
         "failures": {entry[0]: reason for entry, reason in result["failures"].items()},
         "samples": {samples[0]["label"]: samples for samples in result["samples"].values() if samples}}
        for result in bench.results]}
    for name, content in (("results.md", text), ("results.json", json.dumps(document, indent=1, ensure_ascii=False) + "\n")):
        for path in (name, f"{bench.options.name}.{name.split('.')[1]}") if bench.options.name else (name,):
            with open(os.path.join(folder, path), "w") as file:
                file.write(content)
    bench.markdown = text
