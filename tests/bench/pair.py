"""Two processes of ballots at one address, and one, on the same database."""

from tests.bench.casts import WARM_UP, Papers, cast, check, prepared
from tests.bench.processes import median_of
from tests.bench.report import Figure, Measured, Target
from tests.bench.stage import Stage
from tests.support.servers import free_ports


def pair(stage: Stage) -> Measured:
    """Papers cast at two processes that share an address, in turns with one process, as in casts."""
    size, rounds = (1000, 1) if stage.quick else (20000, 3)
    region = prepared(stage)
    port = free_ports(1)[0]
    more = [process.pid for process in region.start_more("ballots", 2, port)]
    served = {"one": ([region.processes["ballots"].pid], region.port_of("ballots")), "two": (more, port)}
    papers = Papers(region, 2 * (WARM_UP + size * rounds))
    found: dict[str, list] = {name: [] for name in served}
    for at in served.values():
        cast(stage, *at, papers.next(WARM_UP))
    for number in range(rounds):
        stage.tell(f"pair: round {number + 1} of {rounds}")
        for name, at in served.items():
            found[name].append(cast(stage, *at, papers.next(size)))
    check(region, papers.given)
    one, two = (median_of(found[name], "rate") for name in ("one", "two"))
    return Measured(
        [
            Figure("casts at two processes of one address", two, "/s"),
            Figure("… to those at one process", two / one, "×", target=Target(least=1)),
            Figure("… time to an answer, p99", median_of(found["two"], "p99"), "ms"),
        ],
        found,
    )
