"""Answers that end before the cache."""
from harness import pages
from harness.load import wrk
from harness.work import Work


class Refusal(Work):
    """Over TLS, keep-alive."""

    def token(self):
        """Whose token is shown."""
        raise NotImplementedError

    def measure(self, contender):
        return self.processor_time_of(contender, lambda: wrk(
            self.options.load_cpus, f"https://127.0.0.1:{contender.tls_port}", pages.SMALL_TARGET, self.token(),
            self.options.seconds, self.options.connections, refusals=True))


class Unauthorized(Refusal):
    name = "401"
    title = "Unknown token refused, TLS 1.3"
    note = "The token is well formed, with a right checksum, and was revoked."

    def token(self):
        return self.stage.wrong_token


class Limited(Refusal):
    name = "429"
    title = "Tenant over its limit refused, TLS 1.3"

    def token(self):
        return self.stage.tenants[2].token
