"""A region's life for an hour: what each process holds while polls and ratings come and go without end."""

from statistics import linear_regression
from threading import Event
from time import monotonic
from typing import Any

from tests.bench.processes import memory, open_files
from tests.bench.report import Figure, Measured, Target
from tests.bench.stage import Stage
from tests.chaos.load import Load, Log, prepare
from tests.support.region import RealRegion

QUICK_MINUTES = 0.1
SAMPLES = 240
SETTLED = 1 / 3
"""Of the time, in which a process comes to hold what it needs. What comes after that, it keeps for good."""
FLAT_MB = 5.0


def soak(stage: Stage) -> Measured:
    """Memory of each process while a region works for --minutes, and how much it grows in an hour."""
    minutes = QUICK_MINUTES if stage.quick else stage.minutes
    region = stage.region()
    region.start()
    prepare(region)
    load = Load(region, seed=2026).start()
    samples = sampled(stage, region, minutes * 60, load.log)
    log = load.finish()
    assert not log.wrong, log.wrong
    made = {"casts": log.casts, "forms": log.forms, "polls": len(log.polls), "ratings": len(log.ratings)}
    assert all(made.values()), made
    return Measured(figures(minutes, samples), {"minutes": minutes, "made": made, "samples": samples})


def sampled(stage: Stage, region: RealRegion, seconds: float, log: Log) -> list[dict[str, Any]]:
    """What each process holds, now and then. Metrics are asked for, too, as Prometheus would."""
    begun, samples = monotonic(), []
    while (elapsed := monotonic() - begun) < seconds and not log.wrong:
        held = {}
        for name, process in region.processes.items():
            assert region.call("GET", f"/{name}/metrics", roles=["operator"]).status == 200
            held[name] = {"rss": round(memory(process.pid)["rss"], 1), "files": open_files(process.pid)}
        samples.append({"seconds": round(elapsed, 1), "casts": log.casts, **held})
        if len(samples) % (SAMPLES // 12) == 1:
            stage.tell(f"soak: {elapsed / 60:.0f} of {seconds / 60:g} minutes, {log.casts:,} casts")
        Event().wait(max(seconds / SAMPLES, 0.2))
    return samples


def figures(minutes: float, samples: list[dict[str, Any]]) -> list[Figure]:
    made = []
    for name in [name for name in samples[0] if isinstance(samples[0][name], dict)]:
        most = max(sample[name]["rss"] for sample in samples)
        made += [
            Figure(
                f"{name}, the most in {minutes:g} minutes under load", most, "MB", target=Target(most=200)
            ),
            Figure(
                "… more in an hour, once settled", growth(name, samples), "MB", target=Target(most=FLAT_MB)
            ),
        ]
    return made


def growth(name: str, samples: list[dict[str, Any]]) -> float:
    """MB an hour: the slope of the line through the samples after the first third."""
    late = samples[round(len(samples) * SETTLED) :]
    hours = [sample["seconds"] / 3600 for sample in late]
    return linear_regression(hours, [sample[name]["rss"] for sample in late]).slope
