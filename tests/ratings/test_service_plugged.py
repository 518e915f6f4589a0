"""The service ratings over HTTP with other stores and rules than its own."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from piaojue_contracts.proposals import IMPLEMENTATION_STARTED_V1
from tests.ratings.asking import BODY, conclude, conclusion_told, hand_in, opened
from tests.ratings.raters import graded, started
from tests.support.running import running


def test_rating_is_held_on_postgresql(database_url):
    settings = {"PIAOJUE_RATINGS_STORE_URL": database_url("ratings")}
    with running("ratings", played=("proposals",), settings=settings) as region:
        region.tell(IMPLEMENTATION_STARTED_V1, f"bodies/{BODY}/2021", started())
        region.heard_all("ratings", "proposals")
        path, codes = opened(region, 20)
        with ThreadPoolExecutor(8) as threads:
            answers = list(
                threads.map(lambda code: hand_in(region, path, code, graded("satisfied")), codes * 2)
            )
        assert sorted(answer.status for answer in answers) == [201] * 20 + [409] * 20
        assert conclude(region, path).json["results"]["water"]["valid"] == 20
        assert conclusion_told(region, path)["data"]["returned"] == 20


PLUGIN = """
class Moody:
    name = "moody"
    version = "{version}"

    def parameters(self, given):
        return dict(given)

    def decide(self, figures, parameters):
        if figures.valid > 1:
            raise RuntimeError("too many to think about")
        return figures.scale[0]
"""


def installed(folder: Path, version: str):
    """A distribution with a verdict rule, as a third party would install one."""
    about = folder / "moody-1.0.dist-info"
    about.mkdir(parents=True, exist_ok=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: moody\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[piaojue.ratings.verdict_rules]\nmoody = moody:Moody\n")
    (folder / "moody.py").write_text(PLUGIN.format(version=version))
    shutil.rmtree(folder / "__pycache__", ignore_errors=True)


def test_rule_of_a_plugin_that_fails_or_changed_concludes_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "plugins"))
    settings = {"PIAOJUE_RATINGS_VERDICT_RULES": "half-of-base,moody"}
    where = {"folder": tmp_path / "data", "settings": settings, "played": ("proposals",)}
    installed(tmp_path / "plugins", "1")
    with running("ratings", **where) as region:
        region.tell(IMPLEMENTATION_STARTED_V1, f"bodies/{BODY}/2021", started())
        region.heard_all("ratings", "proposals")
        path, codes = opened(region, 3, verdict={"rule": "moody"})
        other, [code] = opened(region, 1, verdict={"rule": "moody"})
        for each in codes[:2]:
            assert hand_in(region, path, each, graded("satisfied")).status == 201
        failed = conclude(region, path)
        assert (failed.status, failed.slug) == (503, "plugin-failed")
        shown = region.call("GET", path).json
        assert (shown["state"], shown["results"]) == ("open", None)
    installed(tmp_path / "plugins", "2")
    with running("ratings", **where) as region:
        assert hand_in(region, other, code, graded("satisfied")).status == 201
        changed = conclude(region, other)
        assert (changed.status, changed.slug) == (409, "rule-changed")
    installed(tmp_path / "plugins", "1")
    with running("ratings", **where) as region:
        assert conclude(region, other).json["results"]["water"]["verdict"] == "satisfied"
        assert region.call("GET", path).json["returned"] == 2
