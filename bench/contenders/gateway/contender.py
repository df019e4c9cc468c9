"""kayle-gateway: everything on, its access log included."""
import http.client
import shutil

from harness.contender import Contender
from harness.processes import wait_until


class This(Contender):
    name = "gateway"
    title = "kayle-gateway"
    peer = False
    default_access_log = True
    lacks = {"hit-h2": "does not speak HTTP/2 yet"}

    def launch(self):
        self.write_configuration()
        self.processes.start([self.stage.options.gateway, "serve", "--config", self.path("gateway.json")])

    def write_configuration(self):
        """The configuration, and a copy of the tenants: a running gateway follows its store."""
        for name in ("tenants.json", "pepper.key"):
            folder = "credentials" if self.tenants is self.stage.tenants else "crowd"
            shutil.copy(self.stage.path(f"{folder}/{name}"), self.path(name))
        self.admin_port = self.further_ports[0]
        self.fill("gateway.json", admin=self.admin_port, cache=self.settings.cache, access="./access.log" if self.access_log else "off")

    def accepts(self):
        return super().accepts() and self.admin("/readyz") is not None

    def start(self):
        super().start()
        wait_until(lambda: self.admin("/readyz") is not None, 10, "the gateway to be ready")

    def admin(self, path):
        """The answer of the admin address, None unless it is 200."""
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=5)
            connection.request("GET", path)
            answer = connection.getresponse()
            text = answer.read().decode()
            connection.close()
            return text if answer.status == 200 else None
        except OSError:
            return None

    def metric(self, name):
        """The sum of a metric over its labels."""
        lines = (self.admin("/metrics") or "").splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))
