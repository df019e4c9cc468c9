"""The bars: what the gateway must reach, and whether it does. Changing one is a decision, not a repair."""

class Figures:
    """Medians of one run of the benchmark, by work item and contender."""

    def __init__(self, results):
        self.medians = {}
        self.peers = set()
        for result in results:
            for row in result["rows"]:
                settings = row["settings"]
                if row["peer"]:
                    self.peers.add(row["contender"])
                for field, _, _ in result["columns"]:
                    if row[field] is not None:
                        key = result["work"], row["contender"], settings["workers"], settings["access_log"], field
                        self.medians[key] = row[field]

    def of(self, work, field="cpu_us", name="gateway", workers=1, access_log=None):
        """One median, or None if it was not measured."""
        return self.medians.get((work, name, workers, access_log, field))

    def best_peer(self, work, field="cpu_us"):
        """The smallest median of the other gateways."""
        values = [value for (item, name, workers, log, column), value in self.medians.items()
                  if item == work and column == field and workers == 1 and log is None and name in self.peers]
        return min(values) if values else None

    def to_floor(self, work):
        """The gateway's CPU time as a multiple of the floor's."""
        return ratio(self.of(work), self.of(work, name="floor"))

    def to_peer(self, work):
        """The gateway's CPU time as a multiple of the best peer's."""
        return ratio(self.of(work), self.best_peer(work))

    def given_back(self):
        """Which part of the memory that 5,000 connections took is still there after they closed."""
        before, opened, closed = (self.of("memory", field) for field in ("before_mib", "open_mib", "closed_mib"))
        return None if before is None else max(0, (closed - before) / (opened - before))


def ratio(one, other):
    """A ratio, or None where a part of it is missing."""
    return None if one is None or not other else one / other


def bars(figures):
    """Every bar: the work, its item, and for each part what must be, how it is written, the measured figure and the bound. A negative
    bound is what must be reached at least."""
    f = figures
    multiple, micro = "{:.2f} ×", "{:.2f} µs"
    rows = []
    for title, work in (("cached hit, TLS 1.3 keep-alive, 64 connections", "hit-tls"), ("cached hit, plain", "hit-plain")):
        rows.append((title, work, [("1.15 × the floor", multiple, f.to_floor(work), 1.15),
                                   ("0.85 × the best peer", multiple, f.to_peer(work), 0.85)]))
    pipelined = f.of("hit-pipelined")
    floor = f.of("hit-pipelined", name="floor")
    rows.append(("pipelined ×16, plain", "hit-pipelined", [
        ("1.5 µs, or 1.3 × the floor", micro, pipelined, max(1.5, 1.3 * (floor or 0)))]))
    rows.append(("proxied miss", "miss", [("1.4 × the best peer", multiple, f.to_peer("miss"), 1.4)]))
    rows.append(("100 KB hit over TLS", "hit-large", [("1.0 × the best peer", multiple, f.to_peer("hit-large"), 1.0),
                                                      ("0.9 × the floor", multiple, f.to_floor("hit-large"), 0.9)]))
    for title, work in (("full TLS handshake, P-256", "handshake-p256"), ("full TLS handshake, RSA-2048", "handshake-rsa"),
                        ("resumed TLS handshake", "handshake-resumed")):
        rows.append((title, work, [("1.05 × the best peer", multiple, f.to_peer(work), 1.05)]))
    for work in ("401", "429"):
        rows.append((f"{work} over TLS", work, [("1.0 × the best peer", multiple, f.to_peer(work), 1.0),
                                                ("below a hit", "{:.2f} × a hit", ratio(f.of(work), f.of("hit-tls")), 1.0)]))
    rows.append(("memory per idle TLS connection", "memory", [
        ("16 KiB", "{:.1f} KiB", f.of("memory", "per_connection_kib"), 16),
        ("given back after 5,000 close: a tenth left", "{:.2f} left", f.given_back(), 0.1)]))
    rows.append(("10,000 answers of 100 KB through a cache of 64 MiB", "memory-cache", [
        ("16 MiB above the bound", "{:.1f} MiB", f.of("memory-cache", "above_mib", access_log=False), 16)]))
    rows.append(("start until ready, 1,000 tenants", "start", [("50 ms", "{:.0f} ms", f.of("start", "ready_ms"), 50),
                                                               ("32 MiB resident", "{:.1f} MiB", f.of("start", "rss_mib"), 32)]))
    for title, work in (("two workers, TLS 1.3", "workers-tls"), ("two workers, plain", "workers"),
                        ("two workers, plain, pipelined ×16", "workers-pipelined")):
        rows.append((title, work, [
            ("1.9 × the throughput of one, at least", multiple, ratio(f.of(work, "rps", workers=2), f.of(work, "rps")), -1.9),
            ("1.1 × the CPU time", multiple, ratio(f.of(work, workers=2), f.of(work)), 1.1)]))
    rows.append(("access log on, against off", "log", [
        ("1.05 ×", multiple, ratio(f.of("log", access_log=True), f.of("log", access_log=False)), 1.05)]))
    rows.append(("a client beside one that pipelines", "fairness", [
        ("p99 of 10 ms", "{:.1f} ms", ratio(f.of("fairness", "p99_us"), 1000), 10)]))
    return rows


def markdown(results):
    """The table of bars."""
    lines = ["| work | at most | measured | met | command |", "|---|---|--:|---|---|"]
    for title, work, parts in bars(Figures(results)):
        for sentence, form, value, bound in parts:
            met = None if value is None else value >= -bound if bound < 0 else value <= bound
            shown = "–" if value is None else form.format(value)
            lines.append(f"| {title} | {sentence} | {shown} | {'–' if met is None else 'yes' if met else '**no**'} | `bench/run --work {work}` |")
    return "\n".join(lines) + "\n"
