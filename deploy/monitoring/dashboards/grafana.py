"""What a dashboard is made of, as far as these need it: rows of panels, flowing from left to right."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

COLUMNS: Final = 24
DATASOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
SCHEMA: Final = 37
"""Grafana 9 and newer read it."""


@dataclass(frozen=True)
class Query:
    """``legend`` names each series, with labels as ``{{service}}``."""

    expression: str
    legend: str = "{{service}}"


@dataclass(frozen=True)
class Panel:
    """``unit`` is one of Grafana's, such as ``cps``, counts per second; ``says`` what one should read from
    it. ``red_from``: where the value begins to be bad; ``red_below`` the same, downwards."""

    title: str
    queries: Sequence[Query]
    unit: str = "short"
    says: str = ""
    kind: str = "timeseries"
    width: int = 8
    height: int = 8
    red_from: float | None = None
    red_below: float | None = None
    top: float | None = None
    """The end of the axis."""

    def as_json(self, id: int, x: int, y: int) -> dict[str, Any]:
        return {
            "id": id,
            "type": self.kind,
            "title": self.title,
            "description": self.says,
            "gridPos": {"x": x, "y": y, "w": self.width, "h": self.height},
            "datasource": DATASOURCE,
            "targets": [
                self._target(ref, query) for ref, query in zip("ABCDEFGH", self.queries, strict=False)
            ],
            "fieldConfig": {"defaults": self._defaults(), "overrides": []},
            "options": self._options(),
        }

    def _target(self, ref: str, query: Query) -> dict[str, Any]:
        instant = self.kind != "timeseries"
        return {
            "refId": ref,
            "expr": query.expression,
            "legendFormat": query.legend,
            "instant": instant,
            "range": not instant,
            "format": "table" if self.kind == "table" else "time_series",
            "datasource": DATASOURCE,
        }

    def _defaults(self) -> dict[str, Any]:
        steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
        if self.red_from is not None:
            steps.append({"color": "red", "value": self.red_from})
        if self.red_below is not None:
            steps = [{"color": "red", "value": None}, {"color": "green", "value": self.red_below}]
        found: dict[str, Any] = {"unit": self.unit, "thresholds": {"mode": "absolute", "steps": steps}}
        if self.kind == "timeseries":
            found["min"] = 0
            # Where it begins to be bad is a line; without a style of theirs Grafana does not draw thresholds.
            bad = {"mode": "line" if len(steps) > 1 else "off"}
            drawn = {"drawStyle": "line", "fillOpacity": 10, "showPoints": "never"}
            found["custom"] = {**drawn, "thresholdsStyle": bad}
        if self.top is not None:
            found |= {"min": 0, "max": self.top}
        return found

    def _options(self) -> dict[str, Any]:
        if self.kind == "timeseries":
            return {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}}
        if self.kind == "table":
            return {"showHeader": True}
        reduced = {"calcs": ["lastNotNull"], "fields": "", "values": False}
        return {
            "reduceOptions": reduced,
            "orientation": "auto",
            "textMode": "auto",
            "colorMode": "background",
        }


@dataclass(frozen=True)
class Row:
    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True)
class Dashboard:
    """``variables``: by name, the query of Prometheus' label values that may be chosen."""

    uid: str
    title: str
    says: str
    rows: Sequence[Row]
    variables: dict[str, str] = field(default_factory=dict)
    refresh: str = "30s"
    since: str = "now-3h"

    def as_json(self) -> dict[str, Any]:
        return {
            "uid": self.uid,
            "title": self.title,
            "description": self.says,
            "tags": ["piaojue"],
            "schemaVersion": SCHEMA,
            "version": 1,
            "editable": False,
            "timezone": "browser",
            "refresh": self.refresh,
            "time": {"from": self.since, "to": "now"},
            "links": [_link_to_the_others()],
            "templating": {"list": [_datasource(), *(_variable(*each) for each in self.variables.items())]},
            "annotations": {"list": [_alerts()]},
            "panels": list(self._panels()),
        }

    def _panels(self) -> Iterator[dict[str, Any]]:
        id, y = 1, 0
        for row in self.rows:
            yield {
                "id": id,
                "type": "row",
                "title": row.title,
                "collapsed": False,
                "gridPos": {"x": 0, "y": y, "w": COLUMNS, "h": 1},
                "panels": [],
            }
            id, x, y, height = id + 1, 0, y + 1, 0
            for panel in row.panels:
                if x + panel.width > COLUMNS:
                    x, y, height = 0, y + height, 0
                yield panel.as_json(id, x, y)
                id, x, height = id + 1, x + panel.width, max(height, panel.height)
            y += height


def _datasource() -> dict[str, Any]:
    return {
        "name": "datasource",
        "label": "Prometheus",
        "type": "datasource",
        "query": "prometheus",
        "hide": 0,
    }


def _variable(name: str, query: str) -> dict[str, Any]:
    return {
        "name": name,
        "type": "query",
        "datasource": DATASOURCE,
        "query": {"query": query, "refId": name},
        "definition": query,
        "refresh": 2,
        "sort": 1,
        "hide": 0,
        "includeAll": False,
        "multi": False,
    }


def _alerts() -> dict[str, Any]:
    """Where an alert has begun to fire, on every panel."""
    return {
        "name": "Alerts",
        "datasource": DATASOURCE,
        "enable": True,
        "iconColor": "red",
        "expr": 'ALERTS{alertstate="firing", alertname!="PiaojueWatchdog"}',
        "titleFormat": "{{alertname}}",
        "textFormat": "{{service}}",
    }


def _link_to_the_others() -> dict[str, Any]:
    return {
        "type": "dashboards",
        "tags": ["piaojue"],
        "title": "Piaojue",
        "asDropdown": True,
        "keepTime": True,
    }
