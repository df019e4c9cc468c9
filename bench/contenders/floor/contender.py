"""The floor: our own minimal C server. Answers the very bytes that the gateway answers to a hit."""
import os

from harness import pages
from harness.contender import Contender
from harness.stage import BUILD


class This(Contender):
    name = "floor"
    title = "floor (C, epoll, OpenSSL)"
    proxies = False
    peer = False
    lacks = {"hit-h2": "speaks HTTP/1.1 only", "miss": "has no upstream", "miss-filling": "has no upstream", "start": "has no tenants",
             "workers": "has one thread", "workers-tls": "has one thread",
             "workers-pipelined": "has one thread", "log": "has no log", "fairness": "serves a connection as long as it asks"}

    def launch(self):
        stage = self.stage
        table = []
        for tenant in stage.tenants:
            for target in (pages.SMALL_TARGET, pages.LARGE_TARGET):
                name = self.path(f"answer.{tenant.name}.{len(table)}")
                with open(name, "wb") as file:
                    file.write(stage.recorded[tenant.name, target])
                table.append(f"{tenant.token} {target} {name}")
        name = self.path("answer.refused")
        with open(name, "wb") as file:
            file.write(stage.recorded["wrong", pages.SMALL_TARGET])
        table.append(f"- * {name}")
        self.file("table", "\n".join(table))
        kind = self.settings.certificate
        self.processes.start([
            os.path.join(BUILD, "floor"), "--table", self.path("table"), "--ports", f"{self.plain_port},{self.tls_port}",
            "--certificate", stage.path(f"{kind}.pem"), "--key", stage.path(f"{kind}.key")])
