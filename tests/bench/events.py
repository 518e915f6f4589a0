"""Events: from a commit in one service to the commit of what another one made of it, on the backbone and on
nameko's own events."""

from typing import Any

from tests.bench.committing import AT_ONCE
from tests.bench.report import Figure, Measured, Target
from tests.bench.source_and_sink import Pair
from tests.bench.stage import Stage

LAG_RATE = 500.0


def events(stage: Stage) -> Measured:
    """Events per second from the first commit to the last, the producer not waiting for the consumer."""
    count = 300 if stage.quick else 10000
    pairs = {
        "piaojue": Pair(stage, "ours"),
        "nameko": Pair(stage, "plain"),
        "nameko without confirms": Pair(stage, "plain", {"CONFIRMS": "no"}),
        "nameko in order": Pair(stage, "plain", {"WORKERS": "1"}),
    }
    details: dict[str, Any] = {"at_once": AT_ONCE}
    for name, pair in pairs.items():
        pair.start()
        for group in (1, 10):
            stage.tell(f"events: {name}, {group} in a transaction")
            details[f"{name}, {group}"] = pair.run(count, group)
        if name == "piaojue":
            stage.tell(f"events: lag at {LAG_RATE:.0f} a second")
            details["lag"] = pair.run(count // 2, 1, LAG_RATE)
        stage.clear()
    return Measured(figures(details), details)


def figures(found: dict[str, Any]) -> list[Figure]:
    made = []
    for group in (1, 10):
        spent = {
            name: sum(found[f"{name}, {group}"]["processor_ms"].values()) for name in ("piaojue", "nameko")
        }
        rate = {name: found[f"{name}, {group}"]["rate"] for name in ("piaojue", "nameko", "nameko in order")}
        many = "one" if group == 1 else "ten"
        made += [
            Figure(f"events, {many} in a transaction", rate["piaojue"], "/s", rate["nameko"]),
            Figure("… to nameko", rate["piaojue"] / rate["nameko"], "×", target=Target(least=3)),
            Figure("… to nameko with one worker, in order", rate["piaojue"] / rate["nameko in order"], "×"),
            Figure("… processor time for each, of all processes", spent["piaojue"], "ms", spent["nameko"]),
        ]
    return [
        *made,
        Figure("lag at 500 events/s, p50", found["lag"]["lag_p50"], "ms"),
        Figure("lag at 500 events/s, p99", found["lag"]["lag_p99"], "ms", target=Target(most=100)),
    ]
