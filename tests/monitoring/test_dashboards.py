"""Dashboards: what Grafana reads is what the code says, and can be laid out."""

import json
import re

import pytest

from deploy.monitoring import dashboards
from deploy.monitoring.dashboards.grafana import COLUMNS
from tests.support.monitoring import DASHBOARDS, FOLDER
from tests.support.running import TOP


def test_the_files_are_what_the_code_says():
    wanted = dashboards.files()
    assert {str(file.relative_to(TOP)) for file in DASHBOARDS} == set(wanted)
    for path, text in wanted.items():
        assert (TOP / path).read_text(encoding="utf-8") == text, "run `make docs`"


@pytest.fixture(params=DASHBOARDS, ids=lambda file: file.stem)
def dashboard(request):
    return json.loads(request.param.read_text())


def test_panels_do_not_lie_on_each_other(dashboard):
    taken = set()
    for panel in dashboard["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= COLUMNS
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells


def test_every_panel_asks_something_and_can_be_told_apart(dashboard):
    panels = [panel for panel in dashboard["panels"] if panel["type"] != "row"]
    assert len(panels) >= 9
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    assert len({panel["title"] for panel in panels}) == len(panels)
    for panel in panels:
        assert panel["targets"], panel["title"]
        assert panel["type"] in {"timeseries", "stat", "table"}
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
        assert all(target["expr"] and target["legendFormat"] for target in panel["targets"])


def test_where_a_value_begins_to_be_bad_is_drawn(dashboard):
    for panel in dashboard["panels"]:
        if panel["type"] == "timeseries":
            defaults = panel["fieldConfig"]["defaults"]
            has_bad = any(step["color"] == "red" for step in defaults["thresholds"]["steps"])
            assert defaults["custom"]["thresholdsStyle"]["mode"] == ("line" if has_bad else "off"), panel[
                "title"
            ]


def test_what_is_counted_by_the_second_has_that_unit(dashboard):
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            counted = re.search(r"\brate\((?!process_cpu)|requests:rate5m|events:rate5m", target["expr"])
            if counted and "quantile" not in target["expr"]:
                assert panel["fieldConfig"]["defaults"]["unit"] in {"cps", "reqps"}, panel["title"]


def test_a_variable_that_is_used_is_one_that_can_be_chosen(dashboard):
    offered = {each["name"] for each in dashboard["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps([dashboard["panels"], dashboard["annotations"]])))
    assert used == offered


def test_dashboards_have_names_of_their_own():
    read = [json.loads(file.read_text()) for file in DASHBOARDS]
    assert len({each["uid"] for each in read}) == len({each["title"] for each in read}) == 4


def test_provisioning_finds_prometheus_by_a_name_and_not_by_an_address_of_ours():
    text = (FOLDER / "grafana/provisioning/datasources/prometheus.yml").read_text()
    assert "http://prometheus:9090" in text
