"""Plugins: what is enabled is found and fits, or nothing starts."""

import subprocess
import sys
from importlib.metadata import Distribution, EntryPoint
from pathlib import Path
from typing import Protocol

import pytest

from chassis.errors import Conflict, Unavailable
from chassis.metrics import sample
from chassis.plugins import PluginFailed, PluginFaults, PluginGroup, nonconformities

HERE = __name__


class Shape(Protocol):
    unit: str

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    def area(self, side: float, *, scale: float) -> float: ...


class Square:
    name, version, unit = "square", "1", "m"

    def area(self, side: float, *, scale: float) -> float:
        return side * side * scale


class Circle(Square):
    name = "circle"


class Odd(Square):
    name, version = "odd", 2  # type: ignore[assignment]

    def area(self, side: float) -> float:  # type: ignore[override]
        return side


class Bare:
    name, version = "bare", "1"


class Explosive:
    def __init__(self) -> None:
        raise RuntimeError("no gas")


class Stubborn(Square):
    name = "stubborn"

    def area(self, side: float, *, scale: float) -> float:
        raise ZeroDivisionError


SHAPES = PluginGroup[Shape]("piaojue.north.shapes", Shape, decides=True)
WATCHERS = PluginGroup[Shape]("piaojue.north.watchers", Shape, decides=False)


def entry(name: str, attribute: str, dist: str | None = None) -> EntryPoint:
    point = EntryPoint(name, f"{HERE}:{attribute}", SHAPES.group)
    return point._for(_Dist(dist)) if dist else point


class _Dist(Distribution):
    def __init__(self, name: str) -> None:
        self._name = name

    name = property(lambda self: self._name)
    version = "0.1"

    def read_text(self, filename):
        return None

    def locate_file(self, path):
        return Path(path)


OFFERED = [entry("square", "Square"), entry("circle", "Circle"), entry("explosive", "Explosive")]


def test_enabled_plugins_are_loaded_in_their_order():
    loaded = SHAPES.load(["square", "circle"], offered=OFFERED)
    assert list(loaded) == ["square", "circle"]
    assert loaded["square"].area(2, scale=1) == 4


def test_without_a_choice_all_that_is_installed_is_loaded():
    assert list(SHAPES.load(offered=OFFERED[:2])) == ["circle", "square"]


def test_a_plugin_that_is_not_enabled_is_not_even_imported():
    broken = EntryPoint("broken", "no.such.module:thing", SHAPES.group)
    assert list(SHAPES.load(["square"], offered=[*OFFERED, broken])) == ["square"]


def test_every_fault_is_listed_at_once():
    offered = [
        *OFFERED,
        entry("odd", "Odd"),
        entry("bare", "Bare"),
        entry("renamed", "Square"),
        entry("twin", "Square", "one"),
        entry("twin", "Square", "two"),
        entry("absent", "Absent"),
    ]
    enabled = ["square", "square", "unheard", "twin", "explosive", "odd", "bare", "renamed", "absent"]
    with pytest.raises(PluginFaults) as caught:
        SHAPES.load(enabled, offered=offered)
    text = str(caught.value)
    assert "square: enabled twice" in text
    assert "unheard: not installed; there is: absent, bare, circle" in text
    assert "twin: offered by one 0.1 and two 0.1; enable one" in text
    assert (
        f"explosive ({HERE}:Explosive): cannot be loaded from {HERE}:Explosive: RuntimeError: no gas" in text
    )
    assert f"odd ({HERE}:Odd): version must be a text" in text
    assert "area takes other parameters than (side, scale)" in text
    assert f"bare ({HERE}:Bare): area is missing" in text
    assert f"bare ({HERE}:Bare): unit is missing" in text
    assert f"renamed ({HERE}:Square): calls itself 'square'" in text
    assert "AttributeError" in text
    assert len(caught.value.faults) == 10


def test_a_plugin_that_fits_has_no_nonconformities():
    assert nonconformities(Square(), Shape) == []


def test_a_deciding_plugin_fails_closed():
    loaded = SHAPES.load(["stubborn"], offered=[entry("stubborn", "Stubborn")])
    counted = {"service": "north", "group": SHAPES.group, "plugin": "stubborn"}
    before = sample("piaojue_plugin_failures_total", **counted)
    with pytest.raises(PluginFailed) as caught:
        loaded.decide("stubborn", lambda shape: shape.area(1, scale=1))
    assert isinstance(caught.value, Unavailable)
    assert sample("piaojue_plugin_failures_total", **counted) == before + 1


def test_a_deciding_plugin_may_refuse():
    def refuse(shape: Shape) -> None:
        raise Conflict("not this one")

    with pytest.raises(Conflict, match="not this one"):
        SHAPES.load(["square"], offered=OFFERED).decide("square", refuse)


def test_an_observing_plugin_fails_open():
    loaded = WATCHERS.load(["stubborn", "square"], offered=[entry("stubborn", "Stubborn"), *OFFERED])
    seen = []
    loaded.observe(lambda shape: seen.append(shape.area(3, scale=1)))
    assert seen == [9]
    assert sample(
        "piaojue_plugin_failures_total", service="north", group=WATCHERS.group, plugin="stubborn"
    ) == pytest.approx(1)


def test_a_group_is_used_as_it_was_declared():
    with pytest.raises(TypeError, match="only observes"):
        WATCHERS.load(["square"], offered=OFFERED).decide("square", repr)
    with pytest.raises(TypeError, match="must not be passed over"):
        SHAPES.load(["square"], offered=OFFERED).observe(repr)


def test_a_group_is_named_after_its_service_and_hook():
    assert SHAPES.service == "north"
    with pytest.raises(ValueError, match="is called piaojue"):
        PluginGroup("shapes", Shape, decides=True)


EDITABLE = """\
import sys
from typing import Protocol
from chassis.plugins import PluginGroup
class Shape(Protocol):
    def area(self) -> float: ...
print(dict(PluginGroup[Shape]("piaojue.north.shapes", Shape, decides=True).load(["tiny"]))["tiny"].version)
"""


def test_plugins_are_found_in_an_installed_distribution(tmp_path):
    (tmp_path / "tiny.py").write_text(
        "class Tiny:\n    name, version = 'tiny', '7'\n    def area(self): return 1.0\n"
    )
    info = tmp_path / "tiny-7.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny\nVersion: 7\n")
    (info / "entry_points.txt").write_text("[piaojue.north.shapes]\ntiny = tiny:Tiny\n")
    run = subprocess.run(
        [sys.executable, "-c", EDITABLE],
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.stdout.strip() == "7", run.stderr
