"""What must be true of a contender's answers before it is timed."""
from . import pages
from .asking import ask, open_connection
from .processes import BenchFailure


def check(contender):
    """Asks everything that the work items will ask, over both addresses, and compares."""
    stage = contender.stage
    acme, beta, narrow = stage.tenants

    def expect(condition, sentence):
        if not condition:
            raise BenchFailure(f"{contender.name} ({contender.folder}): {sentence}")

    with open_connection(contender.tls_port, True) as connection:
        expect(connection.version() == "TLSv1.3", f"speaks {connection.version()}")
        cipher = connection.cipher()[0]
        expect(cipher == "TLS_AES_256_GCM_SHA384", f"chose {cipher}, unlike the others")
    for tls, port in ((True, contender.tls_port), (False, contender.plain_port)):
        for target, rows, size in ((pages.SMALL_TARGET, 4, pages.SMALL_BYTES), (pages.LARGE_TARGET, 72, pages.LARGE_BYTES)):
            for tenant in (acme, beta, acme):
                first = ask(port, target, tenant.token, tls)
                before = stage.origin_count()
                second = ask(port, target, tenant.token, tls, times=3)
                expect(first.status == second.status == 200, f"answers {first.status}, then {second.status}")
                expect(first.body == second.body == pages.page(tenant.name, rows, size),
                       f"does not answer {tenant.name}'s page of {size} bytes")
                expect(stage.origin_count() == before, "asks the upstream for what it should have kept")
        expect(ask(port, pages.SMALL_TARGET, stage.wrong_token, tls).status == 401, "accepts a wrong token")
        if contender.proxies:
            before, number = stage.origin_count(), stage.next_miss()
            for index in range(3):
                target = f"{pages.SMALL_TARGET}&starting_after=vs_live_{'k' * 50}{number + index:014d}"
                answer = ask(port, target, acme.token, tls)
                expect(answer.body == pages.page("acme", 4, pages.SMALL_BYTES), "answers something else to a miss")
            expect(stage.origin_count() == before + 3, "keeps answers to questions that differ")
            answers = [ask(port, pages.SMALL_TARGET, narrow.token, tls).status for _ in range(3)]
            expect(answers[-1] == 429, f"lets the narrow tenant through: {answers}")
