"""nginx as it comes: proxy_cache, on a file system in memory."""
import os
import shutil

from harness.contender import Contender
from harness.contender import contender_class

Lua = contender_class("nginx")


class This(Contender):
    name = "nginx-cache"
    title = "nginx, proxy_cache in /dev/shm"
    tables = Lua.tables

    def launch(self):
        self.cache = f"/dev/shm/kayle-bench-{os.getpid()}-{self.tls_port}"
        config = self.fill("nginx.conf", cache=self.cache, **self.tables())
        self.processes.start(["nginx", "-p", self.folder, "-e", self.path("error.log"), "-c", config])

    def stop(self):
        super().stop()
        shutil.rmtree(self.cache, ignore_errors=True)
