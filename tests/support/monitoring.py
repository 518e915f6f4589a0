"""What ``deploy/monitoring`` has, for tests: its rules, every expression of it, and a Prometheus that runs
it on a suite of a test."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.support.prometheus import PrivatePrometheus
from tests.support.region import SERVICES
from tests.support.running import TOP, Region

FOLDER = TOP / "deploy/monitoring"
RUNBOOKS = TOP / "docs/runbooks"
DASHBOARDS = sorted((FOLDER / "grafana/dashboards").glob("*.json"))

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_NAME = re.compile(r"\b(?:(?:piaojue|process|python)_\w+|\w+:\w+:\w+|up|ALERTS)\b")
_SELECTOR = re.compile(r"(" + _NAME.pattern + r")\s*(\{[^}]*\})?")
_EQUAL = re.compile(r'\w+="(?:[^"\\]|\\.)*"')


@dataclass(frozen=True)
class Expression:
    """``where`` it is, for a failing test to say; ``legend`` is a dashboard's."""

    where: str
    text: str
    legend: str = ""

    def selectors(self) -> set[str]:
        """Each metric with those of its labels that must equal something."""
        found = set()
        for name, matchers in _SELECTOR.findall(self.text):
            equal = _EQUAL.findall(matchers)
            found.add(f"{name}{{{', '.join(sorted(equal))}}}" if equal else name)
        return found


def rules(folder: Path = FOLDER) -> list[dict[str, Any]]:
    """All rules, recording and alerting."""
    files = sorted((folder / "rules").glob("*.yml"))
    groups = [group for file in files for group in yaml.safe_load(file.read_text())["groups"]]
    return [rule for group in groups for rule in group["rules"]]


def alerts() -> dict[str, dict[str, Any]]:
    """Alert rules by name."""
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def expressions() -> list[Expression]:
    """Of all rules and dashboards; a dashboard's variables have a value."""
    found = [Expression(rule.get("alert") or rule["record"], rule["expr"]) for rule in rules()]
    for file in DASHBOARDS:
        found += _of_dashboard(file.stem, json.loads(file.read_text()))
    return found


def _of_dashboard(name: str, dashboard: dict[str, Any]) -> Iterator[Expression]:
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            text = target["expr"].replace("$service", "ballots")
            yield Expression(f"{name}: {panel['title']}", text, target["legendFormat"])
    for annotation in dashboard["annotations"]["list"]:
        yield Expression(f"{name}: {annotation['name']}", annotation["expr"])
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            (metric,) = re.findall(r"^label_values\((\w+), \w+\)$", variable["definition"])
            yield Expression(f"{name}: ${variable['name']}", metric)


def hurried(text: str) -> str:
    """Rules in which what takes minutes takes seconds: nobody sleeps in a test."""
    return re.sub(r"\[\d+[mh]\]", "[10s]", re.sub(r"(?m)^( +for:) \d+[mh]$", r"\1 1s", text))


def watch(
    prometheus: PrivatePrometheus, region: Region, *, alertmanager: str | None = None, hurry: bool = False
) -> None:
    """Starts Prometheus with what ``deploy/monitoring`` has, on the services of this suite."""
    folder = prometheus.folder
    for part in ("rules", "targets"):
        (folder / part).mkdir(exist_ok=True)
    for file in (FOLDER / "rules").glob("*.yml"):
        text = file.read_text()
        (folder / "rules" / file.name).write_text(hurried(text) if hurry else text)
    targets = [
        {"labels": {"service": name}, "targets": [f"127.0.0.1:{region.port_of(name)}"]} for name in SERVICES
    ]
    (folder / "targets/piaojue.yml").write_text(yaml.safe_dump(targets))
    told = [{"targets": [alertmanager]}] if alertmanager else []
    (folder / "targets/alertmanager.yml").write_text(yaml.safe_dump(told))
    configuration = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    configuration["global"] |= {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    configuration["scrape_configs"] = [
        each for each in configuration["scrape_configs"] if each["job_name"] == "piaojue"
    ]
    prometheus.start(configuration)
