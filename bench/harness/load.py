"""The load: wrk, pinned to its own processor, and what it reports."""
import re
import subprocess

from .processes import BenchFailure, Starved

UNITS = {"us": 1, "ms": 1_000, "s": 1_000_000, "m": 60_000_000}


def microseconds(text):
    """A duration as wrk writes it."""
    number, unit = re.fullmatch(r"([0-9.]+)(us|ms|s|m)", text).groups()
    return float(number) * UNITS[unit]


def wrk(cpus, origin, target, token, seconds, connections, script=None, arguments=(), refusals=False, threads=1):
    """One run of wrk: requests, requests per second, latencies in microseconds."""
    words = ["taskset", "-c", ",".join(str(cpu) for cpu in sorted(cpus)), "wrk", f"-t{threads}", f"-c{connections}",
             f"-d{seconds}s", "--timeout", "10s", "--latency", "-H", f"Authorization: Bearer {token}"]
    if script:
        words += ["-s", script]
    words += [origin + target]
    if arguments:
        words += ["--", *[str(argument) for argument in arguments]]
    done = subprocess.run(words, capture_output=True, text=True, timeout=seconds + 60)
    text = done.stdout
    if done.returncode != 0 or "requests in" not in text:
        raise BenchFailure(f"wrk: {done.stderr.strip()} {text.strip()}")
    result = {
        "requests": int(re.search(r"(\d+) requests in", text).group(1)),
        "rps": float(re.search(r"Requests/sec:\s+([0-9.]+)", text).group(1)),
        "p50_us": microseconds(re.search(r"(?m)^ +50%\s+(\S+)", text).group(1)),
        "p99_us": microseconds(re.search(r"(?m)^ +99%\s+(\S+)", text).group(1)),
    }
    # Where wrk has too few samples for a percentile it writes 0.
    figures = ("p50_us", "p99_us")
    result.update({name: result[name] or None for name in figures})
    if not result["requests"]:
        raise Starved("wrk: not one request was answered")
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    refused = int(refused.group(1)) if refused else 0
    errors = re.search(r"Socket errors: (.*)", text)
    if errors:
        raise BenchFailure(f"wrk: socket errors: {errors.group(1)}")
    if refused != (result["requests"] if refusals else 0):
        raise BenchFailure(f"wrk: {refused} of {result['requests']} answers were refusals")
    return result


def h2load(cpus, url, token, seconds, clients, streams):
    """One run of h2load over HTTP/2: requests and requests per second; it tells no percentiles."""
    words = ["taskset", "-c", ",".join(str(cpu) for cpu in sorted(cpus)), "h2load", f"-c{clients}", f"-m{streams}", f"-D{seconds}",
             "-H", f"authorization: Bearer {token}", url]
    done = subprocess.run(words, capture_output=True, text=True, timeout=seconds + 60)
    counts = re.search(r"requests: (\d+) total.*?(\d+) succeeded, (\d+) failed", done.stdout)
    if done.returncode != 0 or not counts or "Application protocol: h2" not in done.stdout:
        raise BenchFailure(f"h2load: {done.stderr.strip()} {done.stdout.strip()[-300:]}")
    statuses = re.search(r"status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", done.stdout)
    succeeded = int(counts.group(2))
    if not succeeded or int(counts.group(3)) or any(int(count) for count in statuses.groups()[1:]):
        raise BenchFailure(f"h2load: {counts.group(0)}; {statuses.group(0)}")
    return {"requests": succeeded, "rps": succeeded / seconds}
