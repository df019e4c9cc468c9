"""What can be asked for on the command line."""
import argparse
import os
import resource
import subprocess
import sys

from work.catalogue import ALL

from .contender import contender_names
from .stage import ROOT
from .statistics import STATISTICS


def cpus(text):
    """A list of processors: 0 or 0,1."""
    return {int(word) for word in text.split(",")}


def read(words):
    """The options, checked."""
    parser = argparse.ArgumentParser(prog="bench/run", description="Measures the gateway, the floor and other gateways at the same work.")
    parser.add_argument("--work", nargs="+", choices=[work.name for work in ALL], help="work items; all unless told")
    parser.add_argument("--contender", nargs="+", choices=contender_names(), help="contenders; all unless told")
    parser.add_argument("--seconds", type=int, default=5, help="seconds of one run (5)")
    parser.add_argument("--runs", type=int, default=5, help="runs of each contender (5)")
    parser.add_argument("--statistic", choices=sorted(STATISTICS), default="median",
                        help="which run counts: the median, or the best on a machine that does other things (median)")
    parser.add_argument("--connections", type=int, default=64, help="connections of the load (64)")
    parser.add_argument("--server-cpus", type=cpus, default={0}, help="processors of the contender (0)")
    parser.add_argument("--load-cpus", type=cpus, default={1}, help="processors of load and upstream (1)")
    parser.add_argument("--name", default="results", help="name of the result files: bench/results/NAME.md and NAME.json (results)")
    parser.add_argument("--add", action="store_true", help="keep what the files say about other work items")
    parser.add_argument("--revision", help="what the gateway in BIN was built from, for the record")
    options = parser.parse_args(words)
    if not (1 <= options.seconds <= 120 and 1 <= options.runs <= 50 and 1 <= options.connections <= 10_000):
        parser.error("seconds are 1 to 120, runs 1 to 50, connections 1 to 10000")
    if max(options.server_cpus | options.load_cpus) >= os.cpu_count():
        parser.error(f"there are {os.cpu_count()} processors, numbered from 0; one is needed for the contender and one for the load")
    options.contenders = options.contender or contender_names()
    options.works = [work for work in ALL if not options.work or work.name in options.work]
    options.gateway, built = gateway_program()
    options.revision = options.revision or built
    raise_descriptor_limit()
    return options


def gateway_program():
    """The gateway to measure: from the folder BIN, or built here."""
    folder = os.environ.get("BIN")
    if folder:
        # Nobody knows what it was built from.
        return os.path.join(os.path.abspath(folder), "kayle-gateway"), "unknown revision (BIN)"
    words = ["swift", "build", "-c", "release", "--static-swift-stdlib", "--product", "kayle-gateway"]
    subprocess.run(words, cwd=ROOT, check=True, stdout=sys.stderr)
    revision = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True)
    return os.path.join(ROOT, ".build", "release", "kayle-gateway"), revision.stdout.strip() or "unknown revision"


def raise_descriptor_limit():
    """As many descriptors as the system allows; children inherit it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
