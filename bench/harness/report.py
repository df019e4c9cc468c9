"""The results: one Markdown page and one JSON document."""
import json
import os
import platform
import subprocess
import sys
import time

from work.catalogue import ALL

from . import bars
from .contender import contender_class
from .stage import BENCH, ROOT
from .statistics import STATISTICS, spread_of


def plain(result, about):
    """A result as it goes into the JSON document: one row per contender with medians, ratios and every sample."""
    work = result["work"]
    fields = [field for field, _, _ in work.columns]
    statistic = STATISTICS[about["options"]["statistic"]]
    rows = []
    for (name, settings), samples in result["samples"].items():
        if samples:
            rows.append({"contender": name, "label": samples[0]["title"] + samples[0]["label"][len(name):],
                         "settings": vars(settings), "peer": contender_class(name).peer,
                         "spread": spread_of(samples, work.compared),
                         **{field: statistic(samples, field) for field in fields}, "samples": samples})
    peers = [row[work.compared] for row in rows if row["peer"] and row[work.compared]]
    floors = [row[work.compared] for row in rows if row["contender"] == "floor"]
    for row in rows:
        value = row[work.compared]
        row["to_best_peer"] = value / min(peers) if peers and value is not None else None
        row["to_floor"] = value / floors[0] if floors and floors[0] and value is not None else None
    return {"work": work.name, "title": work.title, "columns": work.columns, "note": work.note, "rows": rows,
            "excused": result["excused"], "failures": {entry[0]: reason for entry, reason in result["failures"].items()},
            "date": about["date"], "gateway": about["gateway"], "load_average": about["load_average"],
            "runs": max((len(row["samples"]) for row in rows), default=0), "seconds": about["options"]["seconds"], "statistic": about["options"]["statistic"]}


def number(value, digits):
    """A figure, or a dash for one that there is not."""
    return "–" if value is None else f"{value:,.{digits}f}"


def table(result):
    """The Markdown table of one work item."""
    lines = [f"### {result['title']}", "", f"`bench/run --work {result['work']}`; {result['date']}, gateway at {result['gateway']}, "
             f"{result['statistic']} of {result['runs']} runs of {result['seconds']} s, load average {result['load_average']:.1f}.", ""]
    headings = ["contender", *[heading for _, heading, _ in result["columns"]], "to best peer", "to floor", "spread"]
    lines += ["| " + " | ".join(headings) + " |", "|---" + "|--:" * (len(headings) - 1) + "|"]
    for row in result["rows"]:
        cells = [row["label"], *[number(row[field], digits) for field, _, digits in result["columns"]],
                 number(row["to_best_peer"], 2), number(row["to_floor"], 2),
                 "–" if row["spread"] is None else f"±{row['spread'] * 100:.0f} %"]
        lines.append("| " + " | ".join(cells) + " |")
    notes = [result["note"]] if result["note"] else []
    notes += [f"{name}: {reason}." for name, reason in result["excused"].items()]
    notes += [f"{name} failed: {reason}." for name, reason in result["failures"].items()]
    return "\n".join(lines + (["", " ".join(notes)] if notes else [])) + "\n"


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
                    "statistic": bench.options.statistic,
                    "server_cpus": sorted(bench.options.server_cpus), "load_cpus": sorted(bench.options.load_cpus)},
        "versions": {"gateway": said(bench.options.gateway, "version"),
                     **{name: debian(name) for name in ("haproxy", "nginx", "varnish", "hitch", "wrk", "libssl3")}},
    }


def write(bench):
    """Writes both files; called after every work item, so that a run that breaks off leaves what it has. With `--add`, work items of
    earlier runs stay as they were."""
    folder = os.path.join(BENCH, "results")
    os.makedirs(folder, exist_ok=True)
    about = circumstances(bench)
    path = os.path.join(folder, f"{bench.options.name}.json")
    fresh = {result["work"].name: plain(result, about) for result in bench.results}
    kept = {}
    if bench.options.add and os.path.exists(path):
        with open(path) as file:
            kept = {result["work"]: result for result in json.load(file)["results"]}
    results = list({**kept, **fresh}.values())
    order = [work.name for work in ALL]
    results.sort(key=lambda result: order.index(result["work"]))
    versions = ", ".join(f"{name} {version.splitlines()[0]}" for name, version in about["versions"].items() if version)
    options = about["options"]
    bench.markdown = "\n".join([
        f"# Benchmark, {about['date']}", "",
        f"{about['machine']}; {versions}.",
        f"Interleaved runs, {options['connections']} connections; contender on processor {options['server_cpus']},"
        f" load and upstream on {options['load_cpus']}.",
        "", "## The bars", "", bars.markdown(results), "## The measurements", "", *[table(result) for result in results]])
    with open(path, "w") as file:
        json.dump({**about, "results": results}, file, indent=1, ensure_ascii=False)
        file.write("\n")
    with open(os.path.join(folder, f"{bench.options.name}.md"), "w") as file:
        file.write(bench.markdown)
