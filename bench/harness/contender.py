"""What every contender is: a configuration made from a template, processes, two addresses."""
import dataclasses
import importlib.util
import os
import socket
import string
import tempfile

from .processes import Processes, wait_until
from .stage import BENCH, free_ports


@dataclasses.dataclass(frozen=True)
class Settings:
    """How a contender is set up for one work item."""
    certificate: str = "ec"
    workers: int = 1
    access_log: bool | None = None    # None: as its authors would run it at full speed
    shares: int | None = None    # so many processors with the load; None: has the server's to itself
    cache: str = "256MiB"    # of the gateway only


class Template(string.Template):
    """`@{name}` is filled in: `$` means something in the configuration of every contender."""
    delimiter = "@"


class Contender:
    """The base of all contenders. Each lies in contenders/NAME/contender.py as a class `This` of its own."""

    name = ""
    title = ""
    # What this contender cannot do: names of work items with the reason.
    lacks: dict = {}
    # Whether it has an upstream behind it (the floor has none).
    proxies = True
    # Built on OpenSSL, and so a measure for handshakes.
    peer = True
    default_access_log = False

    def __init__(self, stage, settings, cpus):
        self.stage, self.settings = stage, settings
        self.cpus = set(sorted(cpus | stage.options.load_cpus)[:settings.shares]) if settings.shares else cpus
        self.tenants = stage.tenants
        log = settings.access_log
        self.access_log = self.default_access_log if log is None else log
        self.label = self.name + ("" if log is None else ", access log" if log else ", no access log")
        if settings.shares:
            self.label += f", workers: {settings.workers}"
        self.folder = tempfile.mkdtemp(prefix=f"{self.name}.", dir=stage.folder)
        os.chmod(self.folder, 0o755)
        self.processes = Processes(self.name, self.folder, self.cpus)
        self.plain_port, self.tls_port, *self.further_ports = free_ports(4)
        # Whether its cache has been filled once, by the work item that does so.
        self.is_full = False

    def start(self):
        """Starts the contender and waits until it accepts connections on both addresses."""
        self.launch()
        wait_until(self.accepts, 15, f"{self.name} to start ({self.folder})")
        self.processes.check_alive()

    def launch(self):
        """Writes the configuration and starts the processes."""
        raise NotImplementedError

    def accepts(self):
        """Whether both addresses take connections."""
        self.processes.check_alive()
        for port in (self.plain_port, self.tls_port):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
            except OSError:
                return False
        return True

    def stop(self):
        """Ends the processes."""
        self.processes.stop()

    def path(self, name):
        """A path in the contender's own folder."""
        return os.path.join(self.folder, name)

    def file(self, name, content):
        """Writes a file into the contender's own folder and gives its path."""
        with open(self.path(name), "w") as file:
            file.write(content)
        return self.path(name)

    def fill(self, template, **values):
        """Writes a configuration file from the template of the same name and gives its path."""
        stage = self.stage
        with open(os.path.join(BENCH, "contenders", self.name, template)) as file:
            text = Template(file.read())
        return self.file(template, text.substitute(
            plain=self.plain_port, tls=self.tls_port, origin=stage.origin_port, folder=self.folder,
            certificate=stage.path(f"{self.settings.certificate}.pem"), key=stage.path(f"{self.settings.certificate}.key"),
            both=stage.path(f"{self.settings.certificate}.both"), workers=self.settings.workers, **values))


def contender_names():
    """The contenders that there are, in the order of the tables."""
    first = ["gateway", "floor"]
    there = sorted(name for name in os.listdir(os.path.join(BENCH, "contenders"))
                   if os.path.exists(os.path.join(BENCH, "contenders", name, "contender.py")))
    return [name for name in first if name in there] + [name for name in there if name not in first]


def contender_class(name):
    """The class of a contender."""
    path = os.path.join(BENCH, "contenders", name, "contender.py")
    spec = importlib.util.spec_from_file_location(f"contender_{name.replace('-', '_')}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.This
